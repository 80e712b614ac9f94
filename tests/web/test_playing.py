"""Playlists of a channel that is recorded, as players read them, and as hls.js plays them in Chromium."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import m3u8
import pytest
from playwright.async_api import Browser, Page

from streamproc.media.recording.index import file_path
from streamproc.media.recording.reader import RecordedRun, RecordingEpoch
from streamproc.media.recording.writer import RecordingWriter
from streamproc.timebase import NS, SystemClock, iso_utc, ns_from_utc, to_ns
from streamproc.web.playing_api import WHOLE_AFTER_S
from streamproc.web.playlists import Item, Numbering
from tests.footage import Drawn, draw, look
from tests.media.recorded import read_source, record

Site = Any
FRAMES = 300
HLS = Path(__file__).parents[2] / "streamproc" / "web" / "page" / "node_modules" / "hls.js" / "dist" / "hls.min.js"
X264 = {"g": "25", "bf": "3", "b_strategy": "0", "sc_threshold": "0"}


class LateClock(SystemClock):
    """A clock that was slow: what is recorded by it looks as old as that."""

    def __init__(self, late_s: float) -> None:
        self._late_ns = round(late_s * NS)

    def utc_ns(self) -> int:
        return super().utc_ns() - self._late_ns


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds whose pictures carry their number."""
    return draw(tmp_path_factory.mktemp("playing") / "numbers.mp4", Drawn(frames=FRAMES, options=X264))


@pytest.fixture
def folder(site: Site) -> Path:
    site.catalogue.put_channel("two", "Второй", "bug", "1" * 64)
    return site.settings.recording_dir / "two"


@pytest.fixture
def epoch(folder: Path, footage: Path) -> RecordingEpoch:
    """The footage as the only epoch of channel two, in files of four seconds, recorded just now."""
    recorded, _ = record(footage, folder, file_s=4)
    return recorded


@pytest.fixture
def old(folder: Path, footage: Path) -> RecordingEpoch:
    """The same, recorded so long ago that it is played in whole files."""
    recorded, _ = record(footage, folder, file_s=4, clock=LateClock(2 * WHOLE_AFTER_S))
    return recorded


async def playlist(site: Site, path: str) -> m3u8.M3U8:
    async with site.http.get(f"/api/v1/channels/two/hls/{path}") as answer:
        assert answer.status == 200, await answer.text()
        assert answer.content_type == "application/vnd.apple.mpegurl"
        return m3u8.loads(await answer.text())


def stretch(epoch: RecordingEpoch, start_s: float, end_s: float | None = None) -> str:
    first = iso_utc(epoch.utc_zero_ns + round(start_s * NS))
    last = "" if end_s is None else f"&to={quote(iso_utc(epoch.utc_zero_ns + round(end_s * NS)))}"
    return f"range.m3u8?from={quote(first)}{last}"


async def bytes_of(site: Site, found: m3u8.M3U8) -> bytes:
    """Return what a player fetches: the header, then every segment's bytes."""
    async with site.http.get(found.segments[0].init_section.uri) as answer:
        assert answer.status == 200
        data = await answer.read()
    for segment in found.segments:
        size, offset = (int(number) for number in segment.byterange.split("@"))
        wanted = {"Range": f"bytes={offset}-{offset + size - 1}"}
        async with site.http.get(segment.uri, headers=wanted) as answer:
            part = await answer.read()
            assert (answer.status, len(part)) == (206, size)
        data += part
    return data


async def frames_in(site: Site, found: m3u8.M3U8, tmp_path: Path) -> list[int]:
    path = tmp_path / "fetched.mp4"
    path.write_bytes(await bytes_of(site, found))
    return [seen.numbers[0] for seen in look(path)]


async def test_a_stretch_long_ago_is_played_in_whole_files_but_cut_at_its_ends(
    site: Site, old: RecordingEpoch, tmp_path: Path
) -> None:
    found = await playlist(site, stretch(old, 2.5, 11))
    assert (found.playlist_type, found.is_endlist) == ("vod", True)
    assert [segment.duration for segment in found.segments] == [2, 4, 2, 2]
    assert await frames_in(site, found, tmp_path) == list(range(50, FRAMES))


async def test_a_stretch_of_just_now_is_played_in_short_segments(
    site: Site, epoch: RecordingEpoch, tmp_path: Path
) -> None:
    found = await playlist(site, stretch(epoch, 4.5, 7))
    assert [segment.duration for segment in found.segments] == [2, 2]
    assert await frames_in(site, found, tmp_path) == list(range(100, 200))


async def test_dates_are_the_wall_times_of_the_frames(site: Site, epoch: RecordingEpoch) -> None:
    found = await playlist(site, stretch(epoch, 4.5, 7))
    said = found.segments[0].program_date_time
    assert ns_from_utc(said) // 1_000_000 == (epoch.utc_zero_ns + 4 * NS) // 1_000_000


