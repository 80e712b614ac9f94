"""Learning over HTTP: wished for, watched, looked at, put to use; with a real recording and the demo's model."""

import asyncio
import json
import re
import shutil
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from streamproc.catalogue import Catalogue
from streamproc.config import Settings, load
from streamproc.media.recording.reader import RecordingEpoch
from streamproc.messages import Span
from streamproc.timebase import utc_from_ns
from streamproc.web import Keeper
from tests.media.recorded import record
from tests.web.keeping import keeper_of, settings_of

DEMO = Path(__file__).parent.parent.parent / "models" / "demo"
LEARNINGS = "/api/v1/channels/one/learnings"
Site = Any


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "streamproc.toml"
    channel = (
        '[[channels]]\nname = "one"\nurl = "udp://127.0.0.1:9"\nlogo = "bug.png"  # for now\nregion = "0,0,0.1,0.1"\n'
    )
    written.write_text(f'data_dir = "data"\n{channel}', encoding="utf-8")
    return written


@pytest.fixture
def settings(path: Path) -> Settings:
    return settings_of(path)


@pytest.fixture
def keeper(path: Path, request: pytest.FixtureRequest) -> Keeper:
    return keeper_of(path, request)


@pytest.fixture
def epoch(settings: Settings, small_mp4: Path) -> RecordingEpoch:
    """Two seconds of the channel, recorded a moment ago."""
    return record(small_mp4, settings.recording_dir / "one")[0]


def moment(epoch: RecordingEpoch, seconds: float) -> str:
    return (utc_from_ns(epoch.utc_zero_ns) + timedelta(seconds=seconds)).isoformat()


async def ask(site: Site, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any, Any]:
    kwargs = {} if body is None else {"json": body}
    async with site.http.request(method, path, headers=headers, **kwargs) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers


def finish(site: Site, number: int) -> Path:
    """Do what the stage does; the model learnt is the demo's."""
    row = site.catalogue.learnings.take()
    assert row.id == number
    folder = site.settings.learnt_dir / row.folder
    shutil.copytree(DEMO, folder)
    (folder / "report.html").write_text("<!DOCTYPE html><p>Good</p>")
    (folder / "mask.png").write_bytes(b"\x89PNG")
    site.catalogue.learnings.ready(number, "right on 99.20% of the pictures held out")
    return Path(folder)


async def wish(site: Site, epoch: RecordingEpoch, **more: object) -> dict[str, Any]:
    body = {"from": moment(epoch, -60), "to": moment(epoch, 60), **more}
    status, learning, headers = await ask(site, "POST", LEARNINGS, body)
    assert (status, headers["Location"]) == (202, f"/api/v1/learnings/{learning['id']}")
    return dict(learning)


async def test_what_is_wished_for_is_what_is_recorded_of_the_time_and_is_held(
    site: Site, epoch: RecordingEpoch
) -> None:
    learning = await wish(site, epoch, region="0.5,0,0.5,0.25", choose=2, author="anna")
    assert (learning["state"], learning["region"], learning["choose"]) == ("queued", "0.5,0,0.5,0.25", 2)
    row = site.catalogue.learnings.get(learning["id"])
    assert row.lesson.spans == (Span(epoch=epoch.id, start=Fraction(0), end=epoch.end()),)
    assert site.catalogue.held("one") == [(epoch.id, Fraction(0), epoch.end())]
    finish(site, learning["id"])
    assert site.catalogue.held("one") == []


async def test_the_same_wish_under_the_same_key_is_one_learning(site: Site, epoch: RecordingEpoch) -> None:
    body = {"from": moment(epoch, 0), "to": moment(epoch, 1)}
    first, second = [(await ask(site, "POST", LEARNINGS, body, **{"Idempotency-Key": "k"}))[1]["id"] for _ in range(2)]
    assert first == second
    other = {"from": moment(epoch, 0), "to": moment(epoch, 2)}
    assert (await ask(site, "POST", LEARNINGS, other, **{"Idempotency-Key": "k"}))[0] == 422


async def test_progress_is_told_live_and_read_later(site: Site, epoch: RecordingEpoch) -> None:
    async with site.http.get("/api/v1/events") as stream:
        learning = await wish(site, epoch)
        site.catalogue.learnings.take()
        site.catalogue.learnings.progress(learning["id"], "training", 0.25)
        async with asyncio.timeout(10):
            async for line in stream.content:
                if line.startswith(b"data: ") and b'"training"' in line:
                    subject = json.loads(line[6:])["subject"]
                    break
    assert (subject["state"], subject["share"], subject["message"]) == ("learning", 0.25, "training")
    _, listed, _ = await ask(site, "GET", LEARNINGS)
    assert [(one["id"], one["share"]) for one in listed["items"]] == [(learning["id"], 0.25)]


