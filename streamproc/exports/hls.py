"""An HLS playlist of the recorded files, in which each event is a date range, and each advert break a cue.

EXT-X-DATERANGE has the exact times. EXT-X-CUE-OUT and EXT-X-CUE-IN, which are nobody's standard and everybody's
custom, can stand only between files, and so stand before the one that begins nearest. An event's SCTE-35 message goes
into its date range.
"""

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import Any, Final

from m3u8 import M3U8
from m3u8.model import Segment

from streamproc.errors import ConfigError
from streamproc.exports.timeline import Event, MediaFile, Timeline
from streamproc.messages import Kind
from streamproc.timebase import NS, iso_utc, to_ns, utc_from_ns

CLASS: Final = "streamproc.{kind}"
_VERSION: Final = 7  # EXT-X-MAP outside of I-frame playlists, byte ranges


def write(timeline: Timeline) -> bytes:
    """Return the playlist. Raises ConfigError when there are no files to play."""
    if not timeline.media:
        raise ConfigError(
            "a playlist plays recorded files, or one source file of known length, and there are none; "
            "choose another format"
        )
    playlist = M3U8()
    playlist.version = str(_VERSION)
    playlist.playlist_type = "VOD"
    playlist.target_duration = max(ceil(file.duration) for file in timeline.media)
    playlist.media_sequence = 0
    playlist.is_endlist = True
    cues = _cues(timeline)
    for number, file in enumerate(timeline.media):
        playlist.segments.append(_segment(timeline, file, is_first=number == 0, cue=cues.get(number, {})))
    return (str(playlist.dumps(infspec="microseconds")).rstrip("\n") + "\n").encode()


def _segment(timeline: Timeline, file: MediaFile, *, is_first: bool, cue: dict[str, Any]) -> Segment:
    values: dict[str, Any] = {"uri": file.url, "duration": float(file.duration)}
    if file.header_bytes:
        assert file.size_bytes is not None  # a file with a header is a recorded one, whose size is known
        values["init_section"] = {"uri": file.url, "byterange": f"{file.header_bytes}@0"}
        values["byterange"] = f"{file.size_bytes - file.header_bytes}@{file.header_bytes}"
    values["discontinuity"] = not is_first and not file.is_continued
    if is_first or not file.is_continued:
        values["program_date_time"] = utc_from_ns(_utc_ns(file))
    if is_first:
        values["dateranges"] = [_range(timeline, number, event) for number, event in enumerate(timeline.events, 1)]
    return Segment(**values, **cue)


def _cues(timeline: Timeline) -> dict[int, dict[str, Any]]:
    """Return the cue before each file that has one; where a break ends and the next begins, that is the beginning.

    One long file has no place for them: before it a cue would be wrong by as much as the break is late.
    """
    if len(timeline.media) == 1:
        return {}
    last = timeline.media[-1]
    starts = [*(file.start for file in timeline.media), last.start + last.duration]  # nothing comes before the end
    breaks = [played for played in timeline.played() if played[0].kind is Kind.ADVERT]
    found: dict[int, dict[str, Any]] = {}
    for _, _, stop in breaks:
        found[_nearest(starts, stop)] = {"cue_in": True}
    for _, start, stop in breaks:
        length = f"{float(stop - start):.3f}"
        found[_nearest(starts, start)] = {
            "cue_out_start": True,
            "cue_out_explicitly_duration": True,
            "scte35_duration": length,
        }
    return found


def _nearest(starts: Sequence[Fraction], time: Fraction) -> int:
    """Return the number of the file that begins nearest to a time."""
    after = bisect_left(starts, time)
    return min(range(max(0, after - 1), min(after + 1, len(starts))), key=lambda number: abs(starts[number] - time))


def _range(timeline: Timeline, number: int, event: Event) -> dict[str, Any]:
    start_ns = event.utc_ns
    if start_ns is None:
        first = timeline.media[0]
        start_ns = _utc_ns(first) + to_ns(event.start - first.start)
    values: dict[str, Any] = {
        "id": f"event-{number}",
        "class": CLASS.format(kind=event.kind),
        "start_date": iso_utc(start_ns),
        "duration": float(event.stop - event.start),
        "x_title": _quoted(event.name),
        "x_frames": f'"{event.first}-{event.end}"',
    }
    if event.cue is not None:
        values["scte35_out" if event.kind is Kind.ADVERT else "scte35_in"] = event.cue
    return values


def _utc_ns(file: MediaFile) -> int:
    """Return the wall time of a file; without one the playlist's dates begin in 1970, and only their distances tell."""
    return int(file.start * NS) if file.utc_ns is None else file.utc_ns


def _quoted(text: str) -> str:
    """Return an attribute's string, which can hold neither line ends nor double quotes."""
    return '"' + " ".join(text.replace('"', "'").split()) + '"'
