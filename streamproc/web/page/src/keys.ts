// The keyboard. A view says its keys with their meaning; ? shows all that are in force.

import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";

export interface Key {
  /** As KeyboardEvent.key has it, with "Shift+" or "Ctrl+" before it: "j", "ArrowLeft", "Shift+ArrowLeft". */
  key: string;
  /** What it does, in the language that is chosen; called when it is shown. */
  what: () => string;
  run: () => void;
}

/** Letters where they lie on a Russian keyboard, so that J, K and L work without changing its layout. */
const PLACES: Record<string, string> = Object.fromEntries(
  Array.from("йцукенгшщзхъфывапролджэячсмитьбю").map((letter, index) => [letter, "qwertyuiop[]asdfghjkl;'zxcvbnm,."[index] ?? letter]),
);

export const inForce = signal<readonly (readonly Key[])[]>([]);

/** Puts keys in force for as long as a view is there. `keys` must stay the same from call to call (useMemo). */
export function useKeys(keys: readonly Key[]): void {
  useLayoutEffect(() => {
    inForce.value = [...inForce.value, keys];
    return () => {
      inForce.value = inForce.value.filter((those) => those !== keys);
    };
  }, [keys]);
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");

export function nameOf(event: KeyboardEvent): string {
  const small = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const key = PLACES[small] ?? small;
  const isSign = event.key.length === 1 && event.key.toLowerCase() === event.key.toUpperCase();
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.shiftKey && !isSign ? "Shift+" : ""}${key}`;
}

export function watchKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || isTyping(event.target) || document.querySelector("dialog[open]") !== null) return;
    const pressed = nameOf(event);
    // A focused button or link has the space bar and Enter for itself.
    if ((pressed === " " || pressed === "Enter") && event.target instanceof HTMLElement && event.target.matches("button, a, summary, video")) return;
    for (const keys of [...inForce.value].reverse()) {
      const key = keys.find((one) => one.key === pressed);
      if (key !== undefined) {
        event.preventDefault();
        key.run();
        return;
      }
    }
  });
}
