// The evidence packs that hold a finding: of the clips and pieces that show its stretch.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Schemas } from "../../api";
import type { Finding } from "../../findings";
import { listenInBursts } from "../../live";
import { useLoaded } from "../../load";
import { may } from "../../me";
import { clock } from "../../time";
import { SECOND } from "../channel/model";
import { base } from "../channel/station";
import type { Extent } from "./stretch";
import { t } from "./words";

const BURST_MS = 500;
const MOST_PIECES = 200; // the newest: pieces of a stretch are wished for soon after it
const MOST_SEGMENTS = 100;

interface Pack {
  address: string;
  name: string;
}

export function Evidence({ finding, extent }: { finding: Finding; extent: Extent }): JSX.Element {
  const channel = base(finding.channel);
  const [from, to] = [extent.start, Math.max(extent.end, extent.start + SECOND)];
  const [start, end] = [new Date(from).toISOString(), new Date(to).toISOString()];
  const segments = useLoaded<{ items: Schemas["Segment"][] }>(`${channel}/segments?from=${start}&to=${end}&limit=${MOST_SEGMENTS}`);
  const pieces = useLoaded<{ items: Schemas["Piece"][] }>(`${channel}/pieces?limit=${MOST_PIECES}`);
  useEffect(() => {
    const again = (): void => [segments, pieces].forEach((loaded) => loaded.again());
    return listenInBursts(["clip", "piece"], BURST_MS, again, (notice) => notice.channel === finding.channel);
  }, [finding.channel, segments.again, pieces.again]);
  const [shown, made] = [segments.value.value, pieces.value.value];
  const packs = [...(made?.items ?? []).filter((piece) => shows(piece, finding)).map(packOfPiece), ...(shown?.items ?? []).flatMap(packOfClip)];
  return (
    <section class="card" aria-labelledby="evidence-title">
      <h2 id="evidence-title">{t("evidence")}</h2>
      {packs.length > 0 && <p class="soft">{t("evidence_what")}</p>}
      <ul>{packs.map(({ address, name }) => <li key={address}><a href={address} download>{name}</a></li>)}</ul>
      {packs.length === 0 && shown !== null && made !== null && (
        <>
          <p class="soft">{t("evidence_none")}</p>
          {may.value.has("edit") && <p><a class="button" href={`/channel/${finding.channel}?at=${start}&span=900&in=${start}&out=${end}`}>{t("evidence_make")}</a></p>}
        </>
      )}
    </section>
  );
}

const seconds = (fraction: string): number => {
  const [over, under = 1] = fraction.split("/").map(Number);
  return (over ?? 0) / under;
};

function shows({ state, spans }: Schemas["Piece"], { epoch, start_s, end_s }: Finding): boolean {
  return state === "ready" && spans.some((span) => span.epoch === epoch && seconds(span.start) < end_s && seconds(span.end) > start_s);
}

const nameOf = (title: string | null, start: string | null): string => title ?? (start === null ? t("evidence_unnamed") : t("evidence_from", { time: clock(start) }));

const packOfPiece = ({ id, title, start_utc }: Schemas["Piece"]): Pack => ({ address: `/api/v1/pieces/${id}/evidence`, name: nameOf(title, start_utc) });

function packOfClip({ clip }: Schemas["Segment"]): Pack[] {
  return clip === null || clip.state !== "ready" ? [] : [{ address: `/api/v1/clips/${clip.id}/evidence`, name: nameOf(clip.title, clip.start_utc) }];
}
