"""Fetching the schedule, from a real server."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from streamproc.errors import ScheduleError
from streamproc.schedule import fetch as module
from streamproc.schedule.fetch import Mark, fetch


@dataclass
class Provider:
    """Serves a schedule, and answers 304 to those who have it."""

    content: bytes = b"<tv></tv>"
    status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)
    address: str = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.headers))
        tag = f'"{hash(self.content)}"'
        if self.status != 200:
            return web.Response(status=self.status)
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        return web.Response(body=self.content, headers={"ETag": tag, "Last-Modified": formatdate(0, usegmt=True)})


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    app = web.Application()
    app.router.add_get("/guide.xml.gz", provider.serve)
    async with TestServer(app) as server:
        provider.address = str(server.make_url("/guide.xml.gz?key=s3cret"))
        yield provider


async def test_a_schedule_is_fetched_once_and_then_only_when_it_has_changed(provider: Provider, tmp_path: Path) -> None:
    provider.content = gzip.compress(b"<tv>1</tv>")
    first = await fetch(provider.address, Mark(), tmp_path)
    assert first is not None
    assert first.path.read_bytes() == provider.content
    assert await fetch(provider.address, first.mark, tmp_path) is None
    provider.content = gzip.compress(b"<tv>2</tv>")
    second = await fetch(provider.address, first.mark, tmp_path)
    assert second is not None
    assert second.path.read_bytes() == provider.content
    assert "If-Modified-Since" in provider.asked[1]


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_a_server_that_refuses_is_told_without_the_key_and_leaves_the_file(
    status: int, provider: Provider, tmp_path: Path
) -> None:
    first = await fetch(provider.address, Mark(), tmp_path)
    assert first is not None
    provider.status = status
    with pytest.raises(ScheduleError, match=str(status)) as caught:
        await fetch(provider.address, first.mark, tmp_path)
    assert "s3cret" not in str(caught.value)
    assert first.path.read_bytes() == provider.content


async def test_what_is_too_large_is_refused_and_leaves_nothing(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 100_000)
    provider.content = bytes(200_000)
    with pytest.raises(ScheduleError, match="that is no schedule"):
        await fetch(provider.address, Mark(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/guide.xml?key=s3cret", "http://[/guide?key=s3cret"])
async def test_a_server_that_is_not_there_is_told_without_the_key(address: str, tmp_path: Path) -> None:
    with pytest.raises(ScheduleError, match="can't be fetched") as caught:
        await fetch(address, Mark(), tmp_path)
    assert "s3cret" not in str(caught.value)


async def test_a_file_is_read_where_it_lies_and_again_only_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "guide.xml"
    path.write_text("<tv/>")
    first = await fetch(str(path), Mark(), tmp_path / "unused")
    assert first is not None
    assert first.path == path
    assert await fetch(str(path), first.mark, tmp_path) is None
    path.write_text("<tv></tv>")
    assert await fetch(str(path), first.mark, tmp_path) is not None


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScheduleError, match=r"guide\.xml: No such file"):
        await fetch(str(tmp_path / "guide.xml"), Mark(), tmp_path)
