"""Cues in the API."""

import json
from fractions import Fraction
from typing import Any

from jsonschema import Draft202012Validator

from streamproc.messages import Cue, CueKind, CueOrigin
from streamproc.scte35.section import make_splice_insert, to_text
from streamproc.web.openapi import document

Site = Any
PAYLOAD = to_text(make_splice_insert(7, 900_000, out=True))


def cue(time: int, **other: object) -> Cue:
    values: dict[str, object] = {
        "kind": CueKind.OUT,
        "time": Fraction(time),
        "exact": True,
        "sent": Fraction(time) - 4,
        "event_id": 7,
        "duration": Fraction(30),
        "returns": False,
        "cancels": False,
        "name": "splice_insert",
        "origin": CueOrigin.STREAM,
        "payload": PAYLOAD,
    }
    return Cue(**(values | other))  # type: ignore[arg-type]


async def get(site: Site, path: str, status: int = 200) -> Any:
    async with site.http.get(path) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_cues_are_listed_newest_first_and_in_parts(site: Site) -> None:
    tag = cue(30, kind=CueKind.IN, event_id=None, duration=None, origin=CueOrigin.HLS, payload="")
    assert site.catalogue.cues.add("one", 1, [cue(10), tag]) == [cue(10), tag]
    first = await get(site, "/api/v1/channels/one/cues?limit=1")
    (newest,) = first["items"]
    assert (newest["kind"], newest["time"], newest["origin"], newest["payload"]) == ("in", "30/1", "hls", None)
    rest = await get(site, first["next"])
    assert rest["next"] is None
    (oldest,) = rest["items"]
    assert (oldest["kind"], oldest["time_s"], oldest["event_id"]) == ("out", 10.0, 7)
    assert (oldest["duration_s"], oldest["payload"]) == (30.0, PAYLOAD)
    assert oldest["utc"] is not None


async def test_the_same_cue_again_changes_nothing(site: Site) -> None:
    assert [site.catalogue.cues.add("one", 1, [cue(10)]) for _ in range(2)] == [[cue(10)], []]
    assert len((await get(site, "/api/v1/channels/one/cues"))["items"]) == 1


async def test_the_answer_is_as_the_document_says(site: Site) -> None:
    site.catalogue.cues.add("one", 1, [cue(10)])
    whole = document()
    route = whole["paths"]["/api/v1/channels/{name}/cues"]["get"]
    schema = route["responses"]["200"]["content"]["application/json"]["schema"]
    answer = await get(site, "/api/v1/channels/one/cues")
    Draft202012Validator({**schema, "components": whole["components"]}).validate(answer)


async def test_an_unknown_channel_is_not_found(site: Site) -> None:
    assert "no channel is named" in (await get(site, "/api/v1/channels/nobody/cues", 404))["detail"]


async def test_a_live_event_carries_the_cue_with_its_payload(site: Site) -> None:
    site.catalogue.cues.add("one", 1, [cue(10)])
    (event,) = [row for row in site.catalogue.events(0) if row.type == "cue"]
    async with site.http.get("/api/v1/events", headers={"Last-Event-ID": str(event.id - 1)}) as answer:
        async for line in answer.content:
            if line.startswith(b"data:") and b'"cue"' in line:
                subject = json.loads(line.removeprefix(b"data:"))["subject"]
                break
    assert (subject["kind"], subject["payload"]) == ("out", PAYLOAD)
