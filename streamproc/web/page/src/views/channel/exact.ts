// Moving by frames and marking: what needs the recording's own count of frames.

import { newKey, type Schemas, send } from "../../api";
import { sayFailed } from "../../ui";
import { SECOND } from "./model";
import type { Scope } from "./scope";
import { base, type Station } from "./station";

/** Steps by frames, one request at a time: keys that repeat faster than answers come add up. */
export class Stepper {
  private wanted = 0;
  private isAsking = false;

  constructor(private readonly station: Station) {}

  step(by: number): void {
    this.wanted += by;
    if (!this.isAsking) void this.go();
  }

  private async go(): Promise<void> {
    const { station } = this;
    const { scope } = station;
    scope.stop();
    this.isAsking = true;
    try {
      while (this.wanted !== 0) {
        const from = station.place.peek() ?? (await station.frameAt(scope.at.peek()));
        const by = this.wanted;
        this.wanted = 0;
        if (from === null) return;
        const found = await station.frameFrom(from, by);
        if (found === null) return;
        station.place.value = found;
        scope.seek(found.ms);
      }
    } catch (problem) {
      sayFailed(problem);
    } finally {
      this.wanted = 0;
      this.isAsking = false;
    }
  }
}

/** Wall time to the microsecond, as a moment's frame needs it. */
export function isoExact(ms: number): string {
  const micros = Math.round(ms * 1000);
  const date = new Date(Math.floor(micros / 1_000_000) * SECOND);
  return `${date.toISOString().slice(0, 19)}.${String(micros - date.getTime() * 1000).padStart(6, "0")}Z`;
}

/** Has the frames between the marks made into a file; the end may be still to come. */
export async function makeClip(station: Station, scope: Scope, title: string): Promise<Schemas["Piece"]> {
  const { in: start, out: end } = scope.marks.peek();
  if (start === null || end === null) throw new Error("both marks are needed");
  const [first, last] = await Promise.all([station.frameAt(start), station.frameAt(end)]);
  const isCounted = first !== null && last !== null && first.epoch === last.epoch;
  const range = isCounted ? { epoch: first.epoch, in_frame: first.frame, out_frame: last.frame } : { in: isoExact(start), out: isoExact(end) };
  const body = title === "" ? range : { ...range, title };
  return send<Schemas["Piece"]>("POST", `${base(station.name)}/pieces`, { body, key: newKey() });
}
