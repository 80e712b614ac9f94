"""A channel whose broadcast is really recorded, with what the analysis and naming would have found in it."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from streamproc.catalogue.finishing import Programme, ProgrammePart, ProgrammeState
from streamproc.catalogue.queries import find_channel, find_epoch
from streamproc.catalogue.store import Rules
from streamproc.messages import Change, Kind, Method, Placement, Position
from streamproc.timebase import NS
from tests.live import PART
from tests.media.recorded import record

Site = Any
P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN
RATE = 25
CHANNEL = "two"
TITLE = "Место встречи"
UNSURE = 0.6
RULES = Rules(min_confidence=0.9, review_ns=7 * 24 * 3600 * NS)


@dataclass(frozen=True)
class Aired:
    """Where things are."""

    epoch: int
    programme: int
    boundaries: dict[int, int]
    """By frame, as they were found."""


def air(site: Site, broadcast: Path, *, unsure: tuple[int, ...] = (), confidence: float = 1.0) -> Aired:
    """Record a broadcast of programme, break, programme, break, and enter what is in it.

    unsure: frames of those changes whose place is not sure; confidence: of the programme's name.
    """
    epoch, _ = record(broadcast, site.settings.recording_dir / CHANNEL, file_s=10)
    catalogue = site.catalogue
    catalogue.put_channel(CHANNEL, "Второй канал", "bug", "1" * 64, rules=RULES)
    catalogue.begin_epoch(
        CHANNEL, epoch.id, utc_zero_ns=epoch.utc_zero_ns, frame_rate=Fraction(RATE), description="h264 640x360"
    )
    found = {}
    for before, after, frame in ((U, P, 0), (P, A, PART), (A, P, 2 * PART), (P, A, 3 * PART)):
        found[frame] = _change(catalogue, epoch.id, (before, after), frame, UNSURE if frame in unsure else 0.99)
    catalogue.save_position(CHANNEL, Position(epoch=epoch.id, time=Fraction(4 * PART - 5, RATE), memory="{}"))
    return Aired(epoch.id, _programme(catalogue, epoch.id, found, confidence), found)


def _change(catalogue: Any, epoch: int, kinds: tuple[Kind, Kind], frame: int, confidence: float) -> int:
    time = Fraction(frame, RATE)
    change = Change(
        epoch=epoch,
        before=kinds[0],
        after=kinds[1],
        last_old=None if frame == 0 else time - Fraction(1, RATE),
        first_new=time,
        decided=time + Fraction(1, 2 * RATE),
    )
    method = Method.CUT if frame else Method.EPOCH
    at = Placement(time=time, frame=frame, confidence=confidence, method=method)
    number: int = catalogue.add_change(CHANNEL, change, at, Position(epoch=epoch, time=change.decided, memory="{}"))
    catalogue.finalize(number, at)
    return number


def _programme(catalogue: Any, epoch: int, found: dict[int, int], confidence: float) -> int:
    """Add the programme over the two parts that there are."""
    with catalogue.ledger.write() as write:
        row = Programme(channel_id=find_channel(write.session, CHANNEL).id, title=TITLE, confidence=confidence)
        row.state, row.description = ProgrammeState.COMPLETE, "Ток-шоу."
        row.created_ns = row.updated_ns = write.now_ns
        row.parts = [
            ProgrammePart(
                number=number,
                epoch_id=find_epoch(write.session, CHANNEL, epoch).id,
                start=Fraction(start, RATE),
                end=Fraction(start + PART, RATE),
                start_id=found[start],
                end_id=found[start + PART],
                start_sure=True,
                end_sure=True,
            )
            for number, start in enumerate((0, 2 * PART))
        ]
        write.session.add(row)
        write.session.flush()
        return int(row.id)
