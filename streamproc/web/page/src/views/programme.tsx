// A programme: its parts and breaks, each cut as the frames before and after it, and the one button that has it as a file.

import { signal, useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { useLocation } from "preact-iso/router";
import { ApiError, newKey, send } from "../api";
import { type Key, useKeys } from "../keys";
import { may, me } from "../me";
import { day, length, minute } from "../time";
import { Button, Failed, Menu, say, sayFailed } from "../ui";
import "../style/programme.css";
import { Also } from "./programme/also";
import { type Conflict, CutCard, RemoveDialog, canMove, codeAt, nameOfCut } from "./programme/cut";
import { type Cut, type Programme, cutLength, cutsOf } from "./programme/cuts";
import { FileButton } from "./programme/file";
import { type Nudge, dropNudge, nudges, putNudge } from "./programme/nudges";
import { type Edit, type Known, type Store, useProgramme } from "./programme/store";
import { MarkDialog, SplitDialog, type Stretch, footingOf } from "./programme/stretch";
import { Strip } from "./programme/strip";
import { Title } from "./programme/title";
import { framesWord, t } from "./programme/words";
import { words } from "../words";

const kinds = words(
  { programme: "Programme", advert: "Adverts", unknown: "What is unknown", gap: "No signal" },
  { programme: "Программа", advert: "Реклама", unknown: "Неизвестное", gap: "Нет сигнала" },
);

export function ProgrammeView({ id }: { id?: string }): JSX.Element {
  const store = useProgramme(Number(id));
  const known = store.known.value;
  const error = store.error.value;
  if (error instanceof ApiError && error.status === 404) return <section><p>{t("gone")}</p><p><a href="/">{t("to_channel")}</a></p></section>;
  if (known === null) return <section aria-busy="true"><Failed error={error} />{error === null && <p class="soft">{t("loading")}</p>}</section>;
  return <Loaded key={known.programme.id} known={known} store={store} />;
}

type Ask = { what: "remove"; cut: Cut } | { what: "mark"; stretch: Stretch; epoch: number } | { what: "split"; at: number; epoch: number };

function Loaded({ known, store }: { known: Known; store: Store }): JSX.Element {
  const { programme } = known;
  const cuts = useMemo(() => cutsOf(programme, known.segments), [programme, known.segments]);
  const { query } = useLocation();
  const selected = useSignal(query["cut"] === undefined ? "" : `b${query["cut"]}`);
  const ask = useSignal<Ask | null>(null);
  const mine = useComputed(() => Object.values(nudges.value).filter((nudge) => nudge.programme === programme.id)).value;
  const desk = new Desk(store, known, cuts, selected, ask);
  const latest = useMemo(() => ({ desk }), []);
  latest.desk = desk;
  useKeys(useMemo(() => keysOf(() => latest.desk), []));
  const orphans = mine.filter((nudge) => !cuts.some((cut) => cut.edge?.boundary_id === nudge.boundary));
  return (
    <section class="programme">
      <Head known={known} store={store} desk={desk} unsaved={mine.length - orphans.length} />
      <Strip programme={programme} cuts={cuts} selected={selected.value} onPick={desk.select} />
      <Asked known={known} desk={desk} />
      {orphans.map((nudge) => <Orphan key={nudge.boundary} nudge={nudge} who={desk.lastEditor()} />)}
      {!may.value.has("edit") && <p class="soft">{t("view_only")}</p>}
      <h2 class="hidden-title">{t("cuts")}</h2>
      <ol class="cuts" data-any={selected.value !== ""}>
        {cuts.map((cut) => {
          const nudge = desk.nudgeOf(cut);
          return (
            <CutCard
              key={cut.key} channel={programme.channel} cut={cut} parts={programme.parts.length} nudge={nudge} conflict={desk.conflictOf(cut, nudge)}
              selected={selected.value === cut.key} asked={desk.isAsked(cut)} acts={desk}
            />
          );
        })}
      </ol>
      <Also known={known} edits={editsHere(known)} store={store} undo={desk.takeBack} />
      <Asking programme={programme} cuts={cuts} ask={ask.value} desk={desk} close={() => (ask.value = null)} />
    </section>
  );
}

/** Those edits that touched the programme, newest first. */
function editsHere({ programme, edits }: Known): Edit[] {
  const [first, last] = [programme.parts[0]?.start_utc ?? null, programme.parts.at(-1)?.end_utc ?? null];
  const isNear = (edit: Edit): boolean => {
    if ([...edit.before.programmes, ...edit.after.programmes].some((one) => one.id === programme.id)) return true;
    if (edit.start_utc === null || first === null) return false;
    return (last === null || edit.start_utc <= last) && (edit.end_utc === null || edit.end_utc >= first);
  };
  return edits.filter(isNear);
}

/** The boundary that is being saved: what comes back of it is no conflict. */
const saving = signal<number | null>(null);

/** What can be done in this view, on what is known now. */
class Desk {
  constructor(
    readonly store: Store,
    readonly known: Known,
    readonly cuts: readonly Cut[],
    readonly selected: { value: string },
    readonly ask: { value: Ask | null },
  ) {}

  get programme(): Programme {
    return this.known.programme;
  }

  private get author(): string {
    return me.value?.user?.name ?? "editor";
  }

  private get channel(): string {
    return `/api/v1/channels/${encodeURIComponent(this.programme.channel)}`;
  }

  current(): Cut | null {
    return this.cuts.find((cut) => cut.key === this.selected.value) ?? null;
  }

  select = (key: string): void => {
    this.selected.value = key;
  };

  /** Selects the cut after or before the selected one. */
  go(by: number): void {
    const here = this.cuts.findIndex((cut) => cut.key === this.selected.value);
    const next = here < 0 ? (by > 0 ? 0 : this.cuts.length - 1) : Math.min(this.cuts.length - 1, Math.max(0, here + by));
    this.select(this.cuts[next]?.key ?? "");
  }

  nudgeOf(cut: Cut): Nudge | null {
    return cut.edge === null ? null : nudges.value[cut.edge.boundary_id] ?? null;
  }

  conflictOf(cut: Cut, nudge: Nudge | null): Conflict | null {
    if (nudge === null || cut.edge === null || cut.edge.version === nudge.version || saving.value === cut.edge.boundary_id) return null;
    return { who: this.lastEditor(cut) };
  }

  /** Who last changed a cut, other than the one who looks; without a cut, anything of the programme. */
  lastEditor(cut?: Cut): string {
    const boundary = cut?.edge?.boundary_id;
    const touching = this.known.edits.filter((edit) => boundary === undefined || [...edit.before.boundaries, ...edit.after.boundaries].some((one) => one.id === boundary));
    return (touching.find((edit) => edit.author !== this.author) ?? touching[0])?.author ?? t("somebody");
  }

  isAsked(cut: Cut): boolean {
    return cut.edge !== null && this.known.waiting.some((one) => one.doubt === "boundary" && one.subject_id === cut.edge?.boundary_id);
  }

  nudge = (cut: Cut, by: number): void => {
    const { edge, frame } = cut;
    if (edge === null || frame === null || by === 0 || !canMove(cut)) return;
    const before = this.nudgeOf(cut);
    const at = Math.max(1, (before?.frame ?? frame) + by);
    if (at === frame && (before === null || before.version === edge.version)) dropNudge(edge.boundary_id);
    else {
      putNudge({
        programme: this.programme.id, boundary: edge.boundary_id, frame: at, from: before?.from ?? frame, version: before?.version ?? edge.version, shown: codeAt(cut, at),
      });
    }
  };

  discard = (cut: Cut): void => {
    if (cut.edge !== null) dropNudge(cut.edge.boundary_id);
  };

  save = (cut: Cut): void => {
    this.put(cut).catch(sayFailed);
  };

  saveAgain = (cut: Cut): void => {
    if (cut.edge !== null) this.put(cut, cut.edge.version).catch(sayFailed);
  };

  /** Saves a moved cut over the version that it was moved in; false when that is no longer the newest, which its card then shows. */
  private async put(cut: Cut, version = this.nudgeOf(cut)?.version): Promise<boolean> {
    const nudge = this.nudgeOf(cut);
    const { edge } = cut;
    if (nudge === null || edge === null) return true;
    saving.value = edge.boundary_id;
    try {
      await send("PATCH", `/api/v1/boundaries/${edge.boundary_id}`, { body: { frame: nudge.frame }, version });
      dropNudge(edge.boundary_id);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 412) throw error instanceof TypeError ? new Error(t("no_link")) : error;
      this.select(cut.key);
      return false;
    } finally {
      await this.store.again();
      saving.value = null;
    }
    const moved = framesWord(nudge.frame - (cut.frame ?? nudge.from));
    say(t("saved", { what: nameOfCut(cut, this.programme.parts.length), n: moved }), { undo: () => this.undo(), undoText: t("undo") });
    return true;
  }

  /** Saves all moved cuts; returns the programme as it is then, null when a conflict stands against it. */
  saveAll = async (): Promise<Programme | null> => {
    for (const cut of this.cuts) if (!(await this.put(cut))) return null;
    return this.store.known.value?.programme ?? null;
  };

  /** Does something that changes what is shown, and says so. */
  private change(work: () => Promise<unknown>, done: string): void {
    void (async () => {
      await work();
      await this.store.again();
      say(done, { undo: () => this.undo(), undoText: t("undo") });
    })().catch((error: unknown) => sayFailed(error instanceof TypeError ? new Error(t("no_link")) : error));
  }

  accept = (cut: Cut): void => {
    if (!this.isAsked(cut)) return;
    this.acceptAll([`/api/v1/boundaries/${cut.edge?.boundary_id ?? 0}/review`]);
  };

  acceptAll = (reviews: readonly string[]): void => {
    void (async () => {
      for (const path of reviews) await send("POST", path, { body: { verdict: "accepted" } });
      await this.store.again();
      say(t("accepted"));
    })().catch(sayFailed);
  };

  remove = (cut: Cut): void => {
    if (canMove(cut)) this.ask.value = { what: "remove", cut };
  };

  keep(cut: Cut, side: "before" | "after"): void {
    const { edge } = cut;
    if (edge === null) return;
    this.select("");
    dropNudge(edge.boundary_id);
    this.change(() => send("DELETE", `/api/v1/boundaries/${edge.boundary_id}?keep=${side}`, { version: edge.version }), t("removed"));
  }

  mark(epoch: number, { start, end }: Stretch, kind: "programme" | "advert"): void {
    this.change(() => send("POST", `${this.channel}/marks`, { body: { epoch, start_frame: start, end_frame: end, kind }, key: newKey() }), t("marked"));
  }

  split(epoch: number, frame: number): void {
    this.change(() => send("POST", `/api/v1/programmes/${this.programme.id}/split`, { body: { epoch, frame }, key: newKey() }), t("split_done"));
  }

  merge(other: Programme): void {
    this.change(() => send("POST", `/api/v1/programmes/${this.programme.id}/merge`, { body: { with: other.id }, key: newKey() }), t("merged"));
  }

  /** Takes back what was done last: first a move that is not saved, then this person's last change here. */
  undo = (): void => {
    const cut = this.current();
    if (cut !== null && this.nudgeOf(cut) !== null) return this.discard(cut);
    const known = this.store.known.value ?? this.known;
    const edit = editsHere(known).find((one) => one.author === this.author && one.action !== "undo" && one.undone_utc === null);
    if (edit === undefined) return say(t("nothing_to_undo"));
    this.takeBack(edit);
  };

  takeBack = (edit: Edit): void => {
    void (async () => {
      await send("POST", `/api/v1/edits/${edit.id}/undo`, { body: {}, key: newKey() });
      await this.store.again();
      say(t("undone"));
    })().catch(sayFailed);
  };

  askMark(): void {
    const cut = this.current() ?? this.cuts[0];
    const end = this.cuts.find((other) => other.epoch === cut?.epoch && other.seconds > (cut?.seconds ?? 0));
    if (cut?.frame == null) return;
    this.ask.value = { what: "mark", epoch: cut.epoch, stretch: { start: cut.frame, end: end?.frame ?? cut.frame + 250 } };
  }

  askSplit(): void {
    const [first, second] = [this.current() ?? this.cuts[0], this.cuts.at(-1)];
    if (first?.frame == null) return;
    const end = second?.epoch === first.epoch && second.frame !== null ? second.frame : first.frame;
    this.ask.value = { what: "split", epoch: first.epoch, at: this.current() === null ? Math.round((first.frame + end) / 2) : first.frame };
  }
}

