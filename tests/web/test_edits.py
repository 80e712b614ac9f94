"""Correcting boundaries over HTTP, in a channel that is recorded."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from streamproc.catalogue.finishing import ProgrammeState
from streamproc.catalogue.programmes import Draft, DraftPart
from streamproc.messages import Change, Kind, Method, Position
from tests.media.recorded import record

Site = Any
P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN
RATE = Fraction(25)


@pytest.fixture
def cut(site: Site, small_mp4: Path) -> Site:
    """Two recorded seconds of channel two: a programme, adverts from frame 20, and a programme from 30, on air."""
    epoch, _ = record(small_mp4, site.settings.recording_dir / "two", file_s=1)
    catalogue = site.catalogue
    catalogue.put_channel("two", "Второй", "bug", "1" * 64)
    catalogue.begin_epoch("two", epoch.id, utc_zero_ns=epoch.utc_zero_ns, frame_rate=RATE, description="h264")
    for before, after, frame in ((U, P, 0), (P, A, 20), (A, P, 30)):
        say(site, before, after, frame)
    catalogue.save_position("two", Position(epoch=epoch_of(site), time=Fraction(45, 25), memory="{}"))
    return site


def say(site: Site, before: Kind, after: Kind, frame: int, *, is_settled: bool = True) -> None:
    time = Fraction(frame, 25)
    change = Change(
        epoch=epoch_of(site), before=before, after=after, last_old=None, first_new=time, decided=time + Fraction(1, 50)
    )
    at = site.place(time, Method.SAMPLE if frame else Method.EPOCH)
    number = site.catalogue.add_change(
        "two", change, at, Position(epoch=epoch_of(site), time=change.decided, memory="{}")
    )
    if is_settled:
        site.catalogue.finalize(number, at)


def epoch_of(site: Site) -> int:
    """Return the number of the channel's only epoch."""
    (row,) = site.catalogue.epochs("two")
    return int(row.epoch)


def shape(site: Site) -> list[tuple[str, int, int | None]]:
    return [
        (row.kind.value, row.start.placement.frame, None if row.end is None else row.end.placement.frame)
        for row in site.catalogue.segments("two")
    ]


def boundaries(site: Site) -> list[int]:
    return [row.id for row in site.catalogue.boundaries("two", epoch_of(site))]


async def call(site: Site, method: str, address: str, body: object = None, **headers: str) -> tuple[int, Any, Any]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    async with site.http.request(method, f"/api/v1/{address}", json=body, headers=names) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers


async def version(site: Site, number: int) -> str:
    _, _, headers = await call(site, "GET", f"boundaries/{number}")
    return str(headers["ETag"])


async def test_a_boundary_is_nudged_by_frames(cut: Site) -> None:
    _, leave, _ = boundaries(cut)
    before = await version(cut, leave)
    status, body, headers = await call(
        cut, "PATCH", f"boundaries/{leave}", {"by_frames": -2, "author": "olga"}, If_Match=before
    )
    assert (status, body["at"]["frame"], body["at"]["time"], body["at"]["method"]) == (200, 18, "18/25", "hand")
    assert (body["at"]["confidence"], body["at"]["state"]) == (1.0, "final")
    assert headers["ETag"] == f'"{body["version"]}"' != before
    assert body["versions"][-1]["author"] == "olga"
    assert body["versions"][0]["author"] is None
    assert shape(cut) == [("programme", 0, 18), ("advert", 18, 30), ("programme", 30, None)]


@pytest.mark.parametrize("to", [{"frame": 23}, {"time": "23/25"}, {"time": 0.9}, {"by_frames": 3}])
async def test_a_boundary_is_put_on_a_frame_by_number_time_or_difference(cut: Site, to: dict[str, Any]) -> None:
    _, leave, _ = boundaries(cut)
    status, body, _ = await call(cut, "PATCH", f"boundaries/{leave}", to, If_Match="*")
    assert (status, body["at"]["frame"], body["at"]["time"]) == (200, 23, "23/25")


