"""The book of programmes: what is found, found again, and named by hand."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from streamproc.catalogue import Catalogue
from streamproc.catalogue.finishing import ProgrammeState
from streamproc.catalogue.pieces import Wish
from streamproc.catalogue.programmes import Draft, DraftPart
from streamproc.messages import Kind, Span
from streamproc.timebase import ManualClock
from tests.catalogue.conftest import Feed

P, A = Kind.PROGRAMME, Kind.ADVERT


def draft(start: int, end: int | None, title: str | None = "Сегодня", **more: Any) -> Draft:
    part = DraftPart(
        epoch=1,
        start=Fraction(start),
        end=None if end is None else Fraction(end),
        start_id=None,
        end_id=None,
        start_sure=True,
        end_sure=False,
    )
    plain = Draft(
        id=None,
        state=ProgrammeState.COMPLETE,
        title=title,
        description=None,
        confidence=0.8,
        scheduled_start_ns=7,
        scheduled_stop_ns=9,
        parts=(part,),
    )
    return replace(plain, **more)


@pytest.fixture
def feed(any_url: str, clock: ManualClock) -> Iterator[Feed]:
    """A channel that shows a programme until 100, adverts until 130, and a programme since."""
    catalogue = Catalogue.open(any_url, clock=clock)
    feed = Feed(catalogue, clock)
    feed.begin()
    feed.name(P)
    feed.change(P, A, 100)
    feed.change(A, P, 130)
    yield feed
    catalogue.close()


def ids(feed: Feed) -> list[int]:
    return [row.id for row in feed.catalogue.programmes.of_channel("one")][::-1]


def told(feed: Feed, since: int) -> list[tuple[str, int]]:
    return [(event.type, event.subject_id) for event in feed.catalogue.events(since)]


def newest(feed: Feed) -> int:
    return int(feed.catalogue.events(0)[-1].id)


def test_a_programme_is_given_back_as_it_was_found_and_told(feed: Feed) -> None:
    since = newest(feed)
    feed.catalogue.programmes.rewrite("one", [draft(0, 100)], [])
    (row,) = feed.catalogue.programmes.of_channel("one")
    assert (row.title, row.confidence, row.state, row.title_author) == ("Сегодня", 0.8, ProgrammeState.COMPLETE, None)
    assert row.spans == (Span(epoch=1, start=Fraction(0), end=Fraction(100)),)
    assert (row.parts[0].start_sure, row.parts[0].end_sure) == (True, False)
    assert ("programme", row.id) in told(feed, since)


def test_what_is_found_as_it_was_is_not_told_again(feed: Feed) -> None:
    programmes = feed.catalogue.programmes
    programmes.rewrite("one", [draft(0, 100)], [])
    since = newest(feed)
    programmes.rewrite("one", [draft(0, 100, id=ids(feed)[0])], [])
    assert told(feed, since) == []


def test_a_programme_that_has_changed_keeps_its_number(feed: Feed) -> None:
    programmes = feed.catalogue.programmes
    programmes.rewrite("one", [draft(0, 100)], [])
    (number,) = ids(feed)
    programmes.rewrite("one", [draft(0, 90, "Новости", id=number), draft(90, 100)], [])
    first, second = (programmes.get(one) for one in ids(feed))
    assert first is not None
    assert second is not None
    assert (first.id, first.title, first.parts[0].end) == (number, "Новости", 90)
    assert second.id > number


def test_a_programme_that_is_gone_leaves_its_pieces(feed: Feed) -> None:
    programmes = feed.catalogue.programmes
    programmes.rewrite("one", [draft(0, 100)], [])
    (number,) = ids(feed)
    span = Span(epoch=1, start=Fraction(0), end=Fraction(9))
    piece = feed.catalogue.pieces.want(Wish(channel="one", spans=(span,), programme_id=number, author="anna"))
    programmes.rewrite("one", [], [number])
    row = feed.catalogue.pieces.get(piece)
    assert programmes.get(number) is None
    assert row is not None
    assert (row.programme_id, row.spans) == (None, (span,))


def test_a_name_given_by_hand_is_never_overwritten(feed: Feed) -> None:
    programmes = feed.catalogue.programmes
    programmes.rewrite("one", [draft(130, None, state=ProgrammeState.RUNNING)], [])
    (number,) = ids(feed)
    programmes.name_by_hand(number, "Спецвыпуск", None, "anna")
    programmes.rewrite("one", [draft(130, 190, "Кино", id=number, state=ProgrammeState.RUNNING)], [])
    row = programmes.get(number)
    assert row is not None
    assert (row.title, row.confidence, row.parts[0].end) == ("Спецвыпуск", 1.0, 190)


def test_a_complete_programme_named_by_hand_stays_as_it_is(feed: Feed) -> None:
    programmes = feed.catalogue.programmes
    programmes.rewrite("one", [draft(0, 100)], [])
    (number,) = ids(feed)
    programmes.name_by_hand(number, "Спецвыпуск", None, "anna")
    before = programmes.get(number)
    programmes.rewrite("one", [draft(0, 50, "Кино", id=number)], [number])
    assert programmes.get(number) == before


def test_segments_get_the_name_of_the_programme_that_has_most_of_them(feed: Feed) -> None:
    drafts = [draft(0, 60, "Утро"), draft(60, 100, "Новости"), draft(130, None, "Кино", state=ProgrammeState.RUNNING)]
    feed.catalogue.programmes.rewrite("one", drafts, [])
    assert [(row.kind, row.title) for row in feed.catalogue.segments("one")] == [(P, "Утро"), (A, None), (P, "Кино")]


def test_programmes_that_ended_before_a_moment_are_left_out(feed: Feed, clock: ManualClock) -> None:
    programmes = feed.catalogue.programmes
    programmes.rewrite("one", [draft(0, 100), draft(130, None, state=ProgrammeState.RUNNING)], [])
    zero_ns = clock.utc_ns()
    assert [row.parts[0].start for row in programmes.since("one", zero_ns)] == [0, 130]
    assert [row.parts[0].start for row in programmes.since("one", zero_ns + 101 * 10**9)] == [130]
