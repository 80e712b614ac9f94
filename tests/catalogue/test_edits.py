"""What an edit makes of boundaries, segments, clips and programmes, and how it is taken back; in both databases."""

from fractions import Fraction
from typing import Any

import pytest

from streamproc.catalogue import Catalogue, ClipState
from streamproc.catalogue.deliveries import Finished
from streamproc.catalogue.edits import Keep, Mark, Point
from streamproc.catalogue.finishing import DeliveryState, ProgrammeState
from streamproc.catalogue.programmes import Draft, DraftPart
from streamproc.errors import CatalogueConflict, CatalogueOutdated
from streamproc.messages import BoundaryState, Change, Kind, Method, Placement, Position
from streamproc.timebase import ManualClock

Feed = Any
P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN


def point(time: float | Fraction) -> Point:
    return Point(time=Fraction(time), frame=int(Fraction(time) * 25))


def mark(feed: Feed, start: float, end: float, kind: Kind, author: str = "olga") -> int:
    return int(
        feed.catalogue.edits.mark(Mark(channel="one", epoch=1, start=point(start), end=point(end), kind=kind), author)
    )


def times(feed: Feed) -> list[tuple[str, float, float | None]]:
    return [(kind[0], start, end) for kind, start, end, _ in feed.shape()]


@pytest.fixture
def cut(any_feed: Feed) -> Feed:
    """A programme to 100 s, adverts to 110, a programme to 200, adverts on air, analysed to 250; clips are cut."""
    any_feed.begin()
    any_feed.name(P)
    for before, after, time in ((P, A, 100), (A, P, 110), (P, A, 200)):
        number = any_feed.change(before, after, time)
        any_feed.catalogue.finalize(number, any_feed.place(time, Method.CUT))
    any_feed.catalogue.save_position("one", Position(epoch=1, time=Fraction(250), memory="{}"))
    cut_all(any_feed)
    return any_feed


def cut_all(feed: Feed) -> list[tuple[int, Fraction, Fraction]]:
    """Cut what is queued; return what was cut."""
    done = []
    while (job := feed.catalogue.next_clip()) is not None:
        feed.catalogue.clip_ready(job.id, f"one/{job.segment_id}-{float(job.start)}.mp4", 1, str(job.end))
        done.append((job.segment_id, job.start, job.end))
    return done


def late(feed: Feed, before: Kind, after: Kind, first_new: int, decided: int) -> int | None:
    """Have the hysteresis say a change that it needed long to decide."""
    new, position = Fraction(first_new), Position(epoch=1, time=Fraction(decided), memory="{}")
    change = Change(epoch=1, before=before, after=after, last_old=new - 1, first_new=new, decided=Fraction(decided))
    return feed.catalogue.add_change("one", change, feed.place(new), position)


def number_at(feed: Feed, time: float) -> int:
    return next(row.id for row in feed.catalogue.boundaries("one", 1) if row.time == Fraction(time))


def test_a_moved_boundary_moves_both_segments_and_has_both_clips_cut_again(cut: Feed) -> None:
    first, _, third, _ = (row.id for row in cut.catalogue.segments("one"))
    cut.catalogue.edits.move(number_at(cut, 100), point(98), "olga")
    assert times(cut)[:2] == [("p", 0, 98), ("a", 98, 110)]
    assert cut_all(cut) == [(first, 0, 98)]
    cut.catalogue.edits.move(number_at(cut, 110), point(112), "olga")
    assert cut_all(cut) == [(third, 112, 200)]
    assert [row.id for row in cut.catalogue.segments("one")][:3:2] == [first, third]


def test_a_move_is_a_version_with_its_author_and_the_machines_stay(cut: Feed) -> None:
    leave = number_at(cut, 100)
    cut.catalogue.edits.move(leave, point(98), "olga")
    versions = cut.catalogue.versions(leave)
    assert [(v.number, v.placement.method, v.author) for v in versions] == [
        (1, Method.SAMPLE, None),
        (2, Method.CUT, None),
        (3, Method.HAND, "olga"),
    ]
    row = cut.catalogue.boundary(leave)
    assert (row.version, row.placement) == (
        3,
        Placement(time=Fraction(98), frame=2450, confidence=1, method=Method.HAND),
    )


