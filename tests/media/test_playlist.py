"""Cues in the tags of an HLS playlist: found beside the stream, and put on its frames."""

import time
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import m3u8
import pytest
from structlog.testing import capture_logs

from streamproc.media.playlist import Follower, tags_of
from streamproc.media.recording.reader import RecordingFootage
from streamproc.media.recording.writer import RecordingWriter
from streamproc.media.source import open_source
from streamproc.messages import Cue, CueKind, CueOrigin
from streamproc.scte35.placing import read_cues
from streamproc.scte35.section import make_splice_insert, to_text
from streamproc.timebase import SystemClock
from tests.footage import Drawn, draw

SECTION = to_text(make_splice_insert(9, 12345, out=True))
HEXADECIMAL = "0x" + make_splice_insert(9, 12345, out=True).hex().upper()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address at which it is served."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    folder = tmp_path / "web"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def publish(folder: Path, tags: dict[int, str], *, options: dict[str, str] | None = None, begins_s: float = 0) -> None:
    """Write eight seconds in segments of two, with tags before some of them."""
    made = {"hls_time": "2", "hls_list_size": "0", "hls_flags": "program_date_time", **(options or {})}
    if begins_s:
        made["output_ts_offset"] = str(begins_s)
    gop = {"g": "50", "bf": "2", "x264-params": "scenecut=0"}
    draw(folder / "list.m3u8", Drawn(frames=200, options=gop, container_options=made))
    lines, number = [], 0
    for line in (folder / "list.m3u8").read_text().splitlines():
        if line.startswith("#EXTINF"):
            lines += [tags[number]] if number in tags else []
            number += 1
        lines.append(line)
    (folder / "list.m3u8").write_text("\n".join(lines) + "\n")


