"""Measures where boundaries are found in composed broadcasts, against where they are.

For every broadcast: a model is learnt from its logo alone, on other footage; `streamproc process` finds the segments;
every boundary is compared with the truth. A found boundary belongs to the nearest true one that leads to the same
kind within a second; the others are false, and true ones without one are missed.

    python -m benchmarks.accuracy [--broadcasts 12] [--quick] [--work DIR] [--data ../shared/data]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.compose import DATA, TRAIN_FOOTAGE, Case, choose_logos, compose, draw_case
from benchmarks.machine import RESULTS, command, describe
from streamproc.inference.card import CARD_FILE

MATCH_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one true boundary."""

    broadcast: str
    true_frame: int
    found_frame: int | None
    """None when it was missed."""
    rate: Fraction
    strata: dict[str, str]

    @property
    def error_frames(self) -> int | None:
        """Signed; None when it was missed."""
        return None if self.found_frame is None else self.found_frame - self.true_frame


def learn(case: Case, data: Path, work: Path, minutes: float) -> Path:
    """Learn the case's logo on the footage that is for learning; return the model's folder."""
    from streamproc.training.learn import LearnSettings, learn_from_logo

    out = work / "models" / f"{case.name}-{Path(case.logo).stem}"
    if not (out / CARD_FILE).exists():
        sources = [data / "footage" / name for name in TRAIN_FOOTAGE]
        settings = LearnSettings(minutes=minutes, seed=1)
        learn_from_logo(data / "logos" / case.logo, case.box, sources, out, settings)
    return out


def process(video: Path, model: Path, out: Path) -> dict[str, Any]:
    """Run the project's own command on the video; return its segments.json."""
    command = [sys.executable, "-m", "streamproc", "process", str(video), "--model", str(model), "--out", str(out)]
    subprocess.run(command, check=True)
    document: dict[str, Any] = json.loads((out / "segments.json").read_text(encoding="utf-8"))
    return document


def boundaries(segments: Iterable[dict[str, Any]]) -> list[tuple[int, str]]:
    """Return (first frame, kind from there on) wherever the kind changes; unknown stretches count as what follows."""
    found: list[tuple[int, str]] = []
    before = ""
    for segment in segments:
        if segment["kind"] == "unknown":
            continue
        if before and segment["kind"] != before:
            found.append((segment["start_frame"], segment["kind"]))
        before = segment["kind"]
    return found


def match(case: Case, truth: Sequence[dict[str, Any]], found: Sequence[tuple[int, str]]) -> tuple[list[Outcome], int]:
    """Return what became of every true boundary, and how many found ones are false."""
    left = list(found)
    outcomes = []
    for segment in truth[1:]:
        start = segment["start_frame"]
        near = [one for one in left if one[1] == segment["kind"] and abs(one[0] - start) <= MATCH_S * case.rate]
        best = min(near, key=lambda one: abs(one[0] - start), default=None)
        if best is not None:
            left.remove(best)
        outcomes.append(
            Outcome(
                broadcast=case.name,
                true_frame=start,
                found_frame=None if best is None else best[0],
                rate=case.rate,
                strata=case.strata() | _joint_strata(segment["kind"], segment["joint"]),
            )
        )
    return outcomes, len(left)


def _joint_strata(kind: str, joint: dict[str, Any]) -> dict[str, str]:
    if joint["late_s"] == 0:
        bug = "bug with the cut"
    else:
        how = "fades" if joint["fade_s"] else "at once"
        bug = f"bug {'late' if kind == 'programme' else 'early'}, {how}"
    return {"picture": joint["picture"], "bug": bug, "to": f"to {kind}"}


def summary(outcomes: Sequence[Outcome], false: int) -> dict[str, Any]:
    """Return counts and the distribution of the errors."""
    frames = np.array([abs(one.error_frames) for one in outcomes if one.error_frames is not None])
    seconds = np.array([float(abs(one.error_frames) / one.rate) for one in outcomes if one.error_frames is not None])
    figures: dict[str, Any] = {"boundaries": len(outcomes), "missed": len(outcomes) - len(frames), "false": false}
    if len(frames):
        figures |= {
            "median_frames": float(np.median(frames)),
            "p95_frames": float(np.percentile(frames, 95)),
            "max_frames": int(frames.max()),
            "exact": round(float(np.mean(frames == 0)), 4),
            "within_2_frames": round(float(np.mean(frames <= 2)), 4),
            "median_s": round(float(np.median(seconds)), 4),
            "p95_s": round(float(np.percentile(seconds, 95)), 4),
            "max_s": round(float(seconds.max()), 4),
        }
    return figures


