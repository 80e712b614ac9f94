"""Finding a logo that is known as a picture in footage."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from streamproc.inference.card import Region
from streamproc.media.encode import Coding, Encoder
from streamproc.training import backgrounds
from streamproc.training.composite import stamp
from streamproc.training.locate import Located, locate

BOX = Region(x=0.8, y=0.08, width=0.125, height=0.1111)
OPACITY = 0.6


def draw_logo() -> NDArray[np.uint8]:
    logo = np.zeros((80, 160, 4), np.uint8)
    cv2.rectangle(logo, (4, 4), (155, 75), (255, 255, 255, 255), 8)
    cv2.ellipse(logo, (50, 40), (26, 22), 0, 0, 360, (255, 220, 60, 255), -1)
    cv2.line(logo, (90, 60), (140, 20), (255, 255, 255, 255), 10)
    return logo


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty pictures of 640 × 360, the bug on the first thirty, all keyframes."""
    path = tmp_path_factory.mktemp("footage") / "feed.mp4"
    rng = np.random.default_rng(4)
    grounds = [*backgrounds.drawn(rng, 20).pictures, *backgrounds.drawn(rng, 20).pictures]
    coding = Coding(width=640, height=360, rate=Fraction(1), gop_frames=1, b_frames=0, audio_rate=None)
    with Encoder(str(path), coding) as encoder:
        for number, ground in enumerate(grounds):
            encoder.write(stamp(ground, draw_logo(), BOX, OPACITY) if number < 30 else ground, None)
    return path


def search(footage: Path, logo: NDArray[np.uint8], within: Region | None = None) -> Located | None:
    return locate(logo, [footage], within=within, progress=lambda what, share: None)


@pytest.fixture(scope="module")
def located(footage: Path) -> Located:
    found = search(footage, draw_logo())
    assert found is not None
    return found


def test_a_logo_is_found_where_it_lies(located: Located) -> None:
    assert (located.box.x, located.box.y) == (pytest.approx(BOX.x, abs=0.005), pytest.approx(BOX.y, abs=0.008))


def test_its_size_is_found(located: Located) -> None:
    assert located.box.width == pytest.approx(BOX.width, rel=0.04)


def test_its_opacity_is_measured(located: Located) -> None:
    assert located.opacity == pytest.approx(OPACITY, abs=0.12)


def test_another_logo_is_not_found(footage: Path) -> None:
    other = np.zeros((60, 60, 4), np.uint8)
    cv2.fillPoly(other, [np.array([(30, 2), (58, 56), (2, 56)], np.int32)], (200, 40, 40, 255))
    assert search(footage, other) is None


def test_a_speck_of_a_region_is_not_taken_for_the_logo(footage: Path) -> None:
    assert search(footage, draw_logo(), Region(x=0.1, y=0.3, width=0.3, height=0.3)) is None


def test_nothing_is_found_outside_of_where_one_is_told_to_search(footage: Path) -> None:
    assert search(footage, draw_logo(), Region(x=0.0, y=0.5, width=0.4, height=0.4)) is None


def test_a_logo_is_found_within_a_loose_region(footage: Path, located: Located) -> None:
    found = search(footage, draw_logo(), Region(x=0.7, y=0.0, width=0.3, height=0.3))
    assert found is not None
    assert found.box.x == pytest.approx(located.box.x, abs=0.003)
