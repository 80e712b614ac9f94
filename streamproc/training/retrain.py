"""Learns a channel's model again from its recording, and lets the better one stay.

The new model is learnt beside the old one, from what streamproc/training/corrected.py knows. Both are judged on
corrected samples of stretches from which the new one learnt nothing; RULE says which stays. A channel that is watched
from its logo alone gets its first model in the same way: the verifier is the old one, and the logo is drawn beside.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamproc.catalogue import Catalogue
from streamproc.errors import ConfigError, ModelError
from streamproc.inference.card import Card, Region
from streamproc.inference.session import LogoModel
from streamproc.logic.labels import effective
from streamproc.media.footage import Footage
from streamproc.training import backgrounds, course
from streamproc.training.backgrounds import Group
from streamproc.training.corrected import Look, Picture, Stretch, Use, confident, gather, scaled, stretches
from streamproc.training.crops import Lesson, SortedCrops
from streamproc.training.dataset import Crops, Subject, make_crops
from streamproc.training.learn import input_size, joined, subject_of, with_margin
from streamproc.training.logos import read_logo
from streamproc.training.schedule import FEWEST_STEPS

RULE = (
    "The new model takes the old one's place when it makes fewer mistakes on the corrected samples that it did not "
    "learn from (share of mistakes, mean of the two kinds), or as many with a cross entropy at least 2 % lower; and if "
    "it agrees with at least 98 % of the samples of confident segments that it did not learn from, where there are any."
)
"""Which model stays."""

FEWEST = 20
"""Frames of each kind without which there is nothing to learn from, or to judge by."""
CANDIDATE = ".candidate"
"""What the folder of the new model is called, behind the old one's name, while it is judged."""
_AGREES = 0.98
_CLEARLY = 0.98  # of the old model's cross entropy
_DRAWN = 0.5  # share of pictures with the drawn logo among those that a first model learns from
_EXAMINED = 10  # pictures learnt from, for each that thresholds are tuned on
_DETAIL = 2  # crops to learn from are kept at so many times the network's input


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainSettings:
    """How to learn again."""

    box: Region | None = None
    """Where the bug's edges lie now; None when it is where it was."""
    crops: int = 25000
    """Pictures to learn from."""
    passes: float = 2.0
    """Times each is seen, at least."""
    fewest_steps: int = FEWEST_STEPS
    """Steps that are made however few the pictures are: they are then seen more often."""
    minutes: float = 8.0
    """Training takes no longer than this, after the pictures are drawn."""
    seed: int = 0
    """The same seed draws the same pictures."""
    dry_run: bool = False
    """Only compare: nothing is replaced, and the new model is thrown away."""
    progress: Callable[[str, float], None] = course.silent
    """Called with what is being done and the share of it that is done, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """How a model did on the samples that both are judged by."""

    mistakes: float
    """Share of mistakes, mean of the two kinds, in [0, 1]."""
    mistakes_programme: float
    """Share of the samples with the bug on which it sees none."""
    mistakes_advert: float
    """Share of the samples without it on which it sees one."""
    cross_entropy: float
    """Mean of -ln of the probability given to what is so, mean of the two kinds; 0 is perfect."""
    agrees: float | None
    """Share of the confident segments' samples on which it says what was decided; None without any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainReport:
    """What came out."""

    folder: Path
    """The channel's model."""
    first: bool
    """Whether it is the channel's first model: the old one is then the verifier with the channel's logo."""
    replaced: bool
    """Whether the new model is there now."""
    why: str
    """One line: what decided."""
    old: Marks
    """How the old model did."""
    new: Marks
    """How the new one did."""
    judged_by: dict[str, int]
    """Samples that both were judged by: programme, advert, and those of confident segments."""
    taught_by: dict[str, int]
    """Frames that the new model learnt from: corrected, confident."""
    stood_in: tuple[str, ...]
    """Kinds without any correction: confident segments stood in for them in judging."""
    previous: Path | None
    """Where the old model is now, if it was replaced."""
    candidate: Path | None
    """Where the new model lies, if it was refused; the next run removes it. None after a dry run."""
    seconds: float
    """How long it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A channel that is watched from its logo alone."""

    logo: Path
    """A PNG with alpha."""
    box: Region
    """Where its edges lie."""
    verifier: LogoModel
    """The verifier with that logo."""
    out: Path
    """Where the channel's first model shall lie; nothing is there yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is to be learnt, and what it must be better than."""

    old: LogoModel
    region: Region
    """What the new model sees."""
    size: tuple[int, int]
    """Width and height of its input."""
    name: str
    licence: str
    folder: Path
    """Where it shall lie."""
    subject: Subject | None = None
    """The logo to draw, for a channel's first model."""


