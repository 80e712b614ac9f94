"""What nobody is sure of waits for a person; nothing is cut at it before, and nothing is lost meanwhile."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from streamproc.catalogue import Catalogue
from streamproc.catalogue.finishing import OrderState, Programme, ProgrammePart, ProgrammeState
from streamproc.catalogue.pieces import Wish
from streamproc.catalogue.queries import find_channel, find_epoch
from streamproc.catalogue.reviews import Doubt
from streamproc.catalogue.store import Rules
from streamproc.errors import CatalogueConflict, CatalogueError
from streamproc.logic.order_lines import Wanting
from streamproc.messages import Kind, Method, Note, Span, Wanted
from streamproc.timebase import NS

Feed = Any
P, A = Kind.PROGRAMME, Kind.ADVERT
HOUR_NS = 3600 * NS
RULES = Rules(min_confidence=0.95, review_ns=24 * HOUR_NS)


@pytest.fixture
def feed(any_feed: Feed) -> Iterator[Feed]:
    any_feed.catalogue.put_channel("one", "Channel One", "model", "0" * 64, rules=RULES)
    zero = any_feed.clock.utc_ns()
    any_feed.catalogue.begin_epoch("one", 1, utc_zero_ns=zero, frame_rate=Fraction(25), description="h264")
    any_feed.name(P)
    return any_feed  # type: ignore[no-any-return]


def end_programme(feed: Feed, at: int, confidence: float) -> int:
    """Let the running programme end for good."""
    boundary: int = feed.change(P, A, at)
    feed.catalogue.finalize(boundary, feed.place(at, Method.CUT, confidence))
    return boundary


def queued(catalogue: Catalogue) -> int:
    return len(catalogue.clips("one"))


def test_a_sure_end_is_cut_by_itself(feed: Feed) -> None:
    end_programme(feed, 60, 0.95)
    assert (queued(feed.catalogue), feed.catalogue.reviews.waiting("one")) == (1, [])


def test_an_unsure_end_waits_until_somebody_accepts_it(feed: Feed) -> None:
    boundary = end_programme(feed, 60, 0.6)
    (waiting,) = feed.catalogue.reviews.waiting("one")
    assert (waiting.doubt, waiting.subject_id, waiting.confidence) == (Doubt.BOUNDARY, boundary, 0.6)
    assert waiting.look.utc_ns == feed.clock.utc_ns() + 60 * NS
    assert queued(feed.catalogue) == 0
    feed.catalogue.reviews.accept_boundary(boundary, "anna")
    assert (queued(feed.catalogue), feed.catalogue.reviews.waiting("one")) == (1, [])


def test_accepting_is_told_together_with_the_clip_that_it_queues(feed: Feed) -> None:
    boundary = end_programme(feed, 60, 0.6)
    _, before = feed.catalogue.event_range()
    feed.catalogue.reviews.accept_boundary(boundary, "anna")
    assert [event.type for event in feed.catalogue.events(before)] == ["review", "segment", "clip", "segment"]


def test_both_ends_must_be_sure_or_accepted(feed: Feed) -> None:
    first = end_programme(feed, 60, 0.6)
    begin = feed.change(A, P, 120)
    feed.catalogue.finalize(begin, feed.place(120, Method.CUT, 0.5))
    second = end_programme(feed, 180, 0.7)
    feed.catalogue.reviews.accept_boundary(begin, "anna")
    assert queued(feed.catalogue) == 0
    feed.catalogue.reviews.accept_boundary(second, "anna")
    assert queued(feed.catalogue) == 1
    feed.catalogue.reviews.accept_boundary(first, "anna")
    assert queued(feed.catalogue) == 2


def test_accepting_again_changes_nothing(feed: Feed) -> None:
    boundary = end_programme(feed, 60, 0.6)
    reviews = [feed.catalogue.reviews.accept_boundary(boundary, who) for who in ("anna", "boris")]
    assert reviews[0] == reviews[1]
    assert queued(feed.catalogue) == 1


def test_a_boundary_that_may_still_move_can_not_be_accepted(feed: Feed) -> None:
    boundary = feed.change(P, A, 60)
    with pytest.raises(CatalogueConflict, match="only a final one"):
        feed.catalogue.reviews.accept_boundary(boundary, "anna")
    with pytest.raises(CatalogueError, match="no boundary 999"):
        feed.catalogue.reviews.accept_boundary(999, "anna")


def test_laxer_rules_queue_what_they_make_sure(feed: Feed) -> None:
    end_programme(feed, 60, 0.8)
    feed.catalogue.put_channel("one", "Channel One", "model", "0" * 64, rules=Rules(min_confidence=0.9))
    assert queued(feed.catalogue) == 0
    feed.catalogue.put_channel("one", "Channel One", "model", "0" * 64, rules=Rules(min_confidence=0.7))
    assert queued(feed.catalogue) == 1


def test_without_rules_everything_is_cut_by_itself(any_feed: Feed) -> None:
    any_feed.begin()
    any_feed.name(P)
    end_programme(any_feed, 60, 0.1)
    assert queued(any_feed.catalogue) == 1


def test_the_recording_is_held_for_what_waits_but_not_for_ever(feed: Feed) -> None:
    end_programme(feed, 60, 0.6)
    assert (1, Fraction(0), Fraction(60)) in feed.catalogue.held("one")
    feed.clock.advance(24 * 3600 + 1)
    assert feed.catalogue.held("one") == []
    assert feed.catalogue.reviews.waiting("one") == []


def test_the_recording_is_held_for_pieces_until_they_are_cut(feed: Feed) -> None:
    piece = feed.catalogue.pieces.want(
        Wish(channel="one", spans=(Span(epoch=1, start=Fraction(5), end=Fraction(9)),), author="a")
    )
    assert (1, Fraction(5), Fraction(9)) in feed.catalogue.held("one")
    feed.catalogue.pieces.ready(piece, "p.mp4", 1, "0" * 64, {})
    assert feed.catalogue.held("one") == []


def test_how_much_waits_is_counted_by_channel(feed: Feed) -> None:
    feed.catalogue.put_channel("two", "Two", None, None)
    end_programme(feed, 60, 0.6)
    assert feed.catalogue.reviews.counts() == {"one": 1, "two": 0}


def programme(
    feed: Feed, *, confidence: float = 1.0, end_id: int | None = None, split: bool = False, running: bool = False
) -> int:
    """A programme over the first minute of the epoch, as naming leaves it."""
    with feed.catalogue.ledger.write() as write:
        row = Programme(channel_id=find_channel(write.session, "one").id, title="Сегодня", confidence=confidence)
        row.state = ProgrammeState.RUNNING if running else ProgrammeState.COMPLETE
        row.created_ns = row.updated_ns = write.now_ns
        part = ProgrammePart(number=0, start=Fraction(0), end=Fraction(60), start_sure=True, end_sure=not split)
        part.epoch_id, part.end_id = find_epoch(write.session, "one", 1).id, end_id
        row.parts = [part]
        write.session.add(row)
        write.session.flush()
        return row.id


def test_an_unsure_name_and_an_unsure_split_wait_and_are_accepted_together(feed: Feed) -> None:
    number = programme(feed, confidence=0.5, split=True)
    waiting = feed.catalogue.reviews.waiting("one")
    assert {(row.doubt, row.subject_id) for row in waiting} == {(Doubt.NAME, number), (Doubt.SPLIT, number)}
    assert {row.doubt: row.look.utc_ns for row in waiting}[Doubt.SPLIT] == feed.clock.utc_ns() + 60 * NS
    feed.catalogue.reviews.accept_programme(number, "anna")
    assert feed.catalogue.reviews.waiting("one") == []
    (show,) = feed.catalogue.orders.shows(feed.clock.utc_ns())
    assert show.doubts == ()


def test_what_waits_says_on_which_frame_to_look_and_in_which_programme(feed: Feed) -> None:
    boundary = end_programme(feed, 60, 0.6)
    number = programme(feed, confidence=0.5, end_id=boundary, split=True)
    waiting = {row.doubt: row for row in feed.catalogue.reviews.waiting("one")}
    look = waiting[Doubt.BOUNDARY].look
    assert (look.epoch, look.time, look.frame) == (1, 60, 1500)
    assert (look.before, look.after) == (Kind.PROGRAMME, Kind.ADVERT)
    assert {row.programme_id for row in waiting.values()} == {number}


def test_a_split_without_a_break_is_looked_at_on_the_frame_of_its_time(feed: Feed) -> None:
    number = programme(feed, split=True)
    (waiting,) = feed.catalogue.reviews.waiting("one")
    assert (waiting.programme_id, waiting.look.frame) == (number, 1500)
    assert (waiting.look.before, waiting.look.after) == (Kind.PROGRAMME, Kind.PROGRAMME)


def test_a_break_that_may_not_be_the_programmes_end_is_asked_about_although_its_frame_is_sure(feed: Feed) -> None:
    number = programme(feed, end_id=end_programme(feed, 60, 0.99), split=True)
    (waiting,) = feed.catalogue.reviews.waiting("one")
    assert (waiting.doubt, waiting.subject_id) == (Doubt.SPLIT, number)


def test_an_end_whose_frame_is_unsure_is_asked_about_once(feed: Feed) -> None:
    boundary = end_programme(feed, 60, 0.6)
    programme(feed, end_id=boundary, split=True)
    (waiting,) = feed.catalogue.reviews.waiting("one")
    assert (waiting.doubt, waiting.subject_id) == (Doubt.BOUNDARY, boundary)
    (show,) = feed.catalogue.orders.shows(feed.clock.utc_ns())
    assert len(show.doubts) == 1
    feed.catalogue.reviews.accept_boundary(boundary, "anna")
    (show,) = feed.catalogue.orders.shows(feed.clock.utc_ns())
    assert show.doubts == ()


def test_a_name_given_by_hand_is_sure(feed: Feed) -> None:
    number = programme(feed, confidence=0.5)
    feed.catalogue.programmes.name_by_hand(number, "Вести", None, "anna")
    assert feed.catalogue.reviews.waiting("one") == []


def test_a_programme_that_still_runs_is_not_asked_about(feed: Feed) -> None:
    number = programme(feed, confidence=0.5, running=True)
    assert feed.catalogue.reviews.waiting("one") == []
    with pytest.raises(CatalogueConflict, match="still on air"):
        feed.catalogue.reviews.accept_programme(number, "anna")


def test_what_an_order_waits_for_comes_first_and_is_listed_as_long_as_the_order_waits(feed: Feed) -> None:
    older = end_programme(feed, 60, 0.6)
    feed.clock.advance(60)
    begin = feed.change(A, P, 120)
    feed.catalogue.finalize(begin, feed.place(120, Method.CUT, 0.99))
    wanted = end_programme(feed, 180, 0.7)
    number = programme(feed, end_id=wanted)
    wanting = Wanting(text="Сегодня", kind=Wanted.PROGRAMME, channel="one", name="Сегодня", start_ns=0, end_ns=None)
    ((order, _),) = feed.catalogue.orders.add([(wanting, wanting.key)], "anna")
    feed.catalogue.orders.settle(order.id, OrderState.FOUND, Note(en="", ru=""), channel="one", programme_id=number)
    rows = feed.catalogue.reviews.waiting("one")
    assert [(row.subject_id, row.orders) for row in rows] == [(wanted, (order.id,)), (older, ())]
    assert (1, Fraction(0), Fraction(60)) in feed.catalogue.held("one")
    feed.clock.advance(30 * 3600)
    assert [row.subject_id for row in feed.catalogue.reviews.waiting("one")] == [wanted]
