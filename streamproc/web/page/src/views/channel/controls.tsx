// What moves the view: buttons over the timeline, and the keys.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { type Key, useKeys } from "../../keys";
import { Button, Switch } from "../../ui";
import type { Stepper } from "./exact";
import { boundaryAfter, boundaryBefore, DAY, findingAfter, findingBefore, HOUR, MINUTE, SECOND, span } from "./model";
import type { Scope } from "./scope";
import type { Station } from "./station";
import { t } from "./words";

const LENGTHS = [MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY] as const;
const ZOOM = 1.6;

const lengthName = (ms: number): string => (ms < HOUR ? t("min", { n: ms / MINUTE }) : t("h", { n: ms / HOUR }));

export function Controls({ scope }: { scope: Scope }): JSX.Element {
  const wide = span(scope.range.value);
  const chosen = LENGTHS.find((length) => Math.abs(length - wide) < 1) ?? 0;
  const day = new Date((scope.range.value.from + scope.range.value.to) / 2);
  const dayValue = `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
  const pick = (length: number): void => {
    if (scope.follows.value) scope.showLive(length);
    else scope.zoom(length / span(scope.range.value));
  };
  return (
    <div class="controls">
      <Switch label={t("shown")} value={chosen} options={LENGTHS.map((length) => [length, lengthName(length)] as const)} onPick={pick} />
      <span class="row">
        <Button onClick={() => scope.pan(-wide * 0.8)} label={t("earlier")} title={t("earlier")}>‹</Button>
        <input
          type="date"
          aria-label={t("day")}
          value={dayValue}
          onChange={(event) => {
            const start = new Date(`${event.currentTarget.value}T00:00`).getTime();
            if (!Number.isNaN(start)) scope.show({ from: start, to: start + DAY });
          }}
        />
        <Button onClick={() => scope.pan(wide * 0.8)} label={t("later")} title={t("later")}>›</Button>
      </span>
      <span class="row">
        <Button onClick={() => scope.zoom(ZOOM)} label={t("zoom_out")} title={t("zoom_out")} shortcut="-">−</Button>
        <Button onClick={() => scope.zoom(1 / ZOOM)} label={t("zoom_in")} title={t("zoom_in")} shortcut="=">+</Button>
        <Button onClick={() => scope.goLive()} pressed={scope.isLive.value} shortcut="End">{t("live")}</Button>
      </span>
    </div>
  );
}

export interface Handles {
  stepper: Stepper;
  onMake: () => void;
  onMute: () => void;
  /** Opens what was found at the playhead. */
  onLook: () => void;
}

/** Opens what was found at the playhead, where there is something. */
export function lookCloser(station: Station, route: (path: string) => void): void {
  const found = station.known.peek().findings[0];
  if (found !== undefined) route(`/finding/${found.id}`);
}

/** The keys of a view whose exact place is that of one station. */
export function useDayKeys(station: Station, { stepper, onMake, onMute, onLook }: Handles): void {
  const { scope } = station;
  const keys = useMemo<Key[]>(() => {
    const go = (ms: number | null): void => {
      if (ms === null) return;
      scope.stop();
      scope.seek(ms);
    };
    return [
      { key: " ", what: () => t("key_play"), run: () => scope.toggle() },
      { key: "j", what: () => t("key_back"), run: () => scope.shuttle(-1) },
      { key: "k", what: () => t("key_stop"), run: () => scope.stop() },
      { key: "l", what: () => t("key_on"), run: () => scope.shuttle(1) },
      { key: "ArrowLeft", what: () => t("key_frame_back"), run: () => stepper.step(-1) },
      { key: "ArrowRight", what: () => t("key_frame_on"), run: () => stepper.step(1) },
      { key: "Shift+ArrowLeft", what: () => t("key_second_back"), run: () => go(scope.at.value - SECOND) },
      { key: "Shift+ArrowRight", what: () => t("key_second_on"), run: () => go(scope.at.value + SECOND) },
      { key: "ArrowUp", what: () => t("key_before"), run: () => go(boundaryBefore(station.boundaries.value, scope.at.value)) },
      { key: "ArrowDown", what: () => t("key_after"), run: () => go(boundaryAfter(station.boundaries.value, scope.at.value)) },
      { key: "Home", what: () => t("key_home"), run: () => go(scope.range.value.from) },
      { key: "End", what: () => t("key_end"), run: () => scope.goLive() },
      { key: "i", what: () => t("key_in"), run: () => scope.mark("in", station.exactly()) },
      { key: "o", what: () => t("key_out"), run: () => scope.mark("out", station.exactly()) },
      { key: "Shift+i", what: () => t("key_go_in"), run: () => go(scope.marks.value.in) },
      { key: "Shift+o", what: () => t("key_go_out"), run: () => go(scope.marks.value.out) },
      { key: "c", what: () => t("key_make"), run: onMake },
      { key: "x", what: () => t("key_clear"), run: () => (scope.marks.value = { in: null, out: null }) },
      { key: "=", what: () => t("key_in_zoom"), run: () => scope.zoom(1 / ZOOM) },
      { key: "-", what: () => t("key_out_zoom"), run: () => scope.zoom(ZOOM) },
      { key: "0", what: () => t("key_day"), run: () => (scope.follows.value ? scope.showLive(DAY) : scope.zoom(DAY / span(scope.range.value))) },
      { key: ".", what: () => t("key_here"), run: () => scope.show({ from: scope.at.value - span(scope.range.value) / 2, to: scope.at.value + span(scope.range.value) / 2 }) },
      { key: "m", what: () => t("key_mute"), run: onMute },
      { key: "f", what: () => t("key_finding"), run: () => go(findingAfter(station.timeline.value, scope.at.value)) },
      { key: "Shift+f", what: () => t("key_finding_before"), run: () => go(findingBefore(station.timeline.value, scope.at.value)) },
      { key: "g", what: () => t("key_look"), run: onLook },
    ];
  }, [station, stepper, onMake, onMute, onLook]);
  useKeys(keys);
}
