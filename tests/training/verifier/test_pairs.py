"""What the verifier learns from: logos apart by brand, crops paired with references, both changed alike."""

import cv2
import numpy as np
import pytest

from streamproc.training import backgrounds
from streamproc.training.logos import drawn_logo
from streamproc.training.verifier.pairs import Pairing, _turned, draw_centred, target, varied
from streamproc.training.verifier.samples import Samples, Shows, draw_samples
from streamproc.training.verifier.shelf import Shelf, brand, split_brands


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    rng = np.random.default_rng(1)
    names = [f"land__{'abcdefghijkl'[number // 2] * 3}-{number}" for number in range(24)]
    return Shelf(tuple(names), tuple(drawn_logo(rng) for _ in names))


@pytest.fixture(scope="module")
def samples(shelf: Shelf) -> Samples:
    groups = [backgrounds.drawn(np.random.default_rng(2), 6)]
    return draw_samples(shelf, groups, 240, np.random.default_rng(3))


def test_a_brand_lies_on_one_side_of_the_split(shelf: Shelf) -> None:
    taught, unseen = split_brands(shelf)
    assert not {brand(name) for name in taught.names} & {brand(name) for name in unseen.names}
    assert len(taught.names) + len(unseen.names) == len(shelf.names)
    assert unseen.names


def test_the_same_seed_draws_the_same_crops(shelf: Shelf, samples: Samples) -> None:
    groups = [backgrounds.drawn(np.random.default_rng(2), 6)]
    again = draw_samples(shelf, groups, 240, np.random.default_rng(3))
    np.testing.assert_array_equal(again.images, samples.images)


def test_a_crop_is_a_yes_with_its_own_logo_and_a_no_with_another(shelf: Shelf, samples: Samples) -> None:
    pairing = Pairing(shelf, samples)
    shown = np.flatnonzero((samples.shows == Shows.LOGO) & (samples.opacity > 0.4))
    batch = pairing.pair(np.repeat(shown, 4), np.random.default_rng(4), cropped=0)
    own = np.array([draw_centred(shelf.logos[home]) for home in samples.home[np.repeat(shown, 4)]])
    is_own = (batch.references == own).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(batch.targets > 0.5, is_own)
    assert 0.1 < float(is_own.mean()) < 0.9


def test_crops_without_a_logo_are_never_a_yes(shelf: Shelf, samples: Samples) -> None:
    without = np.flatnonzero((samples.shows != Shows.LOGO) & (samples.shows != Shows.FADE))
    batch = Pairing(shelf, samples).pair(without, np.random.default_rng(5))
    assert float(batch.targets.max()) == 0


def test_the_edge_of_what_counts_lies_at_half_of_the_least_opacity() -> None:
    np.testing.assert_allclose(target(np.array([0.0, 0.15, 0.3], np.float32)), [0, 0.5, 1], atol=1e-4)


def test_what_is_done_to_a_pair_is_done_to_both() -> None:
    rng = np.random.default_rng(6)
    alpha = cv2.GaussianBlur(rng.uniform(-300, 555, (48, 80, 1)).astype(np.float32), (0, 0), 4).clip(0, 255)[..., None]
    colour = rng.uniform(0, 255, (1, 1, 3)).astype(np.float32)
    reference = np.dstack([colour * alpha / 255, alpha])
    for _ in range(20):
        image, turned = _turned(reference[:, :, :3].copy(), reference.copy(), rng)  # the logo on black
        on_black = turned[:, :, :3]
        on_white = on_black + 255 - turned[:, :, 3:]
        assert min(float(np.abs(image - ground).max()) for ground in (on_black, on_white)) < 0.1


def test_varying_leaves_targets_and_levels_in_their_range(shelf: Shelf, samples: Samples) -> None:
    rng = np.random.default_rng(7)
    batch = Pairing(shelf, samples).pair(np.arange(32), rng)
    grain = rng.standard_normal((8, 48, 80, 3), np.float32)
    changed = varied(batch, grain, rng)
    assert 0 <= float(changed.images.min()) <= float(changed.images.max()) <= 255
    np.testing.assert_array_equal(changed.targets, batch.targets)