async def test_the_live_playlist_ends_with_what_is_recorded_and_has_no_end(
    site: Site, epoch: RecordingEpoch, tmp_path: Path
) -> None:
    found = await playlist(site, "live.m3u8")
    assert (found.is_endlist, found.playlist_type) == (False, None)
    assert (await frames_in(site, found, tmp_path))[-1] == FRAMES - 1


async def test_an_epoch_after_another_is_a_discontinuity_with_its_own_header(
    site: Site, epoch: RecordingEpoch, folder: Path, footage: Path
) -> None:
    second, _ = record(footage, folder, file_s=4)
    found = await playlist(site, "live.m3u8")
    breaks = [segment for segment in found.segments if segment.discontinuity]
    assert len(breaks) == 1
    assert f"/recording/{second.id}/" in breaks[0].uri
    assert f"/hls/{second.id}/init.mp4" in breaks[0].init_section.uri
    assert breaks[0].program_date_time is not None


async def test_a_deleted_file_is_a_discontinuity(site: Site, epoch: RecordingEpoch, folder: Path) -> None:
    epoch._index.need().delete_file(epoch.id, 2)
    file_path(folder, epoch.id, 2).unlink()
    found = await playlist(site, "live.m3u8")
    assert [(segment.uri[-10:], segment.discontinuity) for segment in found.segments] == [
        ("000001.mp4", False),
        ("000001.mp4", False),
        ("000003.mp4", True),
        ("000003.mp4", False),
    ]


async def test_what_is_wrong_is_said(site: Site, epoch: RecordingEpoch) -> None:
    for path, status, said in (
        (stretch(epoch, 5, 4), 400, "is not before"),
        (stretch(epoch, 0, 200_000), 400, "longer than"),
        (stretch(epoch, -90, -80), 404, "no recording is there of that time"),
        ("range.m3u8", 400, "from"),
        ("live.m3u8?from=1", 400, "no parameter"),
        ("7/init.mp4", 404, "no epoch 7"),
    ):
        async with site.http.get(f"/api/v1/channels/two/hls/{path}") as answer:
            body = await answer.json(content_type="application/problem+json")
            assert (answer.status, said in body["detail"]) == (status, True), body


async def test_nothing_recorded_lately_is_a_clear_answer(site: Site, old: RecordingEpoch) -> None:
    async with site.http.get("/api/v1/channels/two/hls/live.m3u8") as answer:
        assert answer.status == 409


class Feed:
    """A feed that is recorded as it comes: its pictures carry their number, and come at their time."""

    def __init__(self, folder: Path, footage: Path) -> None:
        self._source, self._packets = read_source(footage)
        self._writer = RecordingWriter(folder, file_s=4, fragment_s=0.4, clock=SystemClock())
        self._thread = threading.Thread(target=self._run)
        self._over = threading.Event()

    def __enter__(self) -> "Feed":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        epoch = self._writer.begin_epoch(self._source.video, self._source.audio)
        began = time.monotonic()
        for packet in self._packets:
            late = began + float((packet.dts or 0) * packet.time_base) - time.monotonic()
            if late > 0 and self._over.wait(late):
                break
            epoch.write(packet)
        epoch.close("stopped")
        self._writer.close()
        self._source.close()


async def wait_for_recording(site: Site, path: str) -> None:
    while True:
        async with site.http.get(f"/api/v1/channels/two/hls/{path}") as answer:
            if answer.status == 200 and b"EXTINF" in await answer.read():
                return
        await asyncio.sleep(0.1)


async def test_what_a_growing_playlist_has_said_it_says_again(site: Site, folder: Path, footage: Path) -> None:
    said: list[list[str]] = []
    with Feed(folder, footage):
        from_ns = SystemClock().utc_ns() - 5 * NS
        path = f"range.m3u8?from={quote(iso_utc(from_ns))}"
        await wait_for_recording(site, path)
        while len(said) < 2 or len(said[-1]) < 4:
            found = await playlist(site, path)
            assert (found.playlist_type, found.is_endlist) == ("event", False)
            said.append([f"{segment.uri} {segment.byterange} {segment.duration}" for segment in found.segments])
            await asyncio.sleep(0.2)
    assert all(after[: len(before)] == before for before, after in pairwise(said))