@dataclass(frozen=True, slots=True)
class _Bench:
    """The samples that both models are judged by."""

    judged: list[Look]
    reminders: list[Look]
    stood_in: tuple[str, ...]


def retrain(
    catalogue: Catalogue, channel: str, footage: Footage, folder: Path, settings: RetrainSettings | None = None
) -> RetrainReport:
    """Learn a channel's model again from labels and recording, and replace the one in ``folder`` if the new is better.

    Raises ConfigError when too little is known to learn from or to judge by, ModelError when the old model can't be
    read or the new one not be put in its place, RecordingError and CatalogueError.
    """
    settings = settings or RetrainSettings()
    old = LogoModel.load(folder)
    card = old.card
    region = card.region if settings.box is None else with_margin(settings.box, 0.25)
    size = (card.input.width, card.input.height) if region == card.region else input_size(region)
    plan = _Plan(old=old, region=region, size=size, name=card.name, licence=card.licence, folder=folder)
    return _contest(known_of(catalogue, channel), channel, footage, plan, settings)


def learn_first(
    catalogue: Catalogue, channel: str, footage: Footage, watched: Watched, settings: RetrainSettings | None = None
) -> RetrainReport:
    """Learn a channel's first model from labels, recording and logo, and leave it if it is better than the verifier.

    The settings' box is of no account. Raises what :func:`retrain` does, and ConfigError when the place is taken.
    """
    settings = settings or RetrainSettings()
    if watched.out.exists():
        raise ConfigError(f"{watched.out}: is there already; name it as model of channel '{channel}', or another --out")
    subject = subject_of(read_logo(watched.logo), watched.box, course.LearnSettings())
    plan = _Plan(
        old=watched.verifier,
        region=subject.region,
        size=subject.input_size,
        name=channel,
        licence="",
        folder=watched.out,
        subject=subject,
    )
    return _contest(known_of(catalogue, channel), channel, footage, plan, settings)


def _contest(
    known: Sequence[Stretch], channel: str, footage: Footage, plan: _Plan, settings: RetrainSettings
) -> RetrainReport:
    begun = time.monotonic()
    settings.progress("reading the recording", 0.0)
    looks = gather(footage, known, plan.old.card.region, plan.region)
    bench = _bench(channel, looks)
    candidate = _new_folder(plan.folder)
    previous: Path | None = None
    try:
        card = _learn(looks, plan, candidate, settings)
        marks = [_marks(plan.old, bench, new=False), _marks(LogoModel.load(candidate), bench, new=True)]
        better, why = verdict(*marks)
        _note(card, candidate, marks)
        replaces = better and not settings.dry_run
        if replaces and plan.subject is None:
            previous = replace_model(plan.folder, candidate)
        elif replaces:
            _settle(plan.folder, candidate)
    finally:
        if settings.dry_run:
            shutil.rmtree(candidate, ignore_errors=True)
    taught = [look for look in looks if look.use is Use.LEARN]
    return RetrainReport(
        folder=plan.folder,
        first=plan.subject is not None,
        replaced=replaces,
        why=why,
        old=marks[0],
        new=marks[1],
        judged_by={
            "programme": sum(look.present for look in bench.judged),
            "advert": sum(not look.present for look in bench.judged),
            "confident": len(bench.reminders),
        },
        taught_by={
            "corrected": sum(look.corrected for look in taught),
            "confident": sum(not look.corrected for look in taught),
        },
        stood_in=bench.stood_in,
        previous=previous,
        candidate=None if settings.dry_run or replaces else candidate,
        seconds=time.monotonic() - begun,
    )


