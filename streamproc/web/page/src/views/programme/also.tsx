// What else one wants of a programme: its parts, edit lists, a target, the evidence; and who changed what.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { type Schemas, get, newKey, send } from "../../api";
import { listen } from "../../live";
import { useLoaded } from "../../load";
import { may } from "../../me";
import { length, minute, wall } from "../../time";
import { Button, sayFailed } from "../../ui";
import type { Programme, Segment } from "./cuts";
import type { Edit, Known, Piece, Store } from "./store";
import { fileOf, make } from "./file";
import { t } from "./words";

type Delivery = Schemas["Delivery"];

/** Formats in the order in which editors want them; names that people know them by. */
const FORMATS = [
  ["edl", "EDL (CMX3600)"], ["fcp7", "Premiere (XML)"], ["fcpxml", "Final Cut (FCPXML)"], ["otio", "OTIO"], ["csv-semicolon", "CSV (;)"], ["csv", "CSV (,)"],
  ["vtt", "WebVTT"], ["ffmetadata", "ffmetadata"], ["kodi", "Kodi EDL"], ["mplayer", "MPlayer EDL"], ["hls", "HLS"], ["json", "JSON"],
] as const;

export function Also({ known, edits, store, undo }: { known: Known; edits: readonly Edit[]; store: Store; undo: (edit: Edit) => void }): JSX.Element {
  return (
    <div class="also">
      <Parts programme={known.programme} segments={known.segments} />
      <Lists programme={known.programme} />
      <Send known={known} store={store} />
      <Evidence piece={fileOf(known.programme, known.pieces)} />
      <History edits={edits} undo={undo} />
    </div>
  );
}

/** Each part as a file of its own: the clip that was cut anyway, or one that is made now. */
function Parts({ programme, segments }: { programme: Programme; segments: readonly Segment[] }): JSX.Element {
  const ended = programme.parts.filter((part) => part.end !== null);
  return (
    <section class="card">
      <h2>{t("parts")}</h2>
      <ol class="lines">
        {ended.map((part, index) => (
          <li key={part.start} class="bar">
            <span>{t("part", { n: index + 1 })} <small class="soft">{part.start_utc && minute(part.start_utc)} · {length((part.end_s ?? 0) - part.start_s)}</small></span>
            <PartFile programme={programme} index={index} clip={clipOf(part, segments)} />
          </li>
        ))}
      </ol>
    </section>
  );
}

const clipOf = (part: Programme["parts"][number], segments: readonly Segment[]): Schemas["Clip"] | null =>
  segments.find((segment) => segment.epoch === part.epoch && segment.start.time_s === part.start_s && segment.end?.time_s === part.end_s)?.clip ?? null;

function PartFile({ programme, index, clip }: { programme: Programme; index: number; clip: Schemas["Clip"] | null }): JSX.Element {
  const piece = useSignal<Piece | null>(null);
  const part = programme.parts[index];
  useEffect(() => listen(["piece"], ({ subject }) => {
    if (subject !== null && (subject as Piece).id === piece.value?.id) piece.value = subject as Piece;
  }, () => undefined), []);
  const download = piece.value?.download ?? (clip?.state === "ready" ? clip.download : null);
  if (download) return <a class="button" href={download} download>{t("download")}</a>;
  if (piece.value !== null && piece.value.state !== "failed") return <span class="making" role="status"><progress aria-label={t("making")} />{t("making")}</span>;
  const press = (): void => {
    if (part === undefined || part.end === null) return;
    const title = programme.title === null ? undefined : `${programme.title}, ${t("part", { n: index + 1 })}`.slice(0, 300);
    const body = { epoch: part.epoch, in_s: part.start, out_s: part.end, ...(title === undefined ? {} : { title }) };
    send<Piece>("POST", `/api/v1/channels/${encodeURIComponent(programme.channel)}/pieces`, { body, key: newKey() })
      .then((made) => (piece.value = made), sayFailed);
  };
  return <Button onClick={press}>{t("make")}</Button>;
}

