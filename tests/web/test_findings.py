"""What was found painted over, over HTTP."""

from typing import Any

import cv2
import numpy as np
import pytest

from streamproc.catalogue import UserRole
from streamproc.config import InspectSettings
from streamproc.timebase import NS, iso_utc
from tests.findings import HEAT, find
from tests.web import people
from tests.web.test_timeline import since, timeline, zero_of

Site = Any
ANY = {"If-Match": "*"}


async def ask(site: Site, path: str, **parameters: str) -> Any:
    async with site.http.get(path, params=parameters) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def judge(site: Site, number: int, **body: Any) -> dict[str, Any]:
    async with site.http.put(f"/api/v1/findings/{number}/verdict", json=body, headers=ANY) as answer:
        assert answer.status == 200, await answer.text()
        return dict(await answer.json())


async def test_a_finding_is_told_with_its_place_and_time(site: Site) -> None:
    number = find(site.catalogue)
    told = await ask(site, f"/api/v1/findings/{number}")
    assert told["box"] == {"left": 96, "top": 80, "right": 224, "bottom": 144}
    assert (told["start_s"], told["end_s"], told["shown"], told["open"]) == (2, 8, "8/1", True)
    assert told["start_utc"] == iso_utc(zero_of(site) + 2 * NS)
    assert (told["width"], told["height"], told["score"], told["reliability"]) == (1920, 1080, 0.75, "good")
    assert (told["model"], told["verdict"]) == ({"name": "residual", "sha256": "a" * 64}, None)


async def test_its_heat_is_a_grey_picture(site: Site) -> None:
    told = await ask(site, f"/api/v1/findings/{find(site.catalogue)}")
    async with site.http.get(told["heat"]) as answer:
        assert (answer.status, answer.content_type) == (200, "image/png")
        data = await answer.read()
    assert data == HEAT
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED).shape == (270, 480)


async def test_findings_come_newest_first_in_parts(site: Site) -> None:
    numbers = [find(site.catalogue, start, start + 5) for start in (0, 10, 20)]
    first = await ask(site, "/api/v1/channels/one/findings", limit="2")
    assert [one["id"] for one in first["items"]] == numbers[:0:-1]
    rest = await ask(site, first["next"])
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (numbers[:1], None)


async def test_findings_can_be_asked_for_by_time_and_verdict(site: Site) -> None:
    early, late = find(site.catalogue, 0, 5), find(site.catalogue, 20, 25)
    await judge(site, early, verdict="dismissed")

    async def numbers(**parameters: str) -> list[int]:
        return [one["id"] for one in (await ask(site, "/api/v1/channels/one/findings", **parameters))["items"]]

    at = iso_utc(zero_of(site) + 10 * NS)
    assert (await numbers(**{"from": at}), await numbers(to=at)) == ([late], [early])
    assert (await numbers(verdict="dismissed"), await numbers(verdict="none")) == ([early], [late])
    assert await numbers(verdict="confirmed") == []


async def test_what_an_editor_says_is_kept_with_their_name_and_audited(site: Site) -> None:
    number = find(site.catalogue)
    olga = people.token(site.catalogue, people.add(site.catalogue, "olga", UserRole.EDITOR), "read", "write")
    body = {"verdict": "confirmed", "note": "the sponsor's logo"}
    async with site.http.put(f"/api/v1/findings/{number}/verdict", json=body, headers=olga | ANY) as answer:
        told = await answer.json()
    assert (told["verdict"], told["verdict_by"], told["note"]) == ("confirmed", "olga", "the sponsor's logo")
    assert told["verdict_at"] is not None
    (entry,) = [row.deed for row in site.catalogue.audit.find(author="olga") if "verdict" in row.deed.action]
    assert (entry.outcome, str(number) in entry.subject) == (200, True)


async def test_a_viewer_may_look_and_say_nothing(site: Site) -> None:
    number = find(site.catalogue)
    viewer = people.token(site.catalogue, people.add(site.catalogue, "vera", UserRole.VIEWER))
    async with site.http.get(f"/api/v1/findings/{number}/heat.png", headers=viewer) as answer:
        assert answer.status == 200
    async with site.http.put(
        f"/api/v1/findings/{number}/verdict", json={"verdict": "confirmed"}, headers=viewer
    ) as answer:
        assert answer.status == 403


