import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from streamproc.errors import ConfigError
from streamproc.telemetry import Telemetry
from streamproc.timebase import SystemClock
from streamproc.web import WebStage, create_app

Site = Any


async def test_healthz_says_that_the_process_lives(site: Site) -> None:
    async with site.http.get("/healthz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "alive"})


async def test_readyz_says_in_words_why_it_is_not(site: Site, write_status: Any) -> None:
    write_status("one", "connected")
    write_status("two", "stalled", message="no packet for 5 s")
    async with site.http.get("/readyz") as answer:
        body = await answer.json()
    assert answer.status == 503
    assert body["reasons"] == ["channel 'two': no packet for 5 s"]
    assert body["channels"]["one"]["state"] == "recording"


async def test_readyz_is_200_when_every_feed_is_recorded(site: Site, write_status: Any) -> None:
    write_status("one", "connected")
    write_status("two", "connected")
    async with site.http.get("/readyz") as answer:
        assert (answer.status, (await answer.json())["ready"]) == (200, True)


@pytest.mark.parametrize("state", ["connecting", "waiting", "stalled", "failing", "unsupported", "stopped"])
async def test_a_feed_that_is_not_recorded_is_not_ready(site: Site, write_status: Any, state: str) -> None:
    write_status("one", state)
    async with site.http.get("/api/v1/channels/one") as answer:
        health = (await answer.json())["health"]
    assert not health["ready"]
    assert health["message"]


async def test_a_file_that_is_over_is_as_it_should_be(site: Site, write_status: Any) -> None:
    write_status("one", "finished", age_s=3600)
    async with site.http.get("/api/v1/channels/one") as answer:
        assert (await answer.json())["health"]["ready"]


async def test_a_recorder_that_went_silent_is_not_ready(site: Site, write_status: Any) -> None:
    write_status("one", "connected", age_s=3600)
    async with site.http.get("/readyz") as answer:
        body = await answer.json()
    assert body["channels"]["one"]["state"] == "down"
    assert "no recorder works on it" in body["channels"]["one"]["message"]


async def test_metrics_count_answers_by_route(site: Site) -> None:
    for path in ("/api/v1/segments/5", "/api/v1/segments/6", "/nowhere", "/elsewhere"):
        async with site.http.get(path):
            pass
    async with site.http.get("/metrics") as answer:
        text = await answer.text()
    line = 'streamproc_http_requests_total{method="GET",route="/api/v1/segments/{id}",status="404"} 2.0'
    assert line in text
    assert 'streamproc_http_requests_total{method="GET",route="none",status="404"} 2.0' in text


async def test_every_answer_has_the_security_headers(site: Site) -> None:
    for path in ("/", "/page.js", "/api/v1/channels", "/nowhere", "/metrics"):
        async with site.http.get(path) as answer:
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_taken_port_is_said_in_one_line(site: Site) -> None:
    port = int(site.address.rpartition(":")[2])
    app = create_app(lambda: site.settings, site.catalogue, Telemetry(CollectorRegistry()), SystemClock())
    with pytest.raises(ConfigError, match=rf"127\.0\.0\.1:{port} is taken") as caught:
        await WebStage(app, "127.0.0.1", port).run()
    assert "\n" not in str(caught.value)


async def test_metrics_of_all_roles_are_shown_together(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    script = "from prometheus_client import CollectorRegistry; from streamproc.telemetry import Telemetry; "
    script += "Telemetry(CollectorRegistry()).reading.samples.labels('one').inc(7)"
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(folder), "PATH": "/usr/bin:/bin"}
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, env=environment)
        assert await process.wait() == 0
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    async with site.http.get("/metrics") as answer:
        assert 'streamproc_samples_total{channel="one"} 14.0' in await answer.text()
