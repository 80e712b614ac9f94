"""Channels' settings over HTTP, with a real file behind them."""

from pathlib import Path
from typing import Any

import pytest

from streamproc.catalogue import Catalogue, UserRole
from streamproc.config import Settings, load
from streamproc.telemetry import Telemetry
from streamproc.timebase import SystemClock
from streamproc.web import Keeper, create_app
from tests.web import people
from tests.web.keeping import keeper_of, settings_of

SECRET = "k3y-of-the-stream"
FILE = """# the studio's
data_dir = "data"

# the first
[[channels]]
name = "one"
title = "Первый"  # for people
url = "rtmp://user:{secret}@127.0.0.1/live/{secret}"
[channels.retention]
max_age_h = 24

[[targets]]
name = "site"
url = "file:///tmp"
"""
ONE = "/api/v1/channels/one/settings"
Site = Any


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "streamproc.toml"
    written.write_text(FILE.format(secret=SECRET), encoding="utf-8")
    return written


@pytest.fixture
def settings(path: Path) -> Settings:
    return settings_of(path)


@pytest.fixture
def keeper(path: Path, request: pytest.FixtureRequest) -> Keeper:
    return keeper_of(path, request)


async def ask(site: Site, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any, Any]:
    kwargs = {} if body is None else {"json": body}
    async with site.http.request(method, path, headers=headers, **kwargs) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers


async def test_settings_are_shown_as_written_with_defaults_beside_and_without_keys(site: Site) -> None:
    status, shown, headers = await ask(site, "GET", ONE)
    assert status == 200
    assert shown["settings"]["retention"] == {"max_age_h": 24}
    assert shown["settings"]["url"] == "rtmp://***@127.0.0.1/live/***"
    assert shown["effective"]["retention"]["min_free_bytes"] == 2_000_000_000
    assert (shown["applied"], shown["problem"]) == (True, None)
    assert headers["ETag"] == f'"{shown["version"]}"'
    assert SECRET not in str(shown)


async def test_changed_settings_are_in_the_file_and_at_work_and_the_key_is_kept(site: Site, path: Path) -> None:
    _, shown, _ = await ask(site, "GET", ONE)
    changed = {**shown["settings"], "title": "Первый HD", "retention": {"max_age_h": 48}}
    status, answer, _ = await ask(site, "PUT", ONE, changed, **{"If-Match": f'"{shown["version"]}"'})
    assert (status, answer["applied"], answer["settings"]["title"]) == (200, True, "Первый HD")
    assert path.read_text() == FILE.format(secret=SECRET).replace('"Первый"', '"Первый HD"').replace("24", "48")
    assert site.settings.channel("one").title == "Первый HD"


async def test_a_channel_is_added_and_is_there_at_once(site: Site, path: Path) -> None:
    body = {"name": "two", "url": "udp://127.0.0.1:9", "deliver": ["site"], "clips": {"keep_days": 7}, "model": None}
    status, answer, headers = await ask(site, "POST", "/api/v1/channels", body)
    assert (status, headers["Location"]) == (201, "/api/v1/channels/two/settings")
    assert answer["settings"] == {key: value for key, value in body.items() if value is not None}
    assert [channel.name for channel in load(path).channels] == ["one", "two"]
    status, channel, _ = await ask(site, "GET", "/api/v1/channels/two")
    assert (status, channel["health"]["state"]) == (200, "down")


async def test_a_stopped_channel_is_shown_as_stopped_and_keeps_the_daemon_ready(site: Site, path: Path) -> None:
    _, shown, _ = await ask(site, "GET", ONE)
    await ask(site, "PUT", ONE, {**shown["settings"], "enabled": False})
    _, channel, _ = await ask(site, "GET", "/api/v1/channels/one")
    assert (channel["health"]["state"], channel["health"]["ready"]) == ("stopped", True)


async def test_a_removed_channel_is_gone_from_the_file_and_what_was_found_stays(
    site: Site, path: Path, catalogue: Catalogue
) -> None:
    status, _, _ = await ask(site, "DELETE", ONE)
    assert (status, load(path).channels) == (200, ())
    assert "# the first" not in path.read_text()
    status, channel, _ = await ask(site, "GET", "/api/v1/channels/one")
    assert (status, channel["health"]["state"]) == (200, "not-configured")