def cues_of(address: str, folder: Path, *, wanted: bool = True) -> list[Cue]:
    """Record what is served, and return the cues of the recording."""
    source = open_source(address, playlist_cues=wanted)
    writer = RecordingWriter(folder, file_s=2.0, fragment_s=0.4, clock=SystemClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    for packet in source.packets():
        epoch.write(packet)
        for cue in source.take_cues():
            epoch.write_cue(cue)
    epoch.close("finished")
    writer.close()
    source.close()
    (recorded,) = RecordingFootage(folder).epochs()
    return read_cues(recorded.cues())


PAIR = {1: "#EXT-X-CUE-OUT:4.000", 3: "#EXT-X-CUE-IN"}


@pytest.mark.parametrize(
    "options", [{}, {"hls_segment_type": "fmp4"}, {"hls_flags": "single_file"}], ids=["ts", "fmp4", "byte ranges"]
)
def test_a_plain_tag_speaks_of_the_first_frame_of_its_segment(
    served: tuple[Path, str], tmp_path: Path, options: dict[str, str]
) -> None:
    folder, address = served
    publish(folder, PAIR, options=options)
    cues = cues_of(f"{address}/list.m3u8", tmp_path / "recording")
    assert [(cue.kind, cue.time * 25, cue.exact) for cue in cues] == [(CueKind.OUT, 50, True), (CueKind.IN, 150, True)]
    assert [cue.duration for cue in cues] == [4, None]
    assert {cue.origin for cue in cues} == {CueOrigin.HLS}


def test_the_frame_is_right_wherever_the_stream_counts(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = served
    publish(folder, PAIR, begins_s=95_440)
    cues = cues_of(f"{address}/list.m3u8", tmp_path / "recording")
    assert [cue.time * 25 for cue in cues] == [50, 150]


def test_the_tags_of_the_best_rendition_are_read(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = served
    publish(folder, PAIR)
    (folder / "master.m3u8").write_text("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000\nlist.m3u8\n")
    cues = cues_of(f"{address}/master.m3u8", tmp_path / "recording")
    assert [cue.time * 25 for cue in cues] == [50, 150]


def test_tags_are_not_read_unless_wanted(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = served
    publish(folder, PAIR)
    assert cues_of(f"{address}/list.m3u8", tmp_path / "recording", wanted=False) == []


def found(follower: Follower, count: int) -> list[tuple[CueKind | None, Fraction]]:
    """Wait for so many cues; return what they say, and when, as the stream counts."""
    cues: list[tuple[CueKind | None, Fraction]] = []
    end_s = time.monotonic() + 30
    while len(cues) < count and time.monotonic() < end_s:
        cues += [(timed.tag.kind, timed.count) for timed in follower.take()]
        time.sleep(0.02)
    return cues


def test_a_playlist_that_grows_gives_its_cues_as_they_come_and_each_once(served: tuple[Path, str]) -> None:
    folder, address = served
    publish(folder, PAIR)
    whole = (folder / "list.m3u8").read_text().replace("#EXT-X-ENDLIST\n", "")
    lines = whole.splitlines(keepends=True)
    back = next(number for number, line in enumerate(lines) if "CUE-IN" in line)
    (folder / "list.m3u8").write_text("".join(lines[:back]))
    follower = Follower(f"{address}/list.m3u8", timeout_s=5, is_finished=False)
    (out,) = found(follower, 1)
    (folder / "list.m3u8").write_text(whole)
    (back_in,) = found(follower, 1)
    follower.close()
    assert (out[0], back_in[0]) == (CueKind.OUT, CueKind.IN)
    assert back_in[1] - out[1] == 4


@pytest.mark.parametrize("what", ["no playlist", "no segment", "encrypted"])
def test_what_can_not_be_read_is_said_once_and_nothing_else_happens(served: tuple[Path, str], what: str) -> None:
    folder, address = served
    if what != "no playlist":
        key = '#EXT-X-KEY:METHOD=AES-128,URI="key"\n' if what == "encrypted" else ""
        text = HEAD + key + "".join(f"#EXT-X-CUE-OUT:9\n#EXTINF:2.0,\n{n}.ts\n" for n in range(3))
        (folder / "list.m3u8").write_text(text)
    with capture_logs() as logs:
        follower = Follower(f"{address}/list.m3u8", timeout_s=5, is_finished=True)
    assert follower.take() == []
    assert [log["event"] for log in logs] == ["cues.playlist"]


HEAD = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:00.000Z\n"


def tags(*before: str) -> list[tuple[int, CueKind | None, float, float | None, bool]]:
    """Return position, kind, seconds after, duration, whether there is a section, of what stands before segments."""
    text = HEAD + "".join(f"{line}\n#EXTINF:2.0,\n{n}.ts\n".lstrip("\n") for n, line in enumerate(before))
    found = tags_of(m3u8.loads(text, uri="http://host/list.m3u8"))
    return [
        (
            tag.segment,
            tag.kind,
            float(tag.after),
            None if tag.duration is None else float(tag.duration),
            bool(tag.section),
        )
        for tag in found
    ]


def test_a_section_beside_a_tag_goes_with_it_and_no_farther() -> None:
    out = f"#EXT-OATCLS-SCTE35:{SECTION}\n#EXT-X-CUE-OUT:30"
    expected = [(1, CueKind.OUT, 0.0, 30.0, True), (3, CueKind.IN, 0.0, None, False)]
    assert tags("", out, "#EXT-X-CUE-OUT-CONT:ElapsedTime=2,Duration=30", "#EXT-X-CUE-IN", "") == expected
    assert tags("", out, "", "#EXT-X-CUE-IN", "") == expected


def test_a_section_alone_says_itself_what_it_is() -> None:
    assert tags("", f"#EXT-OATCLS-SCTE35:{SECTION}", "") == [(1, None, 0.0, None, True)]


def test_a_date_range_is_told_in_wall_time() -> None:
    out = f'#EXT-X-DATERANGE:ID="7",START-DATE="2026-11-21T20:00:02.040Z",PLANNED-DURATION=20,SCTE35-OUT={HEXADECIMAL}'
    back = f'#EXT-X-DATERANGE:ID="7",START-DATE="2026-11-21T20:00:02.040Z",DURATION=2.5,SCTE35-IN={HEXADECIMAL}'
    assert tags("", out, back) == [(1, CueKind.OUT, 0.04, 20.0, True), (2, CueKind.IN, 0.54, None, True)]


@pytest.mark.parametrize(
    "line",
    [
        '#EXT-X-DATERANGE:ID="7",START-DATE="yesterday",SCTE35-OUT=0xFC',
        '#EXT-X-DATERANGE:ID="7",START-DATE="2026-11-21T20:00:02Z",DURATION=1,CLASS="advert"',
        "#EXT-X-ASSET:CAID=0x0",
    ],
)
def test_what_is_no_cue_is_left_out(line: str) -> None:
    assert tags("", line, "") == []