def test_a_move_to_where_it_is_changes_nothing(cut: Feed) -> None:
    _, newest = cut.catalogue.event_range()
    assert cut.catalogue.edits.move(number_at(cut, 100), point(100), "olga") is None
    assert cut.catalogue.event_range()[1] == newest


def test_the_second_of_two_editors_is_told_of_the_first(cut: Feed) -> None:
    leave = number_at(cut, 100)
    seen = cut.catalogue.boundary(leave).version
    cut.catalogue.edits.move(leave, point(98), "olga", version=seen)
    with pytest.raises(CatalogueOutdated, match=r"put at frame 2450, 98\.000 s by olga"):
        cut.catalogue.edits.move(leave, point(99), "anna", version=seen)
    with pytest.raises(CatalogueOutdated, match="by olga"):
        cut.catalogue.edits.remove(leave, Keep.BEFORE, "anna", version=seen)
    assert times(cut)[0] == ("p", 0, 98)


def test_a_break_taken_out_leaves_one_segment_with_one_clip(cut: Feed) -> None:
    first, _, third, _ = (row.id for row in cut.catalogue.segments("one"))
    cut.catalogue.edits.remove(number_at(cut, 100), Keep.BEFORE, "olga")
    assert times(cut) == [("p", 0, 200), ("a", 200, None)]
    assert cut_all(cut) == [(first, 0, 200)]
    assert [clip.segment_id for clip in cut.catalogue.clips("one")] == [first]
    assert cut.catalogue.segment(third) is None


def test_undoing_brings_back_segments_and_clips_by_their_numbers(cut: Feed) -> None:
    before = cut.catalogue.segments("one")
    edit = cut.catalogue.edits.remove(number_at(cut, 100), Keep.BEFORE, "olga")
    cut_all(cut)
    cut.catalogue.edits.undo(edit, "anna")
    after = cut.catalogue.segments("one")
    assert [row.start.placement for row in after] == [row.start.placement for row in before]
    assert [(row.id, row.clip and row.clip.id) for row in after[:3:2]] == [
        (row.id, row.clip and row.clip.id) for row in before[:3:2]
    ]
    assert cut_all(cut) == [(before[0].id, 0, 100), (before[2].id, 110, 200)]


def test_a_programme_marked_as_advert_loses_its_clip_and_gets_it_back_when_that_is_undone(cut: Feed) -> None:
    edit = mark(cut, 0, 100, A)
    assert times(cut)[0] == ("a", 0, 110)
    assert [clip.start for clip in cut.catalogue.clips("one")] == [110]
    cut.catalogue.edits.undo(edit, "olga")
    assert times(cut)[:2] == [("p", 0, 100), ("a", 100, 110)]
    assert cut_all(cut) == [(cut.catalogue.segments("one")[0].id, 0, 100)]


def test_a_break_marked_inside_a_segment_makes_two_of_one_name(cut: Feed) -> None:
    mark(cut, 40, 50, A)
    assert times(cut)[:4] == [("p", 0, 40), ("a", 40, 50), ("p", 50, 100), ("a", 100, 110)]
    assert [(start, end) for _, start, end in cut_all(cut)] == [(0, 40), (50, 100)]
    assert [row.start.time for row in cut.catalogue.segments("one")] == [0, 40, 50, 100, 110, 200]


def test_a_clip_that_is_being_cut_during_an_edit_is_not_offered(cut: Feed) -> None:
    cut.catalogue.edits.move(number_at(cut, 100), point(98), "olga")
    job = cut.catalogue.next_clip()
    cut.catalogue.edits.move(number_at(cut, 98), point(97), "olga")
    assert cut.catalogue.clip_ready(job.id, "stale.mp4", 1, "") == "stale.mp4"
    cut.catalogue.clip_failed(job.id, "stale", retry=False)
    assert cut.catalogue.clip(job.id).state is ClipState.QUEUED
    assert cut_all(cut) == [(job.segment_id, 0, 97)]