def item(number: int, *, epoch: int = 1) -> Item:
    start = Fraction(2 * number)
    run = RecordedRun(file=number // 5 + 1, offset=number % 5 * 1000, size_bytes=1000, start=start, end=start + 2)
    return Item(epoch, run, 1_700_000_000 * NS + to_ns(start))


def test_a_segment_keeps_its_number_while_the_live_playlist_slides() -> None:
    numbering, items = Numbering(), [item(number) for number in range(40)]
    first = numbering.head(items[:10]).sequence
    for gone in range(1, 30):
        assert numbering.head(items[gone : gone + 10]).sequence == first + gone


def test_discontinuities_that_have_left_are_counted() -> None:
    numbering = Numbering()
    items = [*(item(number) for number in range(4)), *(item(number, epoch=2) for number in range(4, 12))]
    assert numbering.head(items[:8]).breaks == 0
    assert numbering.head(items[3:9]).breaks == 0
    assert numbering.head(items[4:9]).breaks == 1
    assert numbering.head(items[6:12]).breaks == 1


def test_numbers_only_grow_when_a_new_process_takes_over() -> None:
    items = [item(number) for number in range(40)]
    before, after = Numbering(), Numbering()
    newest = max(before.head(items[at : at + 10]).sequence + at for at in range(20))
    assert after.head(items[30:]).sequence > newest - 20


# In Chromium

_PLAYER = """<!doctype html><title>player</title><script src="/hls.js"></script><video muted playsinline></video>"""
_LOAD = """
async url => {
  const video = document.querySelector('video');
  const hls = window.hls = new Hls({enableWorker: false, liveSyncDurationCount: 2});
  window.mishaps = [];
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (data.details !== 'bufferStalledError') window.mishaps.push(data.details);
  });
  hls.on(Hls.Events.INIT_PTS_FOUND, (_, data) => { window.offsets = data.timestampOffsets; });
  hls.loadSource(url);
  hls.attachMedia(video);
  await new Promise(done => video.addEventListener('canplay', done, {once: true}));
}
"""
_READ = """
() => {
  const video = document.querySelector('video');
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.drawImage(video, 0, 0);
  const wide = canvas.width / 8, tall = canvas.height / 2;
  let number = 0;
  for (let i = 0; i < 16; i++) {
    const x = (i % 8 + 0.5) * wide, y = (Math.floor(i / 8) + 0.5) * tall;
    number = number * 2 + (context.getImageData(x, y, 1, 1).data[1] > 128 ? 1 : 0);
  }
  return number;
}
"""
_SEEK = """
async ([epoch, time]) => {
  const video = document.querySelector('video');
  const parts = () => window.hls.levels[0].details.fragments.filter(one => one.url.includes(`/recording/${epoch}/`));
  const seek = async at => {
    const shown = new Promise(done => video.requestVideoFrameCallback(done));
    video.currentTime = at;
    await new Promise(done => { video.onseeked = done; });
    await shown;
  };
  const cc = parts()[0].cc;
  if (!window.offsets[cc]) await seek(parts()[0].start + 0.5);  // then hls.js has found where the epoch lies
  const zero = window.offsets[cc];
  await seek(time - zero.baseTime / zero.timescale);
}
"""


@pytest.fixture
async def player(site: Site, browser: Browser) -> AsyncIterator[Page]:
    """A page of the site with hls.js, as its lock file has it, and a video."""
    if not HLS.exists():
        pytest.skip("hls.js is not installed; make setup does it")
    page = await (await browser.new_context()).new_page()

    async def fulfil(route: Any) -> None:
        script = route.request.url.endswith(".js")
        body = HLS.read_text(encoding="utf-8") if script else _PLAYER
        await route.fulfill(body=body, content_type="text/javascript" if script else "text/html")

    await page.route("**/player.html", fulfil)
    await page.route("**/hls.js", fulfil)
    await page.goto(f"{site.address}/player.html")
    yield page
    await page.context.close()


@pytest.mark.chromium
async def test_hls_js_shows_the_frame_of_a_time(site: Site, old: RecordingEpoch, player: Page) -> None:
    await player.evaluate(_LOAD, f"/api/v1/channels/two/hls/{stretch(old, 0, 12)}")
    for number in (130, 131, 20, 222, 99, 100):
        await player.evaluate(_SEEK, [old.id, (number + 0.5) / 25])
        assert await player.evaluate(_READ) == number
    assert await player.evaluate("window.mishaps") == []


@pytest.mark.chromium
async def test_hls_js_plays_on_air_a_few_seconds_late(site: Site, folder: Path, footage: Path, player: Page) -> None:
    with Feed(folder, footage):
        await wait_for_recording(site, "live.m3u8")
        await player.evaluate(_LOAD, "/api/v1/channels/two/hls/live.m3u8")
        await player.evaluate("document.querySelector('video').play()")
        seen = []
        for _ in range(12):
            await asyncio.sleep(0.25)
            seen.append(await player.evaluate(_READ))
        late_ms = await player.evaluate("Date.now() - window.hls.playingDate.getTime()")
    assert seen == sorted(seen)
    assert seen[-1] - seen[0] > 25
    assert late_ms < 8000
    assert await player.evaluate("window.mishaps") == []


@pytest.mark.chromium
async def test_hls_js_plays_over_a_lost_feed(
    site: Site, epoch: RecordingEpoch, folder: Path, footage: Path, player: Page
) -> None:
    second, _ = record(footage, folder, file_s=4)
    await player.evaluate(_LOAD, "/api/v1/channels/two/hls/live.m3u8")
    for recorded in (epoch, second, epoch):
        await player.evaluate(_SEEK, [recorded.id, 60.5 / 25])
        assert await player.evaluate(_READ) == 60
