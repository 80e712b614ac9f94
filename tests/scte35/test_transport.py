"""Cues put into transport streams: all else stays byte for byte, and others read them."""

import io
import json
import subprocess
from collections import Counter
from fractions import Fraction
from pathlib import Path

import av
import pytest
from threefive import Stream
from threefive.crc import crc32
from threefive.pmt import PMT

from streamproc.scte35.section import make_splice_insert, to_text
from streamproc.scte35.transport import PACKET, Injector, Insertion, NotTransport, pes_time
from tests.media.cued import FRAME, Wanted, draw_cued, first_pts, injected, insertion, video_pid

NULL = b"\x47\x1f\xff\x10" + b"\xff" * 184
OUT = make_splice_insert(5, 900_000, out=True)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of a stream without cues."""
    return draw_cued(tmp_path_factory.mktemp("plain") / "plain.ts", [], frames=150)


def pid(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]


def split(stream: bytes) -> list[bytes]:
    return [stream[at : at + PACKET] for at in range(0, len(stream), PACKET)]


def pmt_pid(stream: bytes) -> int:
    pat = next(packet for packet in split(stream) if pid(packet) == 0)
    return int.from_bytes(pat[15:17], "big") & 0x1FFF


def ran(stream: bytes, plain: Path, *insertions: Insertion) -> tuple[bytes, Injector]:
    injector = Injector(io.BytesIO(stream), video_pid(plain), first_pts(plain), insertions)
    return b"".join(injector.run()), injector


def without(stream: bytes, *pids: int) -> list[bytes]:
    return [packet for packet in split(stream) if pid(packet) not in pids]


def test_everything_but_table_and_cues_stays_as_it_was(plain: Path) -> None:
    before = plain.read_bytes()
    after, injector = ran(before, plain, Insertion(90_000, OUT))
    assert without(after, pmt_pid(before), injector.done.pid) == without(before, pmt_pid(before))
    assert len(after) == len(before) + PACKET


def test_counters_go_on_without_a_break(plain: Path) -> None:
    many = [Insertion(9000 * number, make_splice_insert(number, 0, out=True)) for number in range(40)]
    after, _ = ran(plain.read_bytes(), plain, *many)
    last: dict[int, int] = {}
    for packet in split(after):
        number = pid(packet)
        if number in last:
            assert packet[3] & 15 == (last[number] + 1) % 16
        last[number] = packet[3] & 15


def test_a_cue_comes_before_the_first_picture_that_is_decoded_when_it_is_due(plain: Path) -> None:
    after, injector = ran(plain.read_bytes(), plain, Insertion(90_000, OUT))
    zero, video = first_pts(plain), video_pid(plain)
    packets = split(after)
    at = next(number for number, packet in enumerate(packets) if pid(packet) == injector.done.pid)
    times = [(n, pes_time(p)) for n, p in enumerate(packets) if pid(p) == video and p[1] & 0x40]
    assert max(time - zero for n, time in times if n < at and time is not None) < 90_000
    assert next(time - zero for n, time in times if n > at and time is not None) >= 90_000


def test_a_cue_that_was_due_before_the_beginning_comes_first(plain: Path) -> None:
    after, injector = ran(plain.read_bytes(), plain, Insertion(-500_000, OUT))
    order = [pid(packet) for packet in split(after)]
    assert order.index(injector.done.pid) < order.index(video_pid(plain))


def test_null_packets_give_their_place(plain: Path) -> None:
    constant = b"".join(packet + NULL for packet in split(plain.read_bytes()))
    after, injector = ran(constant, plain, Insertion(90_000, OUT), Insertion(180_000, OUT))
    assert len(after) == len(constant)
    assert injector.done.replaced == injector.done.sections == 2


def test_the_table_names_the_stream_and_the_registration_in_its_next_version(plain: Path) -> None:
    before = plain.read_bytes()
    after, injector = ran(before, plain)
    number = pmt_pid(before)
    tables = [next(packet for packet in split(stream) if pid(packet) == number) for stream in (before, after)]
    old, section = (packet[5 : 8 + (int.from_bytes(packet[6:8], "big") & 0xFFF)] for packet in tables)
    assert crc32(section) == 0
    table = PMT(section)
    assert (table.streams[-1].stream_type, table.streams[-1].elementary_pid) == (0x86, injector.done.pid)
    assert [(one.type, one.value) for one in table.descriptors][-1] == (5, b"CUEI")
    assert table.version_number == (PMT(old).version_number + 1) % 32


def test_cues_that_were_there_stay_and_ours_get_another_pid(tmp_path: Path) -> None:
    path = draw_cued(tmp_path / "a.ts", [Wanted(frame=90)], frames=150)
    _, first = ran(path.read_bytes(), path)
    assert first.done.other_pids == [500]
    twice = tmp_path / "twice.ts"
    twice.write_bytes(injected(path, [insertion(first_pts(path), Wanted(frame=100, event_id=2))]))
    with av.open(str(twice)) as container:
        assert [(stream.name, stream.id) for stream in container.streams if stream.type == "data"] == [
            ("scte_35", 500),
            ("scte_35", 501),
        ]


def test_a_section_longer_than_a_packet_goes_into_several(plain: Path, tmp_path: Path) -> None:
    long = OUT[:-4] + bytes(300)
    long = long[:1] + (0x3000 | len(long) + 1).to_bytes(2, "big") + long[3:]
    long += crc32(long).to_bytes(4, "big")
    after, injector = ran(plain.read_bytes(), plain, Insertion(90_000, long))
    ours = [packet for packet in split(after) if pid(packet) == injector.done.pid]
    assert len(ours) == 2
    assert (ours[0][4:] + ours[1][4:])[1 : 1 + len(long)] == long


def test_a_stream_that_loses_step_is_copied_and_found_again(plain: Path) -> None:
    packets = split(plain.read_bytes())
    middle = len(packets) // 2
    torn = b"".join(packets[:middle]) + b"\x00garbage" + b"".join(packets[middle:])
    after, injector = ran(torn, plain, Insertion(5 * 90_000, OUT))
    assert b"\x00garbage" in after
    assert injector.done.sections == 1
    assert len(after) == len(torn) + PACKET


def test_a_stream_that_is_cut_off_in_a_packet_keeps_its_end(plain: Path) -> None:
    torn = plain.read_bytes()[:-100]
    after, _ = ran(torn, plain)
    assert after[-88:] == torn[-88:]


@pytest.mark.parametrize("stream", [b"", b"no stream at all" * 1000])
def test_what_is_no_transport_stream_is_refused(stream: bytes) -> None:
    with pytest.raises(NotTransport):
        Injector(io.BytesIO(stream), 256, 0, [])


def test_threefive_reads_what_was_put_in(tmp_path: Path) -> None:
    wanted = [Wanted(frame=90, duration=40), Wanted(frame=130, out=False)]
    path = draw_cued(tmp_path / "a.ts", wanted, frames=150, begins_s=95_440)
    seen = []
    with path.open("rb") as file:
        Stream(file).decode(func=seen.append)
    assert [cue.base64() for cue in seen] == [to_text(insertion(first_pts(path), one).section) for one in wanted]


@pytest.mark.ffmpeg
def test_ffprobe_reads_what_was_put_in(tmp_path: Path) -> None:
    path = draw_cued(tmp_path / "a.ts", [Wanted(frame=90), Wanted(frame=130, out=False)], frames=150)
    command = ["ffprobe", "-v", "error", "-show_packets", "-select_streams", "d", "-of", "json", str(path)]
    packets = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)["packets"]
    sections = [len(insertion(0, Wanted(frame=90, out=out)).section) for out in (True, False)]
    assert [int(packet["size"]) for packet in packets] == sections
    sent = [Fraction(int(packet["pts"]) - first_pts(path), FRAME) for packet in packets]
    assert all(wanted - 12 <= at <= wanted for at, wanted in zip(sent, (40, 80), strict=True))


def test_pictures_and_sound_are_the_same_to_a_decoder(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_bytes(injected(plain, [Insertion(90_000, OUT)]))

    def packets(file: Path) -> Counter[tuple[str, int | None, int | None, bytes]]:
        with av.open(str(file)) as container:
            tracks = [stream for stream in container.streams if stream.type != "data"]
            return Counter(
                (packet.stream.type, packet.pts, packet.dts, bytes(packet)) for packet in container.demux(*tracks)
            )

    assert packets(path) == packets(plain)


@pytest.mark.shared_data
@pytest.mark.parametrize("number", ["025", "064", "108", "137", "139"])
def test_real_streams_keep_every_packet(number: str) -> None:
    path = Path(__file__).parents[2] / "../shared/data/dvb" / f"test-{number}.ts"
    if not path.exists():
        pytest.skip("the shared footage is not here")
    before = path.read_bytes()
    injector = Injector(io.BytesIO(before), video_pid(path), first_pts(path), [Insertion(0, OUT)])
    after = b"".join(injector.run())
    assert injector.done.sections == 1
    changed = (injector.pmt_pid, injector.done.pid, pid(NULL))
    assert without(after, *changed) == without(before, *changed)
    assert len(after) == len(before) + (0 if injector.done.replaced else PACKET)


@pytest.mark.shared_data
def test_a_real_stream_whose_tables_are_all_damaged_is_refused() -> None:
    path = Path(__file__).parents[2] / "../shared/data/dvb/test-143.ts"
    if not path.exists():
        pytest.skip("the shared footage is not here")
    with path.open("rb") as source, pytest.raises(NotTransport):
        Injector(source, video_pid(path), first_pts(path), [])
