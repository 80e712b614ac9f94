"""Reading the logo that is to be learnt."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from streamproc.errors import ModelError
from streamproc.training.logos import lettered, read_logo


def write(path: Path, picture: np.ndarray) -> Path:
    cv2.imwrite(str(path), picture)
    return path


def test_red_comes_first_and_the_transparent_margin_is_cut_off(tmp_path: Path) -> None:
    picture = np.zeros((30, 40, 4), np.uint8)
    picture[10:20, 5:35] = (0, 0, 255, 200)  # OpenCV writes blue, green, red
    logo = read_logo(write(tmp_path / "logo.png", picture))
    assert logo.shape == (10, 30, 4)
    assert logo[0, 0].tolist() == [255, 0, 0, 200]


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    picture = np.full((10, 10, 4), 65535, np.uint16)
    assert read_logo(write(tmp_path / "logo.png", picture)).max() == 255


def test_a_large_logo_is_reduced(tmp_path: Path) -> None:
    assert read_logo(write(tmp_path / "logo.png", np.full((500, 2000, 4), 255, np.uint8))).shape == (128, 512, 4)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.full((10, 10, 3), 255, np.uint8), "no alpha"),
        (np.full((10, 10), 255, np.uint8), "no alpha"),
        (np.zeros((10, 10, 4), np.uint8), "fully transparent"),
        (np.full((2, 2, 4), 255, np.uint8), "at least 4×4"),
    ],
)
def test_a_logo_that_is_of_no_use_is_refused(picture: np.ndarray, words: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=words):
        read_logo(write(tmp_path / "logo.png", picture))


def test_a_file_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    path.write_text("not a picture")
    with pytest.raises(ModelError, match="not a picture"):
        read_logo(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    path.touch()
    with pytest.raises(ModelError, match="not a picture"):
        read_logo(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.png: can't be read"):
        read_logo(tmp_path / "nowhere.png")


@pytest.fixture
def faint_red() -> np.ndarray:
    """A logo as it is cut out of footage, three times as wide as high: its alpha is that on air."""
    return np.full((20, 60, 4), (200, 10, 30, 90), np.uint8)


def test_other_words_in_a_logos_manner_are_about_as_wide(faint_red: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    shapes = [lettered(rng, faint_red).shape for _ in range(30)]
    assert np.median([width / height for height, width, _ in shapes]) == pytest.approx(3, rel=0.25)


def test_other_words_in_a_logos_manner_are_mostly_in_its_colours(faint_red: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    drawn = [lettered(rng, faint_red) for _ in range(60)]
    red = [
        np.abs(logo[:, :, :3].astype(int) - (200, 10, 30)).max(axis=2)[logo[:, :, 3] > 60].min() < 3 for logo in drawn
    ]
    assert np.mean(red) > 0.6


def test_other_words_in_a_logos_manner_are_at_times_as_translucent(faint_red: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    strongest = {int(lettered(rng, faint_red)[:, :, 3].max()) for _ in range(30)}
    assert strongest >= {90, 255}
