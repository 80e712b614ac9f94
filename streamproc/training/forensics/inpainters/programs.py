"""Painted by the program G'MIC."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from streamproc.errors import ConfigError
from streamproc.forensics.traces import Mask, Picture
from streamproc.training.forensics.inpainters.contract import Inpainter, inpainter

GMIC_MODES: Final = {"gmic isotropic": 0, "gmic delaunay": 1, "gmic edge": 2}
"""G'MIC's ``inpaint_pde``: the published protocol's own three inpainters."""
GMIC_OTHERS: Final[Mapping[str, Sequence[str]]] = {
    "gmic average": ("-inpaint[0]", "[1],0"),
    "gmic patch": ("-inpaint[0]", "[1],7"),
    "gmic matchpatch": ("-inpaint_matchpatch[0]", "[1]"),
    "gmic morpho": ("-inpaint_morpho[0]", "[1]"),
}
"""Means from the border in; patches with blended seams (Daisy and others 2013); PatchMatch over scales; flooding."""


def has_gmic() -> bool:
    """Tell whether the program G'MIC is installed; it makes data and is never needed to look for traces."""
    return shutil.which("gmic") is not None


def gmic(mode: int) -> Inpainter:
    """Return G'MIC's PDE inpainting: 0 isotropic, 1 Delaunay-oriented, 2 edge-oriented.

    What is returned raises ConfigError where G'MIC is not installed.
    """
    return _called(["-inpaint_pde[0]", f"[1],40%,{mode},15"])


def gmic_other(name: str) -> Inpainter:
    """Return one of GMIC_OTHERS. What is returned raises ConfigError where G'MIC is not installed."""
    return _called(GMIC_OTHERS[name])


def _called(call: Sequence[str]) -> Inpainter:
    @inpainter
    def paint(picture: Picture, mask: Mask) -> Picture:
        if not has_gmic():
            raise ConfigError("pictures are painted by the program G'MIC, which is not here: apt-get install -y gmic")
        with tempfile.TemporaryDirectory(prefix="gmic-") as folder:
            source, hole, out = (Path(folder) / name for name in ("source.png", "hole.png", "out.tiff"))
            cv2.imwrite(str(source), picture[:, :, ::-1])
            cv2.imwrite(str(hole), mask.astype(np.uint8) * 255)
            # One thread and a seed: some search at random. TIFF: G'MIC 2.9's PNG shifts untouched pixels by one.
            command = ["gmic", "-srand", "0", str(source), str(hole), *call, "-remove[1]", "-o", f"{out},uchar,lzw"]
            alone = {**os.environ, "OMP_NUM_THREADS": "1"}
            subprocess.run(command, check=True, capture_output=True, timeout=600, env=alone)
            painted = cv2.imread(str(out), cv2.IMREAD_COLOR)
        assert painted is not None
        return np.asarray(painted[:, :, ::-1], np.uint8)

    return paint
