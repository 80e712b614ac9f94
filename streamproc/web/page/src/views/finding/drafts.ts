// What is to be said of findings and is not saved yet. It outlives a refresh and a lost connection: this tab keeps it until it is saved or discarded.

import { signal } from "@preact/signals";
import type { Verdict } from "../../findings";

export interface Draft {
  finding: number;
  verdict: Verdict | null;
  note: string;
  /** The version of what was said of the finding when this was begun. */
  version: number;
}

const KEY = "findings";

function remembered(): Record<number, Draft> {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Record<number, Draft>;
  } catch {
    return {};
  }
}

/** By finding. */
export const drafts = signal<Readonly<Record<number, Draft>>>(remembered());

export function putDraft(draft: Draft): void {
  write({ ...drafts.value, [draft.finding]: draft });
}

export function dropDraft(finding: number): void {
  const { [finding]: _gone, ...left } = drafts.value;
  write(left);
}

function write(all: Record<number, Draft>): void {
  drafts.value = all;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // A browser that keeps nothing: they live as long as the page does.
  }
}
