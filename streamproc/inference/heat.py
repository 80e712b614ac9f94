"""Networks that give a heat: checked when they are loaded, and run over pictures of any size."""

from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.forensics.traces import Map
from streamproc.inference.session import Provider, open_session

Seen = Literal["luma", "colours"]
"""What a network takes, by its input's name."""
_CHANNELS: Final[dict[Seen, int]] = {"luma": 1, "colours": 6}
_AT_ONCE = 1 << 22  # pixels


def open_network(path: Path, seen: Seen, provider: Provider) -> onnxruntime.InferenceSession:
    """Open a network that takes luma, (N, H, W, 1), or colours and their change,
    (N, H, W, 6), and gives ``logit``, (N, h, w, 1).

    Raises ModelError: can't be loaded, or takes or gives something else.
    """
    session = open_session(path, provider, keep_memory=True)
    ends = [*session.get_inputs(), *session.get_outputs()]
    found = [(one.name, len(one.shape), one.shape[-1:]) for one in ends]
    if found != [(seen, 4, [_CHANNELS[seen]]), ("logit", 4, [1])]:
        takes, gives = ([one.name for one in side] for side in (session.get_inputs(), session.get_outputs()))
        shape = f"of {_CHANNELS[seen]} and 1 channels"
        raise ModelError(f"{path}: takes {takes} and gives {gives}; it should take {seen} and give logit, {shape}")
    return session


def odds_of(session: onnxruntime.InferenceSession, light: NDArray[np.float32], *, step: int, margin: int) -> Map:
    """Return the logits that a network gives for luma, (H, W) in [0, 255], at the network's own scale.

    They reach as far as the picture does when it is continued to multiples of the step. step: what height and width of
    what goes in are multiples of; margin: pixels around a pixel that it looks at, and a few more, in whole steps.
    """
    height, width = light.shape
    whole = cv2.copyMakeBorder(light, 0, -height % step, 0, -width % step, cv2.BORDER_REFLECT_101)
    rows = max(step, _AT_ONCE // whole.shape[1] // step * step)
    strips = []
    for top in range(0, len(whole), rows):  # a whole 8K picture would take gigabytes
        begin, end = max(top - margin, 0), min(top + rows + margin, len(whole))
        (logit,) = session.run(["logit"], {"luma": whole[None, begin:end, :, None]})
        scale = (end - begin) // logit.shape[1]
        strips.append(logit[0, (top - begin) // scale :, :, 0][: rows // scale])
    return np.concatenate(strips)


def enlarged(low: Map, size: tuple[int, int], scale: int) -> Map:
    """Return what there is for every ``scale``-th pixel for every one of a picture of (H, W) ``size``."""
    whole = cv2.resize(low, (low.shape[1] * scale, low.shape[0] * scale), interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole[: size[0], : size[1]], np.float32)
