"""Cutting clips: exact to the frame, copied but for a few pictures at the ends, checked.

docs/decisions/0004-frame-exact-cutting.md says how it works and why.
"""

from streamproc.media.cutter.assembly import PART_SUFFIX, CutReport, cut

__all__ = ["PART_SUFFIX", "CutReport", "cut"]
