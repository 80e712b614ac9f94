// How a channel's feed is, in a word.

import type { JSX } from "preact";
import type { Schemas } from "./api";
import { length } from "./time";
import { words } from "./words";

const t = words(
  {
    recording: "recording", behind: "analysis is {lag} behind", connecting: "connecting", waiting: "no signal", stalled: "signal stalled",
    failing: "can't be recorded", unsupported: "format can't be read", finished: "file is over", down: "not running", stopped: "stopped", "not-configured": "no longer configured",
  },
  {
    recording: "идёт запись", behind: "анализ отстаёт на {lag}", connecting: "подключение", waiting: "нет сигнала", stalled: "сигнал прервался",
    failing: "не записывается", unsupported: "формат не читается", finished: "файл закончился", down: "не работает", stopped: "остановлен", "not-configured": "больше не настроен",
  },
);

export function Health({ health }: { health: Schemas["Health"] }): JSX.Element {
  return <span class="health" data-state={health.state} title={health.message}>{t(health.state, { lag: length(health.lag_s ?? 0) })}</span>;
}
