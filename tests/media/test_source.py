"""Sources with an address: what is said of them, what goes wrong with them, and what changes in the middle."""

import logging
import threading
import traceback
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproc.addresses import redact
from streamproc.errors import SourceError, SourceLost, SourceUnsupported
from streamproc.media.probe import Packet
from streamproc.media.source import Ending, NoPush, Source, open_source
from tests.footage import Drawn, draw
from tests.servers import Publisher, RtmpServer, SilentProxy, free_port

GOP = {"g": "25", "bf": "2", "x264-params": "scenecut=0"}
SMALL = Drawn(frames=50, options=GOP)
WIDE = Drawn(frames=50, options=GOP, size=(192, 96))
KEY = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="*"), min_size=8)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RtmpServer]:
    """A real nginx with its RTMP module."""
    folder = tmp_path / "nginx"
    folder.mkdir()
    with RtmpServer(folder) as running:
        yield running


def take(source: Source, count: int) -> list[Packet]:
    """Return the first packets of an epoch."""
    packets = source.packets()
    return [next(packets) for _ in range(count)]


def of(kind: str, packets: list[Packet]) -> list[Packet]:
    """Return the packets of one kind."""
    return [packet for packet in packets if packet.stream.type == kind]


def flv_tags(data: bytes, shift_ms: int) -> bytes:
    """Return an FLV file's tags, without header and metadata, moved in time."""
    moved, at = b"", 13
    while at + 11 <= len(data):
        size = 11 + int.from_bytes(data[at + 1 : at + 4], "big") + 4
        tag = bytearray(data[at : at + size])
        if tag[0] != 18:
            time = (int.from_bytes(tag[4:7], "big") | tag[7] << 24) + shift_ms
            tag[4:7], tag[7] = (time & 0xFFFFFF).to_bytes(3, "big"), time >> 24 & 0xFF
            moved += tag
        at += size
    return moved


def spliced(first: Drawn, second: Drawn, folder: Path, suffix: str) -> Path:
    """Return a file in which one footage goes on as another, in the way of its container."""
    one, two = (draw(folder / f"{n}.{suffix}", drawn).read_bytes() for n, drawn in enumerate((first, second)))
    path = folder / f"both.{suffix}"
    path.write_bytes(one + (flv_tags(two, 2000) if suffix == "flv" else two))
    return path


@given(KEY, st.sampled_from(["rtmp", "rtmps", "rtmpt"]), st.sampled_from(["", "u:pw@", "u@"]))
def test_a_stream_key_never_shows(key: str, scheme: str, user: str) -> None:
    assert key not in redact(f"{scheme}://{user}example.org:1935/live/{key}")


@given(
    KEY,
    st.sampled_from(["rtmp://h/live/x?k=", "http://h/a.m3u8?token=", "https://h/a.m3u8?a=b&token=", "udp://h:1?k="]),
)
def test_a_value_in_a_query_never_shows(value: str, before: str) -> None:
    assert value not in redact(before + value)


@given(KEY)
def test_a_password_never_shows(password: str) -> None:
    assert password not in redact(f"http://studio:{password}@example.org/live.m3u8")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtmp://h:1935/live/k", "rtmp://h:1935/live/***"),
        ("rtmp://h/live", "rtmp://h/***"),
        ("rtmp://h/app playpath=k", "rtmp://h/*** ***"),
        ("http://h/tv/a.m3u8?t=1", "http://h/tv/a.m3u8?***"),
        ("udp://@239.1.1.1:5000", "udp://***@239.1.1.1:5000"),
        ("rtmp://[::1]/live/k", "rtmp://[::1]/live/***"),
        ("/data/day/00.ts", "/data/day/00.ts"),
        ("file:///data/00.ts", "file:///data/00.ts"),
    ],
)
def test_what_is_no_secret_stays_readable(url: str, shown: str) -> None:
    assert redact(url) == shown


def failure(url: str, *, connect_timeout_s: float = 3.0, listen: bool = False) -> SourceError:
    """Return the error that opening raises."""
    with pytest.raises(SourceError) as raised:
        open_source(url, listen=listen, connect_timeout_s=connect_timeout_s, stall_timeout_s=1.0)
    return raised.value


def everything_said(error: BaseException) -> str:
    """Return all that a traceback of an error could ever show."""
    seen, parts = set(), []
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        parts += [str(current), repr(current), *traceback.format_exception_only(current)]
        current = current.__cause__ or current.__context__
    return "\n".join(parts)


def test_a_refused_connection_is_said_so() -> None:
    error = failure(f"rtmp://127.0.0.1:{free_port()}/live/s3cr3t-k3y")
    assert isinstance(error, SourceLost)
    assert "nothing listens" in str(error)


def test_an_unknown_host_is_said_so() -> None:
    assert "can't be resolved" in str(failure("rtmp://no-such-host.invalid/live/s3cr3t-k3y"))


