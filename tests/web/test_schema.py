"""Schemathesis asks every address what its OpenAPI document allows and does not allow."""

import asyncio
import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from streamproc.catalogue import UserRole
from streamproc.catalogue.deliveries import Finished
from streamproc.config import Settings
from streamproc.messages import Kind
from streamproc.web.openapi import document
from tests.web import people
from tests.web.test_openapi import finished_work, recorded_work

Site = Any
EXAMPLES = {"name": "one", "id": 1, "epoch": "1", "format": "csv"}
RECORDED = ("/frames/", "/thumbnails/", "/hls/", "/recording/")
OF_THE_RECORDING = {"name": "two", "frame": "3", "number": "1"}
CONFIG = """
max-stream-events = 1
request-timeout = 60

[phases.coverage]
unexpected-methods = ["put", "trace"]

[checks]
positive_data_acceptance.enabled = false  # 404, 409 and 422 are good answers to what the schema allows
missing_required_header.enabled = false

[[operations]]  # says with 503 that the daemon does not do its work, and here there is none
include-name = "GET /readyz"
checks.not_a_server_error.enabled = false

[[operations]]  # of a body that is text nothing can be of the wrong type
include-name = "POST /api/v1/orders"
checks.negative_data_rejection.enabled = false
"""


def reachable(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the document with examples of names and numbers that exist, so that handlers get to their work."""
    for path, entry in spec["paths"].items():
        examples = EXAMPLES | (OF_THE_RECORDING if any(part in path for part in RECORDED) else {})
        if path.endswith("/evidence"):
            examples["id"] = 999  # gathering it takes seconds each time; tests/evidence does that
        for parameter in (one for operation in entry.values() for one in operation["parameters"]):
            if parameter["in"] == "path" and parameter["name"] in examples:
                parameter["example"] = examples[parameter["name"]]
    return spec


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nobody is too fast here."""
    auth = settings.web.auth.model_copy(update={"requests_per_s": 1e6})
    return settings.model_copy(update={"web": settings.web.model_copy(update={"auth": auth})})


def fill(site: Site, clip: Path, write_status: Any) -> None:
    """Put one of everything into the catalogue."""
    write_status("one", "connected")
    site.change(Kind.UNKNOWN, Kind.PROGRAMME, 2, start=True)
    site.catalogue.finalize(site.change(Kind.PROGRAMME, Kind.ADVERT, 20), site.place(20))
    number = site.cut(clip)
    site.catalogue.deliveries.want("archive", Finished(clip_id=number))
    site.catalogue.end_epoch("one", 1, site.place(50).time, 1250, "stalled")
    site.catalogue.begin_epoch("one", 2, utc_zero_ns=None, frame_rate=Fraction(25), description="")
    finished_work(site)
    recorded_work(site, clip)


@pytest.mark.timeout(900)  # a minute by itself; on a machine that has other work, that many times as long
async def test_schemathesis_finds_no_server_error_and_no_undocumented_answer(
    site: Site, small_mp4: Path, write_status: Any, tmp_path: Path
) -> None:
    asyncio.get_running_loop().set_debug(False)  # thousands of requests
    fill(site, small_mp4, write_status)
    boss = people.add(site.catalogue, "boss", UserRole.ADMIN)
    for _ in range(9):  # so that a number that is guessed is not that of the token that asks
        header = people.token(site.catalogue, boss, "admin")["Authorization"]
    spec = tmp_path / "openapi.json"
    spec.write_text(json.dumps(reachable(document())), encoding="utf-8")
    (tmp_path / "schemathesis.toml").write_text(CONFIG, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", str(spec), "--url", site.address),
        *("--header", f"Authorization: {header}"),
        *("--max-examples", "2", "--phases", "examples,coverage,fuzzing", "--continue-on-failure"),
        *("--generation-database", "none", "--seed", "1", "--no-color", "--workers", "1", "--no-shrink"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    assert "Authentication failed" not in output.decode()
