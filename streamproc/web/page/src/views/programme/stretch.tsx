// Marking a stretch as programme or advert, and splitting a programme: places are picked on the pictures.

import { type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { rate } from "../../time";
import { Button, Dialog } from "../../ui";
import { codeAt } from "./cut";
import type { Cut } from "./cuts";
import { Frame, fetchAround } from "./frames";
import { framesWord, t } from "./words";

const AROUND_S = 300;
const STEPS = [-250, -25, -1, 1, 25, 250] as const;

/** The epoch that places are picked in, and a cut in it that frames are counted from. */
export interface Footing {
  channel: string;
  anchor: Cut;
  /** Frames that can be picked. */
  first: number;
  last: number;
}

/** Where places can be picked around cuts of one epoch: a little before the first and after the last of them. */
export function footingOf(channel: string, cuts: readonly Cut[], epoch: number): Footing | null {
  const here = cuts.filter((cut) => cut.epoch === epoch && cut.frame !== null);
  const [anchor, last] = [here[0], here.at(-1)];
  if (anchor?.frame == null || last?.frame == null) return null;
  const around = Math.round(AROUND_S * rate(anchor.frameRate ?? "25/1"));
  return { channel, anchor, first: Math.max(0, anchor.frame - around), last: last.frame + around };
}

function Place({ footing, label, place }: { footing: Footing; label: string; place: Signal<number> }): JSX.Element {
  const where = { channel: footing.channel, epoch: footing.anchor.epoch };
  const frame = place.value;
  const put = (wanted: number): void => {
    place.value = Math.min(footing.last, Math.max(footing.first, wanted));
  };
  useEffect(() => fetchAround(where, frame), [frame]);
  return (
    <fieldset class="place-picker">
      <legend>{label} <span class="timecode">{codeAt(footing.anchor, frame)}</span></legend>
      <div class="pair">
        <Frame where={where} frame={frame - 1} alt={`${label}: ${t("last_before")}`} />
        <Frame where={where} frame={frame} alt={`${label}: ${t("first_after")}`} />
      </div>
      <input
        type="range" aria-label={`${label}: ${t("position")}`} aria-valuetext={codeAt(footing.anchor, frame)}
        min={footing.first} max={footing.last} value={frame}
        onInput={(event) => put(Number(event.currentTarget.value))}
      />
      <div class="row">
        {STEPS.map((step) => (
          <Button key={step} onClick={() => put(frame + step)} label={`${label}: ${framesWord(step)}`}>{step < 0 ? `−${-step}` : `+${step}`}</Button>
        ))}
      </div>
    </fieldset>
  );
}

export interface Stretch {
  start: number;
  end: number;
}

export function MarkDialog({ footing, stretch, onMark, onClose }: {
  footing: Footing;
  stretch: Stretch;
  onMark: (stretch: Stretch, kind: "programme" | "advert") => void;
  onClose: () => void;
}): JSX.Element {
  const start = useSignal(stretch.start);
  const end = useSignal(stretch.end);
  const wrong = end.value <= start.value;
  const mark = (kind: "programme" | "advert"): void => onMark({ start: start.value, end: end.value }, kind);
  return (
    <Dialog title={t("mark_title")} onClose={onClose} wide>
      <div class="places">
        <Place footing={footing} label={t("mark_from")} place={start} />
        <Place footing={footing} label={t("mark_to")} place={end} />
      </div>
      {wrong && <p class="failed" role="alert">{t("wrong_order")}</p>}
      <div class="row">
        <Button disabled={wrong} onClick={() => mark("advert")}>{t("is_advert")}</Button>
        <Button disabled={wrong} onClick={() => mark("programme")}>{t("is_programme")}</Button>
      </div>
    </Dialog>
  );
}

export function SplitDialog({ footing, at, onSplit, onClose }: {
  footing: Footing;
  at: number;
  onSplit: (frame: number) => void;
  onClose: () => void;
}): JSX.Element {
  const place = useSignal(at);
  return (
    <Dialog title={t("split_title")} onClose={onClose} wide>
      <Place footing={footing} label={t("split_at")} place={place} />
      <div class="row"><Button primary onClick={() => onSplit(place.value)}>{t("split_do")}</Button></div>
    </Dialog>
  );
}
