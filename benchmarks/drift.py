"""When the watch over a model rings: a real night's scores as they were, and altered as a changing bug alters them.

``python -m benchmarks.drift``. The scores are log odds fitted to a template's match on one night of a real channel
(2.4 h, 13,745 samples), each block by the others, as benchmarks/temporal.py does. The night is played once as it was,
then twice altered; told is how long after the change an alarm came. No claim about models is made: what is measured is
the watch.
"""

import argparse
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.compose import DATA
from benchmarks.machine import RESULTS, describe
from benchmarks.temporal import night_folds, read_night
from streamproc.logic.drift import Action, Drift, Limits
from streamproc.messages import Score

STEP_S = Fraction(64, 100)
"""Between two samples of the night."""
LIMITS = Limits(window_s=1800, sureness=0.75, vanished_after_s=3 * 3600, min_certainty=0.7)
"""The configuration's defaults."""

Odds = NDArray[np.float64]


def shrunk(factor: float) -> Callable[[Odds], Odds]:
    """Return what makes all odds weaker, as a picture does that suits the model less."""
    return lambda odds: odds * factor


def vanished(odds: Odds) -> Odds:
    """Return the odds of a channel whose bug is nowhere to be seen."""
    return -np.abs(odds)


def play(odds: Odds, altered: Odds) -> dict[str, object]:
    """Play a night as it was and two altered ones; tell what the watch said."""
    watch = Drift(LIMITS)
    changed_s = len(odds) * STEP_S
    raised: list[dict[str, object]] = []
    lowest, longest = 1.0, 0.0
    for number, value in enumerate(np.concatenate([odds, altered, altered])):
        time = number * STEP_S
        finding = watch.step(Score(epoch=1, time=time, probability=float(1 / (1 + np.exp(-value)))))
        if finding is None:
            continue
        if time < changed_s and time > LIMITS.window_s:
            lowest = min(lowest, finding.footing.sureness)
            longest = max(longest, finding.footing.absent_s)
        if finding.action is not Action.STAY:
            after_min = round(float(time - changed_s) / 60, 1)
            raised.append({"action": finding.action.name.lower(), "after_min": after_min})
    return {
        "before_lowest_sureness": round(lowest, 3),
        "before_longest_absence_min": round(longest / 60, 1),
        "after_sureness": round(watch.footing().sureness, 3),
        "said": raised,
    }


def measure(data: Path) -> dict[str, dict[str, object]]:
    """Play the night with every alteration."""
    odds = np.concatenate([row.features[:, 0] for _, (row,) in night_folds(read_night(data))])
    alterations: dict[str, Callable[[Odds], Odds]] = {
        "as it was": shrunk(1.0),
        **{f"odds × {factor:g}": shrunk(factor) for factor in (0.75, 0.5, 0.35, 0.25)},
        "vanished": vanished,
    }
    return {name: play(odds, alter(odds)) for name, alter in alterations.items()}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with the team's data")
    figures = measure(parser.parse_args().data)
    print(json.dumps(figures, indent=2, ensure_ascii=False))
    document = {"command": "python -m benchmarks.drift", "machine": describe(), "figures": figures}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "drift.json"
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
