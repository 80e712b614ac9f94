"""Segments, boundaries and their versions, clips, labels, alarms, events: what was found, and what to do about it."""

from streamproc.catalogue.models import ClipState, Role
from streamproc.catalogue.people import UserRole
from streamproc.catalogue.queries import SegmentFilter
from streamproc.catalogue.rows import (
    AlarmRow,
    BoundaryRow,
    ChannelRow,
    ClipJob,
    ClipRow,
    EpochRow,
    EventRow,
    GapRow,
    LabelRow,
    SegmentRow,
    VersionRow,
)
from streamproc.catalogue.store import Catalogue

__all__ = [
    "AlarmRow",
    "BoundaryRow",
    "Catalogue",
    "ChannelRow",
    "ClipJob",
    "ClipRow",
    "ClipState",
    "EpochRow",
    "EventRow",
    "GapRow",
    "LabelRow",
    "Role",
    "SegmentFilter",
    "SegmentRow",
    "UserRole",
    "VersionRow",
]
