// What forensics found on the day that is looked at: the surest first or the newest, live, by what people have said of it.

import { type Signal, useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { get, type Schemas } from "../../api";
import { type Finding, likelihood, placeOf, strengthOf, verdictWord } from "../../findings";
import { keep, kept } from "../../kept";
import { listen } from "../../live";
import { clock, day, length, ms, now, wall } from "../../time";
import { Button, Failed, Soft, Switch } from "../../ui";
import "../../style/finding.css";
import { base, type Station } from "./station";
import { t } from "./words";

const MOST = 500;
const SHOWN = 12;
const THUMBNAIL = 160;
const RETRY_MS = 4000;
const MOST_TRIES = 10;
const ORDER = "findings-order";
const ORDERS = ["surest", "newest"] as const;
type Order = (typeof ORDERS)[number];
const FILTERS = ["all", "open", "to_check", "confirmed", "dismissed"] as const;
type Filter = (typeof FILTERS)[number];
const STRENGTHS = ["sure", "likely", "weak", "undecidable"] as const;

const passes = (filter: Filter, { verdict, open }: Finding): boolean =>
  filter === "all" || (filter === "open" ? open : filter === "to_check" ? verdict === null : verdict === filter);

const newest = (one: Finding, other: Finding): number => other.id - one.id;

/** What was dismissed comes last, however sure the network was. */
function surest(one: Finding, other: Finding): number {
  const rank = (finding: Finding): number => (finding.verdict === "dismissed" ? STRENGTHS.length : STRENGTHS.indexOf(strengthOf(finding)));
  return rank(one) - rank(other) || other.score - one.score || newest(one, other);
}

export function Findings({ station, channel }: { station: Station; channel: Schemas["Channel"] | null }): JSX.Element | null {
  const midnight = useComputed(() => {
    const { from, to } = station.scope.range.value;
    return new Date((from + to) / 2).setHours(0, 0, 0, 0);
  }).value;
  const { found, error } = useDay(station.name, midnight);
  const filter = useSignal<Filter>("all");
  const order = useSignal<Order>(kept(ORDER, "surest") === "newest" ? "newest" : "surest");
  if (error.value === null && (found.value === null || (found.value.items.length === 0 && !channel?.inspect))) return null;
  const known = found.value?.items ?? [];
  const wanted = known.filter((finding) => passes(filter.value, finding)).sort(order.value === "newest" ? newest : surest);
  const filters = FILTERS.map((one) => [one, `${t(`found_${one}`)} ${known.filter((finding) => passes(one, finding)).length}`] as const);
  const pick = (value: Order): void => {
    order.value = value;
    keep(ORDER, value);
  };
  return (
    <section class="card findings" aria-label={t("found")}>
      <div class="bar">
        <h2>{t("found_of", { day: day(midnight) })}</h2>
        {known.length > 0 && (
          <div class="row">
            <Switch label={t("found_which")} value={filter.value} options={filters} onPick={(value) => (filter.value = value)} />
            {known.length > 1 && <Switch label={t("found_order")} value={order.value} options={ORDERS.map((one) => [one, t(`found_${one}`)] as const)} onPick={pick} />}
          </div>
        )}
      </div>
      <Failed error={error.value} />
      {found.value !== null && wanted.length === 0 && <Soft>{known.length > 0 ? t("found_none_such") : nothing(midnight, channel)}</Soft>}
      <Some key={`${midnight} ${filter.value} ${order.value}`} findings={wanted} station={station} />
      {found.value?.isCut && <Soft>{t("found_most", { n: known.length })}</Soft>}
    </section>
  );
}

/** Why a day of a channel that is searched has no findings: nothing was found, or nobody has looked yet. */
function nothing(midnight: number, channel: Schemas["Channel"] | null): string {
  const reached = channel?.inspected_utc;
  if (!reached || ms(reached) <= midnight) return t("found_unseen");
  return ms(reached) < new Date(midnight).setHours(24) ? t("found_none_yet", { time: clock(ms(reached)) }) : t("found_none");
}

/** The first of them, and more when they are asked for. */
function Some({ findings, station }: { findings: readonly Finding[]; station: Station }): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  const most = useSignal(SHOWN);
  const left = findings.length - most.value;
  // Who asks for more by the keyboard goes on at the first of them: the button may be gone.
  useEffect(() => {
    if (most.value > SHOWN) list.current?.children[most.value - SHOWN]?.querySelector<HTMLElement>("a.strength")?.focus();
  }, [most.value]);
  return (
    <>
      <ul ref={list}>{findings.slice(0, most.value).map((finding) => <Item key={finding.id} finding={finding} station={station} />)}</ul>
      {left > 0 && (
        <p class="row">
          <Button onClick={() => (most.value += SHOWN)}>{t("found_more", { n: Math.min(SHOWN, left) })}</Button>
          <span class="soft">{t("found_shown", { n: most.value, all: findings.length })}</span>
        </p>
      )}
    </>
  );
}

