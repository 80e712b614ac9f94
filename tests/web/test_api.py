from typing import Any

import pytest

from streamproc.messages import Kind

P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN
Site = Any


def broadcast(site: Site) -> tuple[int, int]:
    """Programme from 0, advert from 20, programme again from 40; the first is final."""
    site.change(U, P, 2, start=True)
    first, second = site.change(P, A, 20), site.change(A, P, 40)
    site.catalogue.finalize(first, site.place(20))
    return first, second


async def get(site: Site, path: str) -> Any:
    async with site.http.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_channels_show_what_is_on_air(site: Site) -> None:
    broadcast(site)
    one, two = (await get(site, "/api/v1/channels"))["items"]
    assert (one["name"], one["title"], one["on_air"]["kind"]) == ("one", "Первый канал", "programme")
    assert (two["name"], two["title"], two["on_air"]) == ("two", "two", None)


async def test_a_channel_that_is_no_longer_configured_stays_visible(site: Site) -> None:
    site.catalogue.put_channel("old", "Old", None, None)
    assert (await get(site, "/api/v1/channels/old"))["health"]["state"] == "not-configured"


async def test_a_configuration_that_is_read_again_shows_at_once(site: Site) -> None:
    site.settings = site.settings.model_copy(update={"channels": site.settings.channels[1:]})
    names = [(item["name"], item["health"]["state"]) for item in (await get(site, "/api/v1/channels"))["items"]]
    assert names == [("two", "down"), ("one", "not-configured")]


async def test_no_answer_holds_a_stream_key(site: Site) -> None:
    broadcast(site)
    for path in ("/api/v1/channels", "/api/v1/channels/one", "/metrics", "/readyz", "/api/openapi.json"):
        async with site.http.get(path) as answer:
            assert "s3cret" not in await answer.text()
    assert (await get(site, "/api/v1/channels/one"))["source"] == "rtmp://***@127.0.0.1/live/***"


async def test_segments_come_newest_first_with_exact_times(site: Site) -> None:
    broadcast(site)
    items = (await get(site, "/api/v1/channels/one/segments"))["items"]
    assert [(item["kind"], item["start"]["time"], item["state"]) for item in items] == [
        ("programme", "40/1", "provisional"),
        ("advert", "20/1", "provisional"),
        ("programme", "0/1", "final"),
    ]
    assert (items[1]["start"]["frame"], items[1]["duration_s"], items[1]["frame_rate"]) == (500, 20.0, "25/1")


async def test_pages_link_to_the_next_and_keep_the_filter(site: Site) -> None:
    broadcast(site)
    page = await get(site, "/api/v1/channels/one/segments?limit=1&kind=programme")
    assert page["next"] == f"/api/v1/channels/one/segments?limit=1&kind=programme&before={page['items'][0]['id']}"
    rest = await get(site, page["next"])
    assert [item["start"]["time"] for item in page["items"] + rest["items"]] == ["40/1", "0/1"]
    assert rest["next"] is None


async def test_segments_are_found_by_wall_time_and_state(site: Site) -> None:
    broadcast(site)
    items = (await get(site, "/api/v1/channels/one/segments"))["items"]
    edge = items[1]["start"]["utc"].replace("Z", "%2B00:00")
    until = (await get(site, f"/api/v1/channels/one/segments?to={edge}"))["items"]
    assert [item["id"] for item in until] == [items[2]["id"]]
    final = (await get(site, "/api/v1/channels/one/segments?state=final"))["items"]
    assert [item["id"] for item in final] == [items[2]["id"]]


async def test_a_segment_tells_the_story_of_its_boundaries(site: Site) -> None:
    first, _ = broadcast(site)
    segment = site.catalogue.segments("one")[0]
    detail = await get(site, f"/api/v1/segments/{segment.id}")
    assert [boundary["id"] for boundary in detail["boundaries"]] == [segment.start.id, first]
    assert [version["state"] for version in detail["boundaries"][1]["versions"]] == ["provisional", "final"]


async def test_epochs_and_gaps_tell_what_is_recorded_and_what_is_not(site: Site) -> None:
    broadcast(site)
    site.catalogue.end_epoch("one", 1, site.place(50).time, 1250, "stalled")
    site.catalogue.begin_epoch("one", 2, utc_zero_ns=None, frame_rate=None, description="")
    epochs = (await get(site, "/api/v1/channels/one/epochs"))["items"]
    assert [(epoch["epoch"], epoch["duration_s"]) for epoch in epochs] == [(2, None), (1, 50.0)]
    gap = (await get(site, "/api/v1/channels/one/gaps"))["items"][0]
    assert (gap["start_utc"], gap["end_utc"], gap["reason"]) == (epochs[1]["end_utc"], None, "stalled")


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/v1/channels/none", 404, "no channel is named 'none'"),
        ("/api/v1/channels/none/segments", 404, "no channel is named 'none'"),
        ("/api/v1/segments/999", 404, "no segment has the number 999"),
        ("/api/v1/segments/one", 404, "there is nothing at"),
        ("/api/v1/clips/999/download", 404, "no clip has the number 999"),
        ("/api/v1/segments/999999999999999999999", 404, "there is nothing at"),
        ("/nowhere", 404, "there is nothing at /nowhere"),
        ("/api/v1/channels/one/segments?limit=0", 400, "limit = '0'"),
        ("/api/v1/channels/one/segments?colour=red", 400, "there is no parameter 'colour'; there are: limit, before"),
        ("/api/v1/channels/one/segments?from=yesterday", 400, "from = 'yesterday'"),
        ("/api/v1/channels/one/segments?kind=film", 400, "kind = 'film'"),
        ("/api/v1/channels/one/segments?from=2026-01-01T00:00:00", 400, "timezone"),
        ("/api/v1/channels/one/clips?limit=1&limit=2", 400, "given twice"),
        ("/api/v1/channels/one/clips?before=%0a", 400, "before ="),
    ],
)
async def test_what_is_wrong_is_said_as_problem_details(site: Site, path: str, status: int, words: str) -> None:
    async with site.http.get(path) as answer:
        body = await answer.json(content_type="application/problem+json")
    assert (answer.status, body["status"]) == (status, status)
    assert words in body["detail"]


async def test_what_can_not_be_done_says_what_can(site: Site) -> None:
    async with site.http.delete("/api/v1/channels") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD,POST")


async def test_a_failing_catalogue_is_a_problem_not_a_crash(site: Site) -> None:
    with site.catalogue.ledger._database._engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE clips RENAME TO gone")
    async with site.http.get("/api/v1/channels/one/clips") as answer:
        body = await answer.json(content_type="application/problem+json")
    assert (answer.status, "no such table" in body["detail"]) == (503, True)
