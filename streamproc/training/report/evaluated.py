"""The report of a model on trial."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from streamproc.training.report import charts
from streamproc.training.report.measured import Figure, Sample, card_rows, least_certain, measured, place, surest_first
from streamproc.training.report.page import write_page
from streamproc.training.report.texts import Number, Said, Share, say
from streamproc.training.trial import Look, Trial
from streamproc.training.truth import Found

_MOST = 48  # wrong pictures on the page


def write_evaluation_report(path: Path, trial: Trial, pipeline: Found | None) -> Path:
    """Write the page, whole in itself, and return its path. Raises ConfigError when it can't be written.

    pipeline: what the whole pipeline made of the footage; None for crops.
    """
    found = measured(trial.odds[trial.counted], trial.targets[trial.counted])
    values: dict[str, Any] = {
        "title": say("evaluation_title", name=trial.card.name),
        "verdict": found.verdict,
        "lead": _lead(trial, pipeline),
        "timeline": _timeline(trial),
        "boundaries": [] if pipeline is None else _boundary_rows(trial, pipeline),
        "false_boundaries": None if pipeline is None or not pipeline.false_s else _false(pipeline),
        "figures": found.figures,
        "counts": found.counts,
        "wrong": surest_first(_samples(trial.wrong), _MOST),
        "uncertain": least_certain(_samples(trial.uncertain), _MOST // 4),
        "card": card_rows(trial.card),
    }
    return write_page(path, "evaluation.html", values)


def _lead(trial: Trial, pipeline: Found | None) -> list[Said]:
    counts = trial.counts()
    accuracy = say(
        "lead_frames",
        count=Number(int(trial.counted.sum())),
        with_bug=Share(counts.accuracy_with),
        without_bug=Share(counts.accuracy_without),
    )
    return [place(trial.card.region), accuracy, say("lead_crops") if pipeline is None else _lead_boundaries(pipeline)]


def _lead_boundaries(pipeline: Found) -> Said:
    errors, count, false = pipeline.errors_s, Number(len(pipeline.matches)), Number(len(pipeline.false_s))
    if not errors:
        return say("lead_no_boundary", count=count, false=false)
    return say(
        "lead_boundaries",
        found=Number(len(errors)),
        count=count,
        false=false,
        median=Number(median(errors), 2),
        greatest=Number(max(errors), 2),
    )


def _false(pipeline: Found) -> Said:
    return say("boundaries_false", times="; ".join(f"{time:.0f}" for time in pipeline.false_s))


def _timeline(trial: Trial) -> Figure | None:
    if trial.times is None:
        return None
    stretches = [
        (one.start_s, one.end_s, one.kind == "programme") for one in trial.known.segments if one.kind != "unknown"
    ]
    return Figure("timeline", charts.timeline(trial.times, trial.probability, stretches), say("timeline_caption"))


def _boundary_rows(trial: Trial, pipeline: Found) -> list[tuple[Number, Said, Number | None, Number | None]]:
    """Return (true time, what begins, the model's error, the pipeline's) for every change."""
    alone = {one.time_s: one.error_s for one in trial.boundaries}
    return [
        (Number(one.time_s, 2), say(f"legend_{one.after}"), _seconds(alone.get(one.time_s)), _seconds(one.error_s))
        for one in pipeline.matches
    ]


def _seconds(error: float | None) -> Number | None:
    return None if error is None else Number(error, 2)


def _samples(looks: Sequence[Look]) -> list[Sample]:
    return [(one.crop, one.target, one.probability, one.label) for one in looks]
