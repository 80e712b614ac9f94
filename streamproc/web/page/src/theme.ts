// Light, dark, or as the system has it.

import { signal } from "@preact/signals";
import { keep, kept } from "./kept";

export type Theme = "system" | "light" | "dark";

const isTheme = (value: string): value is Theme => ["system", "light", "dark"].includes(value);
const remembered = kept("theme", "system");
export const theme = signal<Theme>(isTheme(remembered) ? remembered : "system");

export function paint(wanted: Theme): void {
  theme.value = wanted;
  document.documentElement.dataset["theme"] = wanted;
  keep("theme", wanted);
}