async def test_two_engineers_do_not_overwrite_each_other(site: Site) -> None:
    _, shown, _ = await ask(site, "GET", ONE)
    seen = {"If-Match": f'"{shown["version"]}"'}
    assert (await ask(site, "PUT", ONE, {**shown["settings"], "title": "A"}, **seen))[0] == 200
    status, problem, _ = await ask(site, "PUT", ONE, {**shown["settings"], "title": "B"}, **seen)
    assert (status, "were changed meanwhile" in problem["detail"]) == (412, True)
    assert (await ask(site, "DELETE", ONE, **seen))[0] == 412
    assert site.settings.channel("one").title == "A"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"url": "ftp://a/b"}, "url has the scheme 'ftp'"),
        ({"url": "udp://a:1", "listen": "udp://a:2"}, "needs either url or listen"),
        ({"url": "udp://a:1", "deliver": ["tape"]}, "deliver names no target 'tape'"),
        ({"url": "udp://a:1", "retention": {"max_age_h": -1}}, "retention.max_age_h"),
        ({"url": "udp://a:1", "colour": "red"}, "colour"),
        ({"url": "udp://a:1", "title": "x" * 10_000}, "title"),
        ({"url": "udp://a:1\nx"}, "one line"),
        ({"url": "rtmp://***@host/live/***"}, "write the whole address"),
        ({"url": "udp://a:1", "name": "other"}, "a channel keeps its name"),
        ({"url": "udp://a:1", "region": "0,0,2,1", "logo": "l.png"}, "must lie in the picture"),
        ({"url": "udp://a:1", "timezone": "Moon/Base"}, "there is no time zone 'Moon/Base'"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words_and_the_file_stays(
    site: Site, path: Path, body: dict[str, Any], said: str
) -> None:
    status, problem, _ = await ask(site, "PUT", ONE, body)
    assert (status, said in problem["detail"]) == (422, True), problem
    assert path.read_text() == FILE.format(secret=SECRET)


async def test_what_is_not_there_or_is_taken_says_so(site: Site) -> None:
    body = {"url": "udp://127.0.0.1:9"}
    for method, path, sent, status in (
        ("GET", "/api/v1/channels/nine/settings", None, 404),
        ("PUT", "/api/v1/channels/nine/settings", body, 404),
        ("DELETE", "/api/v1/channels/nine/settings", None, 404),
        ("POST", "/api/v1/channels", {"name": "one", **body}, 409),
        ("POST", "/api/v1/channels", {"name": "Первый", **body}, 422),
        ("POST", "/api/v1/channels", body, 422),
    ):
        got, problem, _ = await ask(site, method, path, sent)
        assert (got, bool(problem["detail"])) == (status, True), problem


async def test_a_title_with_markup_is_kept_as_the_text_that_it_is(site: Site, path: Path) -> None:
    _, shown, _ = await ask(site, "GET", ONE)
    title = "<script>alert(\"1\")</script> & 'Ко'"
    status, answer, _ = await ask(site, "PUT", ONE, {**shown["settings"], "title": title})
    assert (status, answer["settings"]["title"], load(path).channel("one").title) == (200, title, title)


async def test_a_file_that_somebody_spoilt_is_told_of_and_does_no_harm(site: Site, path: Path) -> None:
    path.write_text(path.read_text().replace("max_age_h = 24", "max_age_h = -1"))
    _, shown, _ = await ask(site, "GET", ONE)
    assert (shown["applied"], "max_age_h" in shown["problem"]) == (False, True)


async def test_without_a_file_nothing_can_be_changed(settings: Settings, catalogue: Catalogue) -> None:
    from aiohttp.test_utils import TestClient, TestServer
    from prometheus_client import CollectorRegistry

    app = create_app(lambda: settings, catalogue, Telemetry(CollectorRegistry()), SystemClock())
    async with TestClient(TestServer(app)) as client, client.get(ONE) as answer:
        assert (answer.status, "configuration file" in (await answer.json(content_type=None))["detail"]) == (409, True)


async def test_settings_and_models_are_an_engineers_affair(site: Site, catalogue: Catalogue, path: Path) -> None:
    editor = people.token(catalogue, people.add(catalogue, "anna", UserRole.EDITOR), "write")
    engineer = people.token(catalogue, people.add(catalogue, "boris", UserRole.ENGINEER), "engineer")
    for method, address in (
        ("GET", ONE),
        ("PUT", ONE),
        ("DELETE", ONE),
        ("POST", "/api/v1/channels"),
        ("POST", "/api/v1/channels/one/learnings"),
        ("DELETE", "/api/v1/learnings/1"),
        ("POST", "/api/v1/learnings/1/use"),
        ("GET", "/api/v1/models"),
    ):
        status, problem, _ = await ask(site, method, address, {}, **editor)
        assert (status, "engineer" in problem["detail"]) == (403, True), (method, address)
    assert path.read_text() == FILE.format(secret=SECRET)
    assert (await ask(site, "GET", ONE, **engineer))[0] == 200
