"""A bug that moves: it is there when it is at any of its places."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from streamproc.demo.bug import BUG_OPACITY, BUG_REGION, draw_bug
from streamproc.errors import ModelError
from streamproc.inference.card import Region
from streamproc.inference.moving import MovingModel
from streamproc.inference.session import LogoModel
from streamproc.training.backgrounds import clouds
from streamproc.training.composite import overlay

DEMO = Path(__file__).parents[2] / "models" / "demo"
OTHER = Region(x=0.04, y=0.8, width=BUG_REGION.width, height=BUG_REGION.height)
MARGIN_X, MARGIN_Y = 16 / 1280, 16 / 720


def at(region: Region) -> LogoModel:
    """The demo's model, looking elsewhere."""
    model = LogoModel.load(DEMO)
    model.card = model.card.model_copy(update={"region": region})
    return model


@pytest.fixture(scope="module")
def moving() -> MovingModel:
    return MovingModel([at(BUG_REGION), at(OTHER)])


@pytest.fixture(scope="module")
def seen(moving: MovingModel) -> Callable[[Region | None], float]:
    """Return the probability for a picture of 720 lines with the bug at a place, or nowhere."""
    ground = np.ascontiguousarray(np.tile(clouds(np.random.default_rng(2)), (2, 2, 1)))

    def probability(place: Region | None) -> float:
        picture = ground
        if place is not None:
            left, top = (place.x + MARGIN_X) * 1280, (place.y + MARGIN_Y) * 720
            picture = overlay(picture, draw_bug(), left, top, BUG_OPACITY)
        left_, top_, right, bottom = moving.card.region.pixels(1280, 720)
        return float(moving.probabilities([picture[top_:bottom, left_:right]])[0])

    return probability


@pytest.mark.parametrize("place", [BUG_REGION, OTHER])
def test_the_bug_is_there_at_each_of_its_places(seen: Callable[[Region | None], float], place: Region) -> None:
    assert seen(place) > 0.9


def test_the_bug_is_not_there_when_it_is_at_none_of_them(seen: Callable[[Region | None], float]) -> None:
    assert seen(None) < 0.1


def test_the_bug_is_not_there_when_it_is_elsewhere(seen: Callable[[Region | None], float]) -> None:
    assert seen(Region(x=0.4, y=0.4, width=0.1, height=0.1)) < 0.1


def test_its_region_holds_all_places(moving: MovingModel) -> None:
    region = moving.card.region
    for place in (BUG_REGION, OTHER):
        assert region.x <= place.x
        assert region.y + region.height >= place.y + place.height


def test_no_pictures_give_no_log_odds(moving: MovingModel) -> None:
    assert moving.log_odds([]).shape == (0,)


def test_a_bug_without_places_is_refused() -> None:
    with pytest.raises(ModelError, match="none was given"):
        MovingModel([])
