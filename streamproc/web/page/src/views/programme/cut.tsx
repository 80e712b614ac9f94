// One cut: the frames before and after it, and what can be done with it.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { may } from "../../me";
import { length, timecode, wall } from "../../time";
import { Button, Dialog, Kind } from "../../ui";
import type { Cut } from "./cuts";
import { Frame, fetchAround, frameUrl, type Where } from "./frames";
import type { Nudge } from "./nudges";
import { framesWord, t } from "./words";

const STEPS = [-10, -2, -1, 1, 2, 10] as const;
const FILM = [-4, -3, -2, -1, 0, 1, 2, 3] as const;

/** What somebody else did to a cut that is moved here and not yet saved. */
export interface Conflict {
  who: string;
}

export interface CutActs {
  select: (key: string) => void;
  nudge: (cut: Cut, by: number) => void;
  save: (cut: Cut) => void;
  /** Saves it over what somebody else did meanwhile. */
  saveAgain: (cut: Cut) => void;
  discard: (cut: Cut) => void;
  accept: (cut: Cut) => void;
  remove: (cut: Cut) => void;
}

interface CardProps {
  channel: string;
  cut: Cut;
  parts: number;
  nudge: Nudge | null;
  conflict: Conflict | null;
  selected: boolean;
  /** Whether somebody is asked to look at it. */
  asked: boolean;
  acts: CutActs;
}

export function nameOfCut(cut: Cut, parts: number): string {
  if (cut.isFirst) return t("begins");
  if (cut.isLast) return t("ends");
  if (cut.before === "gap") return t("resumes");
  if (cut.after === "gap") return t("breaks_off");
  return t(cut.end === "start" ? "part_begins" : "part_ends", { n: Math.min(cut.part, parts - 1) + 1 });
}

export function CutCard({ channel, cut, parts, nudge, conflict, selected, asked, acts }: CardProps): JSX.Element {
  const card = useRef<HTMLLIElement>(null);
  const where: Where = { channel, epoch: cut.epoch };
  const frame = nudge?.frame ?? cut.frame;
  useEffect(() => {
    if (!selected) return;
    // Not on the button that was pressed: Enter shall save now.
    card.current?.focus({ preventScroll: true });
    card.current?.scrollIntoView({ block: "nearest" });
  }, [selected]);
  useEffect(() => {
    if (selected && frame !== null) fetchAround(where, frame);
  }, [selected, channel, cut.epoch, frame]);
  const name = nameOfCut(cut, parts);
  return (
    <li ref={card} tabIndex={-1} class="card cut" data-cut={cut.key} data-selected={selected} data-asked={asked} data-unsaved={nudge !== null}>
      <div class="bar">
        <h3><button type="button" class="pick" aria-expanded={selected} onClick={() => acts.select(selected ? "" : cut.key)}>{name}</button></h3>
        <Sureness cut={cut} asked={asked} />
      </div>
      <div class="pair" onClick={() => acts.select(cut.key)}>
        <Frame where={where} frame={cut.before === "gap" || frame === null ? null : frame - 1} kind={cut.before} alt={`${name}: ${t("last_before")}`} />
        <Frame where={where} frame={cut.after === "gap" ? null : frame} kind={cut.after} alt={`${name}: ${t("first_after")}`} />
        <span class="side" aria-hidden="true"><Kind kind={cut.before} /></span>
        <span class="side" aria-hidden="true"><Kind kind={cut.after} /></span>
      </div>
      <p class="soft place">
        {cut.utc !== null && <time dateTime={cut.utc}>{wall(cut.utc)}</time>}
        <span class="timecode">{codeAt(cut, frame)}</span>
        {nudge !== null && <b class="unsaved">{t("moved_by", { n: framesWord(nudge.frame - (cut.frame ?? nudge.from)) })}</b>}
      </p>
      {conflict !== null && nudge !== null && <ConflictBox cut={cut} nudge={nudge} conflict={conflict} acts={acts} />}
      {selected && <Tools where={where} cut={cut} frame={frame} nudge={nudge} asked={asked} conflict={conflict} acts={acts} />}
    </li>
  );
}

/** Time code of a frame near a cut. */
export function codeAt(cut: Cut, frame: number | null): string {
  if (frame === null || cut.frame === null || cut.frameRate === null) return timecode(cut.seconds, cut.frameRate);
  const [frames = 25, seconds = 1] = cut.frameRate.split("/").map(Number);
  return timecode(cut.seconds + ((frame - cut.frame) * seconds) / frames, cut.frameRate);
}

