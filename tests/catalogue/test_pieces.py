"""The book of pieces."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from streamproc.catalogue import Catalogue
from streamproc.catalogue.finishing import Mode, PieceState
from streamproc.catalogue.pieces import Pieces, Wish
from streamproc.errors import CatalogueError
from streamproc.messages import Span
from streamproc.timebase import NS, ManualClock

Feed = Any
FIRST, SECOND = (
    Span(epoch=1, start=Fraction(10), end=Fraction(20)),
    Span(epoch=1, start=Fraction(30), end=Fraction(40)),
)
WISH = Wish(channel="one", spans=(FIRST, SECOND), title="Сегодня", author="anna")


@pytest.fixture
def pieces(any_url: str, clock: ManualClock) -> Iterator[Pieces]:
    catalogue = Catalogue.open(any_url, clock=clock)
    catalogue.put_channel("one", "One", None, None)
    catalogue.begin_epoch("one", 1, utc_zero_ns=clock.utc_ns(), frame_rate=Fraction(25), description="h264")
    yield catalogue.pieces
    catalogue.close()


def test_a_piece_keeps_what_was_wished_and_begins_at_its_first_stretch(pieces: Pieces, clock: ManualClock) -> None:
    row = pieces.get(pieces.want(WISH))
    assert row is not None
    assert (row.channel, row.spans, row.title, row.author, row.mode) == (
        "one",
        (FIRST, SECOND),
        "Сегодня",
        "anna",
        Mode.EXACT,
    )
    assert row.start_utc_ns == clock.utc_ns() + 10 * NS


def test_pieces_are_taken_in_the_order_in_which_they_were_wished_and_each_once(
    pieces: Pieces, clock: ManualClock
) -> None:
    first = pieces.want(WISH)
    clock.advance(1)
    second = pieces.want(WISH)
    taken = [pieces.take(), pieces.take(), pieces.take()]
    assert [None if row is None else (row.id, row.state, row.attempts) for row in taken] == [
        (first, PieceState.CUTTING, 1),
        (second, PieceState.CUTTING, 1),
        None,
    ]


def test_a_wish_said_again_with_its_key_is_the_same_piece(pieces: Pieces) -> None:
    keyed = Wish(channel="one", spans=(FIRST,), author="anna", key="desk-7")
    assert pieces.want(keyed) == pieces.want(keyed)


def test_what_a_killed_process_was_cutting_is_queued_again(pieces: Pieces) -> None:
    piece = pieces.want(WISH)
    pieces.take()
    assert pieces.requeue() == 1
    row = pieces.get(piece)
    assert row is not None
    assert row.state is PieceState.QUEUED


def test_a_ready_piece_has_its_file_and_its_report(pieces: Pieces) -> None:
    piece = pieces.want(WISH)
    pieces.take()
    pieces.failed(piece, "the disk was full", retry=True)
    pieces.take()
    pieces.ready(piece, "one/сегодня.mp4", 1234, "0" * 64, {"frames": 500, "notes": ["звук"]})
    row = pieces.get(piece)
    assert row is not None
    assert (row.state, row.path, row.size_bytes, row.message) == (PieceState.READY, "one/сегодня.mp4", 1234, None)
    assert row.report == {"frames": 500, "notes": ["звук"]}


def test_each_step_of_a_piece_is_told_in_the_outbox(any_url: str, pieces: Pieces, clock: ManualClock) -> None:
    piece = pieces.want(WISH)
    pieces.take()
    pieces.failed(piece, "no", retry=False)
    catalogue = Catalogue.open(any_url, clock=clock)
    told = [event.subject_id for event in catalogue.events(0) if event.type == "piece"]
    catalogue.close()
    assert told == [piece] * 3


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(channel="two", spans=(FIRST,), author="a"), "no channel 'two'"),
        (Wish(channel="one", spans=(), author="a"), "at least one stretch"),
        (Wish(channel="one", spans=(Span(epoch=9, start=Fraction(0), end=Fraction(1)),), author="a"), "no epoch 9"),
        (Wish(channel="one", spans=(FIRST,), author="a", programme_id=5), "no programme 5"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_in_words(pieces: Pieces, wish: Wish, words: str) -> None:
    with pytest.raises(CatalogueError, match=words):
        pieces.want(wish)
