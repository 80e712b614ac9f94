"""FCPXML 1.8, for Final Cut Pro and DaVinci Resolve: all times are exact fractions of seconds.

Written here and not by OpenTimelineIO's adapter, which reads it back in the tests: the adapter says neither where the
sequence's time code begins nor whether it is drop frame, and puts a clip of media with a time code past its end.
"""

from fractions import Fraction
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from streamproc.exports.timeline import Event, Source, Timeline

_SIZE: Final = (1920, 1080)
"""Of the project, where the source's is not known: it must have one, and the picture is fitted into it."""


def write(timeline: Timeline) -> bytes:
    """Return the XML. Raises ConfigError when there is no time code."""
    rate = timeline.counting.rate
    root = Element("fcpxml", version="1.8")
    resources = SubElement(root, "resources")
    sources = timeline.sources()
    sizes = list(dict.fromkeys(source.size or _SIZE for source in sources))
    for number, (width, height) in enumerate(sizes, 1):
        frame = Fraction(1, 1) / rate
        SubElement(
            resources, "format", id=f"f{number}", frameDuration=_time(frame), width=str(width), height=str(height)
        )
    assets = {source: f"a{number}" for number, source in enumerate(sources, 1)}
    for source, name in assets.items():
        _asset(resources, timeline, source, (name, f"f{sizes.index(source.size or _SIZE) + 1}"))
    project = SubElement(SubElement(root, "event", name=timeline.title), "project", name=timeline.title)
    record_start = timeline.first_record_frame
    form = "DF" if timeline.drop_frame else "NDF"
    times = {"duration": _time(timeline.frames / rate), "tcStart": _time(record_start / rate), "tcFormat": form}
    spine = SubElement(SubElement(project, "sequence", {"format": "f1", **times}), "spine")
    for event, at in timeline.recorded():
        _clip(spine, timeline, event, {"ref": assets[event.source], "offset": _time((record_start + at) / rate)})
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{text}\n'.encode()


def _asset(resources: Element, timeline: Timeline, source: Source, names: tuple[str, str]) -> None:
    rate = timeline.counting.rate
    SubElement(
        resources,
        "asset",
        id=names[0],
        name=source.name,
        src=source.url or f"file:///{source.reel}.mp4",  # must be there; without a file the system asks for one
        start=_time(source.start_frame / rate),
        duration=_time(timeline.source_frames(source) / rate),
        format=names[1],
        hasVideo="1",
        hasAudio="1",
        audioSources="1",
        audioChannels="2",
    )


def _clip(spine: Element, timeline: Timeline, event: Event, more: dict[str, str]) -> None:
    rate, zero = timeline.counting.rate, event.source.start_frame
    form = "DF" if timeline.drop_frame else "NDF"
    times = {"start": _time((zero + event.first) / rate), "duration": _time(event.frames / rate), "tcFormat": form}
    clip = SubElement(spine, "asset-clip", {"name": event.name, **more, **times})
    for marker in event.markers:
        at, length = _time((zero + marker.frame) / rate), _time(1 / rate)
        SubElement(clip, "marker", start=at, duration=length, value=marker.name)


def _time(seconds: Fraction) -> str:
    if seconds.denominator == 1:
        return f"{seconds.numerator}s"
    return f"{seconds.numerator}/{seconds.denominator}s"