async def test_whoever_comes_second_is_told_who_came_first_and_changes_nothing(cut: Site) -> None:
    _, leave, _ = boundaries(cut)
    seen = await version(cut, leave)
    await call(cut, "PATCH", f"boundaries/{leave}", {"frame": 22, "author": "olga"}, If_Match=seen)
    status, body, _ = await call(cut, "PATCH", f"boundaries/{leave}", {"frame": 17, "author": "anna"}, If_Match=seen)
    assert status == 412
    assert f"boundary {leave} was put at frame 22, 0.880 s by olga" in body["detail"]
    status, body, _ = await call(cut, "DELETE", f"boundaries/{leave}?keep=before", If_Match=seen)
    assert status == 412
    assert shape(cut)[0] == ("programme", 0, 22)


async def test_a_change_that_does_not_say_what_it_has_seen_is_refused(cut: Site) -> None:
    _, leave, _ = boundaries(cut)
    assert (await call(cut, "PATCH", f"boundaries/{leave}", {"frame": 22}))[0] == 428
    assert (await call(cut, "DELETE", f"boundaries/{leave}?keep=before"))[0] == 428
    assert (await call(cut, "PATCH", f"boundaries/{leave}", {"frame": 22}, If_Match="soon"))[0] == 400


async def test_a_boundary_stays_between_its_neighbours(cut: Site) -> None:
    _, leave, enter = boundaries(cut)
    status, body, _ = await call(cut, "PATCH", f"boundaries/{leave}", {"frame": 30}, If_Match="*")
    assert status == 409
    assert f"would pass boundary {enter}" in body["detail"]
    assert (await call(cut, "PATCH", f"boundaries/{leave}", {"frame": 0}, If_Match="*"))[0] == 409


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"frame": 5000}, "frame: no such frame is recorded"),
        ({"by_frames": -21}, "by_frames: no such frame is recorded"),
        ({"frame": 5, "by_frames": 1}, "give one of frame, time and by_frames"),
        ({}, "give one of frame, time and by_frames"),
        ({"time": "1/0"}, "time: it divides by 0"),
        ({"frame": -1}, "frame: "),
        ({"frame": 1, "why": "no"}, "why: "),
    ],
)
async def test_a_place_that_makes_no_sense_is_refused_in_a_sentence(cut: Site, body: dict[str, Any], says: str) -> None:
    _, leave, _ = boundaries(cut)
    status, answer, _ = await call(cut, "PATCH", f"boundaries/{leave}", body, If_Match="*")
    assert status == 422
    assert answer["detail"].startswith(says)


async def test_what_is_not_settled_or_not_a_change_is_not_edited(cut: Site) -> None:
    say(cut, P, A, 46, is_settled=False)
    start, _, _, latest = boundaries(cut)
    status, body, _ = await call(cut, "PATCH", f"boundaries/{latest}", {"by_frames": 1}, If_Match="*")
    assert (status, body["detail"].partition(":")[0]) == (409, f"boundary {latest} is not settled yet")
    status, body, _ = await call(cut, "PATCH", f"boundaries/{start}", {"by_frames": 1}, If_Match="*")
    assert (status, body["detail"]) == (409, f"boundary {start} is where the recording begins; it stays there")
    assert (await call(cut, "PATCH", "boundaries/999", {"by_frames": 1}, If_Match="*"))[0] == 404


@pytest.mark.parametrize(
    ("keep", "left"), [("before", [("programme", 0, None)]), ("after", [("advert", 0, 30), ("programme", 30, None)])]
)
async def test_a_boundary_is_taken_out_and_one_side_goes_on(cut: Site, keep: str, left: list[Any]) -> None:
    _, leave, _ = boundaries(cut)
    status, body, _ = await call(
        cut, "DELETE", f"boundaries/{leave}?keep={keep}&author=olga", If_Match=await version(cut, leave)
    )
    assert (status, body["action"], body["author"]) == (200, "remove", "olga")
    assert shape(cut) == left


