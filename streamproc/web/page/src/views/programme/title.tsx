// The programme's name, and giving it another.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { send } from "../../api";
import { may } from "../../me";
import { Button, say, sayFailed } from "../../ui";
import { type Programme, isOnAir } from "./cuts";
import type { Piece } from "./store";
import { t } from "./words";

const SURE_NAME = 0.9;

export function Title({ programme, pieces, onDone }: { programme: Programme; pieces: readonly Piece[]; onDone: () => void }): JSX.Element {
  const isOpen = useSignal(false);
  const rename = (event: SubmitEvent): void => {
    event.preventDefault();
    const title = String(new FormData(event.currentTarget as HTMLFormElement).get("title") ?? "").trim();
    if (title === "" || title === programme.title) {
      isOpen.value = false;
      return;
    }
    void (async () => {
      await send("PATCH", `/api/v1/programmes/${programme.id}`, { body: { title } });
      // Files that are made carry the name that they are saved under.
      for (const piece of pieces.slice(0, 5)) await send("PATCH", `/api/v1/pieces/${piece.id}`, { body: { title } });
      isOpen.value = false;
      say(t("renamed", { title }));
      onDone();
    })().catch(sayFailed);
  };
  if (isOpen.value) {
    return (
      <form class="row rename" onSubmit={rename} onKeyDown={(event) => event.key === "Escape" && (isOpen.value = false)}>
        <input name="title" aria-label={t("name")} defaultValue={programme.title ?? ""} maxLength={300} required autoFocus />
        <button type="submit">{t("save")}</button>
        <Button onClick={() => (isOpen.value = false)}>{t("cancel")}</Button>
      </form>
    );
  }
  return (
    <div class="row title">
      <h1 data-named={programme.title !== null}>{programme.title ?? t("unnamed")}</h1>
      <Doubt programme={programme} />
      {may.value.has("edit") && <Button onClick={() => (isOpen.value = true)}>{t("rename")}</Button>}
    </div>
  );
}

/** What is to be known of a programme's name and state, in a word or two. */
export function Doubt({ programme }: { programme: Programme }): JSX.Element | null {
  if (isOnAir(programme)) return <span class="live-mark">{t("running")}</span>;
  if (programme.state === "running") return <span class="live-mark">{t("just_ended")}</span>;
  if (programme.title_author !== null) return <small class="soft">{t("by_hand", { who: programme.title_author })}</small>;
  if (programme.title !== null && programme.confidence < SURE_NAME) return <small class="warned">{t("unsure_name", { n: Math.round(programme.confidence * 100) })}</small>;
  return null;
}