def test_the_file_from_before_an_edit_is_given_back_to_be_deleted(cut: Feed) -> None:
    old = next(clip for clip in cut.catalogue.clips("one") if clip.start == 110)
    cut.catalogue.edits.move(number_at(cut, 110), point(112), "olga")
    job = cut.catalogue.next_clip()
    assert cut.catalogue.clip_ready(job.id, "new.mp4", 1, "") == old.path


def test_a_clip_that_had_been_delivered_is_delivered_again(cut: Feed) -> None:
    clip = next(clip for clip in cut.catalogue.clips("one") if clip.start == 0)
    delivery = cut.catalogue.deliveries.want("site", Finished(clip_id=clip.id))
    cut.catalogue.deliveries.take("site")
    cut.catalogue.deliveries.done(delivery, "a.mp4", "verified")
    cut.catalogue.edits.move(number_at(cut, 100), point(98), "olga")
    assert cut.catalogue.deliveries.take("site") is None
    cut_all(cut)
    row = cut.catalogue.deliveries.take("site")
    assert (row.id, row.state, row.sha256) == (delivery, DeliveryState.SENDING, "98")


def test_a_withdrawn_clips_file_is_let_go_of_by_age_alone(cut: Feed) -> None:
    clip = next(clip for clip in cut.catalogue.clips("one") if clip.start == 0)
    mark(cut, 0, 100, A)
    cut.clock.advance(10)
    assert cut.catalogue.deliveries.dispensable("one", cut.clock.utc_ns(), ["site"]) == [
        (Finished(clip_id=clip.id), clip.path)
    ]


def test_lists_are_in_time_order_and_pages_follow_each_other_after_a_split(cut: Feed) -> None:
    from streamproc.catalogue import SegmentFilter

    mark(cut, 40, 50, A)
    page = cut.catalogue.segments("one", SegmentFilter(newest_first=True, limit=2))
    seen = [row.start.time for row in page]
    while page:
        where = SegmentFilter(newest_first=True, limit=2, before_id=page[-1].id)
        page = cut.catalogue.segments("one", where)
        seen += [row.start.time for row in page]
    assert seen == [200, 110, 100, 50, 40, 0]


def test_what_the_hysteresis_says_after_an_edit_is_dropped_where_it_is_on_air_already(cut: Feed) -> None:
    cut.catalogue.edits.remove(number_at(cut, 200), Keep.BEFORE, "olga")
    assert times(cut)[-1] == ("p", 110, None)
    assert cut.change(A, P, 300) is None
    assert cut.change(P, A, 400) is not None
    assert times(cut)[-2:] == [("p", 110, 400), ("a", 400, None)]


def test_a_mark_goes_on_where_the_hysteresis_finds_that_it_began_inside(cut: Feed) -> None:
    mark(cut, 230, 240, P)
    assert late(cut, A, P, 235, 260) is None
    assert times(cut)[-2:] == [("a", 200, 230), ("p", 230, None)]
    assert late(cut, A, P, 235, 260) is None
    assert times(cut)[-2:] == [("a", 200, 230), ("p", 230, None)]


def test_a_mark_past_where_an_epoch_turns_out_to_end_is_taken_back(cut: Feed) -> None:
    mark(cut, 230, 240, P)
    cut.end(235)
    assert times(cut)[-2:] == [("a", 200, 230), ("p", 230, 235)]
    assert [(start, end) for _, start, end in cut_all(cut)][-1] == (230, 235)


def test_what_is_not_settled_or_not_analysed_is_not_edited(cut: Feed) -> None:
    cut.change(A, P, 260)
    with pytest.raises(CatalogueConflict, match="is not settled yet"):
        cut.catalogue.edits.move(number_at(cut, 260), point(258), "olga")
    with pytest.raises(CatalogueConflict, match="is not settled yet"):
        mark(cut, 255, 260, P)
    with pytest.raises(CatalogueConflict, match="the analysis has come to"):
        mark(cut, 255, 400, P)


