"""The labelled crops that a network learns from."""

import numpy as np
import pytest

from streamproc.inference.card import Region
from streamproc.training import backgrounds, logos
from streamproc.training.dataset import KEPT, Crops, Shows, Subject, make_crops


@pytest.fixture(scope="module")
def subject() -> Subject:
    logo = np.zeros((40, 80, 4), np.uint8)
    logo[8:32, 10:70] = (255, 255, 255, 230)
    logo[16:24, 30:50] = (200, 0, 0, 255)
    box = Region(x=0.85, y=0.06, width=0.09, height=0.08)
    region = Region(x=0.83, y=0.03, width=0.13, height=0.14)
    return Subject(logo=logo, box=box, region=region, opacity=(0.6, 0.6), input_size=(72, 48))


def draw(subject: Subject, count: int, seed: int) -> Crops:
    rng = np.random.default_rng(seed)
    return make_crops(subject, [*backgrounds.photographs(), backgrounds.drawn(rng, 6)], count, rng)


@pytest.fixture(scope="module")
def crops(subject: Subject) -> Crops:
    return draw(subject, 500, seed=1)


def test_the_same_seed_draws_the_same_crops(subject: Subject) -> None:
    first, second = draw(subject, 60, seed=3), draw(subject, 60, seed=3)
    assert np.array_equal(first.images, second.images)
    assert np.array_equal(first.targets, second.targets)


def test_another_seed_draws_other_crops(subject: Subject) -> None:
    assert not np.array_equal(draw(subject, 60, seed=3).images, draw(subject, 60, seed=4).images)


def test_crops_have_the_size_of_the_networks_input(crops: Crops) -> None:
    assert crops.images.shape == (500, 48, 72, 3)


def test_every_kind_of_picture_is_drawn(crops: Crops) -> None:
    assert set(crops.shows) == set(Shows)


def test_a_bug_at_its_nominal_opacity_is_there(crops: Crops) -> None:
    there = [target for target, shows in zip(crops.targets, crops.shows, strict=True) if shows is Shows.BUG]
    assert min(there) > 0.999


def test_a_decorated_or_grey_bug_is_there(crops: Crops) -> None:
    there = [target for target, shows in zip(crops.targets, crops.shows, strict=True) if shows is Shows.VARIANT]
    assert min(there) > 0.999


def test_nothing_but_the_bug_counts_as_the_bug(crops: Crops) -> None:
    kinds = (Shows.BUG, Shows.VARIANT, Shows.FADE)
    others = [target for target, shows in zip(crops.targets, crops.shows, strict=True) if shows not in kinds]
    assert max(others) < 0.001


def test_at_half_of_its_opacity_the_bug_is_as_much_there_as_not(subject: Subject) -> None:
    assert subject.target(0.3) == 0.5


def test_the_target_rises_with_the_opacity(subject: Subject) -> None:
    targets = [subject.target(opacity) for opacity in np.linspace(0, 1, 50)]
    assert targets == sorted(targets)


def test_crops_with_the_bug_show_it(crops: Crops) -> None:
    there = np.array([shows is Shows.BUG for shows in crops.shows])
    nothing = np.array([shows is Shows.NOTHING for shows in crops.shows])
    redness = crops.images[:, 22:26, 34:38, 0].astype(float) - crops.images[:, 22:26, 34:38, 1]
    assert redness[there].mean() > redness[nothing].mean() + 40


def test_a_picture_with_the_whole_bug_is_followed_by_the_same_picture_without_it(crops: Crops) -> None:
    pairs = list(zip(range(0, 490, KEPT), range(KEPT, 490, KEPT), strict=False))
    whole = [
        (one, other) for one, other in pairs if crops.shows[one] is Shows.BUG and crops.shows[other] is Shows.NOTHING
    ]
    corners = crops.images[:, :6, :12].astype(float)  # where this bug does not reach
    apart = [np.abs(corners[one] - corners[other]).mean() for one, other in whole]
    assert len(whole) == sum(crops.shows[one] is Shows.BUG for one, _ in pairs)
    assert np.median(apart) < 8


def test_photographs_are_held_out_whole() -> None:
    taught, held_out = backgrounds.split(backgrounds.photographs())
    assert held_out
    assert not {group.name for group in taught} & {group.name for group in held_out}


def test_a_foreign_logo_never_looks_like_the_one_to_learn(subject: Subject) -> None:
    rng = np.random.default_rng(0)
    others = [logos.foreign_logo(rng, subject.logo) for _ in range(30)]
    assert max(logos.likeness(subject.logo, other) for other in others) < 0.7


def test_a_logo_looks_like_itself(subject: Subject) -> None:
    assert logos.likeness(subject.logo, subject.logo) == pytest.approx(1)
