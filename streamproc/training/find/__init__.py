"""Finds a channel's bug in footage about which nothing is known."""

from streamproc.training.find.finding import Finding, Kind, Mark, Verdict
from streamproc.training.find.picture import annotated, draw_marks
from streamproc.training.find.search import find_bug

__all__ = ["Finding", "Kind", "Mark", "Verdict", "annotated", "draw_marks", "find_bug"]
