from fractions import Fraction
from typing import Any

import pytest

from streamproc.catalogue import ClipState, SegmentFilter
from streamproc.errors import CatalogueError
from streamproc.messages import BoundaryState, Kind, Method, Position
from streamproc.timebase import NS

P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN
Feed = Any


def broadcast(feed: Feed) -> tuple[int, int]:
    """Programme from 0, advert from 20, programme again from 40."""
    feed.begin()
    feed.name(P)
    return feed.change(P, A, 20), feed.change(A, P, 40)


def test_an_epoch_begins_with_an_unknown_segment_that_runs(any_feed: Feed) -> None:
    any_feed.begin()
    assert any_feed.shape() == [("unknown", 0.0, None, "provisional")]


def test_the_first_decision_names_what_has_been_running_since_the_start(any_feed: Feed) -> None:
    any_feed.begin()
    any_feed.name(P)
    assert any_feed.shape() == [("programme", 0.0, None, "provisional")]
    assert any_feed.catalogue.provisional("one") == []


def test_a_change_splits_the_running_segment(any_feed: Feed) -> None:
    broadcast(any_feed)
    assert any_feed.shape() == [
        ("programme", 0.0, 20.0, "provisional"),
        ("advert", 20.0, 40.0, "provisional"),
        ("programme", 40.0, None, "provisional"),
    ]


def test_a_change_said_again_is_nothing_new(any_feed: Feed) -> None:
    broadcast(any_feed)
    before = any_feed.shape(), any_feed.catalogue.event_range()
    assert any_feed.change(P, A, 20) is None
    assert any_feed.change(A, P, 40) is None
    assert (any_feed.shape(), any_feed.catalogue.event_range()) == before


def test_a_withdrawn_change_does_not_come_back_when_it_is_said_again(any_feed: Feed) -> None:
    any_feed.catalogue.withdraw(*broadcast(any_feed))
    assert any_feed.change(P, A, 20) is None
    assert any_feed.shape() == [("programme", 0.0, None, "provisional")]


def test_a_change_to_what_is_on_air_already_is_nothing_new_but_moves_the_position(any_feed: Feed) -> None:
    broadcast(any_feed)
    assert any_feed.change(A, P, 60) is None
    assert any_feed.catalogue.position("one").time == Fraction(121, 2)


def test_the_position_is_saved_with_the_change(any_feed: Feed) -> None:
    broadcast(any_feed)
    assert any_feed.catalogue.position("one") == Position(
        epoch=1, time=Fraction(81, 2), memory='{"state": "programme"}'
    )


def test_a_refused_change_leaves_nothing_behind(any_feed: Feed) -> None:
    broadcast(any_feed)
    any_feed.end(60)
    before = any_feed.shape(), any_feed.catalogue.event_range(), any_feed.catalogue.position("one")
    with pytest.raises(CatalogueError, match="has ended"):
        any_feed.change(P, A, 70)
    assert (any_feed.shape(), any_feed.catalogue.event_range(), any_feed.catalogue.position("one")) == before


def test_exact_times_come_back_exactly(any_feed: Feed) -> None:
    first, _ = broadcast(any_feed)
    odd = Fraction(1_801_801, 90_000)
    any_feed.catalogue.add_version(first, any_feed.place(odd, Method.CUT))
    assert any_feed.catalogue.segments("one")[1].start.time == odd


def test_wall_time_follows_the_epochs_zero_also_when_that_is_learnt_later(any_feed: Feed) -> None:
    broadcast(any_feed)
    zero_ns = any_feed.catalogue.epochs("one")[0].utc_zero_ns
    any_feed.begin(utc_zero_ns=zero_ns - NS)
    assert any_feed.catalogue.segments("one")[1].start.utc_ns == zero_ns + 19 * NS


def test_an_epoch_that_began_at_another_time_is_another_recording(any_feed: Feed) -> None:
    any_feed.begin()
    with pytest.raises(CatalogueError, match="don't belong together"):
        any_feed.begin(utc_zero_ns=5)


