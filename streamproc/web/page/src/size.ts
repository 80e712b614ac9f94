// Sizes of files in words.

import { language, locale } from "./words";

const UNITS = { en: ["B", "kB", "MB", "GB", "TB"], ru: ["Б", "КБ", "МБ", "ГБ", "ТБ"] } as const;

/** "1.4 GB"; thousands, as players and shops count. */
export function size(bytes: number): string {
  const power = Math.min(4, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const shown = bytes / 1000 ** power;
  return `${shown.toLocaleString(locale.value, { maximumFractionDigits: shown < 10 && power > 0 ? 1 : 0 })} ${UNITS[language.value][power]}`;
}
