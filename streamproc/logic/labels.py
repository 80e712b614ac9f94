"""What people say is on air, where they say it more than once: the last word holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from streamproc.messages import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A stretch of an epoch of which somebody, or something, says what is on air; [start, end)."""

    epoch: int
    """The epoch's number in the recording."""
    start: Fraction
    """Seconds in the epoch."""
    end: Fraction
    """Seconds in the epoch, after ``start``."""
    kind: Kind
    """PROGRAMME (with the bug) or ADVERT (without)."""


def effective(labels: Iterable[Label]) -> list[Label]:
    """Return what holds of labels in the order in which they were made: a later one overrides what it overlaps.

    returns: labels that share no moment, by epoch and time. Pieces that touch and say the same are one label; what
    was a label's middle may be gone, so one label may become two.
    """
    standing: list[Label] = []
    for label in labels:
        standing = [piece for old in standing for piece in _without(old, label)]
        standing.append(label)
    return _joined(sorted(standing, key=lambda label: (label.epoch, label.start)))


def without(label: Label, others: Iterable[Label]) -> list[Label]:
    """Return what is left of a label outside all others."""
    pieces = [label]
    for other in others:
        pieces = [piece for whole in pieces for piece in _without(whole, other)]
    return pieces


def _without(label: Label, other: Label) -> list[Label]:
    if label.epoch != other.epoch or label.end <= other.start or other.end <= label.start:
        return [label]
    edges = ((label.start, min(label.end, other.start)), (max(label.start, other.end), label.end))
    return [Label(epoch=label.epoch, start=start, end=end, kind=label.kind) for start, end in edges if start < end]


def _joined(labels: list[Label]) -> list[Label]:
    joined: list[Label] = []
    for label in labels:
        last = joined[-1] if joined else None
        if last is not None and (last.epoch, last.end, last.kind) == (label.epoch, label.start, label.kind):
            joined[-1] = Label(epoch=last.epoch, start=last.start, end=label.end, kind=label.kind)
        else:
            joined.append(label)
    return joined


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where an epoch lies in wall time."""

    epoch: int
    """Its number in the recording."""
    start_ns: int
    """Wall time of its time 0, nanoseconds since 1970 UTC."""
    end_ns: int
    """Wall time after its last frame, or the present while it runs."""


def at_wall_time(spans: Iterable[Span], start_ns: int, end_ns: int, kind: Kind) -> list[Label]:
    """Return the labels that a stretch of wall time, [start_ns, end_ns), makes: one in each epoch that it touches."""
    found = []
    for span in spans:
        first, last = max(start_ns, span.start_ns), min(end_ns, span.end_ns)
        if first < last:
            start, end = (Fraction(moment - span.start_ns, 1_000_000_000) for moment in (first, last))
            found.append(Label(epoch=span.epoch, start=start, end=end, kind=kind))
    return found