def test_a_moved_boundary_moves_both_its_segments(any_feed: Feed) -> None:
    first, _ = broadcast(any_feed)
    any_feed.catalogue.add_version(first, any_feed.place(19.8, Method.CUT))
    assert any_feed.shape()[:2] == [("programme", 0.0, 19.8, "provisional"), ("advert", 19.8, 40.0, "provisional")]


def test_every_version_of_a_boundary_is_kept(any_feed: Feed) -> None:
    first, second = broadcast(any_feed)
    any_feed.catalogue.add_version(first, any_feed.place(19.8, Method.BUG))
    any_feed.catalogue.add_version(first, any_feed.place(19.8, Method.BUG))
    any_feed.catalogue.withdraw(first, second)
    assert [(v.number, float(v.placement.time), v.state.value) for v in any_feed.catalogue.versions(first)] == [
        (1, 20.0, "provisional"),
        (2, 19.8, "provisional"),
        (3, 19.8, "withdrawn"),
    ]


def test_a_segment_is_final_when_both_its_ends_are(any_feed: Feed) -> None:
    first, second = broadcast(any_feed)
    any_feed.catalogue.finalize(first, any_feed.place(20))
    assert [shape[3] for shape in any_feed.shape()] == ["final", "provisional", "provisional"]
    any_feed.catalogue.finalize(second, any_feed.place(40))
    assert [shape[3] for shape in any_feed.shape()] == ["final", "final", "provisional"]


def test_a_final_boundary_stays_where_it_is(any_feed: Feed) -> None:
    first, second = broadcast(any_feed)
    any_feed.catalogue.finalize(first, any_feed.place(20))
    any_feed.catalogue.finalize(first, any_feed.place(20))
    for again in (any_feed.catalogue.finalize, any_feed.catalogue.add_version):
        with pytest.raises(CatalogueError, match="is final"):
            again(first, any_feed.place(21))
    with pytest.raises(CatalogueError, match="is final"):
        any_feed.catalogue.withdraw(first, second)
    assert any_feed.shape()[0] == ("programme", 0.0, 20.0, "final")


@pytest.mark.parametrize("time", [0, 40, 41])
def test_a_boundary_can_not_be_moved_past_its_neighbours(any_feed: Feed, time: int) -> None:
    first, _ = broadcast(any_feed)
    with pytest.raises(CatalogueError, match="pass its neighbour"):
        any_feed.catalogue.add_version(first, any_feed.place(time))


def test_a_change_seen_before_where_the_last_one_was_moved_to_comes_one_frame_after_it(any_feed: Feed) -> None:
    any_feed.begin()
    any_feed.name(P)
    first = any_feed.change(P, A, 20)
    any_feed.catalogue.add_version(first, any_feed.place(21))
    any_feed.change(A, P, 20.8)
    assert any_feed.shape()[1:] == [("advert", 21.0, 21.04, "provisional"), ("programme", 21.04, None, "provisional")]


def test_two_withdrawn_boundaries_leave_one_segment(any_feed: Feed) -> None:
    first, second = broadcast(any_feed)
    kept = any_feed.catalogue.segments("one")[0].id
    any_feed.catalogue.withdraw(first, second)
    any_feed.catalogue.withdraw(first, second)
    assert any_feed.shape() == [("programme", 0.0, None, "provisional")]
    assert any_feed.catalogue.segments("one")[0].id == kept


def test_a_number_of_a_segment_that_is_gone_is_never_given_again(any_feed: Feed) -> None:
    first, second = broadcast(any_feed)
    gone = [row.id for row in any_feed.catalogue.segments("one")][1:]
    any_feed.catalogue.withdraw(first, second)
    any_feed.change(P, A, 60)
    assert any_feed.catalogue.segments("one")[-1].id not in gone


def test_a_short_segment_at_the_start_is_taken_by_the_next(any_feed: Feed) -> None:
    any_feed.begin()
    start = any_feed.name(P)
    any_feed.catalogue.withdraw(start, any_feed.change(P, A, 2.9))
    assert any_feed.shape() == [("advert", 0.0, None, "provisional")]


def test_a_short_segment_at_the_end_is_taken_by_the_one_before(any_feed: Feed) -> None:
    _, second = broadcast(any_feed)
    any_feed.end(41)
    any_feed.catalogue.withdraw(second, any_feed.catalogue.boundaries("one", 1)[-1].id)
    assert any_feed.shape() == [("programme", 0.0, 20.0, "provisional"), ("advert", 20.0, 41.0, "provisional")]