function Sureness({ cut, asked }: { cut: Cut; asked: boolean }): JSX.Element {
  const { edge } = cut;
  if (edge === null) return <span class="sureness" data-sure={cut.sure}>{t("split_here")}</span>;
  if (edge.state === "provisional") return <span class="sureness soft">{t("provisional")}</span>;
  if (edge.method === "hand") return <span class="sureness" data-sure>{t("checked")}</span>;
  if (edge.method === "epoch") return <span class="sureness soft" />;
  const n = Math.floor(edge.confidence * 100);
  return <span class="sureness" data-sure={!asked}>{t(asked ? "unsure" : "sure", { n })}</span>;
}

interface ToolsProps {
  where: Where;
  cut: Cut;
  frame: number | null;
  nudge: Nudge | null;
  asked: boolean;
  conflict: Conflict | null;
  acts: CutActs;
}

/** Whether a cut can be moved: it is a final boundary between two kinds, and whoever looks may edit. */
export const canMove = (cut: Cut): boolean =>
  may.value.has("edit") && cut.edge !== null && cut.frame !== null && cut.edge.state === "final" && cut.before !== "gap" && cut.after !== "gap";

function Tools({ where, cut, frame, nudge, asked, conflict, acts }: ToolsProps): JSX.Element {
  const movable = canMove(cut);
  return (
    <div class="tools">
      {movable && frame !== null && <Film where={where} cut={cut} frame={frame} acts={acts} />}
      <div class="row">
        {movable && STEPS.map((step) => (
          <Button key={step} onClick={() => acts.nudge(cut, step)} label={framesWord(step)} shortcut={keyOf(step)}>
            {step < 0 ? `−${-step}` : `+${step}`}
          </Button>
        ))}
        {nudge !== null && conflict === null && (
          <>
            <Button primary onClick={() => acts.save(cut)} shortcut="Enter">{t("save_cut")}</Button>
            <Button onClick={() => acts.discard(cut)} shortcut="Escape">{t("discard")}</Button>
          </>
        )}
        <span class="push" />
        {asked && may.value.has("edit") && <Button onClick={() => acts.accept(cut)} shortcut="A">{t("right")}</Button>}
        {movable && <Button danger onClick={() => acts.remove(cut)} shortcut="Delete">{t("remove")}</Button>}
      </div>
    </div>
  );
}

const keyOf = (step: number): string => {
  const arrow = step < 0 ? "←" : "→";
  return { 1: arrow, 2: `Ctrl + ${arrow}`, 10: `Shift + ${arrow}` }[Math.abs(step)] ?? arrow;
};

const tagOf = (offset: number): string => (offset < 0 ? `−${-offset}` : `+${offset + 1}`);

/** Frames around the cut, small; one press puts the cut before another of them. */
function Film({ where, cut, frame, acts }: { where: Where; cut: Cut; frame: number; acts: CutActs }): JSX.Element {
  return (
    <ol class="film" aria-label={t("film")}>
      {FILM.map((offset) => {
        const number = frame + offset;
        const isShown = number >= 0;
        return (
          <li key={number} data-after={offset >= 0} data-first={offset === 0}>
            <button type="button" disabled={!isShown} aria-label={`${tagOf(offset)}: ${t("cut_before", { frame: number })}`} onClick={() => acts.nudge(cut, offset)}>
              {isShown && <img src={frameUrl(where, number)} alt="" width={160} height={90} loading="lazy" />}
              <span>{tagOf(offset)}</span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}

function ConflictBox({ cut, nudge, conflict, acts }: { cut: Cut; nudge: Nudge; conflict: Conflict; acts: CutActs }): JSX.Element {
  return (
    <div class="conflict" role="alert">
      <p>{t("conflict", { who: conflict.who, theirs: codeAt(cut, cut.frame), mine: codeAt(cut, nudge.frame) })}</p>
      <div class="row">
        <Button primary onClick={() => acts.discard(cut)}>{t("take_theirs")}</Button>
        <Button onClick={() => acts.saveAgain(cut)}>{t("put_mine")}</Button>
      </div>
    </div>
  );
}

/** Asks on which side of a cut the kind changes when it goes. */
export function RemoveDialog({ cut, kinds, onKeep, onClose }: {
  cut: Cut;
  kinds: (kind: Cut["before"]) => string;
  onKeep: (side: "before" | "after") => void;
  onClose: () => void;
}): JSX.Element {
  const shown = (seconds: number | null): string => (seconds === null ? t("ends_open") : length(seconds));
  return (
    <Dialog title={t("remove_title")} onClose={onClose}>
      <p>{t("remove_ask")}</p>
      <div class="row">
        <Button onClick={() => onKeep("before")}>{t("keep_before", { before: kinds(cut.before), length: shown(cut.lengths[1]) })}</Button>
        <Button onClick={() => onKeep("after")}>{t("keep_after", { after: kinds(cut.after), length: shown(cut.lengths[0]) })}</Button>
      </div>
    </Dialog>
  );
}
