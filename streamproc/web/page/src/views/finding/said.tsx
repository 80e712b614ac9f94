// What people say of a finding: whether it is painted over, and a note.

import type { JSX, RefObject } from "preact";
import { type Finding, verdictWord } from "../../findings";
import { may } from "../../me";
import { wall } from "../../time";
import { Button } from "../../ui";
import { type Desk, saidIn } from "./desk";
import { t } from "./words";

const LONGEST_NOTE = 2000;

export function Said({ finding, desk, field }: { finding: Finding; desk: Desk; field: RefObject<HTMLTextAreaElement | null> }): JSX.Element {
  const { verdict, verdict_by, verdict_at } = finding;
  const draft = desk.draft();
  const isConflict = desk.isConflict();
  return (
    <section class="card said" aria-labelledby="said-title">
      <h2 id="said-title">{t("verdict")}</h2>
      <p class="verdict" data-verdict={verdict ?? "to_check"} role="status">
        <b>{verdictWord(verdict)}</b>
        {verdict_by !== null && <span class="soft"> · {verdict_at === null ? verdict_by : t("by_at", { who: verdict_by, time: wall(verdict_at) })}</span>}
      </p>
      {isConflict && draft !== null && (
        <div class="conflict" role="alert">
          <p>{t("conflict", { who: verdict_by ?? t("somebody"), what: saidIn(finding), mine: saidIn(draft) })}</p>
          <div class="row">
            <Button onClick={() => desk.discard()}>{t("take_theirs")}</Button>
            <Button onClick={() => desk.putMine()} primary>{t("put_mine")}</Button>
          </div>
        </div>
      )}
      {!may.value.has("edit") ? (
        <>
          {finding.note !== null && <p class="note">{finding.note}</p>}
          <p class="soft">{t("view_only")}</p>
        </>
      ) : (
        <>
          <div class="row">
            <Button onClick={() => desk.judge("confirmed")} pressed={verdict === "confirmed"} disabled={isConflict} shortcut="A">{t("confirm")}</Button>
            <Button onClick={() => desk.judge("dismissed")} pressed={verdict === "dismissed"} disabled={isConflict} shortcut="X">{t("dismiss")}</Button>
            {verdict !== null && <Button onClick={() => desk.judge(null)} disabled={isConflict}>{t("reopen")}</Button>}
          </div>
          <label>
            {t("note")}
            <textarea
              ref={field} rows={3} maxLength={LONGEST_NOTE} placeholder={t("note_hint")} value={draft?.note ?? finding.note ?? ""}
              onInput={(event) => desk.write(event.currentTarget.value)}
              onKeyDown={(event) => (event.key === "Escape" ? event.currentTarget.blur() : event.key === "Enter" && (event.ctrlKey || event.metaKey) && desk.save())}
            />
          </label>
          {draft !== null && !isConflict && (
            <div class="row unsaved">
              <b>{t("unsaved")}{draft.verdict !== verdict && `: ${verdictWord(draft.verdict)}`}</b>
              <Button onClick={() => desk.save()} primary>{draft.verdict === verdict ? t("save_note") : t("save")}</Button>
              <Button onClick={() => desk.discard()}>{t("discard")}</Button>
            </div>
          )}
        </>
      )}
    </section>
  );
}
