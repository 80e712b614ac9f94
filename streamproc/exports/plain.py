"""JSON, for scripts: the whole timeline with exact times; docs/exports.md describes each key."""

import json
from fractions import Fraction
from typing import Any

from streamproc.exports.timecode import standard_rate
from streamproc.exports.timeline import Event, Source, Timeline
from streamproc.timebase import iso_utc, to_ns


def write(timeline: Timeline) -> bytes:
    """Return the JSON, in UTF-8; unknown values are null."""
    sources = timeline.sources()
    body = {
        "schema": 1,
        "title": timeline.title,
        "frame_rate": None if timeline.rate is None else _fraction(timeline.rate),
        "drop_frame": timeline.drop_frame,
        "sources": [_source(timeline, source) for source in sources],
        "events": [
            {"number": number, "source": sources.index(event.source), **_event(timeline, event, at)}
            for number, (event, at) in enumerate(timeline.recorded(), 1)
        ],
    }
    return (json.dumps(body, ensure_ascii=False, indent=2) + "\n").encode()


def _source(timeline: Timeline, source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "reel": source.reel,
        "url": source.url,
        "start_timecode": timeline.counting.label(source.start_frame) if _has_code(timeline) else None,
        "start_utc": None if source.utc_ns is None else iso_utc(source.utc_ns),
        "frames": source.frames,
    }


def _event(timeline: Timeline, event: Event, at: int) -> dict[str, Any]:
    known = timeline.rate is not None
    return {
        "kind": event.kind.value,
        "title": event.name,
        "start_frame": event.first if known else None,
        "end_frame": event.end if known else None,
        "start": _fraction(event.start),
        "end": _fraction(event.stop),
        "start_s": float(event.start),
        "end_s": float(event.stop),
        "start_utc": None if event.utc_ns is None else iso_utc(event.utc_ns),
        "end_utc": None if event.utc_ns is None else iso_utc(event.utc_ns + to_ns(event.stop - event.start)),
        "timecode": _codes(timeline, event, at) if _has_code(timeline) else None,
        "confidence": event.confidence,
        "state": None if event.state is None else event.state.value,
        "markers": [{"frame": marker.frame, "name": marker.name} for marker in event.markers],
        "scte35": event.cue,
    }


def _codes(timeline: Timeline, event: Event, at: int) -> dict[str, str]:
    label, start, record = timeline.counting.label, event.source.start_frame, timeline.first_record_frame + at
    return {
        "source_in": label(start + event.first),
        "source_out": label(start + event.end),
        "record_in": label(record),
        "record_out": label(record + event.frames),
    }


def _has_code(timeline: Timeline) -> bool:
    return timeline.rate is not None and standard_rate(timeline.rate) is not None


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
