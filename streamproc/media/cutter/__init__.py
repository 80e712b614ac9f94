"""Cutting clips and joining parts: exact to the frame, copied but for a few pictures at the ends, checked.

docs/decisions/0004-frame-exact-cutting.md and 0008-joining.md say how it works and why.
"""

from streamproc.media.cutter.assembly import PART_SUFFIX, CutReport, cut, join
from streamproc.media.cutter.modes import Mode, make
from streamproc.media.cutter.plan import WEB, Part, Rework
from streamproc.media.cutter.tags import Tags

__all__ = ["PART_SUFFIX", "WEB", "CutReport", "Mode", "Part", "Rework", "Tags", "cut", "join", "make"]
