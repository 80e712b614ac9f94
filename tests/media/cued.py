"""Transport streams of our own drawing with cues in them, wherever a test wants them."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from streamproc.media.files import transport_pid
from streamproc.media.probe import pick_tracks
from streamproc.media.source import open_container
from streamproc.scte35.section import make_splice_insert
from streamproc.scte35.transport import WRAP, Injector, Insertion
from tests.footage import Drawn, draw

TICK = Fraction(1, 90_000)
FRAME = 3600
"""Ticks of a frame at 25 a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A splice_insert that a stream shall have."""

    frame: int
    """Of which frame it speaks."""
    out: bool = True
    """Whether a break begins there."""
    lead: int = 50
    """How many frames earlier it is sent."""
    event_id: int = 1
    """Its event."""
    duration: int | None = None
    """Frames of the break."""


def draw_cued(path: Path, wanted: Sequence[Wanted], *, frames: int = 200, begins_s: float = 0) -> Path:
    """Draw a stream of 25 frames a second whose count begins at about ``begins_s`` seconds, with cues."""
    plain = path.with_name(f"{path.stem}-plain.ts")
    options = {"output_ts_offset": str(begins_s)} if begins_s else {}
    draw(plain, Drawn(frames=frames, options={"g": "25", "bf": "2"}, container_options=options))
    zero = first_pts(plain)
    with plain.open("rb") as source:
        injector = Injector(source, video_pid(plain), zero, [insertion(zero, one) for one in wanted])
        path.write_bytes(b"".join(injector.run()))
    return path


def first_pts(path: Path) -> int:
    """Return the count at the first frame, ticks of 90 kHz in 33 bits."""
    with closing(open_container(str(path))) as container:
        video, _ = pick_tracks(container, str(path))
        first = next(packet for packet in container.demux(video) if packet.size and packet.pts is not None)
    assert first.pts is not None
    return int(first.pts) % WRAP


def insertion(zero: int, wanted: Wanted) -> Insertion:
    """Return what is to be put into a stream whose first frame counts ``zero``."""
    pts = zero + wanted.frame * FRAME
    duration = None if wanted.duration is None else wanted.duration * FRAME
    section = make_splice_insert(wanted.event_id, pts, out=wanted.out, duration=duration)
    return Insertion((wanted.frame - wanted.lead) * FRAME, section)


def video_pid(path: Path) -> int:
    """Return the PID of the video."""
    pid = transport_pid(path)
    assert pid is not None
    return pid


def injected(path: Path, insertions: Sequence[Insertion]) -> bytes:
    """Return a stream with sections put in."""
    with path.open("rb") as source:
        return b"".join(Injector(source, video_pid(path), first_pts(path), insertions).run())