def test_segments_of_different_kinds_are_not_made_one(any_feed: Feed) -> None:
    any_feed.begin()
    first, second = any_feed.change(U, P, 10), any_feed.change(P, A, 12)
    with pytest.raises(CatalogueError, match="don't make one segment"):
        any_feed.catalogue.withdraw(first, second)


def test_only_neighbours_can_be_withdrawn_together(any_feed: Feed) -> None:
    first, _ = broadcast(any_feed)
    third = any_feed.change(P, A, 60)
    with pytest.raises(CatalogueError, match="not neighbours"):
        any_feed.catalogue.withdraw(first, third)


def test_the_end_of_an_epoch_closes_its_last_segment(any_feed: Feed) -> None:
    broadcast(any_feed)
    any_feed.end(60)
    any_feed.end(70)
    assert any_feed.shape()[-1] == ("programme", 40.0, 60.0, "provisional")


def test_an_epoch_without_a_frame_ends_at_its_start(any_feed: Feed) -> None:
    any_feed.begin()
    any_feed.end(0)
    assert any_feed.shape() == [("unknown", 0.0, 0.0, "final")]


def test_a_provisional_boundary_past_the_end_is_withdrawn(any_feed: Feed) -> None:
    broadcast(any_feed)
    any_feed.end(39)
    assert any_feed.shape() == [("programme", 0.0, 20.0, "provisional"), ("advert", 20.0, 39.0, "provisional")]


def test_segments_never_span_epochs_and_the_time_between_is_a_gap(any_feed: Feed) -> None:
    broadcast(any_feed)
    zero_ns = any_feed.catalogue.epochs("one")[0].utc_zero_ns
    any_feed.end(60, reason="stalled")
    any_feed.begin(2, utc_zero_ns=zero_ns + 75 * NS)
    gap = any_feed.catalogue.gaps("one")[0]
    assert (gap.before_epoch, gap.after_epoch, gap.reason) == (1, 2, "stalled")
    assert (gap.start_utc_ns, gap.end_utc_ns) == (zero_ns + 60 * NS, zero_ns + 75 * NS)
    assert [row.epoch for row in any_feed.catalogue.segments("one")] == [1, 1, 1, 2]


def test_a_programme_gets_one_clip_when_both_its_ends_are_final(any_feed: Feed) -> None:
    first, _ = broadcast(any_feed)
    assert any_feed.catalogue.next_clip() is None
    any_feed.catalogue.finalize(first, any_feed.place(20))
    job = any_feed.catalogue.next_clip()
    assert (job.epoch, job.start, job.end, job.attempts) == (1, 0, 20, 1)
    assert any_feed.catalogue.next_clip() is None


def test_an_advert_gets_no_clip(any_feed: Feed) -> None:
    any_feed.begin()
    any_feed.name(A)
    any_feed.catalogue.finalize(any_feed.change(A, P, 20), any_feed.place(20))
    assert any_feed.catalogue.next_clip() is None


def test_a_channel_without_clips_gets_none(any_feed: Feed) -> None:
    any_feed.begin(clips=False)
    any_feed.name(P)
    any_feed.end(20)
    assert any_feed.catalogue.next_clip() is None


def test_a_programme_from_start_to_end_of_its_epoch_gets_a_clip(any_feed: Feed) -> None:
    any_feed.begin()
    any_feed.name(P)
    any_feed.end(20)
    assert any_feed.catalogue.next_clip().end == 20


def test_a_clip_whose_cutter_died_is_queued_again(any_feed: Feed) -> None:
    any_feed.begin()
    any_feed.name(P)
    any_feed.end(20)
    any_feed.catalogue.next_clip()
    assert any_feed.catalogue.requeue_clips() == 1
    assert any_feed.catalogue.next_clip().attempts == 2


