"""Which of the programmes that are found now is which of those that were known: numbers must stay what they were."""

from collections.abc import Sequence
from dataclasses import dataclass

Pieces = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A programme, as it is known or as it is found."""

    listed_ns: int | None
    """When its listing has it begin; None without one."""
    pieces: tuple[tuple[float, float], ...]
    """Its footage, seconds."""


def identify(found: Sequence[Sighting], known: Sequence[Sighting]) -> list[int | None]:
    """Return for each that is found the number of the known one that it is; None for a new one.

    The same listing is the same programme where they have footage in common; else the one with most in common, if
    that is at least half of the shorter.
    """
    pairs = [
        (not _same_listing(one, other), -common, i, j)
        for i, one in enumerate(found)
        for j, other in enumerate(known)
        if (common := _common(one.pieces, other.pieces)) > 0
        and (_same_listing(one, other) or 2 * common >= min(_length(one.pieces), _length(other.pieces)))
    ]
    result: list[int | None] = [None] * len(found)
    taken: set[int] = set()
    for _, _, i, j in sorted(pairs):
        if result[i] is None and j not in taken:
            result[i] = j
            taken.add(j)
    return result


def _same_listing(one: Sighting, other: Sighting) -> bool:
    return one.listed_ns is not None and one.listed_ns == other.listed_ns


def _common(one: Pieces, other: Pieces) -> float:
    return sum(max(0.0, min(a[1], b[1]) - max(a[0], b[0])) for a in one for b in other)


def _length(pieces: Pieces) -> float:
    return sum(end - start for start, end in pieces)
