"""Still pictures of every kind are read as they look, or refused in one line."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from streamproc.errors import PictureError
from streamproc.media.stills import read_picture

COLOURS = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def test_a_png_is_read_to_the_bit(tmp_path: Path) -> None:
    Image.fromarray(COLOURS).save(tmp_path / "a.png")
    assert (read_picture(tmp_path / "a.png") == COLOURS).all()


def test_alpha_is_dropped(tmp_path: Path) -> None:
    Image.fromarray(np.dstack([COLOURS, COLOURS[:, :, 0]])).save(tmp_path / "a.png")
    assert (read_picture(tmp_path / "a.png") == COLOURS).all()


def test_a_grey_picture_has_three_equal_channels(tmp_path: Path) -> None:
    Image.fromarray(COLOURS[:, :, 0]).save(tmp_path / "a.png")
    assert (read_picture(tmp_path / "a.png") == COLOURS[:, :, :1]).all()


def test_of_16_bits_the_upper_8_are_kept(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), COLOURS[:, :, ::-1].astype(np.uint16) * 256)
    assert (read_picture(tmp_path / "a.png") == COLOURS).all()


def test_cmyk_is_read_in_its_colours(tmp_path: Path) -> None:
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "red.jpg")
    red, green, blue = read_picture(tmp_path / "red.jpg").reshape(-1, 3).mean(axis=0)
    assert red > 180
    assert max(green, blue) < 80


def test_a_truncated_picture_is_refused(tmp_path: Path) -> None:
    Image.fromarray(COLOURS.repeat(8, axis=0).repeat(8, axis=1)).save(tmp_path / "a.jpg")
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PictureError, match="broken or cut short"):
        read_picture(tmp_path / "a.jpg")


def test_a_picture_of_8k_is_read(tmp_path: Path) -> None:
    Image.new("RGB", (7680, 4320), (10, 20, 30)).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").shape == (4320, 7680, 3)


def test_a_picture_too_large_to_be_examined_is_refused(tmp_path: Path) -> None:
    Image.new("1", (20_000, 10_000)).save(tmp_path / "a.png")
    with pytest.raises(PictureError, match="more than 178 million pixels"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize(("content", "words"), [(b"no picture", "is no picture"), (b"", "is no picture")])
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(PictureError, match=words):
        read_picture(tmp_path / "a.png")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"nowhere\.png: can't be read"):
        read_picture(tmp_path / "nowhere.png")
