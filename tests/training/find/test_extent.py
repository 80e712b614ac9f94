"""How far a mark reaches, in samples that are drawn."""

import cv2
import numpy as np

from streamproc.training.find.extent import Seen, reach
from streamproc.training.find.samples import Box, Samples

SHAPE = 120, 200
COUNT = 160
THERE = np.arange(COUNT) % 16 < 11
LIGHT = 60, 40, 90, 52
DARK = 60, 56, 110, 66


def samples(parts: list[tuple[Box, int, float]], always: list[tuple[Box, int, float]] | None = None) -> Samples:
    """Return changing pictures with parts of a mark (box, grey, opacity) in some, and others that are always there."""
    rng = np.random.default_rng(4)
    coarse = rng.integers(20, 220, (COUNT, 9, 15), np.uint8)
    luma = np.stack([cv2.resize(one, SHAPE[::-1], interpolation=cv2.INTER_CUBIC) for one in coarse])
    for picture, there in zip(luma, THERE, strict=True):
        for (left, top, right, bottom), grey, opacity in (parts if there else []) + (always or []):
            part = picture[top:bottom, left:right]
            part[:] = np.rint(opacity * grey + (1 - opacity) * part)
    chroma = np.full((COUNT, SHAPE[0] // 2, SHAPE[1] // 2, 2), 128, np.uint8)
    return Samples(np.arange(0.0, 2.0 * COUNT, 2.0), luma, chroma, np.arange(COUNT), SHAPE[0], 2.0 * COUNT, 5 / 3)


def told(shown: Samples, others: tuple[Box, ...] = (), known: Box = LIGHT) -> Box:
    return reach(shown, Seen(known, THERE.astype(float)), others)


def differs(one: Box, other: Box) -> int:
    """How many pixels the side lies off that lies off the most."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def test_a_part_as_bright_as_most_grounds_is_in_the_box_of_the_part_that_was_known() -> None:
    assert differs(told(samples([(LIGHT, 255, 0.8), (DARK, 120, 0.8)])), (60, 40, 110, 66)) <= 1


def test_of_a_part_that_was_known_in_part_the_whole_is_told() -> None:
    assert differs(told(samples([(DARK, 255, 0.5)]), known=(70, 58, 90, 66)), DARK) <= 1


def test_what_is_beside_the_mark_also_while_it_is_away_is_not_in_its_box() -> None:
    assert differs(told(samples([(LIGHT, 255, 0.8)], always=[(DARK, 0, 0.8)])), LIGHT) <= 1


def test_another_mark_beside_it_is_not_in_its_box() -> None:
    assert differs(told(samples([(LIGHT, 255, 0.8), (DARK, 0, 0.8)]), others=(DARK,)), LIGHT) <= 2


def test_on_a_black_bar_what_is_drawn_on_it_is_in_the_box() -> None:
    bar = 0, 50, SHAPE[1], SHAPE[0]
    shown = samples([(bar, 16, 1.0), (DARK, 120, 1.0)])
    assert differs(told(shown, known=(70, 60, 100, 66)), DARK) <= 1


def test_the_text_that_runs_under_a_mark_on_a_band_is_not_in_its_box() -> None:
    band = 0, 40, SHAPE[1], 100
    shown = samples([(band, 40, 1.0), (LIGHT, 255, 1.0)])
    for number, picture in enumerate(shown.luma[THERE]):
        cv2.putText(picture, "NEWS, WEATHER, SPORT", (-7 * number % 60 - 60, 80), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 230, 2)
        shown.luma[np.flatnonzero(THERE)[number]] = picture
    assert differs(told(shown, known=(64, 42, 90, 52)), LIGHT) <= 1


def test_a_box_stays_as_it_was_where_all_pictures_show_the_same() -> None:
    assert differs(told(samples([((30, 10, 180, 110), 60, 0.9), (LIGHT, 255, 0.8)])), LIGHT) <= 1
