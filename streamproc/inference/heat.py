"""Networks that give a heat: checked when they are loaded, and run over pictures of any size."""

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.forensics.traces import Map
from streamproc.inference.session import Provider, open_session

_AT_ONCE = 1 << 22  # pixels


def open_network(path: Path, provider: Provider) -> onnxruntime.InferenceSession:
    """Open a network that takes ``luma``, (N, H, W, 1), and gives ``logit``, (N, h, w, 1).

    Raises ModelError: can't be loaded, or takes or gives something else.
    """
    session = open_session(path, provider)
    ends = [*session.get_inputs(), *session.get_outputs()]
    if [(one.name, len(one.shape), one.shape[-1:]) for one in ends] != [("luma", 4, [1]), ("logit", 4, [1])]:
        takes, gives = ([one.name for one in side] for side in (session.get_inputs(), session.get_outputs()))
        raise ModelError(f"{path}: takes {takes} and gives {gives}; it should take luma and give logit, of one channel")
    return session


def heat_of(session: onnxruntime.InferenceSession, light: NDArray[np.float32], *, step: int, margin: int) -> Map:
    """Return the likelihood in [0, 1] that a network gives for each pixel of luma, (H, W) in [0, 255].

    step: what height and width of what goes in are multiples of; margin: pixels around a pixel that it looks at, and a
    few more, a multiple of the step.
    """
    height, width = light.shape
    light = np.asarray(
        cv2.copyMakeBorder(light, 0, -height % step, 0, -width % step, cv2.BORDER_REFLECT_101), np.float32
    )
    heat = np.empty(light.shape, np.float32)
    rows = max(step, _AT_ONCE // light.shape[1] // step * step)
    for top in range(0, len(light), rows):  # strips: a whole 8K picture would take gigabytes
        begin, end = max(top - margin, 0), min(top + rows + margin, len(light))
        (logit,) = session.run(["logit"], {"luma": light[None, begin:end, :, None]})
        odds = cv2.resize(logit[0, :, :, 0], (light.shape[1], end - begin), interpolation=cv2.INTER_LINEAR)
        heat[top : top + rows] = (1 / (1 + np.exp(-np.clip(odds, -30, 30))))[top - begin :][:rows]
    return heat[:height, :width]
