"""Deliveries, in the API and among the live events."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from streamproc.catalogue.deliveries import Finished
from streamproc.config import TargetSettings
from streamproc.messages import Kind
from streamproc.web.openapi import document

Site = Any


@pytest.fixture
def clip(site: Site, small_mp4: Path) -> int:
    """A clip that is ready."""
    site.change(Kind.UNKNOWN, Kind.PROGRAMME, 2, start=True)
    second = site.change(Kind.PROGRAMME, Kind.ADVERT, 30)
    site.catalogue.finalize(second, site.place(30))
    return int(site.cut(small_mp4))


async def get(site: Site, path: str, status: int = 200) -> Any:
    async with site.http.get(path) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


def want(site: Site, clip: int, *targets: str) -> list[int]:
    return [site.catalogue.deliveries.want(target, Finished(clip_id=clip)) for target in targets]


async def test_a_delivery_shows_how_far_it_is_and_why(site: Site, clip: int) -> None:
    (number,) = want(site, clip, "archive")
    shown = await get(site, f"/api/v1/deliveries/{number}")
    assert (shown["state"], shown["clip_id"], shown["piece_id"], shown["channel"]) == ("queued", clip, None, "one")
    site.catalogue.deliveries.take("archive")
    site.catalogue.deliveries.failed(number, "target 'archive' is full", again_ns=1_800_000_000_000_000_000)
    shown = await get(site, f"/api/v1/deliveries/{number}")
    assert (shown["message"], shown["next_utc"]) == ("target 'archive' is full", "2027-01-15T08:00:00.000Z")
    site.catalogue.deliveries.done(number, "one/7.mp4", "verified: size")
    shown = await get(site, f"/api/v1/deliveries/{number}")
    assert (shown["state"], shown["remote_path"], shown["next_utc"]) == ("done", "one/7.mp4", None)
    assert shown["sent_bytes"] == shown["size_bytes"] > 0


async def test_deliveries_are_found_by_target_state_and_file_newest_first(site: Site, clip: int) -> None:
    first, second = want(site, clip, "archive", "newsroom")
    site.catalogue.deliveries.take("archive")
    site.catalogue.deliveries.done(first, "x", "size")

    async def found(query: str) -> list[int]:
        return [item["id"] for item in (await get(site, f"/api/v1/deliveries{query}"))["items"]]

    assert await found("") == [second, first]
    assert await found("?target=archive") == [first]
    assert await found("?state=queued") == [second]
    assert await found(f"?clip={clip}") == [second, first]
    assert await found("?piece=1") == []
    part = await get(site, "/api/v1/deliveries?limit=1")
    assert [item["id"] for item in (await get(site, part["next"]))["items"]] == [first]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/v1/deliveries/77", 404, "no delivery has the number 77"),
        ("/api/v1/deliveries?state=lost", 400, "state"),
        ("/api/v1/deliveries?clip=1&piece=2", 400, "a delivery is of one of them"),
    ],
)
async def test_what_makes_no_sense_is_said(site: Site, path: str, status: int, words: str) -> None:
    assert words in (await get(site, path, status))["detail"]


async def test_a_delivery_is_as_its_schema_says(site: Site, clip: int) -> None:
    (number,) = want(site, clip, "archive")
    whole = document()
    schema = {"$ref": "#/components/schemas/Delivery", "components": whole["components"]}
    Draft202012Validator(schema).validate(await get(site, f"/api/v1/deliveries/{number}"))


async def test_a_live_event_brings_the_delivery_along(site: Site, clip: int) -> None:
    (number,) = want(site, clip, "archive")
    async with site.http.get("/api/v1/events", headers={"Last-Event-ID": "0"}) as stream:
        async for line in stream.content:
            if line.startswith(b"data:") and b'"delivery"' in line:
                event = json.loads(line.removeprefix(b"data:"))
                break
    assert (event["type"], event["subject_id"], event["subject"]["target"]) == ("delivery", number, "archive")


async def test_a_clip_whose_file_was_deleted_says_so_and_its_download_is_gone(site: Site, clip: int) -> None:
    (site.settings.clip_dir / "one" / f"{clip}.mp4").unlink()
    site.catalogue.deliveries.removed(Finished(clip_id=clip))
    shown = await get(site, f"/api/v1/clips/{clip}")
    assert (shown["state"], shown["download"]) == ("ready", None)
    assert shown["removed_utc"] is not None
    await get(site, f"/api/v1/clips/{clip}/download", 410)


async def test_a_delivery_that_is_asked_for_is_queued_and_said_again_is_the_same(site: Site, clip: int) -> None:
    site.settings = site.settings.model_copy(
        update={"targets": (TargetSettings(name="archive", url="file:///srv/archive"),)}
    )
    numbers = []
    for _ in range(2):
        async with site.http.post("/api/v1/deliveries", json={"target": "archive", "clip": clip}) as answer:
            assert answer.status == 202, await answer.text()
            shown = await answer.json()
            assert answer.headers["Location"] == f"/api/v1/deliveries/{shown['id']}"
            numbers.append((shown["id"], shown["state"], shown["clip_id"]))
    assert numbers == [(numbers[0][0], "queued", clip)] * 2


async def test_the_targets_are_told_by_name_only(site: Site) -> None:
    body = await (await site.http.get("/api/v1/targets")).json()
    assert body == {"items": [{"name": "site"}], "next": None}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"target": "nowhere", "clip": 1}, 422, "no target is named 'nowhere'; there are: archive"),
        ({"target": "archive", "clip": 999}, 404, "no clip has the number 999"),
        ({"target": "archive", "piece": 999}, 404, "no piece has the number 999"),
        ({"target": "archive"}, 422, "name either a clip or a piece"),
    ],
)
async def test_a_delivery_that_can_not_be_is_refused_in_words(
    site: Site, body: dict[str, Any], status: int, words: str
) -> None:
    site.settings = site.settings.model_copy(
        update={"targets": (TargetSettings(name="archive", url="file:///srv/archive"),)}
    )
    async with site.http.post("/api/v1/deliveries", json=body) as answer:
        assert (answer.status, words in (await answer.json())["detail"]) == (status, True), await answer.text()