function keysOf(desk: () => Desk): Key[] {
  const nudge = (by: number) => () => {
    const cut = desk().current();
    if (cut !== null) desk().nudge(cut, by);
  };
  const withCut = (act: (cut: Cut) => void) => () => {
    const cut = desk().current();
    if (cut !== null) act(cut);
  };
  return [
    { key: "ArrowDown", what: () => t("k_next"), run: () => desk().go(1) },
    { key: "ArrowUp", what: () => t("k_previous"), run: () => desk().go(-1) },
    { key: "ArrowLeft", what: () => t("k_back"), run: nudge(-1) },
    { key: "ArrowRight", what: () => t("k_forward"), run: nudge(1) },
    { key: "Ctrl+ArrowLeft", what: () => t("k_back2"), run: nudge(-2) },
    { key: "Ctrl+ArrowRight", what: () => t("k_forward2"), run: nudge(2) },
    { key: "Shift+ArrowLeft", what: () => t("k_back10"), run: nudge(-10) },
    { key: "Shift+ArrowRight", what: () => t("k_forward10"), run: nudge(10) },
    { key: "Enter", what: () => t("k_save"), run: withCut((cut) => desk().save(cut)) },
    { key: "s", what: () => t("k_save"), run: withCut((cut) => desk().save(cut)) },
    { key: "Escape", what: () => t("k_discard"), run: withCut((cut) => (desk().nudgeOf(cut) === null ? desk().select("") : desk().discard(cut))) },
    { key: "a", what: () => t("k_accept"), run: withCut((cut) => desk().accept(cut)) },
    { key: "Delete", what: () => t("k_remove"), run: withCut((cut) => desk().remove(cut)) },
    { key: "m", what: () => t("k_mark"), run: () => desk().askMark() },
    { key: "z", what: () => t("k_undo"), run: () => desk().undo() },
    { key: "d", what: () => t("k_download"), run: () => document.querySelector<HTMLElement>("#file a, #file button")?.click() },
  ];
}

