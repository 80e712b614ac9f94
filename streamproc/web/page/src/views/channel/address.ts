// The playhead, what is shown and the marks stand in the page's address: a reload loses nothing, and a link shows the same.

import { effect } from "@preact/signals";
import { around, clamp, HOUR, LONGEST, SHORTEST, span } from "./model";
import type { Scope } from "./scope";

const CALM_MS = 400;
// Rounded up: a moment a part of a millisecond before a frame would be the frame before.
const iso = (ms: number): string => new Date(Math.ceil(ms)).toISOString();

function moment(query: URLSearchParams, name: string): number | null {
  const ms = Date.parse(query.get(name) ?? "");
  return Number.isNaN(ms) ? null : ms;
}

/** Puts a scope where the address says. */
export function readAddress(scope: Scope): Scope {
  const query = new URLSearchParams(location.search);
  const wide = clamp((Number(query.get("span")) || HOUR / 1000) * 1000, SHORTEST, LONGEST);
  const at = moment(query, "at");
  if (at === null) scope.showLive(wide);
  else {
    scope.show(around(moment(query, "middle") ?? at, wide));
    scope.seek(at);
  }
  scope.marks.value = { in: moment(query, "in"), out: moment(query, "out") };
  return scope;
}

/** Keeps the address up to date, calmly. Returns how to stop. */
export function keepInAddress(scope: Scope): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = (): void => {
    const query = new URLSearchParams(location.search);
    const range = scope.range.peek();
    const { in: start, out: end } = scope.marks.peek();
    const isAtLive = scope.follows.peek() && (scope.isLive.peek() || scope.jump.peek().count === 0);
    const values = {
      at: isAtLive ? null : iso(scope.at.peek()), middle: isAtLive ? null : iso((range.from + range.to) / 2),
      span: String(Math.round(span(range)) / 1000), in: start === null ? null : iso(start), out: end === null ? null : iso(end),
    };
    for (const [name, value] of Object.entries(values)) {
      if (value === null) query.delete(name);
      else query.set(name, value);
    }
    history.replaceState(history.state, "", `${location.pathname}?${query}`);
  };
  const stop = effect(() => {
    for (const seen of [scope.range, scope.at, scope.marks, scope.isLive]) seen.value;
    clearTimeout(timer);
    timer = setTimeout(write, CALM_MS);
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}
