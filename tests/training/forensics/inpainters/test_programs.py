"""The program G'MIC."""

import numpy as np
import pytest
import skimage.data

from streamproc.errors import ConfigError
from streamproc.forensics.traces import Picture
from streamproc.training.forensics.inpainters import GMIC_MODES, GMIC_OTHERS, Inpainter, gmic, gmic_other
from streamproc.training.forensics.masks import Shape, hole

ALL = {
    **{name: gmic(mode) for name, mode in GMIC_MODES.items()},
    **{name: gmic_other(name) for name in GMIC_OTHERS},
}


@pytest.fixture(scope="module")
def photograph() -> Picture:
    return np.ascontiguousarray(skimage.data.chelsea()[:120, :160])


@pytest.mark.gmic
@pytest.mark.parametrize("inpainter", ALL.values(), ids=ALL)
def test_gmic_paints_the_hole_and_leaves_the_rest_as_it_was(photograph: Picture, inpainter: Inpainter) -> None:
    mask = hole(Shape.SQUARE, 256, photograph.shape[:2], np.random.default_rng(3))
    painted = inpainter(photograph, mask)
    assert (painted[~mask] == photograph[~mask]).all()
    assert (painted[mask] != photograph[mask]).mean() > 0.5
    assert (inpainter(photograph, mask) == painted).all()


def test_without_gmic_it_is_said_what_is_missing(photograph: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    mask = hole(Shape.SQUARE, 256, photograph.shape[:2], np.random.default_rng(3))
    with pytest.raises(ConfigError, match="apt-get install -y gmic"):
        gmic(0)(photograph, mask)
