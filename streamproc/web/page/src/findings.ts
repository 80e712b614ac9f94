// What forensics found, in words: how far it counts, where it is, what people say of it.

import type { Schemas } from "./api";
import { words } from "./words";

export type Finding = Schemas["Finding"];
export type Verdict = NonNullable<Finding["verdict"]>;

const VERY_SURE = 0.9; // a score

const t = words(
  {
    sure: "Very likely painted over", likely: "Likely painted over", weak: "Weak traces: look yourself", undecidable: "Can’t be told: too smooth around it",
    confirmed: "Confirmed: painted over", dismissed: "Dismissed: not painted over", to_check: "To be checked",
    sure_why: "There is enough going on around the place to tell paint from picture. It is a reason to look closer, and no proof.",
    likely_why: "There is enough going on around the place to tell paint from picture. It is a reason to look closer, and no proof.",
    weak_why: "It may as well be chance. Play the stretch: does the place stay smooth while the picture around it changes?",
    undecidable_why: "What surrounds the place is as smooth as paint (a clear sky, a studio’s wall), so that nothing can be claimed either way.",
    top_left: "top left", top: "at the top", top_right: "top right", left: "on the left", middle: "in the middle", right: "on the right", bottom_left: "bottom left", bottom: "at the bottom", bottom_right: "bottom right",
  },
  {
    sure: "Очень похоже на закраску", likely: "Похоже на закраску", weak: "Слабые следы: посмотрите сами", undecidable: "Решить нельзя: вокруг слишком гладко",
    confirmed: "Подтверждено: закрашено", dismissed: "Отклонено: не закрашено", to_check: "Надо проверить",
    sure_why: "Вокруг этого места достаточно деталей, чтобы отличить закраску от картинки. Это повод присмотреться, а не доказательство.",
    likely_why: "Вокруг этого места достаточно деталей, чтобы отличить закраску от картинки. Это повод присмотреться, а не доказательство.",
    weak_why: "Это может быть и случайность. Просмотрите отрезок: остаётся ли место гладким, когда картинка вокруг меняется?",
    undecidable_why: "Вокруг этого места всё гладко, как закраска (чистое небо, стена студии), поэтому ничего утверждать нельзя.",
    top_left: "слева вверху", top: "вверху", top_right: "справа вверху", left: "слева", middle: "в середине", right: "справа", bottom_left: "слева внизу", bottom: "внизу", bottom_right: "справа внизу",
  },
);

/** What says how far a finding counts. */
type Weighed = Pick<Finding, "reliability" | "score">;

export type Strength = "sure" | "likely" | "weak" | "undecidable";

export const strengthOf = ({ reliability, score }: Weighed): Strength =>
  reliability !== "good" ? reliability : score >= VERY_SURE ? "sure" : "likely";

/** "Likely painted over" */
export const likelihood = (finding: Weighed): string => t(strengthOf(finding));

/** Why it counts that far, in a sentence or two. */
export const whyOf = (finding: Weighed): string => t(`${strengthOf(finding)}_why`);

/** "Confirmed: painted over" */
export const verdictWord = (verdict: Verdict | null): string => t(verdict ?? "to_check");

/** "Likely painted over", or what a person has said of it. */
export const summary = (finding: Weighed & Pick<Finding, "verdict">): string => (finding.verdict === null ? likelihood(finding) : verdictWord(finding.verdict));

const PLACES = [["top_left", "top", "top_right"], ["left", "middle", "right"], ["bottom_left", "bottom", "bottom_right"]] as const;

/** "top right" */
export function placeOf({ box, width, height }: Pick<Finding, "box" | "width" | "height">): string {
  const third = (middle: number, size: number): 0 | 1 | 2 => (middle < size / 3 ? 0 : middle > (size * 2) / 3 ? 2 : 1);
  return t(PLACES[third((box.top + box.bottom) / 2, height)][third((box.left + box.right) / 2, width)]);
}
