// What can be said of a finding, and taking it back. What is not saved stays in the drafts.

import { signal } from "@preact/signals";
import { get, send } from "../../api";
import { type Finding, type Verdict, verdictWord } from "../../findings";
import { me } from "../../me";
import { say, sayFailed } from "../../ui";
import { type Draft, drafts, dropDraft, putDraft, stampOf } from "./drafts";
import { t } from "./words";

export const pathOf = (id: number): string => `/api/v1/findings/${id}`;

type Said = Pick<Finding, "verdict" | "note">;

/** The finding that is being saved: what comes back of it is no conflict. */
const saving = signal<number | null>(null);

export class Desk {
  /** What was said before the last change that was made here. */
  private before: { said: Said; stamp: string } | null = null;

  constructor(private readonly finding: { value: Finding | null }) {}

  /** What is to be said and is not saved yet. */
  draft(): Draft | null {
    const id = this.finding.value?.id;
    return id === undefined ? null : drafts.value[id] ?? null;
  }

  /** Whether somebody has said something else since what is not saved was begun. */
  isConflict(): boolean {
    const [finding, draft] = [this.finding.value, this.draft()];
    return finding !== null && draft !== null && saving.value !== finding.id && draft.stamp !== stampOf(finding);
  }

  write(note: string): void {
    const finding = this.finding.value;
    if (finding === null) return;
    const draft = this.draft() ?? { finding: finding.id, verdict: finding.verdict, note, stamp: stampOf(finding) };
    if (note === (finding.note ?? "") && draft.verdict === finding.verdict) dropDraft(finding.id);
    else putDraft({ ...draft, note });
  }

  judge(verdict: Verdict | null): void {
    const finding = this.finding.value;
    if (finding === null || this.isConflict()) return;
    const note = this.draft()?.note ?? finding.note ?? "";
    if (verdict === finding.verdict && note === (finding.note ?? "")) return;
    putDraft({ finding: finding.id, verdict, note, stamp: stampOf(finding) });
    this.save();
  }

  discard(): void {
    const finding = this.finding.value;
    if (finding !== null) dropDraft(finding.id);
  }

  /** Puts what is not saved over what somebody else has said. */
  putMine(): void {
    const [finding, draft] = [this.finding.value, this.draft()];
    if (finding === null || draft === null) return;
    putDraft({ ...draft, stamp: stampOf(finding) });
    this.save();
  }

  save(): void {
    const draft = this.draft();
    if (draft === null) return;
    void this.put(draft).then((isSaved) => {
      if (!isSaved) return;
      dropDraft(draft.finding);
      say(this.saidWord(draft), { undo: () => this.undo(), undoText: t("undo") });
    }, (problem: unknown) => sayFailed(problem instanceof TypeError ? new Error(t("no_link")) : problem));
  }

  /** Takes back what was said last here: first what is not saved, then the last change. */
  undo(): void {
    const [finding, before] = [this.finding.value, this.before];
    if (this.draft() !== null) return this.discard();
    if (finding === null || before === null) return say(t("nothing_to_undo"));
    const draft = { finding: finding.id, verdict: before.said.verdict, note: before.said.note ?? "", stamp: before.stamp };
    void this.put(draft).then((isSaved) => {
      this.before = null;
      if (isSaved) say(t("undone"));
      else putDraft(draft);
    }, (problem: unknown) => sayFailed(problem instanceof TypeError ? new Error(t("no_link")) : problem));
  }

  /** Saves, unless somebody has said something else meanwhile; tells whether it did. */
  private async put({ finding: id, verdict, note, stamp }: Draft): Promise<boolean> {
    saving.value = id;
    try {
      const fresh = await get<Finding>(pathOf(id));
      if (stampOf(fresh) !== stamp) {
        this.finding.value = fresh;
        return false;
      }
      const saved = await send<Finding>("PUT", `${pathOf(id)}/verdict`, { body: { verdict, note: note.trim() || null } });
      this.before = { said: { verdict: fresh.verdict, note: fresh.note }, stamp: stampOf(saved) };
      this.finding.value = saved;
      return true;
    } finally {
      saving.value = null;
    }
  }

  private saidWord(draft: Draft): string {
    const [verdict] = JSON.parse(draft.stamp) as [Verdict | null];
    return verdict === draft.verdict ? t("said_note") : t(`said_${draft.verdict ?? "null"}`);
  }
}

/** "Dismissed: not painted over, «…»" */
export function saidIn({ verdict, note }: Said): string {
  return `${verdictWord(verdict)}, ${note ? `«${note}»` : t("no_note")}`;
}

/** Whether somebody else has said what is said of a finding. */
export const isOthers = ({ verdict_by }: Finding): boolean => verdict_by !== null && verdict_by !== (me.value?.user?.name ?? "editor");
