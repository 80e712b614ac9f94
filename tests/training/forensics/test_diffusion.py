"""Learning the published method looks only where a hole makes a difference, and comes to the same."""

import numpy as np
import skimage.data

from streamproc.inference.forensics import load_diffusion
from streamproc.inference.verifier import shipped_model
from streamproc.training.forensics.diffusion import votes_beside
from streamproc.training.forensics.inpainters import harmonic
from streamproc.training.forensics.masks import Shape, hole


def test_votes_around_a_hole_are_those_of_the_whole_painted_picture() -> None:
    photograph = np.ascontiguousarray(skimage.data.astronaut()[:200, :240])
    method = load_diffusion(shipped_model("diffusion"))
    clear = method.votes(photograph)
    for seed in range(3):  # some of them near the rim
        mask = hole(Shape.IRREGULAR, 1024, (200, 240), np.random.default_rng(seed))
        picture = harmonic(photograph, mask)
        np.testing.assert_array_equal(votes_beside(clear, method, picture, mask), method.votes(picture))
