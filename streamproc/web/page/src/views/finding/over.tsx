// What lies over a finding's picture: the heat map in colours, and the box.

import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Finding } from "../../findings";
import { Outline } from "../channel/findings";
import { pathOf } from "./desk";
import { t } from "./words";

/** Red, green and blue from cold to hot, evenly apart: told apart by everybody, and on dark pictures as on light ones. */
const RAMP = [[40, 11, 84], [137, 34, 106], [229, 92, 48], [251, 180, 26], [252, 255, 164]] as const;

/** Above 1: what is lukewarm hides little of the picture. */
const SEEN_THROUGH = 1.5;

export interface Shown {
  heat: Signal<boolean>;
  box: Signal<boolean>;
  enlarged: Signal<boolean>;
  /** Of the heat map, 0 to 1. */
  opacity: Signal<number>;
}

/** isThere: whether the moment that is seen belongs to the finding. */
export function Over({ finding, shown, isThere }: { finding: Finding; shown: Shown; isThere: boolean }): JSX.Element {
  return (
    <div class="over" hidden={!isThere}>
      {shown.heat.value && <Heat finding={finding} opacity={shown.opacity.value} />}
      {shown.box.value && <Outline finding={finding} />}
    </div>
  );
}

function Heat({ finding, opacity }: { finding: Finding; opacity: number }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hasFailed, setFailed] = useState(false);
  // It grows with the finding; while nothing is added it stays what it is.
  const address = `${pathOf(finding.id)}/heat.png?of=${finding.keyframes}`;
  useEffect(() => {
    const image = new Image();
    image.addEventListener("load", () => canvas.current && paint(canvas.current, image));
    image.addEventListener("load", () => setFailed(false));
    image.addEventListener("error", () => setFailed(true));
    image.src = address;
    return () => image.removeAttribute("src");
  }, [address]);
  return (
    <>
      <canvas ref={canvas} class="heat" style={{ opacity }} aria-hidden="true" />
      {hasFailed && <p class="blank">{t("no_heat")}</p>}
    </>
  );
}

/** Draws grey as colours, from its median to its lightest: what is no hotter than most of the picture is not seen. */
function paint(canvas: HTMLCanvasElement, image: HTMLImageElement): void {
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const pen = canvas.getContext("2d");
  if (pen === null) return;
  pen.drawImage(image, 0, 0);
  const pixels = pen.getImageData(0, 0, canvas.width, canvas.height);
  const { data } = pixels;
  const sorted = data.filter((_, at) => at % 4 === 0).sort();
  const [usual, hottest] = [sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
  for (let at = 0; at < data.length; at += 4) {
    const heat = Math.max(0, (data[at] ?? 0) - usual) / Math.max(1, hottest - usual);
    const step = heat * (RAMP.length - 1);
    const [cold, hot] = [RAMP[Math.floor(step)] ?? RAMP[0], RAMP[Math.ceil(step)] ?? RAMP[0]];
    for (const channel of [0, 1, 2] as const) data[at + channel] = cold[channel] + (hot[channel] - cold[channel]) * (step % 1);
    data[at + 3] = 255 * heat ** SEEN_THROUGH;
  }
  pen.putImageData(pixels, 0, 0);
}