async def test_a_model_is_put_to_use_in_the_file_and_at_work(site: Site, epoch: RecordingEpoch, path: Path) -> None:
    learning = await wish(site, epoch)
    assert (await ask(site, "POST", f"/api/v1/learnings/{learning['id']}/use", {}))[0] == 409
    folder = finish(site, learning["id"])
    status, used, _ = await ask(site, "POST", f"/api/v1/learnings/{learning['id']}/use", {"author": "anna"})
    assert (status, used["state"]) == (200, "used")
    assert (site.settings.channel("one").model, site.settings.channel("one").logo) == (folder, None)
    assert load(path).channel("one").model == folder
    _, models, _ = await ask(site, "GET", "/api/v1/models")
    (model,) = models["items"]
    assert (model["channels"], model["learning"], model["name"]) == (["one"], learning["id"], "demo")


async def test_of_two_models_the_later_one_used_is_the_used_one(site: Site, epoch: RecordingEpoch) -> None:
    numbers = []
    for _ in range(2):
        learning = await wish(site, epoch)
        finish(site, learning["id"])
        numbers.append(learning["id"])
        await ask(site, "POST", f"/api/v1/learnings/{learning['id']}/use", {})
    _, listed, _ = await ask(site, "GET", LEARNINGS)
    assert {one["id"]: one["state"] for one in listed["items"]} == {numbers[0]: "ready", numbers[1]: "used"}


async def test_the_report_can_do_nothing_but_show_itself(site: Site, epoch: RecordingEpoch) -> None:
    learning = await wish(site, epoch)
    finish(site, learning["id"])
    async with site.http.get(f"/api/v1/learnings/{learning['id']}/report") as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert (answer.status, answer.content_type) == (200, "text/html")
    assert policy.startswith("sandbox allow-scripts; default-src 'none'; script-src 'sha256-")
    assert "allow-same-origin" not in policy
    async with site.http.get(f"/api/v1/learnings/{learning['id']}/mask.png") as answer:
        assert (answer.status, answer.content_type) == (200, "image/png")


async def test_what_is_taken_back_is_learnt_no_more(site: Site, epoch: RecordingEpoch) -> None:
    learning = await wish(site, epoch)
    site.catalogue.learnings.take()
    status, after, _ = await ask(site, "DELETE", f"/api/v1/learnings/{learning['id']}")
    assert (status, after["state"]) == (200, "failed")
    assert not site.catalogue.learnings.progress(learning["id"], "training", 0.5)
    assert (await ask(site, "DELETE", f"/api/v1/learnings/{learning['id']}"))[0] == 409


@pytest.mark.parametrize(
    ("first", "last", "more", "said"),
    [
        (-600, -300, {}, "nothing of this time is recorded"),
        (1, 0, {}, "it ends before it begins"),
        (0, 7 * 3600, {}, "longer than 6 hours"),
        (600, 1200, {}, "it lies ahead"),
        (0, 1, {"region": "0,0,2,1"}, "must lie in the picture"),
        (0, 1, {"region": "everywhere"}, "four numbers"),
        (0, 1, {"choose": 0}, "choose"),
        (0, 1, {"colour": "red"}, "colour"),
    ],
)
async def test_what_can_not_be_learnt_from_says_why(
    site: Site, epoch: RecordingEpoch, first: float, last: float, more: dict[str, Any], said: str
) -> None:
    body = {"from": moment(epoch, first), "to": moment(epoch, last), **more}
    status, problem, _ = await ask(site, "POST", LEARNINGS, body)
    assert (status, said in problem["detail"]) == (422, True), problem


async def test_what_is_not_there_is_not_there(site: Site, epoch: RecordingEpoch) -> None:
    learning = await wish(site, epoch)
    number = learning["id"]
    for method, path, status in (
        ("GET", "/api/v1/learnings/99", 404),
        ("GET", "/api/v1/channels/nine/learnings", 404),
        ("GET", f"/api/v1/learnings/{number}/report", 409),
        ("GET", f"/api/v1/learnings/{number}/mask.png", 409),
        ("GET", f"/api/v1/learnings/{number}/marks.png", 404),
        ("GET", f"/api/v1/learnings/{number}/card.json", 404),
        ("GET", f"/api/v1/learnings/{number}/mask.jpg", 404),
        ("GET", f"/api/v1/learnings/{number}/..%2fmask.png", 404),
    ):
        got, problem, _ = await ask(site, method, path)
        assert (got, bool(problem["detail"])) == (status, True), path


async def test_a_model_that_can_not_be_read_says_why(site: Site, settings: Settings, catalogue: Catalogue) -> None:
    folder = settings.data_dir / "broken"
    shutil.copytree(DEMO, folder)
    (folder / "model.onnx").write_bytes(b"")
    channel = settings.channels[0].model_copy(update={"model": folder, "logo": None, "region": None})
    site.settings = settings.model_copy(update={"channels": (channel,)})
    _, models, _ = await ask(site, "GET", "/api/v1/models")
    (model,) = models["items"]
    assert (model["channels"], re.search("is not the file that its card describes", model["problem"]) is not None) == (
        ["one"],
        True,
    )
