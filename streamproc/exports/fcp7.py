"""Final Cut Pro 7 XML (xmeml): what Premiere Pro, DaVinci Resolve and many others exchange timelines by."""

from xml.etree import ElementTree

import opentimelineio as otio

from streamproc.exports import opentimeline
from streamproc.exports.timeline import Timeline


def write(timeline: Timeline) -> bytes:
    """Return the XML. Raises ConfigError when there is no time code."""
    built = opentimeline.build(timeline)
    form = "DF" if timeline.drop_frame else "NDF"
    built.metadata["fcp_xml"] = {"timecode": {"displayformat": form}}
    root = ElementTree.fromstring(otio.adapters.write_to_string(built, "fcp_xml"))
    # The adapter has time code wrap a minute and a half early in non-drop at 29.97 and 59.94: written anew from frames.
    for code in root.iter("timecode"):
        _child(code, "string").text = timeline.counting.label(int(_child(code, "frame").text or 0))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n{text}\n'.encode()


def _child(parent: ElementTree.Element, tag: str) -> ElementTree.Element:
    found = parent.find(tag)
    assert found is not None  # the adapter always writes it
    return found
