from pathlib import Path
from typing import Any

import pytest

from streamproc.catalogue import ClipRow, ClipState
from streamproc.messages import Kind
from streamproc.web.api import disposition, file_name

Site = Any


@pytest.fixture
def clip(site: Site, small_mp4: Path) -> str:
    site.change(Kind.UNKNOWN, Kind.PROGRAMME, 2, start=True)
    site.catalogue.finalize(site.change(Kind.PROGRAMME, Kind.ADVERT, 20), site.place(20))
    return f"/api/v1/clips/{site.cut(small_mp4)}/download"


async def test_a_clip_is_downloaded_whole(site: Site, clip: str, small_mp4: Path) -> None:
    async with site.http.get(clip) as answer:
        assert (answer.status, answer.content_type) == (200, "video/mp4")
        assert await answer.read() == small_mp4.read_bytes()


@pytest.mark.parametrize(
    ("asked", "part"), [("0-99", slice(0, 100)), ("100-", slice(100, None)), ("-50", slice(-50, None))]
)
async def test_a_part_of_a_clip_can_be_had(site: Site, clip: str, small_mp4: Path, asked: str, part: slice) -> None:
    whole = small_mp4.read_bytes()
    async with site.http.get(clip, headers={"Range": f"bytes={asked}"}) as answer:
        assert answer.status == 206
        assert await answer.read() == whole[part]
        assert answer.headers["Content-Range"].endswith(f"/{len(whole)}")


async def test_a_part_that_is_not_there_is_refused(site: Site, clip: str, small_mp4: Path) -> None:
    size = small_mp4.stat().st_size
    async with site.http.get(clip, headers={"Range": f"bytes={size}-"}) as answer:
        assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{size}")


async def test_a_clip_that_is_known_is_not_sent_again(site: Site, clip: str) -> None:
    async with site.http.head(clip) as answer:
        tag = answer.headers["ETag"]
    async with site.http.get(clip, headers={"If-None-Match": tag}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")


async def test_a_clip_is_saved_under_its_channel_and_wall_time(site: Site, clip: str) -> None:
    async with site.http.head(clip) as answer:
        assert answer.content_disposition is not None
        assert answer.content_disposition.filename.startswith("Первый канал 20")
        assert answer.headers["Content-Disposition"].isascii()


async def test_a_clip_that_is_not_ready_says_so(site: Site) -> None:
    site.change(Kind.UNKNOWN, Kind.PROGRAMME, 2, start=True)
    site.catalogue.finalize(site.change(Kind.PROGRAMME, Kind.ADVERT, 20), site.place(20))
    number = site.catalogue.clips("one")[0].id
    async with site.http.get(f"/api/v1/clips/{number}/download") as answer:
        assert (answer.status, "is queued" in await answer.text()) == (409, True)


async def test_a_clip_whose_file_is_gone_says_so(site: Site, clip: str) -> None:
    for path in (site.settings.clip_dir / "one").iterdir():
        path.unlink()
    async with site.http.get(clip) as answer:
        assert (answer.status, "its file is gone" in await answer.text()) == (410, True)


def test_a_file_name_is_safe_on_every_system() -> None:
    row = ClipRow(
        id=1,
        channel="one",
        segment_id=1,
        epoch=1,
        start=0,
        end=1,
        start_utc_ns=0,
        end_utc_ns=1,
        title='Что? Где: "Когда"/2',
        state=ClipState.READY,
        attempts=1,
        path="a.mp4",
        size_bytes=1,
        sha256="",
        message=None,
        updated_ns=0,
    )
    assert file_name("One", row, Path("a.mp4")) == "Что_ Где_ _Когда__2 1970-01-01 00.00.00Z.mp4"


def test_a_name_in_any_script_has_a_plain_one_beside_it() -> None:
    assert disposition('Кино "1".mp4') == (
        "attachment; filename=\"____ _1_.mp4\"; filename*=UTF-8''%D0%9A%D0%B8%D0%BD%D0%BE%20%221%22.mp4"
    )