def test_a_clip_that_failed_goes_to_the_end_of_the_queue_or_stays_failed(any_feed: Feed) -> None:
    first, second = broadcast(any_feed)
    any_feed.catalogue.finalize(first, any_feed.place(20))
    any_feed.catalogue.finalize(second, any_feed.place(40))
    any_feed.end(60)
    one = any_feed.catalogue.next_clip()
    any_feed.clock.advance(1)
    any_feed.catalogue.clip_failed(one.id, "no space left", retry=True)
    two = any_feed.catalogue.next_clip()
    assert two.id != one.id
    any_feed.catalogue.clip_failed(two.id, "not decodable", retry=False)
    assert any_feed.catalogue.clip(two.id).message == "not decodable"
    assert any_feed.catalogue.next_clip().id == one.id


def test_a_ready_clip_says_where_its_file_is(any_feed: Feed) -> None:
    any_feed.begin()
    any_feed.name(P)
    any_feed.end(20)
    any_feed.catalogue.clip_ready(any_feed.catalogue.next_clip().id, "one/a.mp4", 123, "f" * 64)
    clip = any_feed.catalogue.segments("one")[0].clip
    assert (clip.state, clip.path, clip.size_bytes) == (ClipState.READY, "one/a.mp4", 123)


def test_what_work_to_be_done_needs_is_held(any_feed: Feed) -> None:
    first, second = broadcast(any_feed)
    assert any_feed.catalogue.held("one") == [(1, 0, 20), (1, 8, 30), (1, 28, 50)]
    any_feed.catalogue.finalize(first, any_feed.place(20))
    any_feed.catalogue.finalize(second, any_feed.place(40))
    assert any_feed.catalogue.held("one") == [(1, 0, 20)]
    any_feed.catalogue.clip_ready(any_feed.catalogue.next_clip().id, "one/a.mp4", 123, "f" * 64)
    assert any_feed.catalogue.held("one") == []


def test_segments_are_found_by_kind_state_and_wall_time(any_feed: Feed) -> None:
    first, _ = broadcast(any_feed)
    any_feed.catalogue.finalize(first, any_feed.place(20))
    zero_ns = any_feed.catalogue.epochs("one")[0].utc_zero_ns

    def starts(**where: Any) -> list[float]:
        return [float(row.start.time) for row in any_feed.catalogue.segments("one", SegmentFilter(**where))]

    assert starts(kind=A) == [20]
    assert starts(state=BoundaryState.FINAL) == [0]
    assert starts(state=BoundaryState.PROVISIONAL) == [20, 40]
    assert starts(from_ns=zero_ns + 20 * NS) == [20, 40]
    assert starts(until_ns=zero_ns + 20 * NS) == [0]
    assert starts(newest_first=True, limit=2) == [40, 20]


def test_pages_follow_each_other_without_holes(any_feed: Feed) -> None:
    broadcast(any_feed)
    page = any_feed.catalogue.segments("one", SegmentFilter(newest_first=True, limit=2))
    rest = any_feed.catalogue.segments("one", SegmentFilter(newest_first=True, before_id=page[-1].id))
    assert [float(row.start.time) for row in [*page, *rest]] == [40, 20, 0]


def test_events_are_numbered_without_holes_and_the_oldest_are_let_go(
    any_feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamproc.catalogue.ledger.EVENTS_KEPT", 10)
    for _ in range(5):
        any_feed.begin()
        any_feed.catalogue.put_channel("one", "Another title", None, None)
    any_feed.name(P)
    any_feed.end(20)
    oldest, newest = any_feed.catalogue.event_range()
    assert newest - oldest == 9
    assert [event.id for event in any_feed.catalogue.events(0, 5)] == list(range(oldest, oldest + 5))


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.save_position("none", Position(epoch=1, time=None, memory="")),
        lambda c: c.begin_epoch("none", 1, utc_zero_ns=None, frame_rate=None, description=""),
        lambda c: c.end_epoch("none", 1, Fraction(1), None, "lost"),
        lambda c: c.withdraw(7, 8),
        lambda c: c.clip_ready(7, "a.mp4", 1, ""),
    ],
)
def test_what_is_not_there_is_said_in_one_line(any_feed: Feed, call: Any) -> None:
    with pytest.raises(CatalogueError, match="knows no") as caught:
        call(any_feed.catalogue)
    assert "\n" not in str(caught.value)