@pytest.mark.nginx
def test_a_wrong_stream_key_is_said_so(server: RtmpServer) -> None:
    assert "wrong stream key, or nobody publishes" in str(failure(server.url("s3cr3t-k3y")))


@pytest.mark.nginx
def test_no_error_on_the_way_holds_the_key(server: RtmpServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    urls = [
        server.url("s3cr3t-k3y"),
        f"rtmp://127.0.0.1:{free_port()}/live/s3cr3t-k3y",
        "rtmp://no.invalid/a/s3cr3t-k3y",
    ]
    for url in urls:
        assert "s3cr3t-k3y" not in everything_said(failure(url))
    assert "s3cr3t-k3y" not in caplog.text


def test_nobody_pushing_is_no_error_of_the_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamproc.media.source._LISTEN_TIMEOUT_S", 0.5)
    error = failure(f"rtmp://127.0.0.1:{free_port()}/live/s3cr3t-k3y", connect_timeout_s=0.5, listen=True)
    assert isinstance(error, NoPush)


@pytest.mark.nginx
def test_a_published_feed_arrives_untouched(server: RtmpServer, tmp_path: Path) -> None:
    path = draw(tmp_path / "a.flv", Drawn(frames=150, options=GOP))
    with av.open(str(path)) as container:
        sent = {bytes(packet) for packet in container.demux() if packet.size}
    with Publisher(path, server.url("k3y"), loops=3):
        source = _connected(server.url("k3y"))
        packets = take(source, 120)
        assert {packet.stream.type for packet in packets} == {"video", "audio"}
        source.close()
    assert {bytes(packet) for packet in packets} <= sent


def _connected(url: str) -> Source:
    """Connect as soon as somebody publishes."""
    for _ in range(100):
        try:
            return open_source(url, connect_timeout_s=10, stall_timeout_s=2)
        except SourceLost:
            continue
    raise AssertionError("nobody published")


@pytest.mark.nginx
def test_a_publisher_that_leaves_is_a_lost_source(server: RtmpServer, tmp_path: Path) -> None:
    path = draw(tmp_path / "a.flv", Drawn(frames=150, options=GOP))
    with Publisher(path, server.url("k3y"), loops=3) as publisher:
        source = _connected(server.url("k3y"))
        packets = source.packets()
        next(packets)
        publisher.kill()
        with pytest.raises(SourceLost, match=r"publisher left|stalled"):
            list(packets)
        source.close()


@pytest.mark.nginx
def test_a_half_open_connection_is_noticed(server: RtmpServer, tmp_path: Path) -> None:
    path = draw(tmp_path / "a.flv", Drawn(frames=150, options=GOP))
    with SilentProxy(server.port) as proxy, Publisher(path, server.url("k3y"), loops=9):
        source = _connected(f"rtmp://127.0.0.1:{proxy.port}/live/k3y")
        packets = source.packets()
        next(packets)
        proxy.fall_silent()
        with pytest.raises(SourceLost, match="stalled"):
            list(packets)
        source.close()


def test_a_push_over_rtmp_is_received(tmp_path: Path) -> None:
    path = draw(tmp_path / "a.flv", Drawn(frames=75, options=GOP))
    url = f"rtmp://127.0.0.1:{free_port()}/live/k3y"
    with Publisher(path, url, retries=100):
        source = open_source(url, listen=True, connect_timeout_s=10, stall_timeout_s=3)
        assert len(of("video", take(source, 100))) > 20
        source.close()


@pytest.mark.parametrize("path", ["live/wr0ng-k3y", "other/k3y"])
def test_a_push_with_another_app_or_key_is_refused(path: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    file = draw(tmp_path / "a.flv", Drawn(frames=75, options=GOP))
    here = f"rtmp://127.0.0.1:{free_port()}"
    with Publisher(file, f"{here}/{path}", retries=100):
        error = failure(f"{here}/live/k3y", connect_timeout_s=10, listen=True)
    assert "refused a push" in str(error)
    assert "wr0ng-k3y" not in caplog.text + str(error)


def test_a_push_over_tcp_is_received(tmp_path: Path) -> None:
    path = draw(tmp_path / "a.ts", Drawn(frames=150, options=GOP))
    url = f"tcp://127.0.0.1:{free_port()}"
    with Publisher(path, url, form="mpegts", speed=4, retries=100):
        source = open_source(url, listen=True, connect_timeout_s=10, stall_timeout_s=3)
        assert len(of("video", take(source, 100))) > 20
        source.close()


def test_mpegts_over_udp_is_received(tmp_path: Path) -> None:
    path = draw(tmp_path / "a.ts", Drawn(frames=250, options=GOP))
    url = f"udp://127.0.0.1:{free_port()}"
    with Publisher(path, f"{url}?pkt_size=1316", form="mpegts", speed=2, loops=4):
        source = open_source(url, connect_timeout_s=10, stall_timeout_s=3)
        assert len(of("video", take(source, 100))) > 20
        source.close()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A web server for the folder ``www``; the address of its root."""
    (tmp_path / "www").mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "www"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_hls_is_read_over_its_segments_to_the_end_it_states(tmp_path: Path, web: str) -> None:
    options = {"hls_time": "1", "hls_list_size": "0"}
    draw(tmp_path / "www" / "a.m3u8", Drawn(frames=100, options=GOP, container_options=options))
    source = open_source(f"{web}/a.m3u8")
    packets = list(source.packets())
    assert source.ending is Ending.FINISHED
    assert len(of("video", packets)) == 100
    assert len(of("audio", packets)) > 150


def test_a_file_on_a_web_server_has_an_end(tmp_path: Path, web: str) -> None:
    draw(tmp_path / "www" / "a.ts", SMALL)
    source = open_source(f"{web}/a.ts")
    assert len(of("video", list(source.packets()))) == 50
    assert source.ending is Ending.FINISHED


def test_a_page_that_is_not_there_is_said_so(web: str) -> None:
    error = failure(f"{web}/a.m3u8?token=s3cr3t-k3y")
    assert "404" in str(error)
    assert "s3cr3t-k3y" not in everything_said(error)


@pytest.mark.parametrize("suffix", ["flv", "ts"])
def test_another_resolution_in_mid_stream_begins_an_epoch_and_loses_nothing(suffix: str, tmp_path: Path) -> None:
    source = open_source(str(spliced(SMALL, WIDE, tmp_path, suffix)))
    first = list(source.packets())
    assert source.ending is Ending.FORMAT
    second = list(source.packets())
    assert source.ending is Ending.FINISHED
    assert source.video.codec_context.width == 192
    assert [len(of("video", packets)) for packets in (first, second)] == [50, 50]
    assert of("video", second)[0].is_keyframe


def test_a_header_sent_again_unchanged_begins_no_epoch(tmp_path: Path) -> None:
    source = open_source(str(spliced(SMALL, SMALL, tmp_path, "flv")))
    assert len(of("video", list(source.packets()))) == 100
    assert source.ending is Ending.FINISHED


def test_a_count_that_starts_again_begins_an_epoch(tmp_path: Path) -> None:
    data = draw(tmp_path / "a.ts", Drawn(frames=50, options=GOP)).read_bytes()
    late = draw(tmp_path / "b.ts", Drawn(frames=50, options=GOP, container_options={"output_ts_offset": "5000"}))
    (tmp_path / "both.ts").write_bytes(late.read_bytes() + data)
    source = open_source(str(tmp_path / "both.ts"))
    counts = [len(of("video", list(source.packets())))]
    assert source.ending is Ending.JUMP
    counts.append(len(of("video", list(source.packets()))))
    assert counts == [50, 50]


@pytest.mark.parametrize(("suffix", "wrap_s"), [("ts", Fraction(1 << 33, 90_000)), ("flv", Fraction(1 << 31, 1000))])
def test_a_real_container_that_wraps_is_one_epoch(suffix: str, wrap_s: Fraction, tmp_path: Path) -> None:
    options = {"output_ts_offset": f"{float(wrap_s) - 2.4:.6f}"}
    path = draw(tmp_path / f"a.{suffix}", Drawn(frames=75, options=GOP, container_options=options))
    source = open_source(str(path))
    packets = list(source.packets())
    video = [packet.pts * packet.time_base for packet in of("video", packets) if packet.pts is not None]
    assert source.ending is Ending.FINISHED
    assert len(video) == 75
    assert max(video) - min(video) == pytest.approx(float(Fraction(74, 25)), abs=0.002)
    audio = [packet.pts * packet.time_base for packet in of("audio", packets) if packet.pts is not None]
    assert abs(min(audio) - min(video)) < 0.2
    assert abs(max(audio) - max(video)) < 0.2


def test_a_feed_without_sound_is_taken(tmp_path: Path) -> None:
    source = open_source(str(draw(tmp_path / "a.ts", Drawn(frames=50, options=GOP, sound=None))))
    assert source.audio is None
    assert len(list(source.packets())) == 50


def test_a_codec_that_can_not_be_recorded_is_refused(tmp_path: Path) -> None:
    path = draw(tmp_path / "a.flv", Drawn(frames=10, codec="flv1", options={"crf": ""}, sound=None))
    with pytest.raises(SourceUnsupported, match="flv1 can't be recorded"):
        open_source(str(path))


@pytest.mark.shared_data
def test_a_broadcast_whose_time_wraps_is_one_epoch(shared_data: Path) -> None:
    source = open_source(str(shared_data / "dvb" / "test-108.ts"))
    times = [packet.dts * packet.time_base for packet in of("video", list(source.packets())) if packet.dts is not None]
    assert source.ending is Ending.FINISHED
    assert max(times) - min(times) < 2


@pytest.mark.shared_data
def test_metadata_that_is_no_text_does_not_matter(shared_data: Path) -> None:
    source = open_source(str(shared_data / "dvb" / "test-143.ts"))
    assert of("video", list(source.packets()))
