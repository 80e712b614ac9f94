// Sizes as people say them.

import { locale } from "./words";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** "1.2 GB" */
export function size(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const unit = UNITS[power] ?? "byte";
  const value = bytes / 1000 ** power;
  return value.toLocaleString(locale.value, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: value < 10 && power > 0 ? 1 : 0 });
}
