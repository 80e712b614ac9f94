// The cuts of a programme: where its parts begin and end, with the boundaries that lie there.

import type { Schemas } from "../../api";
import type { KindName } from "../../ui";
import { rate } from "../../time";

export type Programme = Schemas["Programme"];
export type Segment = Schemas["Segment"];
export type Edge = Schemas["Edge"];

export interface Cut {
  /** Stays the same while the cut does. */
  key: string;
  /** Index of its part, and which end of it this is. */
  part: number;
  end: "start" | "end";
  isFirst: boolean;
  isLast: boolean;
  epoch: number;
  seconds: number;
  utc: string | null;
  /** The boundary that lies here; null where two programmes were split without a break. */
  edge: Edge | null;
  /** The first frame after the cut; null where that is not known yet. */
  frame: number | null;
  frameRate: string | null;
  before: KindName;
  after: KindName;
  /** How long what lies before and after it is, seconds; null while that is on air. */
  lengths: readonly [number | null, number | null];
  sure: boolean;
}

/** 801/25 and 2 alike: fractions in lowest terms, with or without a denominator. */
const exact = (time: string): string => (time.includes("/") ? time : `${time}/1`);

interface Place {
  edge: Edge;
  before: Segment | null;
  after: Segment | null;
}

/** Puts the cuts of a programme together. `segments` are all that share time with it. */
export function cutsOf(programme: Programme, segments: readonly Segment[]): Cut[] {
  const places = placesOf(segments);
  const cuts: Cut[] = [];
  const last = programme.parts.length - 1;
  programme.parts.forEach((part, index) => {
    const rateHere = segments.find((segment) => segment.epoch === part.epoch)?.frame_rate ?? null;
    const cut = (end: "start" | "end", time: string, seconds: number, utc: string | null, sure: boolean): Cut => {
      const place = places.get(`${part.epoch} ${exact(time)}`) ?? null;
      const edge = place?.edge ?? null;
      return {
        key: edge === null ? `${part.epoch}@${time}` : `b${edge.boundary_id}`,
        part: index, end, isFirst: index === 0 && end === "start", isLast: index === last && end === "end",
        epoch: part.epoch, seconds, utc, edge, sure, frameRate: rateHere,
        frame: edge?.frame ?? (rateHere === null ? null : Math.round(seconds * rate(rateHere))),
        before: place === null ? "programme" : place.before?.kind ?? "gap",
        after: place === null ? "programme" : place.after?.kind ?? "gap",
        lengths: [place?.before?.duration_s ?? null, place?.after?.duration_s ?? null],
      };
    };
    cuts.push(cut("start", part.start, part.start_s, part.start_utc, part.start_sure));
    if (part.end !== null && part.end_s !== null) cuts.push(cut("end", part.end, part.end_s, part.end_utc, part.end_sure));
  });
  return cuts;
}

function placesOf(segments: readonly Segment[]): Map<string, Place> {
  const places = new Map<string, Place>();
  const at = (segment: Segment, edge: Edge): Place => {
    const key = `${segment.epoch} ${exact(edge.time)}`;
    const place = places.get(key) ?? { edge, before: null, after: null };
    places.set(key, place);
    return place;
  };
  for (const segment of segments) {
    at(segment, segment.start).after = segment;
    if (segment.end !== null) at(segment, segment.end).before = segment;
  }
  return places;
}

/** Whether a file shows the programme as it is now. */
export function shows(piece: Schemas["Piece"], programme: Programme): boolean {
  const parts = programme.parts.filter((part) => part.end !== null);
  return (
    piece.spans.length === parts.length &&
    parts.every((part, index) => {
      const span = piece.spans[index];
      return span !== undefined && span.epoch === part.epoch && exact(span.start) === exact(part.start) && exact(span.end) === exact(part.end ?? "");
    })
  );
}

/** What the parts of a programme that have ended are long together, seconds. */
export const cutLength = (programme: Programme): number =>
  programme.parts.reduce((sum, part) => sum + (part.end_s === null ? 0 : part.end_s - part.start_s), 0);

/** Whether its last part still grows. One that is running and is not on air has ended, or is in a break: nobody knows yet. */
export const isOnAir = (programme: Programme): boolean => programme.state === "running" && programme.parts.at(-1)?.end === null;
