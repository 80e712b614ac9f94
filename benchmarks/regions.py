"""Measures how `find_bug` finds a channel's bug without labels, in broadcasts composed from real footage and logos.

Each broadcast is a real H.264 stream of ten minutes with one frame every two seconds, all keyframes: the search looks
at keyframes only, and all 25 frames a second would cost 50 times as much. A keyframe gets as many bits as 0.3 s of the
named bit rate. In 25-frame streams of the same footage (x264 superfast, a keyframe every 2 s) keyframes got 0.16 to
1.5 s worth, so what is searched here is coded rather worse than on air.

The decoys: an age mark at the start of each block, a clock that runs all the time or with the programme, a ticker,
hashtags, letterboxes, and adverts with their own logos, often in the bug's place.

    python -m benchmarks.regions --out DIR [--first 0] [--broadcasts 40] [--seed 1] [--jobs 1] [--split test]
"""

import argparse
import json
import multiprocessing
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.compose import DATA
from benchmarks.footage import Film, Look, Picture
from benchmarks.machine import RESULTS, describe
from streamproc.inference.card import Region
from streamproc.media.encode import Coding, Encoder
from streamproc.training import backgrounds
from streamproc.training.composite import fit, overlay
from streamproc.training.find import Finding, Verdict, find_bug
from streamproc.training.find.samples import sample
from streamproc.training.find.search import finished, look_at
from streamproc.training.logos import read_logo

