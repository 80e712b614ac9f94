// Pictures of exact frames, fetched ahead so that a nudge shows the next one at once.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { KindName } from "../../ui";
import { t } from "./words";

const WIDTH = 640;
/** Distances from the cut that are fetched ahead, in the order in which they are likely to be wanted. */
const AHEAD = [1, -1, 2, -2, 3, -3, 4, -4, -5, 10, -10, 9, -11] as const;
const MOST_KEPT = 120;

export interface Where {
  channel: string;
  epoch: number;
}

export const frameUrl = ({ channel, epoch }: Where, frame: number): string =>
  `/api/v1/channels/${encodeURIComponent(channel)}/frames/${epoch}/${frame}.jpg?width=${WIDTH}`;

const ahead = new Map<string, HTMLImageElement>();

/** Has the pictures around a cut fetched, nearest first. */
export function fetchAround(where: Where, frame: number): void {
  for (const distance of AHEAD) {
    if (frame + distance < 0) continue;
    const url = frameUrl(where, frame + distance);
    if (ahead.has(url)) continue;
    const image = new Image();
    image.src = url;
    ahead.set(url, image);
  }
  for (const [url] of ahead) {
    if (ahead.size <= MOST_KEPT) break;
    ahead.delete(url);
  }
}

interface FrameProps {
  where: Where;
  /** null: there is none. */
  frame: number | null;
  alt: string;
  kind?: KindName;
  caption?: string;
}

/** One frame of the recording, edged in the colour of what is on air there. */
export function Frame({ where, frame, alt, kind, caption }: FrameProps): JSX.Element {
  const url = frame === null || frame < 0 ? null : frameUrl(where, frame);
  const [failed, setFailed] = useState<string | null>(null);
  useEffect(() => setFailed(null), [url]);
  return (
    <figure class="frame" data-kind={kind} data-frame={frame ?? undefined}>
      {url === null || failed === url
        ? <p class="none">{url === null ? t("nothing_before") : t("no_picture")}</p>
        : <img src={url} alt={alt} width={WIDTH} height={(WIDTH * 9) / 16} onError={() => setFailed(url)} />}
      {caption !== undefined && <figcaption>{caption}</figcaption>}
    </figure>
  );
}