async def test_a_stretch_is_marked_and_boundaries_follow(cut: Site) -> None:
    mark = {"epoch": epoch_of(cut), "start_frame": 5, "end_frame": 10, "kind": "advert", "author": "olga"}
    status, body, _ = await call(cut, "POST", "channels/two/marks", mark)
    assert status == 201
    assert [one["frame"] for one in body["after"]["boundaries"]] == [5, 10]
    assert shape(cut)[:3] == [("programme", 0, 5), ("advert", 5, 10), ("programme", 10, 20)]
    status, body, _ = await call(
        cut, "POST", "channels/two/marks", {"epoch": epoch_of(cut), "start": 0.3, "end": "30/25", "kind": "programme"}
    )
    assert status == 201
    assert shape(cut)[:3] == [("programme", 0, 5), ("advert", 5, 8), ("programme", 8, None)]


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"kind": "unknown"}, 422, "kind: "),
        ({"end_frame": 5}, 422, "start, end: "),
        ({"end_frame": 9000}, 422, "end_frame: no such frame"),
        ({"epoch": 7}, 422, "epoch: channel 'two' has no epoch 7"),
        ({"start": 1.5}, 422, "give either start or start_frame"),
        ({"end_frame": 48}, 409, "the analysis has come to 1.800 s by now"),
    ],
)
async def test_a_mark_that_makes_no_sense_is_refused_in_a_sentence(
    cut: Site, change: dict[str, Any], status: int, says: str
) -> None:
    mark = {"epoch": epoch_of(cut), "start_frame": 5, "end_frame": 10, "kind": "advert"} | change
    answered, body, _ = await call(cut, "POST", "channels/two/marks", mark)
    assert answered == status
    assert says in body["detail"]
    assert len(shape(cut)) == 3


async def test_an_edit_is_listed_and_undone_and_done_again(cut: Site) -> None:
    was = shape(cut)
    mark = {"epoch": epoch_of(cut), "start_frame": 5, "end_frame": 10, "kind": "advert", "author": "olga"}
    _, made, _ = await call(cut, "POST", "channels/two/marks", mark)
    status, undone, _ = await call(cut, "POST", f"edits/{made['id']}/undo", {"author": "anna"})
    assert (status, undone["action"], undone["undoes_id"], undone["author"]) == (201, "undo", made["id"], "anna")
    assert shape(cut) == was
    _, listed, _ = await call(cut, "GET", "channels/two/edits")
    assert [(one["id"], one["undo"]) for one in listed["items"]] == [
        (undone["id"], f"/api/v1/edits/{undone['id']}/undo"),
        (made["id"], None),
    ]
    status, body, _ = await call(cut, "POST", f"edits/{made['id']}/undo", {})
    assert (status, body["detail"]) == (409, f"edit {made['id']} is undone already")
    await call(cut, "POST", f"edits/{undone['id']}/undo", {})
    assert [row[1] for row in shape(cut)] == [0, 5, 10, 20, 30]


async def test_what_was_changed_since_is_not_undone(cut: Site) -> None:
    _, leave, _ = boundaries(cut)
    await call(cut, "PATCH", f"boundaries/{leave}", {"by_frames": 1}, If_Match="*")
    await call(cut, "PATCH", f"boundaries/{leave}", {"by_frames": 1}, If_Match="*")
    _, listed, _ = await call(cut, "GET", "channels/two/edits")
    later, first = [one["id"] for one in listed["items"]]
    status, body, _ = await call(cut, "POST", f"edits/{first}/undo", {})
    assert (status, body["detail"].partition(";")[0]) == (409, f"what edit {first} did was changed since")
    assert (await call(cut, "POST", f"edits/{later}/undo", {}))[0] == 201
    assert (await call(cut, "POST", f"edits/{first}/undo", {}))[0] == 201
    assert shape(cut)[0] == ("programme", 0, 20)
    assert (await call(cut, "POST", "edits/999/undo", {}))[0] == 404


async def test_an_edit_is_told_in_the_events_and_among_the_labels(cut: Site) -> None:
    _, leave, _ = boundaries(cut)
    _, newest = cut.catalogue.event_range()
    await call(cut, "PATCH", f"boundaries/{leave}", {"by_frames": -2, "author": "olga"}, If_Match="*")
    told = {row.type for row in cut.catalogue.events(newest)}
    assert told == {"boundary", "segment", "edit", "label"}
    (row,) = cut.catalogue.labels("two")
    assert (row.label.start, row.label.end, row.label.kind, row.author) == (
        Fraction(18, 25),
        Fraction(20, 25),
        A,
        "olga",
    )


