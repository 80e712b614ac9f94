// What the programme's view knows: the programme, the segments it lies among, its files, what waits for a look, who changed what.

import { type Signal, useSignal } from "@preact/signals";
import { useCallback, useEffect, useMemo, useRef } from "preact/hooks";
import { type Schemas, all, get } from "../../api";
import { listenInBursts } from "../../live";
import { ms } from "../../time";
import type { Programme, Segment } from "./cuts";

export type Piece = Schemas["Piece"];
export type Waiting = Schemas["Waiting"];
export type Edit = Schemas["Edit"];

export interface Known {
  programme: Programme;
  channel: Schemas["Channel"];
  segments: readonly Segment[];
  /** Newest first. */
  pieces: readonly Piece[];
  waiting: readonly Waiting[];
  /** Newest first. */
  edits: readonly Edit[];
  /** Those before and after it on the channel. */
  neighbours: { before: Programme | null; after: Programme | null };
}

export interface Store {
  known: Signal<Known | null>;
  error: Signal<Error | null>;
  /** Fetches everything anew; settles when that is there. */
  again: () => Promise<void>;
  /** Takes a file that is made right now. */
  take: (piece: Piece) => void;
}

const BURST_MS = 120;
const NEIGHBOURS = 60;
const TYPES = ["programme", "segment", "segment-removed", "boundary", "piece", "review", "edit", "clip"] as const;

export function useProgramme(id: number): Store {
  const known = useSignal<Known | null>(null);
  const error = useSignal<Error | null>(null);
  const asked = useRef<AbortController | null>(null);
  const again = useCallback(async () => {
    asked.current?.abort();
    const control = new AbortController();
    asked.current = control;
    try {
      const fetched = await fetchAll(id, control.signal);
      if (control.signal.aborted) return;
      known.value = fetched;
      error.value = null;
    } catch (problem) {
      if (!control.signal.aborted) error.value = problem instanceof Error ? problem : new Error(String(problem));
    }
  }, [id]);
  const take = useCallback((piece: Piece) => {
    const now = known.value;
    if (now === null || piece.programme_id !== id) return;
    const others = now.pieces.filter((other) => other.id !== piece.id);
    known.value = { ...now, pieces: [piece, ...others].sort((one, other) => other.id - one.id) };
  }, [id]);
  useEffect(() => {
    known.value = null;
    void again();
    const stop = listenInBursts(TYPES, BURST_MS, () => void again(), (notice) => {
      if (known.value !== null && notice.channel !== known.value.programme.channel) return false;
      if (notice.type !== "piece" || notice.subject === null) return true;
      take(notice.subject as Piece);
      return false;
    });
    return () => {
      stop();
      asked.current?.abort();
    };
  }, [again, take]);
  return useMemo(() => ({ known, error, again, take }), [again, take]);
}

async function fetchAll(id: number, signal: AbortSignal): Promise<Known> {
  const programme = await get<Programme>(`/api/v1/programmes/${id}`, signal);
  const channel = `/api/v1/channels/${encodeURIComponent(programme.channel)}`;
  const [feed, segments, pieces, waiting, edits, others] = await Promise.all([
    get<Schemas["Channel"]>(channel, signal),
    all<Segment>(`${channel}/segments?limit=1000${rangeOf(programme)}`, 2000, signal),
    all<Piece>(`/api/v1/programmes/${id}/pieces`, 200, signal),
    all<Waiting>(`${channel}/reviews`, 1000, signal),
    all<Edit>(`${channel}/edits?limit=100`, 100, signal),
    get<{ items: Programme[] }>(`${channel}/programmes?limit=${NEIGHBOURS}`, signal),
  ]);
  return {
    programme, channel: feed, segments, waiting, edits,
    pieces: [...pieces].sort((one, other) => other.id - one.id),
    neighbours: neighboursOf(programme, others.items),
  };
}

function rangeOf(programme: Programme): string {
  const [first, last] = [programme.parts[0], programme.parts.at(-1)];
  const from = first?.start_utc ? `&from=${new Date(ms(first.start_utc) - 2000).toISOString()}` : "";
  const to = last?.end_utc ? `&to=${new Date(ms(last.end_utc) + 2000).toISOString()}` : "";
  return from + to;
}

const startOf = (programme: Programme): [number, number] => [programme.parts[0]?.epoch ?? 0, programme.parts[0]?.start_s ?? 0];

function neighboursOf(programme: Programme, others: readonly Programme[]): Known["neighbours"] {
  const sorted = others
    .filter((other) => other.id !== programme.id)
    .sort((one, other) => startOf(one)[0] - startOf(other)[0] || startOf(one)[1] - startOf(other)[1]);
  const [epoch, seconds] = startOf(programme);
  const isLater = (other: Programme): boolean => startOf(other)[0] > epoch || (startOf(other)[0] === epoch && startOf(other)[1] > seconds);
  return { before: sorted.filter((other) => !isLater(other)).at(-1) ?? null, after: sorted.find(isLater) ?? null };
}
