"""CMX3600 EDL: one line an event, understood by nearly every editing and grading system.

Written here and not by OpenTimelineIO's adapter, which reads it back in the tests: the adapter writes drop frame at
29.97 and 59.94 whether wanted or not, never says which (FCM), and has no events of picture with sound.
"""

from typing import Final

from streamproc.errors import ConfigError
from streamproc.exports.timeline import Event, Timeline

MOST_EVENTS: Final = 999
"""The number of an event has three digits."""
_CHANNELS: Final = "AA/V"  # picture and both channels of sound


def write(timeline: Timeline) -> bytes:
    """Return the EDL. Raises ConfigError when there is no time code, or there are more than 999 events."""
    if len(timeline.events) > MOST_EVENTS:
        raise ConfigError(
            f"an EDL holds {MOST_EVENTS} events, and there are {len(timeline.events)}; export a shorter range, or only "
            "programmes"
        )
    lines = [
        f"TITLE: {_line(timeline.title)}",
        f"FCM: {'DROP FRAME' if timeline.drop_frame else 'NON-DROP FRAME'}",
        "",
    ]
    for number, (event, at) in enumerate(timeline.recorded(), 1):
        lines += _event(timeline, number, event, at)
    return ("\r\n".join(lines) + "\r\n").encode()


def _event(timeline: Timeline, number: int, event: Event, at: int) -> list[str]:
    label, start = timeline.counting.label, event.source.start_frame
    record = timeline.first_record_frame + at
    times = (start + event.first, start + event.end, record, record + event.frames)
    sure = "" if event.confidence is None else f", confidence {event.confidence:.3f}"
    state = "" if event.state is None else f", {event.state}"
    lines = [
        f"{number:03d}  {event.source.reel:<8} {_CHANNELS:<5} C        {' '.join(label(time) for time in times)}",
        f"* FROM CLIP NAME:  {_line(event.name)}",
        f"* COMMENT: {event.kind}{state}{sure}",
        f"* SOURCE FILE: {_line(event.source.name)}",
    ]
    lines += [f"* LOC: {label(start + mark.frame)} RED     {_line(mark.name)}" for mark in event.markers]
    return lines


def _line(text: str) -> str:
    """Return a text without line ends: whatever comes on a line of its own would be read as an event."""
    return " ".join(text.split())