async def test_another_sites_page_can_not_edit(cut: Site) -> None:
    _, leave, _ = boundaries(cut)
    headers = {"If_Match": "*", "Origin": "https://evil.example"}
    assert (await call(cut, "PATCH", f"boundaries/{leave}", {"by_frames": 1}, **headers))[0] == 403


async def test_where_the_recording_is_deleted_no_frame_is_found(cut: Site) -> None:
    _, leave, _ = boundaries(cut)
    for path in sorted((cut.settings.recording_dir / "two").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    status, body, _ = await call(cut, "PATCH", f"boundaries/{leave}", {"by_frames": 1}, If_Match="*")
    assert status == 410
    assert "there is no epoch" in body["detail"]


async def test_a_programme_is_split_merged_and_a_piece_of_it_says_that_it_is_outdated(cut: Site) -> None:
    programme = named(cut, (0, 20), (30, 40))
    _, wished, _ = await call(cut, "POST", f"programmes/{programme}/pieces", {})
    assert wished["outdated"] is False
    status, edit, _ = await call(
        cut, "POST", f"programmes/{programme}/split", {"epoch": epoch_of(cut), "frame": 10, "author": "olga"}
    )
    first, second = edit["after"]["programmes"]
    assert (status, edit["action"], first["id"], first["parts"], second["parts"]) == (201, "split", programme, 1, 2)
    _, shown, _ = await call(cut, "GET", f"programmes/{second['id']}")
    assert [(part["start"], part["end"]) for part in shown["parts"]] == [("2/5", "4/5"), ("6/5", "8/5")]
    assert shown["shape_author"] == "olga"
    assert (await call(cut, "GET", f"pieces/{wished['id']}"))[1]["outdated"] is True
    status, merged, _ = await call(cut, "POST", f"programmes/{programme}/merge", {"with": second["id"]})
    assert (status, [one["parts"] for one in merged["after"]["programmes"]]) == (201, [2])
    assert (await call(cut, "GET", f"pieces/{wished['id']}"))[1]["outdated"] is False
    for address in (merged["undo"], edit["undo"]):
        assert (await call(cut, "POST", address.removeprefix("/api/v1/"), {}))[0] == 201
    _, shown, _ = await call(cut, "GET", f"programmes/{programme}")
    assert (len(shown["parts"]), shown["shape_author"]) == (2, None)


@pytest.mark.parametrize(
    ("what", "body", "status", "says"),
    [
        ("split", {"epoch": 77, "frame": 10}, 422, "epoch: channel 'two' has no epoch 77"),
        ("split", {"frame": 10}, 422, "epoch: Field required"),
        ("split", {"frame": 10, "time": 1}, 422, "epoch"),
        ("split", {"frame": 25}, 409, "not on air before and after that"),
        ("merge", {"with": 999}, 404, "no programme has the number 999"),
        ("merge", {"with": 1}, 409, "are not two programmes of one channel"),
        ("merge", {"with": "<b>"}, 422, "with"),
    ],
)
async def test_a_split_or_merge_that_makes_no_sense_is_refused(
    cut: Site, what: str, body: dict[str, Any], status: int, says: str
) -> None:
    programme = named(cut, (0, 20))
    if says.startswith("not on air"):
        body = body | {"epoch": epoch_of(cut)}
    answered, answer, _ = await call(cut, "POST", f"programmes/{programme}/{what}", body)
    assert (answered, says in answer["detail"]) == (status, True)


def named(site: Site, *parts: tuple[int, int]) -> int:
    """Give the channel a programme of some frames; return its number."""
    edges = {row.placement.frame: row.id for row in site.catalogue.boundaries("two", epoch_of(site))}
    stretches = tuple(
        DraftPart(
            epoch=epoch_of(site),
            start=Fraction(start, 25),
            end=Fraction(end, 25),
            start_id=edges.get(start),
            end_id=edges.get(end),
            start_sure=True,
            end_sure=True,
        )
        for start, end in parts
    )
    found = Draft(
        id=None,
        state=ProgrammeState.COMPLETE,
        title="Новости",
        description=None,
        confidence=0.95,
        scheduled_start_ns=None,
        scheduled_stop_ns=None,
        parts=stretches,
    )
    site.catalogue.programmes.rewrite("two", [found], [])
    return int(site.catalogue.programmes.of_channel("two")[0].id)