def by_stratum(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """Return a summary for every value of every stratum."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        for value in outcome.strata.values():
            groups[value].append(outcome)
    return {value: summary(group, 0) for value, group in sorted(groups.items())}


def accepted(figures: dict[str, Any]) -> bool:
    """Tell whether acceptance 4 holds."""
    return bool(
        figures["boundaries"]
        and not figures["missed"]
        and not figures["false"]
        and figures["median_frames"] == 0
        and figures["within_2_frames"] >= 0.95
        and figures["max_s"] <= 0.5
    )


def main() -> int:
    """Run as a program; ends with 1 when acceptance 4 does not hold."""
    parser = argparse.ArgumentParser(description="Measure the accuracy of boundaries on composed broadcasts.")
    parser.add_argument("--broadcasts", type=int, default=12)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument(
        "--quick", action="store_true", help="two broadcasts, short training; writes accuracy-quick.json"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=4.0, help="most training time for a logo")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "streamproc-accuracy")
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.error(f"{arguments.data} is not there; this benchmark needs the team's shared footage")
    count, minutes = (2, 1.0) if arguments.quick else (arguments.broadcasts, arguments.minutes)
    logos = choose_logos(arguments.data, arguments.first + count, arguments.seed)
    outcomes: list[Outcome] = []
    false = 0
    rows = []
    for number in range(arguments.first, arguments.first + count):
        case = draw_case(number, logos, arguments.seed)
        more, wrong, row = _measure(case, arguments.data, arguments.work, minutes)
        outcomes, false = outcomes + more, false + wrong
        rows.append(row)
        print(json.dumps(row), flush=True)
    figures = summary(outcomes, false)
    result = {
        "command": command("accuracy"),
        "machine": describe(),
        "accepted": accepted(figures),
        "summary": figures,
        "strata": by_stratum(outcomes),
        "broadcasts": rows,
    }
    RESULTS.mkdir(exist_ok=True)
    name = "accuracy-quick.json" if arguments.quick else "accuracy.json"
    (RESULTS / name).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    _print(result)
    return 0 if result["accepted"] else 1


def _measure(case: Case, data: Path, work: Path, minutes: float) -> tuple[list[Outcome], int, dict[str, Any]]:
    video = _composed(case, data, work / "broadcasts")
    began = time.monotonic()
    model = learn(case, data, work, minutes)
    learnt_s = time.monotonic() - began
    document = process(video, model, work / "found" / case.name)
    truth = json.loads(video.with_suffix(".json").read_text(encoding="utf-8"))["segments"]
    outcomes, false = match(case, truth, boundaries(document["segments"]))
    row = {
        "broadcast": case.name,
        "logo": case.logo,
        "opacity": case.opacity,
        "false": false,
        "learnt_s": round(learnt_s, 1),
        "strata": case.strata(),
        "boundaries": [
            {"true": one.true_frame, "found": one.found_frame, "error": one.error_frames, "joint": segment["joint"]}
            for one, segment in zip(outcomes, truth[1:], strict=True)
        ],
    }
    return outcomes, false, row


def _composed(case: Case, data: Path, folder: Path) -> Path:
    """Compose the broadcast, unless that has been done for the very same case."""
    plain = json.loads(json.dumps(asdict(case) | {"rate": str(case.rate), "box": case.box.model_dump()}))
    for truth in folder.glob(f"{case.name}.json"):
        videos = [path for path in folder.glob(f"{case.name}.*") if path != truth]
        if json.loads(truth.read_text(encoding="utf-8"))["case"] == plain and videos:
            return videos[0]
    return compose(case, data, folder)


def _print(result: dict[str, Any]) -> None:
    heading = f"{'':28}{'n':>5}{'missed':>8}{'median':>8}{'p95':>7}{'max':>6}{'≤ 2 fr':>9}{'max s':>8}"
    print(heading)
    for name, figures in {"all": result["summary"], **result["strata"]}.items():
        print(
            f"{name:28}{figures['boundaries']:>5}{figures['missed']:>8}{figures.get('median_frames', '-'):>8}"
            f"{figures.get('p95_frames', 0):>7.1f}{figures.get('max_frames', '-'):>6}"
            f"{figures.get('within_2_frames', 0):>9.1%}{figures.get('max_s', 0):>8.2f}"
        )
    print(f"false: {result['summary']['false']}; acceptance {'holds' if result['accepted'] else 'DOES NOT HOLD'}")


if __name__ == "__main__":
    sys.exit(main())
