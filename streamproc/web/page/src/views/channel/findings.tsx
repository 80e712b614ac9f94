// What forensics found on the day that is looked at: newest first, live, by what people have said of it.

import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { all } from "../../api";
import { type Finding, likelihood, placeOf, strengthOf, verdictWord } from "../../findings";
import { listenInBursts } from "../../live";
import { useLoaded } from "../../load";
import { day, length, ms, now, wall } from "../../time";
import { Button, Failed, Soft, Switch } from "../../ui";
import "../../style/finding.css";
import { base, type Station } from "./station";
import { t } from "./words";

const BURST_MS = 400;
const MOST = 500;
const SHOWN = 12;
const THUMBNAIL = 160;
const RETRY_MS = 4000;
const MOST_TRIES = 10;
const FILTERS = ["all", "open", "to_check", "confirmed", "dismissed"] as const;
type Filter = (typeof FILTERS)[number];

const passes = (filter: Filter, { verdict, open }: Finding): boolean =>
  filter === "all" || (filter === "open" ? open : filter === "to_check" ? verdict === null : verdict === filter);

export function Findings({ station }: { station: Station }): JSX.Element | null {
  // Most channels are not looked through for findings: a day without any says so only of those that are.
  const ever = useLoaded<{ items: Finding[] }>(`${base(station.name)}/findings?limit=1`);
  const midnight = useComputed(() => {
    const { from, to } = station.scope.range.value;
    return new Date((from + to) / 2).setHours(0, 0, 0, 0);
  }).value;
  const { items, error } = useDay(station.name, midnight);
  const filter = useSignal<Filter>("all");
  const most = useSignal(SHOWN);
  const known = items.value;
  if (error.value === null && (known === null || (known.length === 0 && !ever.value.value?.items.length))) return null;
  const shown = (known ?? []).filter((finding) => passes(filter.value, finding));
  const options = FILTERS.map((one) => [one, `${t(`found_${one}`)} ${known?.filter((finding) => passes(one, finding)).length ?? 0}`] as const);
  return (
    <section class="card findings" aria-label={t("found")}>
      <div class="bar">
        <h2>{t("found_of", { day: day(midnight) })}</h2>
        {(known?.length ?? 0) > 0 && <Switch label={t("found_which")} value={filter.value} options={options} onPick={(value) => (filter.value = value)} />}
      </div>
      <Failed error={error.value} />
      {known !== null && shown.length === 0 && <Soft>{t(known.length === 0 ? "found_none" : "found_none_such")}</Soft>}
      <ul>{shown.slice(0, most.value).map((finding) => <Item key={finding.id} finding={finding} station={station} />)}</ul>
      {shown.length > most.value && <p><Button onClick={() => (most.value += SHOWN)}>{t("more")}</Button></p>}
    </section>
  );
}

/** A day's findings, kept up to date; null until they are there. */
function useDay(name: string, midnight: number): { items: { value: readonly Finding[] | null }; error: { value: Error | null } } {
  const items = useSignal<readonly Finding[] | null>(null);
  const error = useSignal<Error | null>(null);
  useEffect(() => {
    const control = new AbortController();
    const next = new Date(midnight).setHours(24);
    const query = `from=${new Date(midnight).toISOString()}&to=${new Date(next).toISOString()}&limit=100`;
    const load = (): void => {
      all<Finding>(`${base(name)}/findings?${query}`, MOST, control.signal).then(
        (got) => {
          items.value = got;
          error.value = null;
        },
        (problem: Error) => {
          if (!control.signal.aborted) error.value = problem;
        },
      );
    };
    items.value = null;
    load();
    const stop = listenInBursts(["finding"], BURST_MS, load, (notice) => notice.channel === name);
    return () => {
      stop();
      control.abort();
    };
  }, [name, midnight]);
  return { items, error };
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