def known_of(catalogue: Catalogue, channel: str) -> list[Stretch]:
    """Return what is known of a channel's recording. Raises ConfigError when nobody has labelled anything."""
    said = effective(row.label for row in catalogue.labels(channel))
    if not said:
        raise ConfigError(
            f"channel '{channel}' has no labels, so there is nothing to judge a new model by; "
            "say where programme and adverts are with: streamproc logo label"
        )
    trusted = confident(catalogue.segments(channel), catalogue.alarms(channel), said)
    return stretches(said, trusted)


def verdict(old: Marks, new: Marks) -> tuple[bool, str]:
    """Tell by RULE whether the new model is to take the old one's place, and why, in one line."""
    figures = f"{new.mistakes:.2%} mistakes against {old.mistakes:.2%}"
    if new.agrees is not None and new.agrees < _AGREES:
        return False, f"the new model contradicts {1 - new.agrees:.1%} of what was decided with confidence ({figures})"
    if new.mistakes < old.mistakes:
        return True, f"the new model is better: {figures}"
    entropies = f"cross entropy {new.cross_entropy:.4f} against {old.cross_entropy:.4f}"
    if new.mistakes > old.mistakes:
        return False, f"the new model is worse: {figures}"
    if new.cross_entropy < _CLEARLY * old.cross_entropy:
        return True, f"as many mistakes, but the new model's odds are better: {entropies}"
    return False, f"the new model is no better: {figures}, {entropies}"