function Lists({ programme }: { programme: Programme }): JSX.Element {
  const ending = programme.state === "running" ? "?finished=true" : "";
  return (
    <section class="card">
      <h2>{t("lists")}</h2>
      <ul class="row">
        {FORMATS.map(([format, name]) => (
          <li key={format}><a class="button" href={`/api/v1/programmes/${programme.id}/export/${format}${ending}`} download>{name}</a></li>
        ))}
      </ul>
    </section>
  );
}

/** To a target: the file is made where there is none, and goes as soon as it is there. */
function Send({ known, store }: { known: Known; store: Store }): JSX.Element {
  const { programme, pieces } = known;
  const targets = useLoaded<{ items: { name: string }[] }>("/api/v1/targets");
  const piece = fileOf(programme, pieces);
  const deliveries = useSignal<readonly Delivery[]>([]);
  useEffect(() => {
    deliveries.value = [];
    if (piece === null) return undefined;
    const again = (): void => {
      get<{ items: Delivery[] }>(`/api/v1/deliveries?piece=${piece.id}`).then((list) => (deliveries.value = list.items), sayFailed);
    };
    again();
    return listen(["delivery"], ({ subject }) => {
      if (subject !== null && (subject as Delivery).piece_id === piece.id) again();
    }, again);
  }, [piece?.id]);
  const press = (target: string): void => {
    void (async () => {
      const file = piece ?? (await make(programme, store.take));
      await send("POST", "/api/v1/deliveries", { body: { target, piece: file.id }, key: newKey() });
    })().catch(sayFailed);
  };
  const items = targets.value.value?.items ?? [];
  const shown = (target: string): Delivery | undefined => deliveries.value.find((delivery) => delivery.target === target);
  return (
    <section class="card">
      <h2>{t("send")}</h2>
      {items.length === 0 && <p class="soft">{t("no_targets")}</p>}
      <ul class="lines">
        {items.map(({ name }) => (
          <li key={name} class="bar">
            <Button disabled={!may.value.has("edit")} onClick={() => press(name)}>{t("send_to", { target: name })}</Button>
            <Sent delivery={shown(name)} hasFile={piece?.state === "ready"} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Sent({ delivery, hasFile }: { delivery: Delivery | undefined; hasFile: boolean }): JSX.Element {
  if (delivery === undefined) return <small class="soft">{hasFile ? "" : t("needs_file")}</small>;
  if (delivery.state === "done") return <small class="good" role="status">{t("sent")}</small>;
  if (delivery.message !== null) return <small class="failed" role="status">{t("send_failed", { why: delivery.message })}</small>;
  if (delivery.state === "sending") {
    return <small class="making" role="status"><progress aria-label={t("sending")} value={delivery.sent_bytes} max={delivery.size_bytes ?? undefined} />{t("sending")}</small>;
  }
  return <small class="soft" role="status">{t("send_queued")}</small>;
}

function Evidence({ piece }: { piece: Piece | null }): JSX.Element {
  return (
    <section class="card">
      <h2>{t("evidence")}</h2>
      <p class="soft">{piece?.state === "ready" ? t("evidence_what") : t("evidence_needs")}</p>
      {piece?.state === "ready" && <p><a class="button" href={`/api/v1/pieces/${piece.id}/evidence`} download>{t("evidence_get")}</a></p>}
    </section>
  );
}

const WORDS = { move: "move", add: "add", remove: "remove_done", mark: "marked_by", split: "split_by", merge: "merge_by", undo: "undo_by" } as const;

function History({ edits, undo }: { edits: readonly Edit[]; undo: (edit: Edit) => void }): JSX.Element {
  return (
    <section class="card history">
      <h2>{t("history")}</h2>
      {edits.length === 0 && <p class="soft">{t("no_edits")}</p>}
      <ol class="lines">
        {edits.slice(0, 12).map((edit) => (
          <li key={edit.id} class="bar" data-undone={edit.undone_utc !== null}>
            <span>{t(WORDS[edit.action], { who: edit.author })} <small class="soft">{wall(edit.created_utc)}</small></span>
            {edit.undone_utc !== null
              ? <small class="soft">{t("undone_mark")}</small>
              : edit.action !== "undo" && may.value.has("edit") && <Button onClick={() => undo(edit)}>{t("undo")}</Button>}
          </li>
        ))}
      </ol>
    </section>
  );
}
