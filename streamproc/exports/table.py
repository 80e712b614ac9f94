"""CSV, for spreadsheets and scripts: one row an event, times in every way that somebody may need."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from streamproc.exports.timecode import standard_rate
from streamproc.exports.timeline import Event, Timeline
from streamproc.timebase import iso_utc, to_ns

COLUMNS: Final = (
    "number",
    "kind",
    "title",
    "source",
    "reel",
    "source_in",
    "source_out",
    "record_in",
    "record_out",
    "duration",
    "start_frame",
    "end_frame",
    "start_s",
    "end_s",
    "start_utc",
    "end_utc",
    "confidence",
    "state",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def write(timeline: Timeline, delimiter: str = ",") -> bytes:
    """Return the table, in UTF-8 with the mark by which Excel knows it.

    A text that a spreadsheet would take for a formula begins with an apostrophe, which it takes for "text".
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    has_code = timeline.rate is not None and standard_rate(timeline.rate) is not None
    for number, (event, at) in enumerate(timeline.recorded(), 1):
        codes = _codes(timeline, event, at) if has_code else ("",) * 5
        writer.writerow([number, *_texts(event), *codes, *_figures(timeline, event)])
    return out.getvalue().encode("utf-8-sig")


def _texts(event: Event) -> Iterator[str]:
    for text in (event.kind.value, event.name, event.source.name, event.source.reel):
        yield f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _codes(timeline: Timeline, event: Event, at: int) -> tuple[str, ...]:
    label, start, record = timeline.counting.label, event.source.start_frame, timeline.first_record_frame + at
    source = (label(start + event.first), label(start + event.end))
    return (*source, label(record), label(record + event.frames), label(event.frames))


def _figures(timeline: Timeline, event: Event) -> Iterator[object]:
    yield from ("", "") if timeline.rate is None else (event.first, event.end)
    yield from (f"{float(event.start):.6f}", f"{float(event.stop):.6f}")
    if event.utc_ns is None:
        yield from ("", "")
    else:
        yield from (iso_utc(event.utc_ns), iso_utc(event.utc_ns + to_ns(event.stop - event.start)))
    yield "" if event.confidence is None else f"{event.confidence:.6f}"
    yield "" if event.state is None else event.state.value