FILMS = {
    "develop": ("kohlipe1.mp4", "bikes.mp4", "vtest.avi"),
    "test": ("big_buck_bunny_720p.ts", "kohlipe2.mp4", "lofoten.mp4", "palawan.mp4"),
}
"""By split; the search was developed on "develop". Photographs, adverts and logos are split as well."""
SECONDS = 600
STEP_S = 2  # from keyframe to keyframe
KEYFRAME_SHARE = 0.3  # seconds' worth of the bit rate that a keyframe gets
_FILM_RATE = 2  # frames a second that are kept of the films
SIZES = ((640, 360), (1024, 576), (1280, 720), (640, 360), (1280, 720), (854, 480), (1920, 1080), (640, 360))
MBIT_S = {360: (0.8, 1.5), 480: (1.0, 2.0), 576: (1.2, 3.0), 720: (2.0, 5.0), 1080: (3.5, 8.0)}
GROUNDS = ("mixed", "white", "dark", "busy")
DECOYS = ("none", "age mark", "clock", "ticker", "hashtag", "letterbox", "none", "clock always")
KINDS = ("bug", "no bug", "always", "two bugs", "one shot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that describes one broadcast."""

    number: int
    kind: str
    """What there is to find; see KINDS."""
    logo: str
    box: Region
    """Room for the logo, which is centred in it."""
    opacity: float
    width: int
    height: int
    mbit_s: float
    ground: str
    decoy: str
    split: str
    seed: int

    def strata(self) -> dict[str, str]:
        """Return by what the results are told apart."""
        return {
            "opacity": "0.3–0.5" if self.opacity < 0.5 else "0.5–0.75" if self.opacity < 0.75 else "0.75–1",
            "width": "4–6 %" if self.box.width < 0.06 else "6–9 %" if self.box.width < 0.09 else "9–12 %",
            "lines": f"{self.height}",
            "bit rate": "< 1.5 Mbit/s" if self.mbit_s < 1.5 else "1.5–4" if self.mbit_s < 4 else "> 4",
            "ground": self.ground,
            "decoy": self.decoy,
        }


def draw_case(number: int, kind: str, split: str, seed: int, data: Path) -> Case:
    """Draw a broadcast."""
    rng = np.random.default_rng([seed, number, KINDS.index(kind), len(split)])
    width, height = SIZES[number % len(SIZES)]
    logo, shape = _draw_logo(rng, split, data)
    box_width = float(rng.uniform(0.04, 0.12))
    box_height = box_width * shape[0] / shape[1] * width / height
    if box_height > 0.16:  # a tall logo is as high as bugs are, and narrower
        box_width, box_height = max(0.04, box_width * 0.16 / box_height), 0.16
    left = rng.uniform(0.03, 0.07) if rng.random() < 0.5 else 1 - box_width - rng.uniform(0.03, 0.07)
    top = rng.uniform(0.04, 0.09) if rng.random() < 0.75 else 1 - box_height - rng.uniform(0.05, 0.1)
    return Case(
        number=number,
        kind=kind,
        logo=logo,
        box=Region(x=left, y=top, width=box_width, height=box_height),
        opacity=round(float(rng.uniform(0.3, 1.0)), 2),
        width=width,
        height=height,
        mbit_s=round(float(rng.uniform(*MBIT_S[height])), 1),
        ground=GROUNDS[(number // 2) % len(GROUNDS)],
        decoy=DECOYS[(number * 3 + number // 8) % len(DECOYS)],
        split=split,
        seed=int(rng.integers(1 << 30)),
    )


def _draw_logo(rng: np.random.Generator, split: str, data: Path) -> tuple[str, tuple[int, int]]:
    paths = _logos(split, data)
    while True:
        path = paths[int(rng.integers(len(paths)))]
        logo = read_logo(path)
        if 0.5 < logo.shape[1] / logo.shape[0] < 6:
            return path.name, (logo.shape[0], logo.shape[1])


class Library:
    """Frames of films and adverts at two a second, kept as JPEG; photographs."""

    def __init__(self, split: str, data: Path) -> None:
        half = 0 if split == "test" else 1
        self.films = [_frames(data / "footage" / name) for name in FILMS[split]]
        self.adverts = [_frames(path) for path in sorted((data / "adverts").glob("*.mp4"))[half::2]]
        photographs = sorted((data / "images" / "bsds500_jpeg").glob("*"))[half::2]
        photographs += sorted((data / "images" / "kodak24").glob("*.png"))[half::2] * 4
        self.photographs = photographs
        self.logos = _logos(split, data)


def _logos(split: str, data: Path) -> list[Path]:
    """Return the PNGs that have an alpha channel, every other one of them."""
    rgba = 6  # PNG's colour type, byte 25 of the file
    paths = [path for path in sorted((data / "logos").glob("*.png")) if path.read_bytes()[25] == rgba]
    return paths[0 if split == "test" else 1 :: 2]


def _frames(path: Path) -> list[NDArray[np.uint8]]:
    probe = cv2.VideoCapture(str(path))
    size = int(probe.get(cv2.CAP_PROP_FRAME_WIDTH)), int(probe.get(cv2.CAP_PROP_FRAME_HEIGHT))
    probe.release()
    film = Film(path, 0.0, _Whole())
    return [_jpeg(picture) for picture in film.pictures(Fraction(_FILM_RATE), *size)]


class _Whole(Look):
    """The picture as it is."""

    def apply(self, picture: Picture, width: int, height: int) -> Picture:
        return picture


def _jpeg(picture: Picture) -> NDArray[np.uint8]:
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 96])[1]
    return np.asarray(coded, np.uint8)


class Composer:
    """Draws a broadcast's pictures."""

    def __init__(self, case: Case, library: Library, data: Path) -> None:
        self._case, self._library = case, library
        self._rng = np.random.default_rng(case.seed)
        self._size = case.width, case.height
        self._logo, self._left, self._top = fit(
            read_logo(data / "logos" / case.logo), case.box, case.width, case.height
        )
        self.blocks = self._draw_blocks()
        self._decoy = Decoy(case, self._rng, self.blocks)

    def _draw_blocks(self) -> list[tuple[int, int, bool]]:
        """Return (start, end, programme?) seconds; no block of programme is so long that 5 minutes show one only."""
        if self._case.kind == "one shot":
            return [(0, SECONDS, True)]
        blocks, at = [], 0
        programme = bool(self._rng.random() < 0.7)
        while at < SECONDS:
            length = float(self._rng.uniform(80, 200) if programme else self._rng.uniform(30, 90))
            if at == 0:
                length = max(12, length * self._rng.uniform(0.2, 1))
            length = round(length / STEP_S) * STEP_S
            end = SECONDS if SECONDS - at - length < 12 else at + length
            blocks.append((at, end, programme))
            at, programme = end, not programme
        return blocks

    def presence(self) -> NDArray[np.float32]:
        """Return (600,): whether the bug is there, 0 or 1, at each second."""
        if self._case.kind == "always":
            return np.ones(SECONDS, np.float32)
        present = np.zeros(SECONDS, np.float32)
        if self._case.kind == "no bug":
            return present
        for start, end, programme in self.blocks:
            if programme:
                late, early = (int(value) for value in np.random.default_rng(start).integers(0, 3, 2))
                first, last = (start + late if start else 0), (end - early if end < SECONDS else SECONDS)
                present[first:last] = 1
        return present

    def box(self) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom of what is visible of the logo, fractions of the picture."""
        seen = self._logo[:, :, 3] * self._case.opacity >= 20
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        left, top = self._left + columns[0], self._top + rows[0]
        right, bottom = self._left + columns[-1] + 1, self._top + rows[-1] + 1
        width, height = self._size
        return left / width, top / height, right / width, bottom / height

    def pictures(self) -> Iterator[Picture]:
        """Yield (H, W, 3) uint8 RGB, one for every STEP_S seconds."""
        presence = self.presence()
        for start, end, programme in self.blocks:
            shots = self._programme() if programme else self._adverts()
            for second, picture in zip(range(start, end, STEP_S), shots, strict=False):
                shown = self._decoy.draw(picture, second, programme)
                yield overlay(shown, self._logo, self._left, self._top, float(presence[second]) * self._case.opacity)

    def _programme(self) -> Iterator[Picture]:
        if self._case.kind == "one shot":
            yield from self._still(SECONDS)
        letterbox = self._case.decoy == "letterbox"
        while True:
            for picture in self._shot():
                toned = self._toned(picture)
                if letterbox:
                    bar = round(self._case.height * 0.128)
                    toned[:bar] = toned[-bar:] = 0
                yield toned

    def _shot(self) -> Iterator[Picture]:
        choice = self._rng.random()
        if self._case.ground == "busy" and choice < 0.4:
            kind = backgrounds.leaves if self._rng.random() < 0.6 else backgrounds.stripes
            still = cv2.resize(kind(self._rng), self._size, interpolation=cv2.INTER_LINEAR)
            return iter([np.asarray(still, np.uint8)] * int(self._rng.integers(1, 4)))
        if choice < 0.75:
            return self._film(self._library.films, int(self._rng.integers(2, 13)))
        return self._still(int(self._rng.integers(3, 8)))

    def _toned(self, picture: Picture) -> Picture:
        if self._case.ground == "dark":
            return np.asarray(cv2.convertScaleAbs(picture, alpha=0.35), np.uint8)
        if self._case.ground == "white" and (picture[::40, ::40].mean() > 95):
            return np.asarray(cv2.convertScaleAbs(picture, alpha=0.4, beta=150), np.uint8)
        return picture.copy()

    def _film(self, films: Sequence[list[NDArray[np.uint8]]], seconds: int) -> Iterator[Picture]:
        lengths = np.array([len(film) for film in films], float)
        film = films[int(self._rng.choice(len(films), p=lengths / lengths.sum()))]
        look = Look.random(self._rng)
        start = int(self._rng.integers(0, max(1, len(film) - seconds * _FILM_RATE)))
        for coded in film[start : start + seconds * _FILM_RATE : STEP_S * _FILM_RATE]:
            yield look.apply(_decoded(coded), *self._size)

    def _still(self, seconds: int) -> Iterator[Picture]:
        paths = self._library.photographs
        source = _read(paths[int(self._rng.integers(len(paths)))])
        look = Look.random(self._rng)
        for number in range(0, seconds, STEP_S):
            zoom = look.zoom * (0.9 - 0.2 * number / seconds)
            moved = Look(zoom=zoom, x=look.x, y=look.y, mirrored=look.mirrored, gains=look.gains)
            yield moved.apply(source, *self._size)

    def _adverts(self) -> Iterator[Picture]:
        while True:
            spot = self._spot()
            if self._rng.random() < 0.35:
                spot = self._with_foreign_logo(spot)
            yield from spot

    def _spot(self) -> Iterator[Picture]:
        if self._rng.random() < 0.25:
            return self._still(int(self._rng.integers(3, 8)))
        spot = self._library.adverts[int(self._rng.integers(len(self._library.adverts)))]
        look = Look.random(self._rng) if self._rng.random() < 0.5 else Look()
        chosen = spot[: 15 * _FILM_RATE : STEP_S * _FILM_RATE]
        return (look.apply(_decoded(coded), *self._size) for coded in chosen)

    def _with_foreign_logo(self, pictures: Iterator[Picture]) -> Iterator[Picture]:
        """Put another logo where ours would be, or into the other corner."""
        paths = self._library.logos
        logo = read_logo(paths[int(self._rng.integers(len(paths)))])
        box = self._case.box
        if self._rng.random() < 0.5:
            box = box.model_copy(update={"x": 1 - box.x - box.width})
        layer, left, top = fit(logo, box, *self._size)
        for picture in pictures:
            yield overlay(picture, layer, left, top, 0.9)


class Decoy:
    """Draws what else stands in the picture."""

    def __init__(self, case: Case, rng: np.random.Generator, blocks: Sequence[tuple[int, int, bool]]) -> None:
        self._name = "second bug" if case.kind == "two bugs" else case.decoy
        self._blocks = blocks
        width, height = case.width, case.height
        self._size = max(9, round(height * rng.uniform(0.035, 0.06)))
        # In the corner above or below which, or beside which, the bug does not stand.
        right = case.box.x < 0.5
        self._x = round(width * (0.88 if right else 0.04))
        self._y = round(height * 0.1)
        self._from = int(rng.integers(0, 50))

    def draw(self, picture: Picture, second: int, programme: bool) -> Picture:
        """Return the picture with the decoy, where it is due."""
        height, width = picture.shape[:2]
        start = next(start for start, end, _ in self._blocks if start <= second < end)
        into = second - start
        white = (255, 255, 255)
        canvas = picture.copy()
        place = (self._x, self._y + self._size)
        match self._name:
            case "second bug" if programme:
                backgrounds.write(canvas, "16+", place, white, round(self._size * 1.3))
            case "age mark" if programme and into < 15:
                backgrounds.write(canvas, "12+", place, white, round(self._size * 1.3))
            case "clock" | "clock always" if programme or self._name == "clock always":
                minute = 7 * 60 + 38 + second // 60
                backgrounds.write(canvas, f"{minute // 60}:{minute % 60:02}", place, white, self._size)
            case "hashtag" if programme and into % 90 < 20:
                backgrounds.write(canvas, "#вечер_дома", (round(width * 0.06), round(height * 0.9)), white, self._size)
            case "ticker" if programme:
                top = round(height * 0.9)
                canvas[top : top + 2 * self._size] = (30, 40, 120)
                text = "Новости: погода, курс валют, спорт и кино. " * 4
                left = -(second * self._size * 7 + self._from) % (60 * self._size) - 55 * self._size
                backgrounds.write(canvas, text, (left, top + round(1.4 * self._size)), white, self._size)
        return canvas


def _decoded(coded: NDArray[np.uint8]) -> Picture:
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def _read(path: Path) -> Picture:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert picture is not None, path
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def compose(case: Case, library: Callable[[], Library], data: Path, out: Path) -> Path:
    """Write the broadcast and its ``.json`` of the truth into a folder, unless it is there; return the video."""
    out.mkdir(parents=True, exist_ok=True)
    video = out / f"{case.split}-{case.kind.replace(' ', '_')}-{case.number:02d}.ts"
    if video.with_suffix(".json").exists():
        return video
    composer = Composer(case, library(), data)
    coding = Coding(
        width=case.width,
        height=case.height,
        rate=Fraction(1, STEP_S),
        bit_rate=round(case.mbit_s * 1e6 * KEYFRAME_SHARE / STEP_S),
        gop_frames=1,
        preset="superfast",
        b_frames=0,
        audio_rate=None,
        x264_options={"threads": "1"},
    )
    with Encoder(str(video), coding) as encoder:
        for picture in islice(composer.pictures(), SECONDS // STEP_S):
            encoder.write(picture)
    truth = {
        "case": asdict(case) | {"box": case.box.model_dump()},
        "box": composer.box(),
        "presence": composer.presence().tolist(),
    }
    video.with_suffix(".json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return video


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was found in one broadcast, or its beginning, against the truth."""

    case: Case
    minutes: float
    verdict: str
    message: str
    iou: float
    """Of the chosen mark with the bug's visible box; 0 when none is chosen."""
    covered: float
    """Share of the bug's box that lies in the chosen one."""
    listed: bool
    """Whether one of the marks is the bug (IoU at least 0.5)."""
    samples: int
    accuracy: float
    """Share of samples of which the chosen mark's presence is told rightly at 0.5."""
    sure: float
    """Share of samples with a probability beyond 0.99 either way."""
    sure_wrong: int
    """Of those, how many are wrong."""
    cpu_s: float
    peak_mb: int
    """Most memory that the process of the search has held so far."""

    @property
    def right(self) -> bool:
        """Whether the bug was found, and nothing else taken for it."""
        return self.verdict == Verdict.FOUND and self.iou >= LEAST_IOU

    @property
    def silently_wrong(self) -> bool:
        """Whether something else is said to be the bug."""
        return self.verdict == Verdict.FOUND and self.iou < LEAST_IOU


LEAST_IOU = 0.5
_Box = tuple[float, float, float, float]


def measure(case: Case, video: Path, minutes: Sequence[float]) -> list[Outcome]:
    """Search a broadcast, and beginnings of it."""
    truth = json.loads(video.with_suffix(".json").read_text(encoding="utf-8"))
    begun = time.process_time()
    samples = sample([video], lambda _doing, _share: None)
    reading_s = time.process_time() - begun
    outcomes = []
    for length in minutes:
        begun = time.process_time()
        seen = samples if 60 * length >= SECONDS else samples.first(60 * length)
        finding = look_at(seen, None).finding()
        if 60 * length >= SECONDS:
            finding = finished(finding, [video])
        spent_s = time.process_time() - begun + reading_s * length * 60 / SECONDS
        presence = np.array(truth["presence"])[np.rint(finding.times).astype(int)]
        true_box = presence.any() or case.kind != "no bug"
        outcomes.append(_outcome(case, finding, truth["box"] if true_box else None, presence, (length, spent_s)))
    return outcomes


def _outcome(
    case: Case, finding: Finding, box: _Box | None, present: NDArray[np.float64], run: tuple[float, float]
) -> Outcome:
    chosen = finding.chosen
    probability = np.full(len(present), 0.5) if chosen is None else chosen.presence
    sure = (probability > 0.99) | (probability < 0.01)
    right = (probability > 0.5) == (present > 0.5)
    return Outcome(
        case=case,
        minutes=run[0],
        verdict=finding.verdict,
        message=finding.message,
        iou=0.0 if chosen is None or box is None else round(_iou(_corners(chosen.box), box), 3),
        covered=0.0 if chosen is None or box is None else round(_inside(_corners(chosen.box), box) / _area(box), 3),
        listed=box is not None and any(_iou(_corners(mark.box), box) >= LEAST_IOU for mark in finding.marks),
        samples=len(present),
        accuracy=0.0 if chosen is None else round(float(right.mean()), 4),
        sure=round(float(sure.mean()), 4),
        sure_wrong=int((sure & ~right).sum()),
        cpu_s=round(run[1], 1),
        peak_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    )


def _corners(box: Region) -> _Box:
    return box.x, box.y, box.x + box.width, box.y + box.height


def _area(box: _Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _inside(one: _Box, other: _Box) -> float:
    return _area((max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])))


def _iou(one: _Box, other: _Box) -> float:
    common = _inside(one, other)
    return common / (_area(one) + _area(other) - common)


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return figures over broadcasts that have a bug that comes and goes, at one length."""
    found = [outcome for outcome in outcomes if outcome.right]
    sure = sum(outcome.sure * outcome.samples for outcome in found)
    return {
        "broadcasts": len(outcomes),
        "found": len(found),
        "share found": round(len(found) / max(1, len(outcomes)), 3),
        "silently wrong": sum(outcome.silently_wrong for outcome in outcomes),
        "bug among the marks": sum(outcome.listed for outcome in outcomes),
        "verdicts": {str(verdict): sum(o.verdict == verdict for o in outcomes) for verdict in Verdict},
        "IoU, median": round(float(np.median([o.iou for o in found])), 3) if found else None,
        "IoU, least": min((o.iou for o in found), default=None),
        "bug wholly in the box (99 %)": sum(outcome.covered >= 0.99 for outcome in found),
        "bug in the box, least share": min((o.covered for o in found), default=None),
        "presence right at 0.5": round(float(np.mean([o.accuracy for o in found])), 4) if found else None,
        "samples with a sure label": round(float(np.mean([o.sure for o in found])), 3) if found else None,
        "sure labels": round(sure),
        "sure labels that are wrong": sum(outcome.sure_wrong for outcome in found),
        "precision of sure labels": round(1 - sum(o.sure_wrong for o in found) / sure, 5) if sure else None,
        "CPU s, mean": round(float(np.mean([o.cpu_s for o in outcomes])), 1),
        "CPU s, most": max(o.cpu_s for o in outcomes),
    }


def by_stratum(outcomes: Sequence[Outcome]) -> dict[str, dict[str, str]]:
    """Return 'found of broadcasts' for each value of each property."""
    table: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for outcome in outcomes:
        for name, value in outcome.case.strata().items():
            table[name][value].append(outcome.right)
    return {
        name: {value: f"{sum(rights)} of {len(rights)}" for value, rights in sorted(values.items())}
        for name, values in table.items()
    }


def real_recordings(data: Path) -> list[dict[str, Any]]:
    """Return what is said of the short real recordings, of which the truth is not known."""
    told = []
    for path in sorted((data / "broadcast_bugs").iterdir()):
        finding = find_bug([path])
        marks = [f"{mark.kind}: {mark.box.model_dump()}" for mark in finding.marks]
        told.append({"file": path.name, "verdict": finding.verdict, "message": finding.message, "marks": marks})
    return told


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="Measure the search for a bug's place.")
    parser.add_argument("--out", type=Path, required=True, help="where composed broadcasts are kept")
    parser.add_argument("--first", type=int, default=0, help="number of the first broadcast of each kind")
    parser.add_argument("--broadcasts", type=int, default=40, help="how many are searched")
    parser.add_argument(
        "--others", type=int, default=3, help="broadcasts without a bug, with two, and with one that never goes, each"
    )
    parser.add_argument("--jobs", type=int, default=1, help="searches at a time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", choices=sorted(FILMS), default="test")
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    library = cache(lambda: Library(arguments.split, arguments.data))
    told = real_recordings(arguments.data)
    outcomes: list[Outcome] = []
    with ProcessPoolExecutor(arguments.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        searches = []
        for case in _cases(arguments):
            video = compose(case, library, arguments.data, arguments.out)
            minutes = (10, 5, 1) if case.number == arguments.first else (10, 5)
            searches.append(pool.submit(_measured, (case, video, minutes)))
            while searches and searches[0].done():
                _take(searches.pop(0).result(), outcomes, told, arguments)
        for search in searches:
            _take(search.result(), outcomes, told, arguments)
    return 0


def _cases(arguments: argparse.Namespace) -> Iterator[Case]:
    counts = {"bug": arguments.broadcasts, "one shot": 1}
    for kind in reversed(KINDS):
        for number in range(arguments.first, arguments.first + counts.get(kind, arguments.others)):
            yield draw_case(number, kind, arguments.split, arguments.seed, arguments.data)


def _take(
    measured: Sequence[Outcome],
    outcomes: list[Outcome],
    told: list[dict[str, Any]],
    arguments: argparse.Namespace,
) -> None:
    """Add what was measured of one broadcast, and write down what is known by now."""
    outcomes += measured
    for outcome in measured:
        name = f"{outcome.case.kind} {outcome.case.number}, {outcome.minutes:g} min"
        print(f"{name}: IoU {outcome.iou}, {outcome.message}", flush=True)
    _write(outcomes, told, arguments)


def _measured(work: tuple[Case, Path, tuple[float, ...]]) -> list[Outcome]:
    cv2.setNumThreads(1)
    return measure(*work)


def _write(outcomes: Sequence[Outcome], recordings: list[dict[str, Any]], arguments: argparse.Namespace) -> None:
    results: dict[str, Any] = {
        "command": f"python -m benchmarks.regions --out DIR --first {arguments.first} "
        f"--broadcasts {arguments.broadcasts} "
        f"--others {arguments.others} --jobs {arguments.jobs} --seed {arguments.seed} --split {arguments.split}",
        "machine": describe(),
        "peak_memory_mb": max(outcome.peak_mb for outcome in outcomes),
        "bug that comes and goes": {},
        "others": {},
        "real recordings": recordings,
    }
    for minutes in (10, 5):
        bugs = [o for o in outcomes if o.case.kind == "bug" and o.minutes == minutes]
        if bugs:
            results["bug that comes and goes"][f"{minutes} min"] = summary(bugs) | {"strata": by_stratum(bugs)}
        for kind in KINDS[1:]:
            told = [o for o in outcomes if o.case.kind == kind and o.minutes == minutes]
            verdicts = {str(verdict): sum(o.verdict == verdict for o in told) for verdict in Verdict}
            results["others"][f"{kind}, {minutes} min"] = verdicts | {
                "bug among the marks": sum(o.listed for o in told)
            }
    results["one minute"] = sorted({o.verdict for o in outcomes if o.minutes == 1})
    results["broadcasts"] = [_plain(outcome) for outcome in outcomes]
    name = "regions.json" if arguments.split == "test" else "regions-develop.json"
    target = RESULTS if arguments.split == "test" else arguments.out
    (target / name).write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _plain(outcome: Outcome) -> dict[str, Any]:
    return asdict(outcome) | {"case": asdict(outcome.case) | {"box": outcome.case.box.model_dump()}}


if __name__ == "__main__":
    sys.exit(main())
