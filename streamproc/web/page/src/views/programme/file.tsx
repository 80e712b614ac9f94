// The one button: a programme as one file. Where there is none it is made, and the download begins when it is.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { newKey, send } from "../../api";
import { length } from "../../time";
import { Button, say, sayFailed } from "../../ui";
import { size } from "../../size";
import { type Programme, cutLength, isOnAir, shows } from "./cuts";
import type { Piece } from "./store";
import { t } from "./words";

/** Files that are fetched as soon as they are made, by programme; this tab remembers them over a refresh. */
const WANTED = "wanted-files";
const wanted = signal<Readonly<Record<number, number>>>(remembered());

function remembered(): Record<number, number> {
  try {
    return JSON.parse(sessionStorage.getItem(WANTED) ?? "{}") as Record<number, number>;
  } catch {
    return {};
  }
}

function want(programme: number, piece: number | null): void {
  const { [programme]: _before, ...left } = wanted.value;
  wanted.value = piece === null ? left : { ...left, [programme]: piece };
  try {
    sessionStorage.setItem(WANTED, JSON.stringify(wanted.value));
  } catch {
    // It is wanted until the page is closed, then.
  }
}

function begin(piece: Piece): void {
  if (piece.download === null) return;
  const link = document.createElement("a");
  link.href = piece.download;
  link.download = "";
  link.click();
  say(t("begun"));
}

/** The newest file that shows a programme as it is now, whatever its state. */
export const fileOf = (programme: Programme, pieces: readonly Piece[]): Piece | null =>
  pieces.find((piece) => piece.mode === "exact" && shows(piece, programme)) ?? null;

/** Has the programme's file made. */
export async function make(programme: Programme, take: (piece: Piece) => void): Promise<Piece> {
  const piece = await send<Piece>("POST", `/api/v1/programmes/${programme.id}/pieces`, { body: {}, key: newKey() });
  take(piece);
  return piece;
}

interface FileProps {
  programme: Programme;
  pieces: readonly Piece[];
  take: (piece: Piece) => void;
  /** How many cuts are moved and not saved, and how to save them: then the button does that first. */
  unsaved?: number;
  /** Saves them; returns the programme as it is then, null when something stands against it. */
  save?: () => Promise<Programme | null>;
  /** In a list: without what is said beside it. */
  small?: boolean;
}

export function FileButton({ programme, pieces, take, unsaved = 0, save, small = false }: FileProps): JSX.Element {
  const piece = fileOf(programme, pieces);
  const isWanted = piece !== null && wanted.value[programme.id] === piece.id;
  useEffect(() => {
    if (piece === null || !isWanted || piece.state !== "ready") return;
    want(programme.id, null);
    begin(piece);
  }, [piece?.id, piece?.state, isWanted]);
  const press = (): void => {
    void (async () => {
      const now = unsaved > 0 && save !== undefined ? await save() : programme;
      if (now === null) return;
      const made = await make(now, take);
      want(programme.id, made.id);
    })().catch(sayFailed);
  };
  if (programme.parts.every((part) => part.end === null)) return <span class="soft">{t(small ? "running" : "no_part")}</span>;
  return (
    <div class="file" data-state={piece?.state ?? "none"}>
      {!small && <Beside programme={programme} piece={piece} unsaved={unsaved} hasOlder={pieces.some((one) => one.state === "ready")} />}
      <Press piece={piece} unsaved={unsaved} press={press} isOnAir={isOnAir(programme)} small={small} />
    </div>
  );
}

function Press({ piece, unsaved, press, isOnAir: onAir, small }: {
  piece: Piece | null;
  unsaved: number;
  press: () => void;
  isOnAir: boolean;
  small: boolean;
}): JSX.Element {
  if (unsaved > 0) return <Button primary onClick={press} shortcut="D">{t("save_download")}</Button>;
  if (piece?.state === "ready" && piece.download !== null) {
    return <a class={small ? "button" : "primary"} href={piece.download} download aria-keyshortcuts="D" data-download>{t("download")}</a>;
  }
  if (piece === null || piece.state === "failed" || piece.state === "ready") {
    const text = piece?.state === "failed" ? t("again") : onAir ? t("so_far") : t("download");
    return <Button primary={!small} onClick={press} shortcut="D">{text}</Button>;
  }
  const text = t(piece.state === "cutting" ? "making" : piece.state);
  return <span class="making" role="status"><progress aria-label={text} />{text}</span>;
}

function Beside({ programme, piece, unsaved, hasOlder }: { programme: Programme; piece: Piece | null; unsaved: number; hasOlder: boolean }): JSX.Element {
  if (piece?.state === "failed") return <p class="failed" role="alert">{t("failed", { why: piece.message ?? "" })}</p>;
  if (unsaved === 0 && piece?.state === "ready" && piece.size_bytes !== null) {
    return <p class="soft">{t("made", { length: length(piece.duration_s), size: size(piece.size_bytes) })}</p>;
  }
  return <p class="soft">{piece === null && hasOlder ? t("outdated") : t("to_make", { length: length(cutLength(programme)) })}</p>;
}
