// Live events: one connection for the whole page. A view says what it wants to hear, and what to do when something was lost.

import { signal } from "@preact/signals";
import type { Schemas } from "./api";

export type Notice = Schemas["Notice"];
export type Link = "linking" | "live" | "lost";

// All but handout and finding.found, which change nothing that is shown: a finding that was found has been told of as finding.
const TYPES = [
  "channel", "epoch", "gap", "segment", "segment-removed", "boundary", "clip", "label", "alarm", "programme", "piece",
  "order", "delivery", "cue", "review", "edit", "learning", "finding",
] as const;
export type EventType = (typeof TYPES)[number];

interface Listener {
  types: ReadonlySet<string>;
  hear: (notice: Notice) => unknown;
  again: () => void;
}

export const link = signal<Link>("linking");
const listeners = new Set<Listener>();
let source: EventSource | null = null;

/** Calls `hear` for each event of these types, and `again` when some were lost: fetch everything anew. Returns how to stop. */
export function listen(types: readonly EventType[], hear: (notice: Notice) => unknown, again: () => void): () => void {
  const listener = { types: new Set<string>(types), hear, again };
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Calls `again` once a burst of events is over, and when some were lost. `hears` tells whether an event is one to be
 * fetched for; an event that brings all that is needed can be dealt with there. Returns how to stop.
 */
export function listenInBursts(
  types: readonly EventType[], burstMs: number, again: () => void, hears: (notice: Notice) => boolean = () => true,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(again, burstMs);
  };
  const stop = listen(types, (notice) => hears(notice) && soon(), soon);
  return () => {
    stop();
    clearTimeout(timer);
  };
}

export function connect(): void {
  if (source !== null) return;
  source = new EventSource("/api/v1/events");
  source.addEventListener("open", () => (link.value = "live"));
  source.addEventListener("hello", () => (link.value = "live"));
  source.addEventListener("error", () => (link.value = "lost"));
  source.addEventListener("reset", () => listeners.forEach((listener) => listener.again()));
  for (const type of TYPES) {
    source.addEventListener(type, (event: MessageEvent<string>) => {
      const notice = JSON.parse(event.data) as Notice;
      for (const listener of [...listeners]) if (listener.types.has(notice.type)) listener.hear(notice);
    });
  }
}

export function disconnect(): void {
  source?.close();
  source = null;
  link.value = "linking";
}
