// The page's colours for a canvas, which can't read light-dark() by itself.

import { effect, signal } from "@preact/signals";
import { theme } from "../../theme";

const NAMES = ["paper", "card", "ink", "soft", "line", "accent", "on-accent", "programme", "advert", "unknown", "gap", "good", "bad", "warn"] as const;

export type Palette = Record<(typeof NAMES)[number], string>;

function read(): Palette {
  const probe = document.createElement("span");
  document.body.append(probe);
  const colours = Object.fromEntries(NAMES.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  }));
  probe.remove();
  return colours as Palette;
}

export const palette = signal<Palette>(read());

effect(() => {
  theme.value;
  palette.value = read();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (palette.value = read()));
