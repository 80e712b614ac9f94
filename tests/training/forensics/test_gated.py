"""The deep inpainter learns, is exported as it is, fills holes in pictures of any size and leaves all else alone."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from streamproc.errors import ModelError
from streamproc.inference.card import CARD_FILE, MODEL_FILE
from streamproc.training.forensics import gated_network
from streamproc.training.forensics.gated import Gated

PHOTOGRAPH = np.ascontiguousarray(skimage.data.astronaut()[:151, :203])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has learnt for some seconds, the judge with it."""
    out = tmp_path_factory.mktemp("gated")
    schedule = gated_network.Schedule(steps=6, batch=2, judged_from=0.5)
    gated_network.build_model([PHOTOGRAPH], out, schedule, lambda what, share: None)
    return out


def test_holes_are_filled_and_everything_else_stays(folder: Path) -> None:
    mask = np.zeros(PHOTOGRAPH.shape[:2], bool)
    mask[20:30, 40:60] = mask[90:151, 150:203] = True  # the second one reaches the corner
    filled = Gated.load(folder)(PHOTOGRAPH, mask)
    np.testing.assert_array_equal(filled[~mask], PHOTOGRAPH[~mask])
    assert (filled[20:30, 40:60] != PHOTOGRAPH[20:30, 40:60]).any()
    assert (filled[90:, 150:] != PHOTOGRAPH[90:, 150:]).any()


def test_what_stood_in_the_hole_is_not_looked_at(folder: Path) -> None:
    mask = np.zeros(PHOTOGRAPH.shape[:2], bool)
    mask[30:110, 40:130] = True  # larger than what it has learnt from: looked at smaller
    other = PHOTOGRAPH.copy()
    other[mask] = 255 - other[mask]
    inpainter = Gated.load(folder)
    np.testing.assert_array_equal(inpainter(PHOTOGRAPH, mask), inpainter(other, mask))


@pytest.mark.parametrize("size", [(4, 5), (33, 2), (64, 130)])
def test_a_picture_of_any_size_is_taken(folder: Path, size: tuple[int, int]) -> None:
    picture = np.full((*size, 3), 90, np.uint8)
    mask = np.ones(size, bool)
    mask[0, 0] = False
    inpainter = Gated.load(folder)
    filled = inpainter(picture, mask)
    assert filled.shape == picture.shape
    assert (filled[0, 0] == 90).all()


def test_a_model_that_is_not_an_inpainter_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "other")
    card = json.loads((folder / CARD_FILE).read_text())
    (tmp_path / "other" / CARD_FILE).write_text(json.dumps(card | {"kind": "unet"}))
    with pytest.raises(ModelError, match=r"card\.json: kind"):
        Gated.load(tmp_path / "other")
    (tmp_path / "other" / CARD_FILE).write_text(json.dumps(card))
    (tmp_path / "other" / MODEL_FILE).write_bytes(b"no model")
    with pytest.raises(ModelError, match="card"):
        Gated.load(tmp_path / "other")