async def test_what_was_said_can_be_taken_back(site: Site) -> None:
    number = find(site.catalogue)
    assert (await judge(site, number, verdict="dismissed", note="a window"))["note"] == "a window"
    told = await judge(site, number, verdict=None)
    assert (told["verdict"], told["verdict_by"], told["verdict_at"], told["note"]) == (None, None, None, None)


async def versioned(site: Site, number: int, version: str | None, **body: Any) -> tuple[int, dict[str, Any], str]:
    """Judge over a version; return the status, what is answered, and its ETag."""
    headers = {} if version is None else {"If-Match": version}
    async with site.http.put(f"/api/v1/findings/{number}/verdict", json=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers.get("ETag", "")


async def test_who_judges_second_is_told_who_judged_first_and_changes_nothing(site: Site) -> None:
    number = find(site.catalogue)
    seen = f'"{(await ask(site, f"/api/v1/findings/{number}"))["verdict_version"]}"'
    status, told, tag = await versioned(site, number, seen, verdict="dismissed", note="a window", author="olga")
    assert (status, tag) == (200, f'"{told["verdict_version"]}"')
    assert tag != seen
    status, problem, _ = await versioned(site, number, seen, verdict="confirmed", author="boris")
    assert (status, f"finding {number} was dismissed by olga" in problem["detail"]) == (412, True), problem
    assert (await ask(site, f"/api/v1/findings/{number}"))["verdict"] == "dismissed"
    assert (await versioned(site, number, tag, verdict="confirmed", author="boris"))[0] == 200


async def test_a_verdict_that_does_not_say_what_it_has_seen_is_refused(site: Site) -> None:
    number = find(site.catalogue)
    assert (await versioned(site, number, None, verdict="confirmed"))[0] == 428
    assert (await versioned(site, number, "soon", verdict="confirmed"))[0] == 400
    assert (await ask(site, f"/api/v1/findings/{number}"))["verdict"] is None


@pytest.mark.parametrize(
    ("body", "said"), [({}, "verdict"), ({"verdict": "maybe"}, "verdict"), ({"verdict": None, "score": 1}, "score")]
)
async def test_what_makes_no_sense_is_refused(site: Site, body: dict[str, Any], said: str) -> None:
    number = find(site.catalogue)
    async with site.http.put(f"/api/v1/findings/{number}/verdict", json=body, headers=ANY) as answer:
        problem = await answer.json(content_type="application/problem+json")
        assert (answer.status, said in problem["detail"]) == (422, True), problem


async def test_a_channel_says_whether_it_is_searched_and_how_far_that_has_come(site: Site) -> None:
    one = await ask(site, "/api/v1/channels/one")
    assert (one["inspect"], one["inspected_utc"]) == (False, None)
    searched = site.settings.channels[0].model_copy(update={"inspect": InspectSettings(enabled=True)})
    site.settings = site.settings.model_copy(update={"channels": (searched, site.settings.channels[1])})
    find(site.catalogue, 2, 8)
    one, two = (await ask(site, "/api/v1/channels"))["items"]
    assert (one["inspect"], one["inspected_utc"]) == (True, iso_utc(zero_of(site) + 8 * NS))
    assert (two["inspect"], two["inspected_utc"]) == (False, None)


async def test_findings_are_drawn_in_the_day(site: Site) -> None:
    late, early = find(site.catalogue, 30, 35, over=True), find(site.catalogue, 2, 8)
    drawn = (await timeline(site, 0, 60))["findings"]
    assert [(one["id"], since(site, one["start_ms"]), since(site, one["end_ms"])) for one in drawn] == [
        (early, 2, 8),
        (late, 30, 35),
    ]
    assert [(one["open"], one["reliability"], one["verdict"]) for one in drawn] == [(True, "good", None)] * 1 + [
        (False, "good", None)
    ]
    assert (await timeline(site, 10, 20))["findings"] == []
