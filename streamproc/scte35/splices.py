"""What cues a list of segments makes, and how they are written down beside a stream."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

from streamproc.messages import CueKind, Kind
from streamproc.scte35.section import HZ, WRAP, described, make_splice_insert, to_text

_SCHEME = "urn:scte:scte35:2014:xml+bin"
_NAMESPACE = "http://www.scte.org/schemas/35/2016"
_DASH = "urn:mpeg:dash:schema:mpd:2011"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A segment on the source's timeline."""

    kind: Kind
    start: Fraction
    """Time of its first frame, seconds from the source's first."""
    end: Fraction | None
    """Time after its last frame; None when not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpliceCue:
    """A splice_insert to be written."""

    kind: CueKind
    """OUT where a break begins, IN where it ends."""
    time: Fraction
    """Of which frame it speaks, seconds from the source's first."""
    sent: Fraction
    """When it is to be sent, on the same timeline."""
    event_id: int
    """A break's out and in have the same."""
    duration: Fraction | None
    """Length of the break, seconds; only of an OUT."""
    section: bytes
    """The splice_info_section."""


def plan_cues(stretches: Sequence[Stretch], zero: int, preroll: Fraction) -> list[SpliceCue]:
    """Return the cues for the boundaries between programme and break, in order.

    zero: what the stream counts at its first frame, 90 kHz. preroll: how many seconds ahead cues are sent, but for
    the start of the stream. The source's own start and end, and stretches of unknown kind, make none.
    """
    found: list[SpliceCue] = []
    event_id = 0
    for before, after in pairwise(stretches):
        if {before.kind, after.kind} != {Kind.PROGRAMME, Kind.ADVERT}:
            continue
        out = after.kind is Kind.ADVERT
        event_id += out or not found  # a first IN has no OUT before it
        duration = after.end - after.start if out and after.end is not None else None
        pts = (zero + round(after.start * HZ)) % WRAP
        ticks = None if duration is None else round(duration * HZ)
        found.append(
            SpliceCue(
                kind=CueKind.OUT if out else CueKind.IN,
                time=after.start,
                sent=max(after.start - preroll, Fraction(0)),
                event_id=event_id,
                duration=duration,
                section=make_splice_insert(event_id, pts, out=out, duration=ticks),
            )
        )
    return sorted(found, key=lambda cue: cue.sent)


def sidecar(cues: Sequence[SpliceCue], zero: int) -> str:
    """Return threefive's sidecar file: when to put each cue in, seconds by the stream's own count, and the cue."""
    lines = [f"{(zero + round(cue.sent * HZ)) % WRAP / HZ:.6f},{to_text(cue.section)}\n" for cue in cues]
    return "".join(lines)


def as_json(cues: Sequence[SpliceCue]) -> str:
    """Return the cues as JSON, with all their fields."""
    return json.dumps([_entry(cue) for cue in cues], indent=2) + "\n"


def as_xml(cues: Sequence[SpliceCue]) -> str:
    """Return the cues as a DASH EventStream of SCTE-35 (SCTE 214-1), timed from the source's first frame."""
    ElementTree.register_namespace("scte35", _NAMESPACE)
    ElementTree.register_namespace("", _DASH)
    attributes = {"schemeIdUri": _SCHEME, "timescale": str(HZ)}
    stream = ElementTree.Element(f"{{{_DASH}}}EventStream", attributes)
    for number, cue in enumerate(cues, 1):
        timing = {"id": str(number), "presentationTime": str(round(cue.time * HZ))}
        if cue.duration is not None:
            timing["duration"] = str(round(cue.duration * HZ))
        event = ElementTree.SubElement(stream, f"{{{_DASH}}}Event", timing)
        signal = ElementTree.SubElement(event, f"{{{_NAMESPACE}}}Signal")
        ElementTree.SubElement(signal, f"{{{_NAMESPACE}}}Binary").text = to_text(cue.section)
    ElementTree.indent(stream)
    text: str = ElementTree.tostring(stream, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _entry(cue: SpliceCue) -> dict[str, Any]:
    return {
        "kind": cue.kind.value,
        "time_s": float(cue.time),
        "sent_s": float(cue.sent),
        "event_id": cue.event_id,
        "duration_s": None if cue.duration is None else float(cue.duration),
        "payload": to_text(cue.section),
        "fields": described(cue.section),
    }
