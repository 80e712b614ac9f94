// What can be said of a finding, and taking it back. What is not saved stays in the drafts.

import { signal } from "@preact/signals";
import { ApiError, get, send } from "../../api";
import { type Finding, type Verdict, verdictWord } from "../../findings";
import { say, sayFailed } from "../../ui";
import { type Draft, drafts, dropDraft, putDraft } from "./drafts";
import { t } from "./words";

export const pathOf = (id: number): string => `/api/v1/findings/${id}`;

type Said = Pick<Finding, "verdict" | "note">;

/** The finding that is being saved: what comes back of it is no conflict. */
const saving = signal<number | null>(null);

export class Desk {
  /** What was said before the last change that was made here. */
  private before: { said: Said; version: number } | null = null;

  constructor(private readonly finding: { value: Finding | null }) {}

  /** What is to be said and is not saved yet. */
  draft(): Draft | null {
    const id = this.finding.value?.id;
    return id === undefined ? null : drafts.value[id] ?? null;
  }

  /** Whether somebody has said something else since what is not saved was begun. */
  isConflict(): boolean {
    const [finding, draft] = [this.finding.value, this.draft()];
    return finding !== null && draft !== null && saving.value !== finding.id && draft.version !== finding.verdict_version;
  }

  write(note: string): void {
    const finding = this.finding.value;
    if (finding === null) return;
    const draft = this.draft() ?? { finding: finding.id, verdict: finding.verdict, note, version: finding.verdict_version };
    if (note === (finding.note ?? "") && draft.verdict === finding.verdict) dropDraft(finding.id);
    else putDraft({ ...draft, note });
  }

  judge(verdict: Verdict | null): void {
    const finding = this.finding.value;
    if (finding === null || this.isConflict()) return;
    const note = this.draft()?.note ?? finding.note ?? "";
    if (verdict === finding.verdict && note === (finding.note ?? "")) return;
    putDraft({ finding: finding.id, verdict, note, version: finding.verdict_version });
    this.save();
  }

  /** Drops what is not saved where just that is said by now: it was saved, and the answer was lost on the way. */
  settle(): void {
    const [finding, draft] = [this.finding.value, this.draft()];
    if (finding === null || draft === null || draft.version === finding.verdict_version) return;
    if (draft.verdict === finding.verdict && (draft.note.trim() || null) === finding.note) dropDraft(finding.id);
  }

  discard(): void {
    const finding = this.finding.value;
    if (finding !== null) dropDraft(finding.id);
  }

  /** Puts what is not saved over what somebody else has said. */
  putMine(): void {
    const [finding, draft] = [this.finding.value, this.draft()];
    if (finding === null || draft === null) return;
    putDraft({ ...draft, version: finding.verdict_version });
    this.save();
  }

  save(): void {
    const draft = this.draft();
    if (draft === null) return;
    const isNote = draft.verdict === this.finding.value?.verdict;
    void this.put(draft).then((isSaved) => {
      if (!isSaved) return;
      dropDraft(draft.finding);
      say(isNote ? t("said_note") : t(`said_${draft.verdict ?? "null"}`), { undo: () => this.undo(), undoText: t("undo") });
    }, (problem: unknown) => sayFailed(problem instanceof TypeError ? new Error(t("no_link")) : problem));
  }

  /** Takes back what was said last here: first what is not saved, then the last change. */
  undo(): void {
    const [finding, before] = [this.finding.value, this.before];
    if (this.draft() !== null) return this.discard();
    if (finding === null || before === null) return say(t("nothing_to_undo"));
    const draft = { finding: finding.id, verdict: before.said.verdict, note: before.said.note ?? "", version: before.version };
    void this.put(draft).then((isSaved) => {
      this.before = null;
      if (isSaved) say(t("undone"));
      else putDraft(draft);
    }, (problem: unknown) => sayFailed(problem instanceof TypeError ? new Error(t("no_link")) : problem));
  }

  /** Saves over the version that was seen; false when somebody has said something else meanwhile, which is shown then. */
  private async put({ finding: id, verdict, note, version }: Draft): Promise<boolean> {
    const seen = this.finding.value;
    saving.value = id;
    try {
      const saved = await send<Finding>("PUT", `${pathOf(id)}/verdict`, { body: { verdict, note: note.trim() || null }, version });
      if (seen !== null) this.before = { said: { verdict: seen.verdict, note: seen.note }, version: saved.verdict_version };
      this.finding.value = saved;
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 412) throw error;
      this.finding.value = await get<Finding>(pathOf(id));
      return false;
    } finally {
      saving.value = null;
    }
  }
}

/** "Dismissed: not painted over, «…»" */
export function saidIn({ verdict, note }: Said): string {
  return `${verdictWord(verdict)}, ${note ? `«${note}»` : t("no_note")}`;
}
