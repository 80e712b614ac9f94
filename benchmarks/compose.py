"""Composes test broadcasts from real footage: programmes with a logo over them, adverts between, and the truth.

A boundary is the first frame of what follows. Hard-edged black at a joint belongs to the break; of a dissolve, the
first frame in which the new picture outweighs the old one is the boundary; of a dip, the middle of its black.

    python -m benchmarks.compose --out DIR [--broadcasts 3] [--seed 1] [--data ../shared/data]
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import cycle, islice, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.footage import Film, Look, Picture, Still, length_s
from streamproc.demo.sound import SAMPLE_RATE, Tune, chord
from streamproc.inference.card import Region
from streamproc.media.encode import Coding, Encoder
from streamproc.training.composite import fit, overlay
from streamproc.training.logos import read_logo

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"

TRAIN_FOOTAGE = ("kohlipe1.mp4", "bikes.mp4")
"""What models may learn from; the broadcasts show none of it."""
TEST_FOOTAGE = ("big_buck_bunny_720p.ts", "kohlipe2.mp4", "lofoten.mp4", "palawan.mp4")

RATES = (Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50))
SIZES = ((640, 360), (1024, 576), (1280, 720), (1920, 1080))
BIT_RATES = {360: 900_000, 576: 1_600_000, 720: 3_000_000, 1080: 5_000_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """How one part goes over into the next."""

    picture: str = "cut"
    """cut, black (hard-edged), dip (a fade to black and out of it), or dissolve."""
    frames: int = 0
    """Frames of black, or of the dissolve; a dip fades for as many on either side."""
    late_s: float = 0.0
    """When the bug comes late or goes early: by how much, seconds."""
    fade_s: float = 0.0
    """How long the bug fades; 0 for at once."""
    silence_s: float = 0.0
    """Of silence around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that describes one broadcast."""

    name: str
    logo: str
    """File name of the logo."""
    box: Region
    """Where the logo's edges lie."""
    opacity: float
    rate: Fraction
    width: int
    height: int
    gop_s: float
    scene_cuts: bool
    """Whether the encoder puts keyframes at shot cuts."""
    bit_rate: int
    parts_s: tuple[float, ...]
    """How long the parts are, programme and advert in turns, beginning with programme."""
    joints: tuple[Joint, ...]
    seed: int

    def strata(self) -> dict[str, str]:
        """Return by what its results are told apart."""
        gop = "GOP ≤ 2 s" if self.gop_s <= 2 else "GOP 2–5 s" if self.gop_s <= 5 else "GOP > 5 s"
        opacity = "< 0.6" if self.opacity < 0.6 else "0.6–0.8" if self.opacity < 0.8 else "≥ 0.8"
        return {
            "rate": f"{float(self.rate):.5g} fps",
            "size": f"{self.height}p",
            "gop": gop,
            "opacity": f"opacity {opacity}",
        }


