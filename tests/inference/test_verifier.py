"""The verifier that comes along knows a logo from its picture alone."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.inference.card import Region
from streamproc.inference.verifier import (
    ReferenceModel,
    Verifier,
    VerifierPool,
    draw_reference,
    read_reference,
    shipped_model,
    surroundings,
)
from streamproc.training.backgrounds import clouds
from streamproc.training.composite import stamp

BOX = Region(x=0.82, y=0.08, width=0.1, height=0.12)
SIZE = (640, 360)
Picture = NDArray[np.uint8]


def draw_logo(letters: str = "K7") -> Picture:
    """Draw a blue plate with white letters, half of it see-through."""
    logo = np.zeros((96, 150, 4), np.uint8)
    cv2.rectangle(logo, (4, 4), (146, 92), (30, 80, 200, 200), -1)
    text = np.zeros((96, 150, 3), np.uint8)
    cv2.putText(text, letters, (18, 74), cv2.FONT_HERSHEY_SIMPLEX, 2.4, (255, 255, 255), 12)
    logo[text[:, :, 0] > 0] = (255, 255, 255, 255)
    return logo


@cache
def plain(seed: int) -> Picture:
    """Draw a screen without a logo."""
    return np.asarray(cv2.resize(clouds(np.random.default_rng(seed)), SIZE), np.uint8)


def screens(logo: Picture | None, opacity: float = 0.7) -> list[Picture]:
    """Draw screens with a logo in the box, or none."""
    pictures = [plain(seed) for seed in range(12)]
    return pictures if logo is None else [stamp(picture, logo, BOX, opacity) for picture in pictures]


def ask(model: ReferenceModel, pictures: list[Picture]) -> NDArray[np.float32]:
    left, top, right, bottom = model.card.region.pixels(*SIZE)
    return model.probabilities([picture[top:bottom, left:right] for picture in pictures])


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier.load(shipped_model("verifier"))


@pytest.fixture(scope="module")
def model(verifier: Verifier) -> ReferenceModel:
    return verifier.from_reference(draw_logo(), BOX, name="k7.png")


def test_a_logo_it_never_saw_is_found(model: ReferenceModel) -> None:
    assert float(np.mean(ask(model, screens(draw_logo())) > 0.5)) > 0.9


def test_pictures_without_it_are_told_from_it(model: ReferenceModel) -> None:
    assert float(np.mean(ask(model, screens(None)) < 0.5)) > 0.9


def test_a_logo_at_an_opacity_of_three_tenths_is_found(model: ReferenceModel) -> None:
    assert float(np.mean(ask(model, screens(draw_logo(), 0.3)) > 0.5)) > 0.9


def test_a_surer_answer_is_given_for_a_plainer_logo(model: ReferenceModel) -> None:
    sure = [float(np.mean(ask(model, screens(draw_logo(), opacity)))) for opacity in (0.03, 0.15, 0.6)]
    assert sure == sorted(sure)


def test_a_crop_of_another_screen_serves_as_a_reference(verifier: Verifier) -> None:
    left, top, right, bottom = BOX.pixels(*SIZE)
    crop = stamp(plain(39), draw_logo(), BOX, 1.0)[top:bottom, left:right]
    model = verifier.from_reference(crop, BOX, name="crop")
    with_logo, without = (float(np.mean(ask(model, screens(logo)))) for logo in (draw_logo(), None))
    assert with_logo > without + 0.3


def test_no_crops_give_no_answers(model: ReferenceModel) -> None:
    assert model.log_odds([]).shape == (0,)


def test_what_it_sees_is_the_box_and_a_margin() -> None:
    seen = surroundings(BOX)
    assert seen.x < BOX.x
    assert seen.y < BOX.y
    assert seen.x + seen.width > BOX.x + BOX.width
    assert surroundings(Region(x=0, y=0, width=1, height=1)) == Region(x=0, y=0, width=1, height=1)


def test_a_reference_is_drawn_where_the_logo_lies() -> None:
    solid = np.full((90, 160, 4), 255, np.uint8)
    box = Region(x=0.4, y=0.4, width=0.1, height=0.1)
    seen, alpha = surroundings(box), draw_reference(solid, box)[:, :, 3] / 255
    share = box.width * box.height / (seen.width * seen.height)
    assert float(alpha.mean()) == pytest.approx(share, rel=0.03)
    assert abs(float(alpha[24].sum()) / 80 - box.width / seen.width) < 0.02
    np.testing.assert_allclose(alpha, alpha[::-1, ::-1], atol=0.3)


def test_the_model_is_another_one_when_the_logo_or_its_place_is(verifier: Verifier, model: ReferenceModel) -> None:
    moved = verifier.from_reference(draw_logo(), Region(x=0.1, y=0.1, width=0.1, height=0.12), name="k7.png")
    other = verifier.from_reference(draw_logo("M3"), BOX, name="k7.png")
    again = verifier.from_reference(draw_logo(), BOX, name="k7.png")
    assert len({model.card.sha256, moved.card.sha256, other.card.sha256}) == 3
    assert again.card == model.card
    assert model.card.name == "verifier of k7.png"


def test_a_box_in_which_the_logo_would_be_tiny_is_refused(verifier: Verifier) -> None:
    with pytest.raises(ModelError, match=r"at least 12×12 are needed .* check the region"):
        verifier.from_reference(draw_logo(), Region(x=0.1, y=0.1, width=0.1, height=0.005), name="k7.png")


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (np.full((20, 20, 3), 9, np.uint8), "has no alpha channel; save the logo as a PNG with a transparent ground"),
        (np.zeros((20, 20, 4), np.uint8), "the logo is fully transparent"),
        (None, "can't be read .*; give the logo as a PNG with alpha"),
    ],
    ids=["no alpha", "transparent", "missing"],
)
def test_a_picture_that_is_no_logo_is_refused(tmp_path: Path, picture: Picture | None, says: str) -> None:
    path = tmp_path / "logo.png"
    if picture is not None:
        cv2.imwrite(str(path), picture)
    with pytest.raises(ModelError, match=says):
        VerifierPool().get(path, BOX)


def test_a_logo_is_read_without_its_transparent_margin(tmp_path: Path) -> None:
    wide = np.zeros((200, 300, 4), np.uint8)
    wide[50:146, 70:220] = draw_logo()
    cv2.imwrite(str(tmp_path / "logo.png"), cv2.cvtColor(wide, cv2.COLOR_RGBA2BGRA))
    np.testing.assert_array_equal(read_reference(tmp_path / "logo.png"), draw_logo()[4:93, 4:147])


def test_a_channels_own_model_is_no_verifier(project_root: Path) -> None:
    with pytest.raises(ModelError, match="Extra inputs"):
        Verifier.load(project_root / "models" / "demo")


def test_a_model_that_does_not_come_along_is_named() -> None:
    with pytest.raises(ModelError, match="the oracle that comes with streamproc is missing"):
        shipped_model("oracle")