function Head({ known, store, desk, unsaved }: { known: Known; store: Store; desk: Desk; unsaved: number }): JSX.Element {
  const { programme } = known;
  const [first, last] = [programme.parts[0], programme.parts.at(-1)];
  const { before, after } = known.neighbours;
  return (
    <header class="bar head">
      <div class="what">
        <p class="soft">
          <a href={`/channel/${programme.channel}`}>{known.channel.title}</a>
          {first?.start_utc && <> · {day(first.start_utc)}, {minute(first.start_utc)} – {last?.end_utc ? minute(last.end_utc) : t("ends_open")}</>}
          {" · "}{length(cutLength(programme))}
        </p>
        <Title programme={programme} pieces={known.pieces} onDone={() => void store.again()} />
      </div>
      <div class="row acts">
        <div id="file"><FileButton programme={programme} pieces={known.pieces} take={store.take} unsaved={unsaved} save={desk.saveAll} /></div>
        {may.value.has("edit") && (
          <Menu label={t("more")}>
            <Button onClick={() => desk.askMark()} shortcut="M">{t("mark")}</Button>
            <Button onClick={() => desk.askSplit()}>{t("split")}</Button>
            {before !== null && <Button onClick={() => desk.merge(before)}>{t("merge_before", { title: before.title ?? t("unnamed") })}</Button>}
            {after !== null && <Button onClick={() => desk.merge(after)}>{t("merge_after", { title: after.title ?? t("unnamed") })}</Button>}
            <Button onClick={desk.undo} shortcut="Z">{t("undo")}</Button>
          </Menu>
        )}
      </div>
    </header>
  );
}