def draw_case(number: int, logos: Sequence[Path], seed: int) -> Case:
    """Draw a broadcast: logo number ``number``; sizes and rates go round so that few broadcasts meet them all."""
    rng = np.random.default_rng([seed, number])
    width, height = SIZES[(number + 2) % len(SIZES)]
    box_width, box_height = rng.uniform(0.075, 0.115), rng.uniform(0.085, 0.13)
    left = rng.uniform(0.04, 0.07) if rng.random() < 0.4 else 1 - box_width - rng.uniform(0.04, 0.07)
    breaks = 2
    return Case(
        name=f"{number:02d}",
        logo=logos[number % len(logos)].name,
        box=Region(x=left, y=rng.uniform(0.05, 0.08), width=box_width, height=box_height),
        opacity=round(float(rng.uniform(0.4, 1.0)), 2),
        rate=RATES[(number + number // 4) % len(RATES)],
        width=width,
        height=height,
        gop_s=float((2, 1, 4, 10, 2, 3)[number % 6]),
        scene_cuts=number % 3 == 2,
        bit_rate=BIT_RATES[height],
        parts_s=tuple(round(float(rng.uniform(22, 38)), 1) for _ in range(2 * breaks + 1)),
        joints=tuple(_draw_joint(rng) for _ in range(2 * breaks)),
        seed=int(rng.integers(1 << 30)),
    )


def _draw_joint(rng: np.random.Generator) -> Joint:
    kind = rng.random()
    silence_s = round(float(rng.uniform(0.1, 0.4)), 2) if rng.random() < 0.5 else 0.0
    late_s, fade_s = 0.0, 0.0
    if rng.random() < 0.6:
        late_s = round(float(rng.uniform(0.1, 1.0)), 2)
        fade_s = round(float(min(late_s, rng.uniform(0.2, 0.8))), 2) if rng.random() < 0.7 else 0.0
    if kind < 0.7:
        return Joint(late_s=late_s, fade_s=fade_s, silence_s=silence_s)
    if kind < 0.85:
        picture = "black" if kind < 0.78 else "dip"
        frames = int(rng.integers(3, 13))
        return Joint(picture=picture, frames=frames, late_s=late_s, fade_s=fade_s, silence_s=silence_s)
    return Joint(picture="dissolve", frames=int(rng.integers(4, 17)), late_s=late_s, fade_s=fade_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueSegment:
    """One stretch of the composed broadcast."""

    kind: str
    start_frame: int
    end_frame: int
    joint: Joint
    """How it begins."""


class Composer:
    """Draws a case's pictures and sound from a data folder."""

    def __init__(self, case: Case, data: Path) -> None:
        self._case = case
        self._data = data
        self._rng = np.random.default_rng(case.seed)
        self._lengths = [round(seconds * float(case.rate)) for seconds in case.parts_s]
        logo = read_logo(data / "logos" / case.logo)
        self._layer, self._left, self._top = fit(logo, case.box, case.width, case.height)
        others = sorted(path for path in (data / "logos").glob("*.png") if path.name != case.logo)
        self._false = [read_logo(others[int(i)]) for i in self._rng.integers(0, len(others), 4)]

    def truth(self) -> list[TrueSegment]:
        """Return the segments."""
        edges = [0]
        for number, joint in enumerate(self._case.joints):
            edges.append(sum(self._lengths[: number + 1]) + self._shift(number, joint))
        edges.append(sum(self._lengths))
        return [
            TrueSegment(
                kind="programme" if number % 2 == 0 else "advert",
                start_frame=start,
                end_frame=end,
                joint=self._case.joints[number - 1] if number else Joint(),
            )
            for number, (start, end) in enumerate(pairwise(edges))
        ]

    @staticmethod
    def _shift(number: int, joint: Joint) -> int:
        """Return how far the true boundary lies from where the parts meet."""
        return joint.frames // 2 if joint.picture == "dissolve" else 0

    def pictures(self) -> Iterator[Picture]:
        """Yield every picture of the broadcast, (H, W, 3) uint8 RGB."""
        before: Iterator[Picture] = iter(())
        for number, frames in enumerate(self._lengths):
            joint = self._case.joints[number - 1] if number else Joint()
            following = self._case.joints[number] if number < len(self._case.joints) else Joint()
            tail = following.frames if following.picture == "dissolve" else 0
            part = _dipped(self._part(number, frames + tail), frames, joint, following)
            if joint.picture == "dissolve":
                for index in range(joint.frames):
                    weight = (index + 1) / (joint.frames + 1)
                    yield _mixed(next(before), next(part), weight)
                yield from islice(part, frames - joint.frames)
            else:
                yield from islice(part, frames)
            before = part

    def _part(self, number: int, frames: int) -> Iterator[Picture]:
        joints = (Joint(), *self._case.joints, Joint())
        begins, ends = joints[number], joints[number + 1]
        if number % 2 == 0:
            shots = self._programme()
            for index, picture in enumerate(islice(shots, frames)):
                opacity = self._opacity(index, self._lengths[number] - index, begins, ends)
                yield overlay(picture, self._layer, self._left, self._top, opacity * self._case.opacity)
            return
        first = begins.frames if begins.picture == "black" else 0
        last = frames - (ends.frames if ends.picture == "black" else 0)
        black = np.zeros((self._case.height, self._case.width, 3), np.uint8)
        shots = self._adverts()
        for index in range(frames):
            yield black if index < first or index >= last else next(shots)

    def _opacity(self, index: int, left: int, begins: Joint, ends: Joint) -> float:
        """Return the bug's share of full opacity, ``index`` frames after the part began, ``left`` before its end."""
        rate = float(self._case.rate)
        rise = _ramp(index / rate - (begins.late_s - begins.fade_s), begins.fade_s, rate)
        fall = 1.0
        if ends.late_s > 0:
            fall = 1.0 - _ramp(ends.late_s - left / rate, ends.fade_s, rate)
        return min(rise, fall)

    def _programme(self) -> Iterator[Picture]:
        while True:
            kind = self._rng.random()
            if kind < 0.7:
                yield from self._film(self._data / "footage" / TEST_FOOTAGE[0], self._rng.uniform(12, 30))
            elif kind < 0.85:
                name = TEST_FOOTAGE[1 + int(self._rng.integers(len(TEST_FOOTAGE) - 1))]
                yield from self._film(self._data / "footage" / name, self._rng.uniform(3, 12))
            else:
                yield from self._still(self._rng.uniform(3, 7))

    def _adverts(self) -> Iterator[Picture]:
        files = sorted((self._data / "adverts").glob("*.mp4"))
        order = cycle(self._rng.permutation(len(files)))
        while True:
            spot = self._film(files[int(next(order))], 10.0, from_start=True)
            if self._rng.random() < 0.25:
                spot = self._with_false_logo(spot)
            yield from spot

    def _with_false_logo(self, pictures: Iterator[Picture]) -> Iterator[Picture]:
        """Put another channel's logo where ours would be, or into the other corner."""
        logo = self._false[int(self._rng.integers(len(self._false)))]
        box = self._case.box
        if self._rng.random() < 0.5:
            box = box.model_copy(update={"x": 1 - box.x - box.width})
        layer, left, top = fit(logo, box, self._case.width, self._case.height)
        for picture in pictures:
            yield overlay(picture, layer, left, top, 0.9)

    def _film(self, path: Path, seconds: float, *, from_start: bool = False) -> Iterator[Picture]:
        start_s = 0.0 if from_start else self._rng.uniform(0, max(0.0, length_s(path) - seconds))
        film = Film(path, start_s, Look.random(self._rng))
        yield from islice(film.pictures(*self._shape()), round(seconds * float(self._case.rate)))

    def _still(self, seconds: float) -> Iterator[Picture]:
        photographs = sorted((self._data / "images" / "kodak24").glob("*.png"))
        still = Still(photographs[int(self._rng.integers(len(photographs)))], Look.random(self._rng))
        yield from islice(still.pictures(*self._shape()), round(seconds * float(self._case.rate)))

    def _shape(self) -> tuple[Fraction, int, int]:
        return self._case.rate, self._case.width, self._case.height

    def sounds(self) -> Iterator[NDArray[np.float32]]:
        """Yield the sound of every frame: a chord a part, with silence around some joints. (2, N) float32."""
        rng = np.random.default_rng(self._case.seed + 1)
        ends = [round(frames * SAMPLE_RATE / self._case.rate) for frames in range(sum(self._lengths) + 1)]
        frame = 0
        for number, frames in enumerate(self._lengths):
            tune = Tune(chord(rng.uniform(110, 330), 0, 4, 7), beat_hz=rng.uniform(0, 3), noise=rng.uniform(0, 0.2))
            joints = (Joint(), *self._case.joints, Joint())
            before, after = (joint.silence_s / 2 * float(self._case.rate) for joint in joints[number : number + 2])
            for index in range(frames):
                sound = tune.samples(ends[frame], ends[frame + 1] - ends[frame])
                silent = index < before or frames - index <= after
                yield np.zeros_like(sound) if silent else sound
                frame += 1


def _dipped(pictures: Iterator[Picture], frames: int, begins: Joint, ends: Joint) -> Iterator[Picture]:
    """Fade a part's pictures out of black at its start and to black at its end, where the joints are dips.

    Of the black, the part before has the smaller half and the part after the rest.
    """
    rise = begins.frames if begins.picture == "dip" else 0
    fall = ends.frames if ends.picture == "dip" else 0
    for index, picture in enumerate(pictures):
        light = 1.0
        if rise:
            light = min(light, (index + 1 - (rise - rise // 2)) / (rise + 1))
        if fall:
            light = min(light, (frames - index - fall // 2) / (fall + 1))
        yield picture if light >= 1 else np.rint(picture * max(light, 0.0)).astype(np.uint8)


def _ramp(time_s: float, fade_s: float, rate: float) -> float:
    if time_s < -1e-9:
        return 0.0
    return 1.0 if fade_s <= 0 else min(1.0, (time_s + 1 / rate) / fade_s)


def _mixed(old: Picture, new: Picture, weight: float) -> Picture:
    mixed = old.astype(np.float32) * (1 - weight) + new.astype(np.float32) * weight
    return np.rint(mixed).astype(np.uint8)


def compose(case: Case, data: Path, out: Path) -> Path:
    """Write the broadcast and its ``.json`` of the truth into a folder; return the video's path."""
    out.mkdir(parents=True, exist_ok=True)
    suffix = ("ts", "mp4", "flv")[int(case.name) % 3]
    video = out / f"{case.name}.{suffix}"
    composer = Composer(case, data)
    gop_frames = round(case.gop_s * float(case.rate))
    options = {"sc_threshold": "40" if case.scene_cuts else "0"}
    coding = Coding(
        width=case.width,
        height=case.height,
        rate=case.rate,
        bit_rate=case.bit_rate,
        gop_frames=gop_frames,
        preset="superfast",
        x264_options=options,
    )
    with Encoder(str(video), coding) as encoder:
        for picture, sound in zip(composer.pictures(), composer.sounds(), strict=True):
            encoder.write(picture, sound)
    truth = {
        "case": _plain(case),
        "segments": [asdict(segment) for segment in composer.truth()],
    }
    video.with_suffix(".json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return video


def _plain(case: Case) -> dict[str, object]:
    return asdict(case) | {"rate": str(case.rate), "box": case.box.model_dump()}


def choose_logos(data: Path, count: int, seed: int) -> list[Path]:
    """Return that many logos, drawn at random from all."""
    logos = sorted((data / "logos").glob("*.png"))
    chosen = np.random.default_rng(seed).permutation(len(logos))[:count]
    return [logos[int(index)] for index in chosen]


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="Compose test broadcasts.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--broadcasts", type=int, default=3)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    logos = choose_logos(arguments.data, arguments.first + arguments.broadcasts, arguments.seed)
    for number in range(arguments.first, arguments.first + arguments.broadcasts):
        case = draw_case(number, logos, arguments.seed)
        print(compose(case, arguments.data, arguments.out), case.strata(), case.logo)
    return 0


if __name__ == "__main__":
    sys.exit(main())
