// What is shown, as a table: the same as the canvas, for the keyboard and for screen readers.

import { effect, type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { summary } from "../../findings";
import { wall } from "../../time";
import { Kind, type KindName, Soft } from "../../ui";
import { language } from "../../words";
import { HOUR, type Range, type Timeline } from "./model";
import type { Station } from "./station";
import { t } from "./words";

const MOST = 60;
const CALM_MS = 250;

interface Item {
  key: string;
  from: number;
  to: number | null;
  kind: KindName | null;
  text: string;
  href: string | null;
}

export function InView({ station }: { station: Station }): JSX.Element {
  const items = useSettled(station);
  const isOpen = useSignal(false);
  const go = (at: number): void => {
    station.scope.stop();
    station.scope.seek(at);
  };
  return (
    <details class="card inview" onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>{t("in_view")} <span class="soft">{items.value.length}</span></summary>
      {!isOpen.value ? null : items.value.length === 0 ? <Soft>{t("empty_view")}</Soft> : (
        <table>
          <thead><tr><th scope="col">{t("from")}</th><th scope="col">{t("to")}</th><th scope="col">{t("what")}</th></tr></thead>
          <tbody>
            {items.value.slice(0, MOST).map(({ key, from, to, kind, text, href }) => (
              <tr key={key}>
                <td><button type="button" class="link" aria-label={t("go", { time: wall(from) })} onClick={() => go(from)}>{wall(from)}</button></td>
                <td>{to === null ? t("on_air") : to === from ? "" : wall(to)}</td>
                <td>{kind !== null && <Kind kind={kind} />} {href === null ? text : <a href={href}>{text}</a>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {isOpen.value && items.value.length > MOST && <Soft>{t("more_in_view", { n: items.value.length - MOST })}</Soft>}
    </details>
  );
}

/** What is in view once that stands still: a table that runs along while one zooms helps nobody. */
function useSettled(station: Station): Signal<Item[]> {
  const items = useSignal<Item[]>([]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = effect(() => {
      const [timeline, range] = [station.timeline.value, station.scope.range.value];
      language.value;
      clearTimeout(timer);
      timer = setTimeout(() => (items.value = timeline === null ? [] : itemsOf(timeline, range)), CALM_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [station]);
  return items;
}

function itemsOf(timeline: Timeline, range: Range): Item[] {
  const items: Item[] = [];
  for (const { id, title, parts } of timeline.programmes) {
    const [first, last] = [parts[0], parts.at(-1)];
    if (first !== undefined && last !== undefined) {
      items.push({ key: `p${id}`, from: first[0], to: last[1], kind: null, text: title ?? t("unnamed"), href: `/programme/${id}` });
    }
  }
  for (const { id, kind, start_ms, end_ms, confidence, state } of timeline.segments) {
    const text = [t("sure", { n: Math.round(confidence * 100) }), state === "final" ? null : t("provisional")].filter(Boolean).join(" · ");
    items.push({ key: `s${id}`, from: start_ms, to: end_ms, kind, text, href: null });
  }
  for (const [from, to] of timeline.gaps) items.push({ key: `g${from}`, from, to, kind: "gap", text: "", href: null });
  for (const { kind, id, at_ms } of timeline.uncertain) {
    items.push({ key: `u${kind}${id}`, from: at_ms, to: at_ms, kind: null, text: t("look", { what: t(`doubt_${kind}`) }), href: "/reviews" });
  }
  for (const finding of timeline.findings) {
    items.push({ key: `f${finding.id}`, from: finding.start_ms, to: finding.end_ms, kind: null, text: summary(finding), href: `/finding/${finding.id}` });
  }
  for (const { title, start_ms, stop_ms } of timeline.schedule) {
    items.push({ key: `l${start_ms}${title}`, from: start_ms, to: stop_ms ?? start_ms + HOUR / 2, kind: null, text: t("scheduled", { title }), href: null });
  }
  return items
    .filter(({ from, to }) => from < range.to && (to === null || to > range.from || (to === from && from >= range.from)))
    .sort((one, other) => one.from - other.from);
}
