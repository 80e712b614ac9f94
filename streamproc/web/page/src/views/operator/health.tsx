// How a channel's feed is, in a word; and sizes as people say them.

import type { JSX } from "preact";
import type { Schemas } from "../../api";
import { length } from "../../time";
import { locale, words } from "../../words";

const t = words(
  {
    recording: "recording", behind: "analysis is {lag} behind", connecting: "connecting", waiting: "no signal", stalled: "signal stalled",
    failing: "can't be recorded", unsupported: "format can't be read", finished: "file is over", down: "not running", stopped: "stopped",
    "not-configured": "no longer configured",
  },
  {
    recording: "идёт запись", behind: "анализ отстаёт на {lag}", connecting: "подключение", waiting: "нет сигнала", stalled: "сигнал прервался",
    failing: "не записывается", unsupported: "формат не читается", finished: "файл закончился", down: "не работает", stopped: "остановлен",
    "not-configured": "больше не настроен",
  },
);

export function Health({ health }: { health: Schemas["Health"] }): JSX.Element {
  return <span class="health" data-state={health.state} title={health.message}>{t(health.state, { lag: length(health.lag_s ?? 0) })}</span>;
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** "1.2 GB" */
export function size(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const unit = UNITS[power] ?? "byte";
  const value = bytes / 1000 ** power;
  return value.toLocaleString(locale.value, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: value < 10 && power > 0 ? 1 : 0 });
}
