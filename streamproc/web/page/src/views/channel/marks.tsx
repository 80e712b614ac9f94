// "Clip from anywhere": two marks, a name, a button; then the clip on its way, until it can be downloaded.

import { useComputed, useSignal } from "@preact/signals";
import type { JSX, RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { get, type Schemas } from "../../api";
import { listen } from "../../live";
import { may } from "../../me";
import { clock, length, wall } from "../../time";
import { Button, say, sayFailed, Soft } from "../../ui";
import { makeClip } from "./exact";
import type { Place } from "./model";
import { base, type Station } from "./station";
import { t } from "./words";

type Piece = Schemas["Piece"];
const SHOWN = 8;
const TIME = /^(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d{1,3}))?$/;

export function Marks({ station, field }: { station: Station; field: RefObject<HTMLInputElement | null> }): JSX.Element {
  const { scope } = station;
  const busy = useSignal(false);
  const pieces = usePieces(station.name);
  const isWhole = useComputed(() => scope.marks.value.in !== null && scope.marks.value.out !== null);
  const make = (event: SubmitEvent): void => {
    event.preventDefault();
    const input = field.current;
    busy.value = true;
    makeClip(station, scope, input?.value.trim() ?? "")
      .then((piece) => {
        pieces.take(piece);
        say(t("making"));
        if (input !== null) input.value = "";
      }, sayFailed)
      .finally(() => (busy.value = false));
  };
  return (
    <section class="card marks" aria-labelledby="marks-title">
      <h2 id="marks-title">{t("marks")}</h2>
      {may.value.has("edit") && (
        <form onSubmit={make}>
          <Mark station={station} which="in" />
          <Mark station={station} which="out" />
          <Extent station={station} />
          <label>{t("title")}<input ref={field} name="title" maxLength={300} autocomplete="off" /></label>
          <div class="row">
            <button type="submit" class="primary" disabled={!isWhole.value || busy.value} aria-keyshortcuts="c">{t("make")}</button>
            {(scope.marks.value.in ?? scope.marks.value.out) !== null && <Button onClick={() => (scope.marks.value = { in: null, out: null })} shortcut="X">{t("clear")}</Button>}
          </div>
        </form>
      )}
      {pieces.items.length > 0 && <h3>{t("pieces")}</h3>}
      <ul class="pieces">{pieces.items.map((piece) => <PieceLine key={piece.id} piece={piece} />)}</ul>
    </section>
  );
}

function Mark({ station, which }: { station: Station; which: "in" | "out" }): JSX.Element {
  const { scope } = station;
  const ms = scope.marks.value[which];
  const word = t(which === "in" ? "mark_in" : "mark_out");
  const type = (input: HTMLInputElement): void => {
    const typed = parseClock(input.value, ms ?? scope.at.value);
    input.setCustomValidity(typed === null && input.value.trim() !== "" ? t("bad_time") : "");
    if (input.reportValidity()) scope.mark(which, typed);
  };
  return (
    <div class="mark">
      <label>
        {word}
        <input
          key={ms}
          type="text"
          inputMode="numeric"
          autocomplete="off"
          title={t("type_time")}
          placeholder={t("none")}
          defaultValue={ms === null ? "" : precise(ms)}
          onChange={(event) => type(event.currentTarget)}
        />
      </label>
      <Button onClick={() => scope.mark(which, station.exactly())} label={t(which === "in" ? "set_in" : "set_out")} title={t(which === "in" ? "set_in" : "set_out")} shortcut={which === "in" ? "I" : "O"}>
        {which === "in" ? "I" : "O"}
      </Button>
      <Button disabled={ms === null} onClick={() => ms !== null && (scope.stop(), scope.seek(ms))} label={`${word}: ${t("go_mark")}`} title={t("go_mark")}>⇥</Button>
    </div>
  );
}

/** How long the clip will be, and which frames it will have. */
function Extent({ station }: { station: Station }): JSX.Element {
  const { in: start, out: end } = station.scope.marks.value;
  const places = useSignal<readonly [Place | null, Place | null] | null>(null);
  const isKnown = station.timeline.value !== null;
  useEffect(() => {
    places.value = null;
    if (start === null || end === null || !isKnown) return;
    const control = new AbortController();
    Promise.all([station.frameAt(start, control.signal), station.frameAt(end, control.signal)]).then((found) => (places.value = found), () => undefined);
    return () => control.abort();
  }, [station, isKnown, start, end]);
  if (start === null || end === null) return <Soft>{t("how")}</Soft>;
  const [first, last] = places.value ?? [null, null];
  const frames = first !== null && last !== null && first.epoch === last.epoch ? t("frames_of", { from: first.frame, to: last.frame - 1 }) : null;
  return <p class="extent">{t("length_of")} <b>{length((end - start) / 1000)}</b>{frames !== null && <small>{frames}</small>}</p>;
}

/** "21:05:30.480" */
export function precise(ms: number): string {
  return `${clock(Math.floor(ms))}.${String(Math.floor(ms % 1000)).padStart(3, "0")}`;
}

/** The moment of a clock time that is nearest to another moment; null when the text is no clock time. */
export function parseClock(text: string, near: number): number | null {
  const found = TIME.exec(text.trim());
  if (found === null) return null;
  const [hours = 0, minutes = 0, seconds = 0] = found.slice(1, 4).map(Number);
  if (hours > 23 || minutes > 59 || seconds > 59) return null;
  const date = new Date(near);
  date.setHours(hours, minutes, seconds, Number((found[4] ?? "0").padEnd(3, "0")));
  const days = Math.round((near - date.getTime()) / 86_400_000);
  date.setDate(date.getDate() + days);
  return date.getTime();
}

function PieceLine({ piece }: { piece: Piece }): JSX.Element {
  const name = piece.title ?? (piece.start_utc === null ? `${piece.id}` : wall(piece.start_utc));
  return (
    <li data-piece={piece.id}>
      <span><b>{name}</b><small>{[piece.start_utc !== null && piece.title !== null ? wall(piece.start_utc) : null, length(piece.duration_s), t("by", { who: piece.author })].filter(Boolean).join(" · ")}</small></span>
      {piece.download !== null ? <a class="button" href={piece.download} download aria-label={`${t("download")}: ${name}`}>{t("download")}</a> : <PieceState piece={piece} />}
    </li>
  );
}

function PieceState({ piece }: { piece: Piece }): JSX.Element {
  if (piece.state === "failed") return <span class="failed">{t("failed", { why: piece.message ?? "" })}</span>;
  return <span class="soft" role="status">{piece.state === "waiting" ? t("waiting") : piece.state === "cutting" ? t("piece_cutting") : t("piece_queued")}</span>;
}

/** A channel's newest clips that are no programmes, as they come along. */
function usePieces(name: string): { items: Piece[]; take: (piece: Piece) => void } {
  const known = useSignal<ReadonlyMap<number, Piece>>(new Map());
  const take = (...pieces: Piece[]): void => {
    known.value = new Map([...known.value, ...pieces.filter((one) => one.programme_id === null).map((one) => [one.id, one] as const)]);
  };
  useEffect(() => {
    const again = (): void => {
      get<{ items: Piece[] }>(`${base(name)}/pieces?limit=40`).then(({ items }) => take(...items), sayFailed);
    };
    known.value = new Map();
    again();
    return listen(["piece"], ({ channel, subject }) => channel === name && subject !== null && take(subject as Piece), again);
  }, [name]);
  return { items: [...known.value.values()].sort((one, other) => other.id - one.id).slice(0, SHOWN), take };
}
