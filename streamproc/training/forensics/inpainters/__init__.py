"""Inpainters: what forgers use. Each takes a picture and a mask and returns the picture with the hole painted over."""

from streamproc.training.forensics.inpainters.contract import Inpainter
from streamproc.training.forensics.inpainters.exemplar import criminisi, patchmatch
from streamproc.training.forensics.inpainters.filters import delogo, removelogo
from streamproc.training.forensics.inpainters.programs import GMIC_MODES, GMIC_OTHERS, gmic, gmic_other, has_gmic
from streamproc.training.forensics.inpainters.solved import biharmonic, harmonic, navier_stokes, telea
from streamproc.training.forensics.inpainters.transport import bertalmio

__all__ = [
    "GMIC_MODES",
    "GMIC_OTHERS",
    "Inpainter",
    "bertalmio",
    "biharmonic",
    "criminisi",
    "delogo",
    "gmic",
    "gmic_other",
    "harmonic",
    "has_gmic",
    "navier_stokes",
    "patchmatch",
    "removelogo",
    "telea",
]
