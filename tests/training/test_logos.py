"""Reading the logo that is to be learnt."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from streamproc.errors import ModelError
from streamproc.training.logos import read_logo


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
