// The pictures along a timeline: keyframes at even steps, and every frame once frames are wide enough.

import { rate } from "../../time";
import type { Picture } from "./draw";
import { epochAt, firstStep, HOUR, niceStep, type Range, SECOND, span } from "./model";
import type { Station } from "./station";

const WIDTH = 118;
const MOST_KEPT = 400;
const LONGEST_SHOWN = 6 * HOUR;
const ROOM = 1.03; // wider than the picture

/** Keeps what was fetched, and says what to draw of it; `changed` is called when another picture has come. */
export class Pictures {
  private readonly kept = new Map<string, Picture>();
  private failed = new Set<string>();

  constructor(private readonly station: Station, private readonly changed: () => void) {}

  /** The pictures that belong into a stretch; those not there yet are fetched. */
  of(range: Range, width: number): Picture[] {
    if (span(range) > LONGEST_SHOWN || width < WIDTH) return [];
    const msPerPicture = (span(range) / width) * WIDTH * ROOM;
    const wanted = msPerPicture < SECOND ? this.frames(range, msPerPicture) : this.keyframes(range, msPerPicture);
    return wanted.map(([at, address]) => this.picture(at, address)).filter((picture) => picture !== null);
  }

  private keyframes(range: Range, least: number): [number, string][] {
    const step = niceStep(least);
    const found: [number, string][] = [];
    for (let at = firstStep(range.from - step, step); at < range.to; at += step) {
      const address = this.station.thumbnail(at, 160);
      if (address !== null) found.push([at, address]);
    }
    return found;
  }

  /** Exact frames: numbered on from the one under the playhead, which is known exactly. */
  private frames(range: Range, least: number): [number, string][] {
    const place = this.station.place.peek();
    const epoch = epochAt(this.station.timeline.peek(), place?.ms ?? NaN);
    if (place === null || epoch?.frame_rate == null) return [];
    const frameMs = SECOND / rate(epoch.frame_rate);
    const every = Math.max(1, Math.ceil(least / frameMs));
    const first = place.frame + Math.floor((range.from - place.ms) / frameMs);
    const found: [number, string][] = [];
    for (let frame = Math.max(0, Math.floor(first / every) * every); ; frame += every) {
      const at = place.ms + (frame - place.frame) * frameMs;
      if (at >= range.to || at >= this.station.recordedUntil(epoch)) return found;
      found.push([at, this.station.picture({ epoch: epoch.epoch, frame }, 160)]);
    }
  }

  private picture(at: number, address: string): Picture | null {
    const kept = this.kept.get(address);
    if (kept !== undefined) {
      this.kept.delete(address);
      this.kept.set(address, kept);
      return { at, image: kept.image };
    }
    if (this.failed.has(address)) return null;
    const image = new Image();
    image.addEventListener("load", this.changed);
    image.addEventListener("error", () => {
      // Not recorded yet, or too many at once: it may be had later.
      this.kept.delete(address);
      this.failed.add(address);
      setTimeout(() => this.failed.delete(address), 5 * SECOND);
    });
    image.src = address;
    this.kept.set(address, { at, image });
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MOST_KEPT) break;
      this.kept.delete(oldest);
    }
    return { at, image };
  }
}
