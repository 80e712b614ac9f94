"""Pictures of a channel that is recorded, over HTTP."""

import asyncio
import os
import signal
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest

from streamproc.media.recording.index import file_path
from streamproc.media.recording.reader import RecordingEpoch
from streamproc.timebase import NS, iso_utc
from streamproc.web.pictures import CACHE_BYTES, MOST_WAITING, _Kept
from tests.footage import Drawn, draw, read
from tests.media.recorded import record

Site = Any
FRAMES = 130
X264 = {"g": "25", "bf": "3", "b_strategy": "0", "sc_threshold": "0"}
JPEG = "image/jpeg"


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds whose pictures carry their number."""
    return draw(tmp_path_factory.mktemp("footage") / "numbers.mp4", Drawn(frames=FRAMES, options=X264))


@pytest.fixture
def epoch(site: Site, footage: Path) -> RecordingEpoch:
    """The footage as the only epoch of channel two."""
    recorded, _ = record(footage, site.settings.recording_dir / "two")
    site.catalogue.put_channel("two", "Второй", "bug", "1" * 64)
    site.catalogue.begin_epoch(
        "two", recorded.id, utc_zero_ns=recorded.utc_zero_ns, frame_rate=Fraction(25), description="h264"
    )
    return recorded


def address(epoch: RecordingEpoch, rest: str, what: str = "frames") -> str:
    return f"/api/v1/channels/two/{what}/{epoch.id}{rest}"


async def number_at(site: Site, path: str) -> int:
    async with site.http.get(path) as answer:
        assert (answer.status, answer.content_type) == (200, JPEG), await answer.text()
        return read(cv2.imdecode(np.frombuffer(await answer.read(), np.uint8), cv2.IMREAD_GRAYSCALE))


async def problem(site: Site, path: str) -> tuple[int, str]:
    async with site.http.get(path) as answer:
        body = await answer.json(content_type="application/problem+json")
        assert "no-store" in answer.headers.get("Cache-Control", "no-store")
        return answer.status, body["detail"]


async def test_the_address_of_a_frame_shows_exactly_that_frame(site: Site, epoch: RecordingEpoch) -> None:
    for number in (77, 78, 76, 0, FRAMES - 1, 25, 24, 60):
        assert await number_at(site, address(epoch, f"/{number}.jpg")) == number


async def test_frames_that_are_asked_for_all_at_once_are_not_mixed_up(site: Site, epoch: RecordingEpoch) -> None:
    numbers = range(40, 64)
    paths = [address(epoch, f"/{number}.jpg?width={width}") for number in numbers for width in (160, 80)]
    shown = await asyncio.gather(*(number_at(site, path) for path in paths))
    assert shown == [number for number in numbers for _ in range(2)]


async def test_a_boundary_shows_the_frame_that_it_names(site: Site, epoch: RecordingEpoch) -> None:
    boundary = site.place(Fraction(51, 25))
    assert epoch.frame_number(boundary.time) == boundary.frame
    assert await number_at(site, address(epoch, f"/{boundary.frame}.jpg")) == boundary.frame


async def test_a_picture_stays_what_it_is_so_that_a_browser_may_keep_it(site: Site, epoch: RecordingEpoch) -> None:
    async with site.http.get(address(epoch, "/3.jpg")) as answer:
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"


async def test_a_picture_has_the_width_that_was_asked_for(site: Site, epoch: RecordingEpoch) -> None:
    for width, shown in ((80, 80), (4000, None), (160, 160)):
        async with site.http.get(address(epoch, f"/3.jpg?width={width}")) as answer:
            if shown is None:
                assert answer.status == 400
            else:
                picture = cv2.imdecode(np.frombuffer(await answer.read(), np.uint8), cv2.IMREAD_COLOR)
                assert picture.shape == (shown * 96 // 160, shown, 3)


async def test_a_thumbnail_is_the_keyframe_before(site: Site, epoch: RecordingEpoch) -> None:
    for second in range(5):
        shown = await number_at(site, address(epoch, f"/{second}.jpg", "thumbnails"))
        assert shown == second * 25


@pytest.mark.parametrize(
    ("query", "number"),
    [("frame=51", 51), ("time=51/25", 51), ("time=2.041", 51), ("time=2.079", 51), ("time=2.08", 52), ("time=0", 0)],
)
async def test_which_frame_is_shown_is_told(site: Site, epoch: RecordingEpoch, query: str, number: int) -> None:
    async with site.http.get(address(epoch, f"?{query}")) as answer:
        assert await answer.json() == {
            "channel": "two",
            "epoch": epoch.id,
            "frame": number,
            "time": str(Fraction(number, 25)),
            "time_s": number / 25,
            "utc": iso_utc(epoch.utc_zero_ns + number * NS // 25),
            "keyframe": number % 25 == 0,
        }


@pytest.mark.parametrize(
    ("rest", "status", "said"),
    [
        ("/130.jpg", 416, "frame 130 is not recorded: epoch {epoch} ends at 5.200 s"),
        ("/999999999999.jpg", 416, "frame 999999999999 is not recorded"),
        ("?frame=130", 416, "frame 130 is not recorded"),
        ("?time=5.2", 416, "second 5.2 is not recorded"),
        ("?time=1e99", 400, "time = '1e99'"),
        ("?time=1/0", 400, "time = '1/0'"),
        ("?time=1&frame=1", 400, "give either time or frame"),
        ("", 400, "give either time or frame"),
        ("/1.jpg?width=9", 400, "width = '9'"),
        ("/-1.jpg", 404, "there is nothing at"),
        ("/../../../etc/passwd", 404, "there is nothing at"),
    ],
)
async def test_what_is_wrong_is_said(site: Site, epoch: RecordingEpoch, rest: str, status: int, said: str) -> None:
    found, detail = await problem(site, address(epoch, rest))
    assert (found, said.format(epoch=epoch.id) in detail) == (status, True), detail


async def test_a_thumbnail_after_the_end_is_not_there(site: Site, epoch: RecordingEpoch) -> None:
    assert (await problem(site, address(epoch, "/6.jpg", "thumbnails")))[0] == 416


async def test_an_epoch_that_never_was_is_not_found(site: Site, epoch: RecordingEpoch) -> None:
    status, detail = await problem(site, "/api/v1/channels/two/frames/7/1.jpg")
    assert (status, detail) == (404, "no epoch 7 is recorded of channel 'two'")


async def test_an_epoch_that_was_deleted_is_gone(site: Site, epoch: RecordingEpoch) -> None:
    status, detail = await problem(site, "/api/v1/channels/one/frames/1/1.jpg")
    assert (status, detail) == (410, "the recording of epoch 1 was deleted by retention")


async def test_a_channel_that_nobody_knows_is_not_found(site: Site, epoch: RecordingEpoch) -> None:
    assert (await problem(site, "/api/v1/channels/nine/frames/7/1.jpg"))[0] == 404


async def test_frames_that_were_deleted_are_gone_and_the_others_stay(site: Site, epoch: RecordingEpoch) -> None:
    epoch._index.need().delete_file(epoch.id, 1)
    file_path(site.settings.recording_dir / "two", epoch.id, 1).unlink()
    assert (await problem(site, address(epoch, "/3.jpg")))[0] == 410
    assert (await problem(site, address(epoch, "/1.jpg", "thumbnails")))[0] == 410
    assert await number_at(site, address(epoch, "/77.jpg")) == 77


async def test_a_damaged_picture_is_said_to_be_one(site: Site, epoch: RecordingEpoch) -> None:
    (run, *_) = epoch.runs(Fraction(0), epoch.end(), Fraction(1))
    path = file_path(site.settings.recording_dir / "two", epoch.id, run.file)
    (packet, *_) = epoch.keyframes()
    data = path.read_bytes()
    at = data.index(packet.data)
    path.write_bytes(data[:at] + b"\xff" * len(packet.data) + data[at + len(packet.data) :])
    status, detail = await problem(site, address(epoch, "/0.jpg", "thumbnails"))
    assert status == 404
    assert "the recording is damaged there" in detail


def decoders() -> list[psutil.Process]:
    """The processes that make pictures: those that this one has spawned."""
    return [child for child in psutil.Process().children() if any("spawn_main" in word for word in child.cmdline())]


async def test_a_decoder_that_is_killed_costs_nobody_a_picture(site: Site, epoch: RecordingEpoch) -> None:
    assert await number_at(site, address(epoch, "/30.jpg")) == 30
    for child in decoders():
        os.kill(child.pid, signal.SIGKILL)
    assert await number_at(site, address(epoch, "/90.jpg")) == 90
    lost = site.telemetry.daemon.errors.labels("", "PictureLostError")._value.get()
    assert lost == 1


async def test_the_pages_are_served_while_a_picture_is_made(site: Site, epoch: RecordingEpoch) -> None:
    assert await number_at(site, address(epoch, "/30.jpg")) == 30
    for child in decoders():
        os.kill(child.pid, signal.SIGSTOP)  # it hangs
    picture = asyncio.create_task(number_at(site, address(epoch, "/90.jpg")))
    async with site.http.get("/healthz") as answer:
        assert answer.status == 200
    assert not picture.done()
    for child in decoders():
        os.kill(child.pid, signal.SIGCONT)
    assert await picture == 90


async def test_more_than_can_wait_are_told_to_come_back(site: Site, epoch: RecordingEpoch) -> None:
    assert await number_at(site, address(epoch, "/30.jpg")) == 30

    async def status(number: int) -> int:
        async with site.http.get(address(epoch, f"/{number % FRAMES}.jpg?width={20 + number}")) as answer:
            return answer.status

    for child in decoders():
        os.kill(child.pid, signal.SIGSTOP)
    asked = [asyncio.create_task(status(number)) for number in range(2 * MOST_WAITING)]
    done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    assert {task.result() for task in done} == {429}
    for child in decoders():
        os.kill(child.pid, signal.SIGCONT)
    assert set(await asyncio.gather(*asked)) == {200, 429}


async def test_what_was_asked_for_is_counted(site: Site, epoch: RecordingEpoch) -> None:
    for _ in range(2):
        await number_at(site, address(epoch, "/30.jpg"))
    await number_at(site, address(epoch, "/29.jpg"))  # it was made with the one after it
    counted = {
        outcome: site.telemetry.web.pictures.labels("frame", outcome)._value.get() for outcome in ("made", "kept")
    }
    assert counted == {"made": 1, "kept": 2}


def test_kept_pictures_stay_within_their_bound() -> None:
    kept = _Kept(OrderedDict())
    size = CACHE_BYTES // 4
    for number in range(6):
        kept.put((Path("two"), 1, Fraction(number), 160), bytes(size))
        kept.get((Path("two"), 1, Fraction(0), 160))
    assert [int(key[2]) for key in kept.pictures] == [3, 4, 5, 0]
    assert kept.size_bytes <= CACHE_BYTES
