"""Whether a mark changes inside, from edges that are drawn."""

import cv2
import numpy as np
import pytest

from streamproc.training.find.changing import Shown, changes
from streamproc.training.find.gradients import Edges

SHAPE = 40, 100
TIMES = np.arange(0.0, 400.0, 2.0)
SCENES = np.arange(len(TIMES)) // 3


def marked(text: str, second: float, opacity: float) -> np.ndarray:
    rng = np.random.default_rng(int(second) // 6)
    ground = cv2.resize(rng.integers(20, 220, (5, 12), np.uint8), SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
    layer = cv2.putText(ground.copy(), text, (14, 28), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2)
    return np.asarray(cv2.addWeighted(layer, opacity, ground, 1 - opacity, 0), np.uint8)


def around(luma: np.ndarray) -> np.ndarray:
    """Brightness around the mark."""
    return np.asarray(luma[:, 31:].mean(axis=(1, 2)))


def told(texts: list[str], opacity: float = 0.8, last_s: float = 1e9) -> bool:
    luma = np.stack([marked(text, second, opacity) for text, second in zip(texts, TIMES, strict=True)])
    mask = np.zeros(SHAPE, bool)
    mask[9:31, 12:88] = True
    return changes(Edges.of(luma), Shown(np.where(last_s > TIMES, 1.0, 0.0), TIMES, SCENES, around(luma)), mask)


def minutes() -> list[str]:
    return [f"19:{30 + int(second) // 60}" for second in TIMES]


@pytest.mark.parametrize("opacity", [0.5, 0.9])
def test_a_digit_that_stays_for_a_minute_makes_a_clock(opacity: float) -> None:
    assert told(minutes(), opacity)


@pytest.mark.parametrize("opacity", [0.5, 0.9])
def test_a_mark_that_stays_does_not_change_whatever_is_behind_it(opacity: float) -> None:
    assert not told(["NEWS 7"] * len(TIMES), opacity)


def test_a_mark_that_is_seen_better_at_times_does_not_change() -> None:
    luma = np.stack([marked("NEWS 7", second, 0.4 + 0.5 * (int(second) // 60 % 2)) for second in TIMES])
    mask = np.zeros(SHAPE, bool)
    mask[9:31, 12:88] = True
    assert not changes(Edges.of(luma), Shown(np.ones(len(TIMES)), TIMES, SCENES, around(luma)), mask)


def test_a_mark_with_a_dark_grey_and_a_light_grey_part_does_not_change_with_its_ground() -> None:
    """Whole half minutes are dark, and others bright."""
    luma = []
    for second in TIMES:
        rng = np.random.default_rng(int(second) // 6)
        low = 20 if int(second) // 30 % 2 else 150
        ground = cv2.resize(rng.integers(low, low + 80, (5, 12), np.uint8), SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
        for text, grey, x in (("NE", 110, 14), ("WS", 180, 54)):
            cv2.putText(ground, text, (x, 28), cv2.FONT_HERSHEY_SIMPLEX, 0.8, grey, 2)
        luma.append(ground)
    pictures = np.stack(luma)
    mask = np.zeros(SHAPE, bool)
    mask[9:31, 12:88] = True
    assert not changes(Edges.of(pictures), Shown(np.ones(len(TIMES)), TIMES, SCENES, around(pictures)), mask)


def test_of_a_mark_that_was_hardly_there_nothing_is_said() -> None:
    assert not told(minutes(), last_s=100)
