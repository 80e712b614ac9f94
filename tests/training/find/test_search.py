"""The search in samples that are drawn, neither coded nor decoded: what is hard to tell from a bug, or to see."""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from streamproc.inference.card import Region
from streamproc.training.find import Finding, Kind, Verdict
from streamproc.training.find.samples import Samples
from streamproc.training.find.search import look_at

WIDTH, HEIGHT = 320, 180
TIMES = np.arange(0.0, 400.0, 4.0)
THERE = ~((TIMES >= 100) & (TIMES < 150)) & ~((TIMES >= 270) & (TIMES < 330))
BAR = 24
BOX = 250, 12, 300, 36
LINE = 250, 42, 300, 52  # under the bug
BOTH = 250, 12, 300, 52
Picture = NDArray[np.uint8]
Draw = Callable[[Picture, float], None]


@cache
def scenes() -> tuple[Picture, ...]:
    """Pictures of grey patches, every other one dark."""
    rng = np.random.default_rng(5)
    found = []
    for number in range(len(TIMES)):
        low, high = ((10, 80), (170, 250))[number % 2]
        coarse = rng.integers(low, high, (12, 20), np.uint8)
        found.append(np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8))
    return tuple(found)


@cache
def colours() -> Picture:
    """The scenes' differences of colour."""
    rng = np.random.default_rng(6)
    coarse = rng.integers(100, 156, (len(TIMES), 6, 10, 2), np.uint8)
    size = WIDTH // 2, HEIGHT // 2
    return np.stack([cv2.resize(one, size, interpolation=cv2.INTER_CUBIC) for one in coarse])


def search(*drawn: Draw, tint: tuple[int, int, int] | None = None) -> Finding:
    """Search in a programme with something drawn into it, and adverts without.

    tint: of a second line under the bug: its brightness (0: that of its ground), and its differences of colour.
    """
    numbers = np.arange(len(TIMES))
    luma = np.stack([scenes()[number] for number in numbers])
    chroma = colours().copy()
    for picture, colour, second, there in zip(luma, chroma, TIMES, THERE, strict=True):
        for draw in drawn if there else ():
            draw(picture, float(second))
        if there and tint is not None:
            second_line(picture, colour, tint)
    samples = Samples(TIMES, luma, chroma, numbers.astype(np.int64), HEIGHT, float(TIMES[-1] + 4), WIDTH / HEIGHT)
    return look_at(samples, None).finding()


def second_line(picture: Picture, colour: Picture, tint: tuple[int, int, int]) -> None:
    left, top, right, bottom = LINE
    if tint[0]:
        cv2.rectangle(picture, (left, top), (right - 1, bottom - 1), tint[0], -1)
    colour[top // 2 : bottom // 2, left // 2 : right // 2] = tint[1:]


def bug(picture: Picture, _second: float, grey: int = 255, opacity: float = 0.7) -> None:
    left, top, right, bottom = BOX
    layer = picture.copy()
    cv2.rectangle(layer, (left, top), (right - 1, bottom - 1), grey, 3)
    cv2.circle(layer, ((left + right) // 2, (top + bottom) // 2), 7, grey, -1)
    picture[:] = np.rint(opacity * layer + (1 - opacity) * picture)


def grey_bug(picture: Picture, second: float) -> None:
    bug(picture, second, 125, 0.6)


def letterbox(picture: Picture, _second: float) -> None:
    picture[:BAR] = picture[-BAR:] = 0


def clock(picture: Picture, second: float) -> None:
    minute = 38 + int(second) // 60
    cv2.putText(picture, f"7:{minute}", (20, 34), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)


def likeness(region: Region, true: tuple[int, int, int, int] = BOX) -> float:
    """Intersection over union with a drawn box."""
    box = region.x * WIDTH, region.y * HEIGHT, (region.x + region.width) * WIDTH, (region.y + region.height) * HEIGHT
    sides = [min(box[i + 2], true[i + 2]) - max(box[i], true[i]) for i in (0, 1)]
    common = max(sides[0], 0) * max(sides[1], 0)
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (box, true)]
    return common / (sum(areas) - common)


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param((clock, bug), id="beside a clock that runs with the programme only"),
        pytest.param((letterbox, bug), id="across the edge of a letterbox that goes with the programme"),
        pytest.param((grey_bug,), id="darker than some grounds and brighter than others"),
    ],
)
def test_a_bug_is_found(drawn: tuple[Draw, ...]) -> None:
    finding = search(*drawn)
    assert finding.verdict is Verdict.FOUND, finding.message
    assert finding.chosen is not None
    assert likeness(finding.chosen.box) > 0.7
    assert ((finding.chosen.presence > 0.5) == THERE).mean() > 0.97


@pytest.mark.parametrize(
    "tint",
    [
        pytest.param((1, 128, 128), id="black"),
        pytest.param((125, 128, 128), id="as bright as most grounds"),
        pytest.param((125, 180, 60), id="as bright as most grounds, but coloured"),
    ],
)
def test_both_lines_of_a_bug_are_in_its_box(tint: tuple[int, int, int]) -> None:
    finding = search(bug, tint=tint)
    assert finding.verdict is Verdict.FOUND, finding.message
    assert finding.chosen is not None
    assert likeness(finding.chosen.box, BOTH) > 0.8


def test_a_bug_that_differs_from_its_ground_in_colour_alone_is_found() -> None:
    finding = search(tint=(0, 180, 60))
    assert finding.verdict is Verdict.FOUND, finding.message
    assert finding.chosen is not None
    assert likeness(finding.chosen.box, LINE) > 0.5
    assert ((finding.chosen.presence > 0.5) == THERE).mean() > 0.97


def test_a_clock_that_runs_with_the_programme_only_is_told_and_never_taken_for_the_bug() -> None:
    finding = search(clock)
    assert finding.verdict is Verdict.AMBIGUOUS
    assert finding.chosen is None
    assert [mark.kind for mark in finding.marks] == [Kind.CHANGING]


def test_a_letterbox_that_goes_with_the_programme_is_no_bug() -> None:
    finding = search(letterbox)
    assert finding.verdict is Verdict.NO_BUG
    assert finding.chosen is None


def test_pictures_in_which_nothing_stays_have_no_bug() -> None:
    finding = search()
    assert finding.verdict is Verdict.NO_BUG
    assert not finding.marks