/** What somebody is asked of this programme, with one button for all of it. */
function Asked({ known, desk }: { known: Known; desk: Desk }): JSX.Element | null {
  const { programme, waiting } = known;
  const ofName = waiting.filter((one) => one.doubt !== "boundary" && one.subject_id === programme.id);
  const ofCuts = waiting.filter((one) => one.doubt === "boundary" && desk.cuts.some((cut) => cut.edge?.boundary_id === one.subject_id));
  const all = [...ofName, ...ofCuts];
  if (all.length === 0) return null;
  const language = document.documentElement.lang === "ru" ? "ru" : "en";
  return (
    <div class="card asked" role="note">
      <ul>{all.map((one) => <li key={`${one.doubt}${one.subject_id}`}>{one.message[language]}</li>)}</ul>
      {may.value.has("edit") && <Button onClick={() => desk.acceptAll([...new Set(all.map((one) => one.review))])}>{t(all.length > 1 ? "all_right" : "right")}</Button>}
    </div>
  );
}

function Orphan({ nudge, who }: { nudge: Nudge; who: string }): JSX.Element {
  return (
    <div class="card conflict" role="alert">
      <p>{t("conflict_gone", { mine: nudge.shown, who })}</p>
      <div class="row"><Button onClick={() => dropNudge(nudge.boundary)}>{t("understood")}</Button></div>
    </div>
  );
}

function Asking({ programme, cuts, ask, desk, close }: {
  programme: Programme;
  cuts: readonly Cut[];
  ask: Ask | null;
  desk: Desk;
  close: () => void;
}): JSX.Element | null {
  if (ask === null) return null;
  if (ask.what === "remove") {
    return <RemoveDialog cut={ask.cut} kinds={kinds} onClose={close} onKeep={(side) => (close(), desk.keep(ask.cut, side))} />;
  }
  const footing = footingOf(programme.channel, cuts, ask.epoch);
  if (footing === null) return null;
  if (ask.what === "split") {
    return <SplitDialog footing={footing} at={ask.at} onClose={close} onSplit={(frame) => (close(), desk.split(ask.epoch, frame))} />;
  }
  return <MarkDialog footing={footing} stretch={ask.stretch} onClose={close} onMark={(stretch, kind) => (close(), desk.mark(ask.epoch, stretch, kind))} />;
}