def test_the_epochs_end_follows_what_is_marked_to_it_and_back(cut: Feed) -> None:
    cut.end(300)
    edit = mark(cut, 250, 300, P)
    assert times(cut)[-1] == ("p", 250, 300)
    assert cut.catalogue.boundaries("one", 1)[-1].before is P
    cut.catalogue.edits.undo(edit, "olga")
    assert times(cut)[-1] == ("a", 200, 300)
    assert cut.catalogue.boundaries("one", 1)[-1].before is A


def test_every_edit_is_a_label_and_undoing_says_the_contrary(cut: Feed) -> None:
    cut.catalogue.edits.move(number_at(cut, 100), point(98), "olga")
    cut.catalogue.edits.undo(cut.catalogue.edits.of_channel("one")[0].id, "anna")
    said = [(row.label.start, row.label.end, row.label.kind, row.author) for row in cut.catalogue.labels("one")]
    assert said == [(98, 100, A, "olga"), (98, 100, P, "anna")]


# Programmes


def draft(*parts: tuple[float, float], title: str, feed: Feed) -> Draft:
    edges = {row.time: row.id for row in feed.catalogue.boundaries("one", 1)}
    return Draft(
        id=None,
        state=ProgrammeState.COMPLETE,
        title=title,
        description=None,
        confidence=0.95,
        scheduled_start_ns=None,
        scheduled_stop_ns=None,
        parts=tuple(
            DraftPart(
                epoch=1,
                start=Fraction(start),
                end=Fraction(end),
                start_id=edges.get(Fraction(start)),
                end_id=edges.get(Fraction(end)),
                start_sure=True,
                end_sure=True,
            )
            for start, end in parts
        ),
    )


def parts(feed: Feed) -> list[tuple[str | None, list[tuple[float, float | None]]]]:
    return [
        (row.title, [(float(part.start), None if part.end is None else float(part.end)) for part in row.parts])
        for row in reversed(feed.catalogue.programmes.of_channel("one"))
    ]


def test_a_programme_follows_its_boundaries_and_comes_back_when_an_edit_is_undone(cut: Feed) -> None:
    cut.catalogue.programmes.rewrite("one", [draft((0, 100), (110, 200), title="News", feed=cut)], [])
    before = cut.catalogue.programmes.of_channel("one")[0].parts
    edit = cut.catalogue.edits.move(number_at(cut, 100), point(98), "olga")
    assert parts(cut) == [("News", [(0, 98), (110, 200)])]
    cut.catalogue.edits.undo(edit, "olga")
    edit = mark(cut, 40, 50, A)
    assert parts(cut) == [("News", [(0, 40), (50, 100), (110, 200)])]
    cut.catalogue.edits.undo(edit, "olga")
    assert cut.catalogue.programmes.of_channel("one")[0].parts == before


def test_a_programme_of_which_nothing_is_left_comes_back_by_its_number(cut: Feed) -> None:
    cut.catalogue.programmes.rewrite("one", [draft((0, 100), title="News", feed=cut)], [])
    row = cut.catalogue.programmes.of_channel("one")[0]
    edit = mark(cut, 0, 100, A)
    assert parts(cut) == []
    cut.catalogue.edits.undo(edit, "olga")
    back = cut.catalogue.programmes.get(row.id)
    assert (back.title, back.parts) == ("News", row.parts)


def test_the_same_mark_twice_changes_no_boundary(cut: Feed) -> None:
    mark(cut, 40, 50, A)
    before = cut.catalogue.boundaries("one", 1)
    mark(cut, 40, 50, A)
    assert cut.catalogue.boundaries("one", 1) == before
    assert all(row.state is BoundaryState.FINAL for row in before)


def test_an_edit_survives_the_database_being_opened_again(cut: Feed, any_url: str) -> None:
    edit = mark(cut, 40, 50, A)
    again = Catalogue.open(any_url, clock=ManualClock())
    row = again.edits.get(edit)
    assert row == cut.catalogue.edits.get(edit)
    assert (row.author, row.start, row.end, len(row.after.boundaries)) == ("olga", 40, 50, 2)
    again.close()
