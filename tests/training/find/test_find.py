"""The search on small broadcasts that are drawn, coded and read back."""

from fractions import Fraction
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamproc.errors import SourceError
from streamproc.inference.card import Region
from streamproc.media.encode import Coding, Encoder
from streamproc.training.backgrounds import Picture, drawn, write
from streamproc.training.composite import overlay
from streamproc.training.find import Finding, Kind, Verdict, draw_marks, find_bug

WIDTH, HEIGHT = 320, 180
SECONDS = 200
BOX = 258, 14, 298, 30
ADVERTS = (60, 95), (150, 180)


def in_programme(second: int) -> bool:
    return not any(start <= second < end for start, end in ADVERTS)


def logo() -> Picture:
    layer = np.zeros((BOX[3] - BOX[1], BOX[2] - BOX[0], 4), np.uint8)
    cv2.circle(layer, (8, 8), 7, (255, 255, 255, 255), -1, cv2.LINE_AA)
    cv2.rectangle(layer, (20, 1), (39, 14), (255, 230, 40, 255), 3)
    return layer


def mark(canvas: Picture, place: tuple[int, int]) -> Picture:
    write(canvas, "16+", place, (255, 255, 255), 18)
    return canvas


@cache
def scenes() -> list[Picture]:
    """Return a picture for each second; a scene lasts two to six of them."""
    rng = np.random.default_rng(3)
    pictures: list[Picture] = []
    for picture in drawn(rng, 60).pictures:
        small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        pictures += [np.roll(small, shift, axis=1) for shift in range(0, 4 * int(rng.integers(2, 7)), 4)]
    assert len(pictures) >= SECONDS
    return pictures


def broadcast(path: Path, *, bug: str = "programme", age_mark: bool = False, seconds: int = SECONDS) -> Path:
    """Write a broadcast of one picture a second; its bug is there in the "programme", "always" or "never"."""
    coding = Coding(width=WIDTH, height=HEIGHT, rate=Fraction(1), bit_rate=150_000, gop_frames=1, audio_rate=None)
    with Encoder(str(path), coding) as encoder:
        for second, scene in zip(range(seconds), scenes(), strict=False):
            there = bug == "always" or (bug == "programme" and in_programme(second))
            picture = overlay(scene, logo(), BOX[0], BOX[1], 0.7 * there)
            encoder.write(mark(picture, (16, 160)) if age_mark and in_programme(second) else picture)
    return path


def likeness(region: Region) -> float:
    """Intersection over union with the drawn bug's box."""
    box = region.x * WIDTH, region.y * HEIGHT, (region.x + region.width) * WIDTH, (region.y + region.height) * HEIGHT
    sides = [min(box[i + 2], BOX[i + 2]) - max(box[i], BOX[i]) for i in (0, 1)]
    common = max(sides[0], 0) * max(sides[1], 0)
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (box, BOX)]
    return common / (sum(areas) - common)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return broadcast(tmp_path_factory.mktemp("find") / "bug.ts")


@pytest.fixture(scope="module")
def found(video: Path) -> Finding:
    return find_bug([video])


def test_a_bug_that_comes_and_goes_is_found_where_it_is(found: Finding) -> None:
    assert found.verdict is Verdict.FOUND, found.message
    assert found.chosen is not None
    assert likeness(found.chosen.box) > 0.6
    assert found.chosen.kind is Kind.BUG


def test_its_presence_is_told_at_every_time_and_never_surely_wrong(found: Finding) -> None:
    assert found.chosen is not None
    assert len(found.times) == len(found.chosen.presence) == SECONDS
    truth = np.array([in_programme(round(second)) for second in found.times])
    presence = found.chosen.presence
    assert ((presence > 0.5) == truth).mean() > 0.97
    sure = (presence > 0.99) | (presence < 0.01)
    assert sure.mean() > 0.8
    assert ((presence > 0.5) == truth)[sure].all()


def test_the_cut_out_is_as_opaque_as_the_bug_and_clear_beside_it(found: Finding) -> None:
    assert found.chosen is not None
    alpha = found.chosen.logo[:, :, 3] / 255
    left, top = found.chosen.box.x * WIDTH, found.chosen.box.y * HEIGHT
    middle_of_disc = alpha[round(BOX[1] + 8 - top), round(BOX[0] + 8 - left)]
    between = alpha[round(BOX[1] + 8 - top), round(BOX[0] + 17 - left)]
    assert middle_of_disc == pytest.approx(0.7, abs=0.15)
    assert between < 0.2
    assert found.lines == HEIGHT


def test_the_marks_can_be_drawn_for_a_person_to_choose(found: Finding, tmp_path: Path) -> None:
    draw_marks(found, tmp_path / "marks.png")
    picture = cv2.imread(str(tmp_path / "marks.png"))
    assert picture is not None
    assert found.frame is not None
    assert found.frame.shape == (HEIGHT, WIDTH, 3)
    assert picture.shape[0] >= 540


def test_a_region_without_a_bug_holds_none(video: Path) -> None:
    finding = find_bug([video], region=Region(x=0, y=0.5, width=0.5, height=0.5))
    assert finding.verdict is Verdict.NO_BUG
    assert finding.chosen is None
    assert "in the region given" in finding.message


def test_footage_without_a_bug_is_said_to_have_none(tmp_path: Path) -> None:
    finding = find_bug([broadcast(tmp_path / "none.ts", bug="never")])
    assert finding.verdict is Verdict.NO_BUG
    assert finding.chosen is None


def test_a_bug_that_never_goes_is_told_and_still_usable(tmp_path: Path) -> None:
    finding = find_bug([broadcast(tmp_path / "always.ts", bug="always")])
    assert finding.verdict is Verdict.NO_CHANGE
    assert finding.chosen is not None
    assert likeness(finding.chosen.box) > 0.6


def test_two_marks_that_come_and_go_alike_are_left_to_the_user(tmp_path: Path) -> None:
    finding = find_bug([broadcast(tmp_path / "two.ts", age_mark=True)])
    assert finding.verdict is Verdict.AMBIGUOUS
    assert finding.chosen is None
    assert "[1]" in finding.message
    assert "[2]" in finding.message
    assert "--choose" in finding.message
    assert max(likeness(mark.box) for mark in finding.marks) > 0.6


def test_a_minute_is_too_short(tmp_path: Path) -> None:
    finding = find_bug([broadcast(tmp_path / "short.ts", seconds=60)])
    assert finding.verdict is Verdict.TOO_SHORT
    assert "5 minutes" in finding.message


def test_one_long_shot_is_told(tmp_path: Path) -> None:
    coding = Coding(width=WIDTH, height=HEIGHT, rate=Fraction(1), bit_rate=150_000, gop_frames=1, audio_rate=None)
    scene = overlay(scenes()[0], logo(), BOX[0], BOX[1], 1.0)
    with Encoder(str(tmp_path / "still.ts"), coding) as encoder:
        for _ in range(200):
            encoder.write(scene)
    finding = find_bug([tmp_path / "still.ts"])
    assert finding.verdict is Verdict.ONE_SHOT
    assert finding.chosen is None


def test_what_can_not_be_read_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"missing\.ts"):
        find_bug([tmp_path / "missing.ts"])
