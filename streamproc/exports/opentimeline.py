"""OpenTimelineIO: the timeline with both its sides, as .otio and as what its adapters write."""

from typing import Final

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from streamproc.exports.timeline import Event, Source, Timeline
from streamproc.timebase import iso_utc

NAMESPACE: Final = "streamproc"


def write(timeline: Timeline) -> bytes:
    """Return the .otio file. Raises ConfigError when there is no time code."""
    return str(otio.adapters.write_to_string(build(timeline), "otio_json")).encode()


def build(timeline: Timeline) -> otio.schema.Timeline:
    """Return the timeline as OpenTimelineIO's: one track of picture and one of sound, with the same clips.

    Times are whole frames at the exact rate. Raises ConfigError when there is no time code.
    """
    result = otio.schema.Timeline(name=timeline.title)
    rate = float(timeline.counting.rate)
    result.global_start_time = RationalTime(timeline.first_record_frame, rate)
    result.metadata[NAMESPACE] = {"drop_frame": timeline.drop_frame, "rate": _text(timeline)}
    for name, kind in (("V1", otio.schema.TrackKind.Video), ("A1", otio.schema.TrackKind.Audio)):
        track = otio.schema.Track(name=name, kind=kind)
        track.extend(_clip(timeline, event) for event in timeline.events)
        result.tracks.append(track)
    return result


def _clip(timeline: Timeline, event: Event) -> otio.schema.Clip:
    clip = otio.schema.Clip(
        name=event.name,
        media_reference=_media(timeline, event.source),
        source_range=_range(timeline, event.source.start_frame + event.first, event.frames),
    )
    clip.metadata[NAMESPACE] = {
        "kind": event.kind.value,
        "state": None if event.state is None else event.state.value,
        "confidence": event.confidence,
        "start_utc": None if event.utc_ns is None else iso_utc(event.utc_ns),
    }
    clip.metadata["cmx_3600"] = {"reel": event.source.reel}
    for marker in event.markers:
        at = _range(timeline, event.source.start_frame + marker.frame, 1)
        clip.markers.append(otio.schema.Marker(name=marker.name, marked_range=at, color=otio.schema.MarkerColor.RED))
    return clip


def _media(timeline: Timeline, source: Source) -> otio.core.MediaReference:
    available = _range(timeline, source.start_frame, timeline.source_frames(source))
    if source.url is None:
        reference = otio.schema.MissingReference(name=source.name, available_range=available)
    else:
        reference = otio.schema.ExternalReference(target_url=source.url, available_range=available)
        reference.name = source.name
    form = "DF" if timeline.drop_frame else "NDF"
    reference.metadata["fcp_xml"] = {"timecode": {"displayformat": form, "reel": {"name": source.reel}}}
    return reference


def _range(timeline: Timeline, first: int, frames: int) -> TimeRange:
    rate = float(timeline.counting.rate)
    return TimeRange(RationalTime(first, rate), RationalTime(frames, rate))


def _text(timeline: Timeline) -> str:
    rate = timeline.counting.rate
    return f"{rate.numerator}/{rate.denominator}"
