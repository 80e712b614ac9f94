"""The published protocol's photographs and painted pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from streamproc.errors import ConfigError
from streamproc.training.forensics.masks import Shape
from streamproc.training.forensics.protocol import SIZE, Case, cases, painted, photographs

CASE = Case(image="a", inpainter="gmic isotropic", shape=Shape.SQUARE, area=1024)


def folder(where: Path, count: int, size: tuple[int, int] = (400, 600)) -> Path:
    for number in range(count):
        picture = np.random.default_rng(number).integers(0, 256, (*size, 3), dtype=np.uint8)
        cv2.imwrite(str(where / f"{number}.png"), picture)
    return where


def test_photographs_are_cut_to_the_protocols_size(tmp_path: Path) -> None:
    found = photographs(folder(tmp_path, 3))
    assert [picture.shape for picture in found.values()] == [(*SIZE, 3)] * 3


@pytest.mark.parametrize(
    ("count", "size", "words"), [(2, (400, 600), "at least 3"), (3, (300, 600), "at least 512×384")]
)
def test_too_few_or_too_small_photographs_are_refused(
    tmp_path: Path, count: int, size: tuple[int, int], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        photographs(folder(tmp_path, count, size))


def test_a_photograph_has_three_inpainters_three_shapes_and_four_areas() -> None:
    assert len(set(cases(["a"]))) == 36


def test_a_painted_picture_that_is_kept_is_not_painted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no G'MIC
    picture = np.zeros((*SIZE, 3), np.uint8)
    with pytest.raises(ConfigError, match="G'MIC"):
        painted(CASE, picture, tmp_path)
    monkeypatch.setattr("streamproc.training.forensics.protocol.gmic", lambda mode: lambda before, mask: before + 9)
    assert (painted(CASE, picture, tmp_path)[0] == 9).all()
    monkeypatch.undo()
    monkeypatch.setenv("PATH", "")
    kept, mask = painted(CASE, picture, tmp_path)
    assert (kept == 9).all()
    assert mask.sum() == 1024


def test_a_broken_kept_picture_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamproc.training.forensics.protocol.gmic", lambda mode: lambda before, mask: before)
    painted(CASE, np.zeros((*SIZE, 3), np.uint8), tmp_path)
    (path,) = tmp_path.glob("*.png")
    path.write_bytes(b"no picture")
    with pytest.raises(ConfigError, match="delete it"):
        painted(CASE, np.zeros((*SIZE, 3), np.uint8), tmp_path)
