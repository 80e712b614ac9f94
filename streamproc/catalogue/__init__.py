"""Segments, boundaries and their versions, clips and events: what was found, and what is to be done about it."""

from streamproc.catalogue.models import ClipState, Role
from streamproc.catalogue.queries import SegmentFilter
from streamproc.catalogue.rows import (
    BoundaryRow,
    ChannelRow,
    ClipJob,
    ClipRow,
    EpochRow,
    EventRow,
    GapRow,
    SegmentRow,
    VersionRow,
)
from streamproc.catalogue.store import Catalogue

__all__ = [
    "BoundaryRow",
    "Catalogue",
    "ChannelRow",
    "ClipJob",
    "ClipRow",
    "ClipState",
    "EpochRow",
    "EventRow",
    "GapRow",
    "Role",
    "SegmentFilter",
    "SegmentRow",
    "VersionRow",
]
