// Cuts that are moved and not yet saved. They outlive a refresh and a lost connection: this tab keeps them until they are saved or discarded.

import { signal } from "@preact/signals";

export interface Nudge {
  /** The programme in whose view it was moved. */
  programme: number;
  boundary: number;
  /** Where it is put: its first frame after the cut. */
  frame: number;
  /** Where it was, and in which version. */
  from: number;
  version: number;
  /** As people read where it is put. */
  shown: string;
}

const KEY = "nudges";

function remembered(): Record<number, Nudge> {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Record<number, Nudge>;
  } catch {
    return {};
  }
}

/** By boundary. */
export const nudges = signal<Readonly<Record<number, Nudge>>>(remembered());

export function putNudge(nudge: Nudge): void {
  write({ ...nudges.value, [nudge.boundary]: nudge });
}

export function dropNudge(boundary: number): void {
  const { [boundary]: _gone, ...left } = nudges.value;
  write(left);
}

function write(all: Record<number, Nudge>): void {
  nudges.value = all;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // A browser that keeps nothing: they live as long as the page does.
  }
}
