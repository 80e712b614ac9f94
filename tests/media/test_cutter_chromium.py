"""A browser shows of a clip what is in it: every picture, across the joints, in order."""

import threading
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from streamproc.media.cutter import Part, cut, join
from streamproc.media.files import FileFootage
from tests.footage import BITS, Drawn, draw

FIRST, AFTER = 7, 52
_COLUMNS = 8
_READ_ALL = """
async ([url, bits, columns, rate, count]) => {
  const video = document.createElement('video');
  video.muted = true; video.preload = 'auto';
  video.src = URL.createObjectURL(await (await fetch(url)).blob());  // this server has no ranges, so no seeking
  document.body.append(video);
  await new Promise((done, failed) => { video.oncanplay = done; video.onerror = () => failed(video.error.message); });
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const wide = canvas.width / columns, tall = canvas.height / (bits / columns);
  const read = () => {
    context.drawImage(video, 0, 0);
    let number = 0;
    for (let i = 0; i < bits; i++) {
      const x = (i % columns + 0.5) * wide, y = (Math.floor(i / columns) + 0.5) * tall;
      number = number * 2 + (context.getImageData(x, y, 1, 1).data[1] > 128 ? 1 : 0);
    }
    return number;
  };
  const sought = [];
  for (let i = 0; i < count; i++) {
    // On a busy machine the picture comes to the screen some time after the seek is said to be over.
    const shown = new Promise(done => video.requestVideoFrameCallback(done));
    video.currentTime = (i + 0.5) / rate;
    await new Promise(done => { video.onseeked = done; });
    await shown;
    sought.push(read());
  }
  video.currentTime = 0;
  await new Promise(done => { video.onseeked = done; });
  const played = [];
  const watch = () => { played.push(read()); video.requestVideoFrameCallback(watch); };
  video.requestVideoFrameCallback(watch);
  video.playbackRate = 0.25;
  await new Promise((done, failed) => {
    video.onended = done;
    video.onerror = () => failed(video.error.message);
    video.play();
  });
  const frames = video.getVideoPlaybackQuality();
  return {sought, played, duration: video.duration, corrupted: frames.corruptedVideoFrames};
}
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as player:
        options = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = player.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        yield browser.new_page()
        browser.close()


@pytest.mark.chromium
@pytest.mark.parametrize("extra", ["open-gop=0", "open-gop=1:b-adapt=0:ref=3"])
def test_chromium_shows_every_picture_across_the_joints(extra: str, tmp_path: Path, address: str, page: Page) -> None:
    options = {"g": "12", "bf": "3", "sc_threshold": "0", "x264-params": extra}
    source = draw(tmp_path / "source.ts", Drawn(frames=60, size=(320, 192), options=options))
    epoch = FileFootage([source]).epochs()[0]
    rate = 25
    report = cut(epoch, Fraction(FIRST, rate), Fraction(AFTER, rate), tmp_path / "clip.mp4")
    assert report.copied_frames > 0
    (tmp_path / "index.html").write_text("<!doctype html><title>clip</title>")
    page.goto(f"{address}/index.html")
    seen = page.evaluate(_READ_ALL, [f"{address}/clip.mp4", BITS, _COLUMNS, rate, AFTER - FIRST])
    assert seen["sought"] == list(range(FIRST, AFTER))
    assert seen["played"] == sorted(seen["played"])
    assert set(seen["played"]) <= set(range(FIRST, AFTER))
    assert seen["duration"] == pytest.approx((AFTER - FIRST) / rate, abs=0.001)
    assert seen["corrupted"] == 0


@pytest.mark.chromium
def test_chromium_plays_a_joined_file_of_several_encoders_through_its_joints(
    tmp_path: Path, address: str, page: Page
) -> None:
    rate, ranges = 25, ((FIRST, 31), (5, 29), (12, 50))
    extras = ("cabac=0:ref=2", "open-gop=1:b-adapt=0:ref=3", "ref=4:weightp=2")
    options = {"g": "12", "bf": "3", "sc_threshold": "0"}
    parts = []
    for number, (extra, (first, after)) in enumerate(zip(extras, ranges, strict=True)):
        drawn = Drawn(frames=60, size=(320, 192), options={**options, "x264-params": extra})
        epoch = FileFootage([draw(tmp_path / f"{number}.mp4", drawn)]).epochs()[0]
        parts.append(Part(epoch=epoch, start=Fraction(first, rate), end=Fraction(after, rate)))
    report = join(parts, tmp_path / "joined.mp4")
    assert report.notes == ()
    (tmp_path / "index.html").write_text("<!doctype html><title>joined</title>")
    page.goto(f"{address}/index.html")
    numbers = [number for first, after in ranges for number in range(first, after)]
    seen = page.evaluate(_READ_ALL, [f"{address}/joined.mp4", BITS, _COLUMNS, rate, len(numbers)])
    assert seen["sought"] == numbers
    assert set(seen["played"]) <= set(numbers)
    assert seen["duration"] == pytest.approx(len(numbers) / rate, abs=0.001)
    assert seen["corrupted"] == 0