interface Found {
  items: readonly Finding[];
  /** Whether there are more than these. */
  isCut: boolean;
}

/** A day's findings, kept up to date; null until they are there. */
function useDay(name: string, midnight: number): { found: Signal<Found | null>; error: Signal<Error | null> } {
  const found = useSignal<Found | null>(null);
  const error = useSignal<Error | null>(null);
  useEffect(() => {
    const control = new AbortController();
    const next = new Date(midnight).setHours(24);
    const path = `${base(name)}/findings?from=${new Date(midnight).toISOString()}&to=${new Date(next).toISOString()}&limit=${MOST}`;
    let heard = 0;
    const load = (): void => {
      const before = heard;
      get<{ items: Finding[]; next: string | null }>(path, control.signal).then(
        (got) => {
          found.value = { items: got.items, isCut: got.next !== null };
          error.value = null;
          if (heard !== before) load(); // what came meanwhile may be newer than that
        },
        (problem: Error) => {
          if (!control.signal.aborted) error.value = problem;
        },
      );
    };
    found.value = null;
    load();
    // An event brings the finding as it is now: hundreds that grow are not fetched over and over.
    const stop = listen(["finding"], ({ channel, subject }) => {
      if (channel !== name) return;
      heard++;
      const finding = subject as Finding | null;
      if (finding === null || found.value === null || finding.start_utc === null || finding.end_utc === null) return;
      const others = found.value.items.filter(({ id }) => id !== finding.id);
      const isOfDay = ms(finding.end_utc) >= midnight && ms(finding.start_utc) < next;
      found.value = { ...found.value, items: isOfDay ? [finding, ...others] : others };
    }, load);
    return () => {
      stop();
      control.abort();
    };
  }, [name, midnight]);
  return { found, error };
}

function Item({ finding, station }: { finding: Finding; station: Station }): JSX.Element {
  const { scope } = station;
  const { start_utc: start, shown_utc: shown } = finding;
  const picture = shown === null ? null : station.thumbnail(ms(shown), THUMBNAIL);
  const seconds = (finding.open && start !== null ? now.value - ms(start) : (finding.end_s - finding.start_s) * 1000) / 1000;
  const go = (): void => {
    scope.stop();
    // Told to the millisecond below: that may still be the frame before.
    if (shown !== null) scope.seek(ms(shown) + 1);
  };
  return (
    <li class="trace" data-finding={finding.id} data-verdict={finding.verdict ?? "to_check"}>
      <a href={`/finding/${finding.id}`} class="thumb" aria-hidden="true" tabIndex={-1}>
        <Thumbnail address={picture} />
        <Outline finding={finding} />
      </a>
      <div>
        <p><a href={`/finding/${finding.id}`} class="strength" data-strength={strengthOf(finding)}>{likelihood(finding)}</a>, {placeOf(finding)}</p>
        <p class="soft">
          {start !== null && <><button type="button" class="link" onClick={go} aria-label={t("go", { time: wall(start) })}><time dateTime={start}>{wall(start)}</time></button> · </>}
          {finding.open && <b class="onair">{t("found_still")} · </b>}
          {t("found_long", { length: length(seconds) })}
        </p>
        <p class="verdict" data-verdict={finding.verdict ?? "to_check"}>{verdictWord(finding.verdict)}{finding.verdict_by !== null && <span class="soft"> · {finding.verdict_by}</span>}</p>
      </div>
    </li>
  );
}

/** A finding's box over a picture of the recording, whatever size that has. */
export function Outline({ finding: { box, width, height } }: { finding: Pick<Finding, "box" | "width" | "height"> }): JSX.Element {
  return (
    <svg class="outline" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <rect x={box.left} y={box.top} width={box.right - box.left} height={box.bottom - box.top} />
    </svg>
  );
}

/** A small picture of the recording; where too many are made at once it is asked for again a little later. */
export function Thumbnail({ address }: { address: string | null }): JSX.Element {
  const tries = useSignal(0);
  const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(waiting.current), []);
  const again = (): void => {
    if (tries.value < MOST_TRIES) waiting.current = setTimeout(() => tries.value++, RETRY_MS);
  };
  return address === null ? <span class="none" /> : <img key={`${address} ${tries.value}`} src={address} alt="" onError={again} />;
}
