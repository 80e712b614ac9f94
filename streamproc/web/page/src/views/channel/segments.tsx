// The channel's segments, newest first, with their clips.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { get, type Schemas } from "../../api";
import { listen } from "../../live";
import { length, ms, now, timecode, wall } from "../../time";
import { Button, Dialog, Kind, sayFailed, Soft, Switch } from "../../ui";
import { locale } from "../../words";
import type { Scope } from "./scope";
import { base } from "./station";
import { t } from "./words";

type Segment = Schemas["Segment"];
type Edge = Schemas["Edge"];
type Filter = "all" | "programme" | "advert";

const PAGE = 25;

export function Segments({ name, title, scope }: { name: string; title: string; scope: Scope }): JSX.Element {
  const segments = useSignal<ReadonlyMap<number, Segment>>(new Map());
  const next = useSignal<string | null>(null);
  const filter = useSignal<Filter>("all");
  const played = useSignal<Segment | null>(null);
  const add = (items: readonly Segment[]): void => {
    segments.value = new Map([...segments.value, ...items.map((segment) => [segment.id, segment] as const)]);
  };
  const fetchPage = (path: string): void => {
    get<{ items: Segment[]; next: string | null }>(path).then((page) => {
      add(page.items);
      next.value = page.next;
    }, sayFailed);
  };
  useEffect(() => {
    const again = (): void => {
      segments.value = new Map();
      fetchPage(`${base(name)}/segments?limit=${PAGE}`);
    };
    again();
    return listen(["segment", "segment-removed", "clip"], (notice) => {
      if (notice.channel === name) hear(notice, segments.value, (changed) => (segments.value = changed));
    }, again);
  }, [name]);
  const shown = [...segments.value.values()].filter(({ kind }) => filter.value === "all" || kind === filter.value).sort((one, other) => other.id - one.id);
  const go = (segment: Segment): void => {
    scope.stop();
    // Told to the millisecond below: that may still be the frame before.
    if (segment.start.utc !== null) scope.seek(ms(segment.start.utc) + 1);
  };
  return (
    <section class="card segments" aria-label={t("segments")}>
      <div class="bar">
        <h2>{t("segments")}</h2>
        <Switch label={t("filter")} value={filter.value} options={[["all", t("all")], ["programme", t("programmes")], ["advert", t("adverts")]]} onPick={(value) => (filter.value = value)} />
      </div>
      <table role="table">
        <thead role="rowgroup"><tr role="row">{(["kind", "start", "end", "duration", "confidence", "state", "clip"] as const).map((word) => <th role="columnheader" scope="col" key={word}>{t(word)}</th>)}</tr></thead>
        <tbody role="rowgroup">
          {shown.map((segment) => <Row key={segment.id} segment={segment} onGo={() => go(segment)} onPlay={() => (played.value = segment)} />)}
        </tbody>
      </table>
      {shown.length === 0 && <Soft>{t("no_segments")}</Soft>}
      {next.value !== null && <p><Button onClick={() => next.value !== null && fetchPage(next.value)}>{t("more")}</Button></p>}
      {played.value !== null && <ClipDialog segment={played.value} title={title} onClose={() => (played.value = null)} />}
    </section>
  );
}

function hear(notice: Schemas["Notice"], known: ReadonlyMap<number, Segment>, change: (changed: ReadonlyMap<number, Segment>) => void): void {
  const changed = new Map(known);
  if (notice.type === "clip") {
    const clip = notice.subject as Schemas["Clip"] | null;
    const segment = clip === null ? undefined : changed.get(clip.segment_id);
    if (segment === undefined) return;
    changed.set(segment.id, { ...segment, clip });
  } else if (notice.type === "segment" && notice.subject !== null) changed.set(notice.subject_id, notice.subject as Segment);
  else changed.delete(notice.subject_id);
  change(changed);
}

function Row({ segment, onGo, onPlay }: { segment: Segment; onGo: () => void; onPlay: () => void }): JSX.Element {
  const { start, end } = segment;
  const seconds = segment.duration_s ?? (start.utc === null ? null : Math.max(0, (now.value - ms(start.utc)) / 1000));
  return (
    <tr role="row" data-segment={segment.id}>
      <td role="cell" data-label={t("kind")}><Kind kind={segment.kind} />{segment.title !== null && <small>{segment.title}</small>}</td>
      <td role="cell" data-label={t("start")}><Where edge={start} rate={segment.frame_rate} onGo={onGo} /></td>
      <td role="cell" data-label={t("end")}>{end === null ? <span class="onair">{t("on_air")}</span> : <Where edge={end} rate={segment.frame_rate} />}</td>
      <td role="cell" data-label={t("duration")}>{seconds === null ? "–" : length(seconds)}</td>
      <td role="cell" data-label={t("confidence")}>{Math.round(segment.confidence * 100)} % <meter min={0} max={1} value={segment.confidence} aria-hidden="true" /></td>
      <td role="cell" data-label={t("state")}><span class="state" data-state={segment.state}>{segment.state === "final" ? t("final") : t("provisional")}</span></td>
      <td role="cell" data-label={t("clip")}><Clip clip={segment.clip} onPlay={onPlay} /></td>
    </tr>
  );
}

function Where({ edge, rate, onGo }: { edge: Edge; rate: string | null; onGo?: () => void }): JSX.Element {
  const code = timecode(edge.time_s, rate);
  const shown = edge.utc === null ? <span>{code}</span> : <time dateTime={edge.utc}>{wall(edge.utc)}</time>;
  return (
    <>
      {onGo !== undefined && edge.utc !== null ? <button type="button" class="link" onClick={onGo} aria-label={t("go", { time: wall(edge.utc) })}>{shown}</button> : shown}
      <small>{code}{edge.frame !== null && <> · {t("frame", { n: edge.frame.toLocaleString(locale.value) })}</>}</small>
    </>
  );
}

function Clip({ clip, onPlay }: { clip: Segment["clip"]; onPlay: () => void }): JSX.Element {
  if (clip === null) return <span class="soft">–</span>;
  if (clip.removed_utc !== null) return <span class="soft">{t("removed")}</span>;
  if (clip.state === "failed") return <span class="failed">{t("failed", { why: clip.message ?? "" })}</span>;
  if (clip.download === null) return <span class="soft">{t(clip.state)}</span>;
  return (
    <span class="row">
      <Button onClick={onPlay}>{t("play")}</Button>
      <a class="button" href={clip.download} download title={t("size", { n: ((clip.size_bytes ?? 0) / 1e6).toFixed(1) })}>{t("download")}</a>
    </span>
  );
}

function ClipDialog({ segment, title, onClose }: { segment: Segment; title: string; onClose: () => void }): JSX.Element {
  const isBroken = useSignal(false);
  const video = useRef<HTMLVideoElement>(null);
  const download = segment.clip?.download ?? "";
  const when = segment.start.utc === null ? timecode(segment.start.time_s, segment.frame_rate) : wall(segment.start.utc);
  useEffect(() => {
    // Whoever reads presses play where the browser does not begin by itself.
    video.current?.play().catch(() => undefined);
  }, []);
  return (
    <Dialog title={`${title} · ${when} · ${length(segment.duration_s ?? 0)}`} onClose={onClose} wide>
      <video ref={video} src={download} controls playsInline onError={() => (isBroken.value = true)} />
      {isBroken.value && <p class="failed" role="alert">{t("broken")}</p>}
      <p><a class="button" href={download} download>{t("download")}</a></p>
    </Dialog>
  );
}
