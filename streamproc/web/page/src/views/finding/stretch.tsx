// The stretch that a finding was seen in: pictures along it, and playing it.

import { effect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Finding } from "../../findings";
import { clock, ms } from "../../time";
import { Button } from "../../ui";
import { Outline, Thumbnail } from "../channel/findings";
import { SECOND } from "../channel/model";
import type { Station } from "../channel/station";
import { t } from "./words";

const MOST = 8;
const WIDTH = 160;

/** Where a finding begins, ends and shows best, Unix milliseconds; null where the feed's wall time is not known. */
export interface Extent {
  start: number;
  end: number;
  best: number;
}

export function extentOf({ start_utc, end_utc, shown_utc }: Finding): Extent | null {
  if (start_utc === null || end_utc === null || shown_utc === null) return null;
  // Told to the millisecond below: that may still be the frame before.
  return { start: ms(start_utc) + 1, end: ms(end_utc) + 1, best: ms(shown_utc) + 1 };
}

/** Moments evenly along it, at most eight and at least a second apart. */
export function momentsOf({ start, end }: Extent): number[] {
  const count = Math.min(MOST, Math.floor((end - start) / SECOND) + 1);
  return Array.from({ length: count }, (_, index) => (count === 1 ? start : start + ((end - start) * index) / (count - 1)));
}

/** The stretch from where the playhead stands in it, else from its beginning; what plays is stopped. */
export function playOrStop({ scope }: Station, { start, end }: Extent): void {
  if (scope.isPlaying.peek()) return scope.stop();
  if (scope.at.peek() < start - SECOND || scope.at.peek() >= end - SECOND / 2) scope.seek(start);
  scope.speed.value = 1;
}

export function Stretch({ finding, extent, station }: { finding: Finding; extent: Extent; station: Station }): JSX.Element {
  const { scope } = station;
  const moments = momentsOf(extent);
  const at = scope.at.value;
  const nearest = moments.reduce((best, moment) => (Math.abs(moment - at) < Math.abs(best - at) ? moment : best), extent.start);
  useEffect(() => effect(() => {
    // An open finding goes on, and so does the picture. What plays has just said where it is: it is stopped once that is done.
    if (!finding.open && scope.isPlaying.value && scope.at.value > extent.end) queueMicrotask(() => scope.stop());
  }), [finding.open, extent.end, scope]);
  const go = (moment: number): void => {
    scope.stop();
    scope.seek(moment);
  };
  return (
    <div class="stretch">
      <ol aria-label={t("strip")}>
        {moments.map((moment, index) => {
          const picture = station.thumbnail(moment, WIDTH);
          return (
            <li key={index}>
              <button type="button" aria-pressed={moment === nearest} aria-label={t("part", { time: clock(moment), n: index + 1, all: moments.length })} onClick={() => go(moment)}>
                <span class="thumb"><Thumbnail address={picture} /><Outline finding={finding} /></span>
                {clock(moment)}
              </button>
            </li>
          );
        })}
      </ol>
      <span class="row">
        <Button onClick={() => playOrStop(station, extent)} shortcut="␣">{t("play")}</Button>
        <Button onClick={() => go(extent.best)} shortcut="S">{t("best")}</Button>
      </span>
    </div>
  );
}
