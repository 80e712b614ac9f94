"""The scores around a boundary as a picture."""

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from streamproc.catalogue import BoundaryRow, VersionRow
from streamproc.evidence.scores import FrameScore
from streamproc.timebase import iso_utc

_INCHES: Final = (9.0, 3.6)
_DPI: Final = 110


def draw(boundary: BoundaryRow, versions: Sequence[VersionRow], scores: Sequence[FrameScore]) -> bytes:
    """Return a PNG: the probability of the bug frame by frame, and every place where the boundary has been."""
    import matplotlib
    from matplotlib.figure import Figure  # only here: evidence is rare, and matplotlib is large

    zero = boundary.time
    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
        axes = figure.subplots()
        offsets = [_since(score.time, zero) for score in scores]
        axes.plot(offsets, [score.probability for score in scores], ".-", color="#1f5fa8", markersize=4, linewidth=0.8)
        for version in versions:
            at = _since(version.placement.time, zero)
            if offsets and offsets[0] <= at <= offsets[-1]:
                axes.axvline(at, color="#999999", linestyle=":", linewidth=1)
                axes.annotate(f"v{version.number}", (at, 1.03), fontsize=7, color="#666666", ha="center")
        axes.axvline(0, color="#c0392b", linewidth=1.4)
        where = "" if boundary.utc_ns is None else f", {iso_utc(boundary.utc_ns)}"
        axes.set(
            xlabel="seconds from the boundary",
            ylabel="probability that the bug is there",
            ylim=(-0.05, 1.1),
            title=f"boundary {boundary.id}: {boundary.before} → {boundary.after}, epoch {boundary.epoch}"
            f" at {float(zero):.3f} s{where}",
        )
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _since(time: Fraction, zero: Fraction) -> float:
    return float(time - zero)