def replace_model(folder: Path, candidate: Path) -> Path:
    """Put a candidate in a model's place; return where the former one is now. Raises ModelError.

    Two renames in one folder: a process that looks in between finds no model, and one that is killed in between leaves
    both beside each other. Running daemons keep what they have loaded until they are told to reload.
    """
    previous = folder.with_name(f"{folder.name}.previous-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    try:
        folder.rename(previous)
    except OSError as error:
        raise ModelError(f"{folder}: can't be put aside ({error.strerror}); the old model stays") from error
    try:
        candidate.rename(folder)
    except OSError as error:
        previous.rename(folder)
        raise ModelError(f"{candidate}: can't take the model's place ({error.strerror}); the old one stays") from error
    return previous


def _settle(folder: Path, candidate: Path) -> None:
    """Give a first model its name. Raises ModelError."""
    try:
        candidate.rename(folder)
    except OSError as error:
        raise ModelError(f"{folder}: can't be made of {candidate} ({error.strerror}); rename it yourself") from error


def _bench(channel: str, looks: Sequence[Look]) -> _Bench:
    """Pick what to judge by: corrected samples, and confident ones for a kind that nobody has labelled."""
    judged: list[Look] = []
    stood_in = []
    held = [look for look in looks if look.use is Use.JUDGE]
    for present, name in ((True, "programme"), (False, "advert")):
        corrected = [look for look in held if look.present is present and look.corrected]
        chosen = corrected or [look for look in held if look.present is present]
        if not corrected:
            stood_in.append(name)
        taught = sum(look.present is present for look in looks if look.use is Use.LEARN)
        if min(len(chosen), taught) < FEWEST // 2 or len(chosen) + taught < 2 * FEWEST:
            raise ConfigError(
                f"channel '{channel}': {taught} frames of {name} to learn from and {len(chosen)} to judge by are too "
                f"few; label more of it (streamproc logo label), half a minute at least"
            )
        judged += chosen
    reminders = [
        look for look in held if not look.corrected and ("programme" if look.present else "advert") not in stood_in
    ]
    return _Bench(judged, reminders, tuple(stood_in))


def _new_folder(folder: Path) -> Path:
    candidate = folder.with_name(folder.name + CANDIDATE)
    try:
        shutil.rmtree(candidate, ignore_errors=True)
        candidate.mkdir()
    except OSError as error:
        raise ConfigError(
            f"{candidate}: can't be made ({error.strerror}); the new model is made beside the old one, so run this as "
            "a user who may write there"
        ) from error
    return candidate


def _learn(looks: Sequence[Look], plan: _Plan, out: Path, settings: RetrainSettings) -> Card:
    """Train and write model, card and report."""
    rng = np.random.default_rng(settings.seed)
    sides = backgrounds.split(backgrounds.photographs())
    settings.progress("drawing pictures", 0.0)
    count = settings.crops
    lesson = _crops(_sorted(looks, Use.LEARN, plan.size), [*sides[0], backgrounds.drawn(rng, 60)], plan, count, rng)
    examined = max(40, count // _EXAMINED)
    tuning = _crops(_sorted(looks, Use.TUNE, plan.size), [*sides[1], backgrounds.drawn(rng, 20)], plan, examined, rng)
    taught = [look for look in looks if look.use is Use.LEARN]
    corrected = sum(look.corrected for look in taught)
    wanted = course.Course(
        region=plan.region,
        input_size=plan.size,
        lesson=lesson,
        examination=tuning,
        data=[
            f"the channel's recording: {corrected} frames by labels, {len(taught) - corrected} by confident segments",
            *(["the channel's logo as a PNG, drawn over other pictures"] if plan.subject is not None else []),
            "photographs that ship with scikit-image, and drawn scenes",
        ],
    )
    how = course.LearnSettings(
        name=plan.name,
        minutes=settings.minutes,
        passes=settings.passes,
        fewest_steps=settings.fewest_steps,
        seed=settings.seed,
        licence=plan.licence,
        progress=settings.progress,
    )
    return course.run(wanted, out, how, time.monotonic()).card


def _crops(known: SortedCrops, grounds: Sequence[Group], plan: _Plan, count: int, rng: np.random.Generator) -> Crops:
    """Draw so many pictures from what is known of the recording, half of them from the logo itself if it is given."""
    lesson = Lesson(known, grounds, plan.size)
    if plan.subject is None:
        return lesson.crops(count, rng)
    drawn = round(_DRAWN * count)
    return joined(lesson.crops(count - drawn, rng), make_crops(plan.subject, grounds, drawn, rng))


def _sorted(looks: Sequence[Look], use: Use, size: tuple[int, int]) -> SortedCrops:
    chosen = [look for look in looks if look.use is use]
    images = scaled([look.new for look in chosen], (size[0] * _DETAIL, size[1] * _DETAIL))
    return SortedCrops(images, np.array([look.present for look in chosen], bool), tuple("" for _ in chosen))


def _marks(model: LogoModel, bench: _Bench, *, new: bool) -> Marks:
    def right(looks: Sequence[Look]) -> NDArray[np.float64]:
        """Return the (N,) probabilities given to what is so."""
        crops: list[Picture] = [look.new if new else look.old for look in looks]
        there = model.probabilities(crops).astype(np.float64)
        return np.where([look.present for look in looks], there, 1 - there)

    programme, advert = (right([look for look in bench.judged if look.present is kind]) for kind in (True, False))
    mistakes = [float((part <= 0.5).mean()) for part in (programme, advert)]
    entropies = [float(-np.log(np.clip(part, 1e-6, 1)).mean()) for part in (programme, advert)]
    return Marks(
        mistakes=sum(mistakes) / 2,
        mistakes_programme=mistakes[0],
        mistakes_advert=mistakes[1],
        cross_entropy=sum(entropies) / 2,
        agrees=float((right(bench.reminders) > 0.5).mean()) if bench.reminders else None,
    )


def _note(card: Card, folder: Path, marks: Sequence[Marks]) -> None:
    """Write on the card how it did against the model before it."""
    compared = {
        "rule": RULE,
        "old": {"mistakes": marks[0].mistakes, "cross_entropy": round(marks[0].cross_entropy, 5)},
        "new": {"mistakes": marks[1].mistakes, "cross_entropy": round(marks[1].cross_entropy, 5)},
    }
    card.model_copy(update={"metrics": {**card.metrics, "against_the_former": compared}}).write(folder)
