"""What is known of some footage, and how what was found compares with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from streamproc.errors import ConfigError

MATCH_S = 1.0
"""A found boundary farther off than this from a true one is another boundary."""

KnownKind = Literal["programme", "advert", "unknown"]


class TrueSegment(BaseModel):
    """One stretch of a segments.json; keys that are not needed here are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kind: KnownKind
    start_s: float
    """Seconds from the footage's beginning."""
    end_s: float
    """Seconds; the end is exclusive."""


class Segments(BaseModel):
    """A segments.json."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    segments: tuple[TrueSegment, ...]
    """Contiguous and in order."""

    def kind_at(self, time_s: float) -> KnownKind:
        """Return what is on air at a time; ``unknown`` outside all segments."""
        inside = (one.kind for one in self.segments if one.start_s - 1e-6 <= time_s < one.end_s - 1e-6)
        return next(inside, "unknown")

    def changes(self) -> tuple[tuple[TrueSegment, TrueSegment], ...]:
        """Return the neighbours between which programme and advert change."""
        return tuple(
            (before, after)
            for before, after in pairwise(self.segments)
            if {before.kind, after.kind} == {"programme", "advert"}
        )


def read_segments(path: Path) -> Segments:
    """Read a segments.json. Raises ConfigError when it can't be read or is none."""
    try:
        return Segments.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror})") from error
    except (UnicodeDecodeError, ValidationError) as error:
        raise ConfigError(f"{path}: is no segments.json: it needs 'segments' with kind, start_s and end_s") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What became of one true boundary."""

    time_s: float
    """When it is."""
    before: KnownKind
    """What ends there."""
    after: KnownKind
    """What begins there."""
    found_s: float | None
    """Where it was found; None when it was missed."""

    @property
    def error_s(self) -> float | None:
        """Seconds from the true boundary to the found one, later is positive; None when it was missed."""
        return None if self.found_s is None else round(self.found_s - self.time_s, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What became of all boundaries."""

    matches: tuple[Match, ...]
    """Of every true boundary."""
    false_s: tuple[float, ...]
    """Where a boundary was found and none is."""

    @property
    def errors_s(self) -> list[float]:
        """Sizes of the errors of those that were found, seconds."""
        return [abs(error) for match in self.matches if (error := match.error_s) is not None]

    def document(self) -> dict[str, object]:
        """Return it ready for JSON."""
        errors = self.errors_s
        return {
            "boundaries": [
                {
                    "time_s": one.time_s,
                    "before": one.before,
                    "after": one.after,
                    "found_s": one.found_s,
                    "error_s": one.error_s,
                }
                for one in self.matches
            ],
            "missed": len(self.matches) - len(errors),
            "false_s": list(self.false_s),
            "median_error_s": median(errors) if errors else None,
            "greatest_error_s": max(errors, default=None),
        }


def compare(known: Segments, found: Sequence[tuple[float, str]]) -> Found:
    """Match found boundaries, each a time in seconds and the kind from there on, with the true ones.

    Each true boundary takes the nearest one to the same kind within MATCH_S. What is left over is false, unless the
    truth does not know what is on air there.
    """
    left = list(found)
    matches = []
    for before, after in known.changes():
        near = [one for one in left if one[1] == after.kind and abs(one[0] - after.start_s) <= MATCH_S]
        best = min(near, key=lambda one: abs(one[0] - after.start_s), default=None)
        if best is not None:
            left.remove(best)
        matches.append(
            Match(time_s=after.start_s, before=before.kind, after=after.kind, found_s=None if best is None else best[0])
        )
    false = tuple(time for time, _ in left if known.kind_at(time) != "unknown")
    return Found(matches=tuple(matches), false_s=false)


def kind_changes(segments: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return where the kind changes, and to what, from (start s, kind); unknown stretches count as what follows."""
    known = [one for one in segments if one[1] != "unknown"]
    return [after for before, after in pairwise(known) if before[1] != after[1]]
