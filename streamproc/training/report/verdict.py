"""Whether a model may go on air, in words, with the reason."""

from dataclasses import dataclass
from enum import StrEnum

from streamproc.training.report.texts import Number, Said, Share, say
from streamproc.training.scores import Confusion

GOOD_ACCURACY = 0.995
"""Of either class; below it the model is at most usable."""
USABLE_ACCURACY = 0.97
"""Of either class; below it hysteresis would not save the day."""
GOOD_COUNT = 100
"""Pictures of either class; with fewer, one mistake more or less decides."""
USABLE_COUNT = 20
"""Pictures of either class; with fewer there is no telling."""
GOOD_CALIBRATION = 0.03
"""Greatest expected calibration error of a good model."""


class Grade(StrEnum):
    """How good."""

    GOOD = "good"
    USABLE = "usable"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A grade and its reason."""

    grade: Grade
    why: Said
    """One sentence."""


def judge(counts: Confusion, calibration_error: float) -> Verdict:
    """Judge a model by its pictures away from fades and by its expected calibration error, 0 to 1."""
    fewest = min(counts.with_bug, counts.without_bug)
    worst = min(counts.accuracy_with or 0.0, counts.accuracy_without or 0.0)
    if fewest < USABLE_COUNT:
        return Verdict(Grade.UNUSABLE, say("why_unusable_few", count=Number(fewest)))
    if worst < USABLE_ACCURACY:
        return Verdict(Grade.UNUSABLE, say("why_unusable_accuracy", worst=Share(worst)))
    good = Share(GOOD_ACCURACY, 1)
    if worst < GOOD_ACCURACY:
        return Verdict(Grade.USABLE, say("why_usable_accuracy", good=good))
    if fewest < GOOD_COUNT:
        return Verdict(Grade.USABLE, say("why_usable_few", count=Number(fewest)))
    if calibration_error > GOOD_CALIBRATION:
        return Verdict(Grade.USABLE, say("why_usable_calibration", error=Share(calibration_error, 1)))
    return Verdict(Grade.GOOD, say("why_good", good=good))
