"""The book of orders."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from streamproc.catalogue import Catalogue
from streamproc.catalogue.finishing import (
    Listing,
    OrderState,
    Programme,
    ProgrammePart,
    ProgrammeState,
)
from streamproc.catalogue.orders import MISSING_LOOKED_AT_NS, Change, OrderRow
from streamproc.catalogue.pieces import Wish
from streamproc.catalogue.queries import find_channel, find_epoch
from streamproc.errors import CatalogueConflict, CatalogueError
from streamproc.logic.order_lines import Wanting
from streamproc.messages import Note, Span, Wanted
from streamproc.timebase import NS, ManualClock

WANTING = Wanting(
    text="Сегодня в 19:00",
    kind=Wanted.PROGRAMME,
    channel=None,
    name="Сегодня",
    start_ns=1_790_000_000 * NS,
    end_ns=None,
)
NOTE = Note(en="found", ru="нашли")


@pytest.fixture
def catalogue(any_url: str, clock: ManualClock) -> Iterator[Catalogue]:
    opened = Catalogue.open(any_url, clock=clock)
    opened.put_channel("one", "One", None, None)
    opened.begin_epoch("one", 1, utc_zero_ns=clock.utc_ns(), frame_rate=Fraction(25), description="h264")
    yield opened
    opened.close()


def ordered(catalogue: Catalogue, wanting: Wanting = WANTING) -> OrderRow:
    ((row, _),) = catalogue.orders.add([(wanting, wanting.key)], "anna")
    return row


def programme(catalogue: Catalogue, *, confidence: float = 0.95, end: Fraction | None = Fraction(60)) -> int:
    """A programme of a minute in the first epoch, as naming leaves it."""
    with catalogue.ledger.write() as write:
        row = Programme(channel_id=find_channel(write.session, "one").id, title="Сегодня", confidence=confidence)
        row.state = ProgrammeState.RUNNING if end is None else ProgrammeState.COMPLETE
        row.created_ns = row.updated_ns = write.now_ns
        part = ProgrammePart(number=0, start=Fraction(0), end=end, start_sure=True, end_sure=True)
        part.epoch_id = find_epoch(write.session, "one", 1).id
        row.parts = [part]
        write.session.add(row)
        write.session.flush()
        return row.id


def test_an_order_keeps_what_was_asked_for(catalogue: Catalogue) -> None:
    row = ordered(catalogue, replace(WANTING, channel="one", target="site", due_ns=5 * NS))
    assert (row.text, row.title, row.channel, row.target, row.due_ns) == (
        "Сегодня в 19:00",
        "Сегодня",
        "one",
        "site",
        5 * NS,
    )
    assert (row.state, row.author, row.piece_id) == (OrderState.WAITING, "anna", None)


def test_the_same_list_twice_makes_no_doubles(catalogue: Catalogue) -> None:
    other = replace(WANTING, name="Вести")
    items = [(WANTING, WANTING.key), (other, other.key), (WANTING, WANTING.key)]
    first = catalogue.orders.add(items, "anna")
    again = catalogue.orders.add(items, "boris")
    assert [new for _, new in first] == [True, True, False]
    assert [(row.id, new) for row, new in again] == [(row.id, False) for row, _ in first]
    assert len(catalogue.orders.find()) == 2


def test_a_list_with_an_unknown_channel_is_taken_not_at_all(catalogue: Catalogue) -> None:
    with pytest.raises(CatalogueError, match="no channel 'two'"):
        catalogue.orders.add([(WANTING, "a"), (replace(WANTING, channel="two"), "b")], "anna")
    assert catalogue.orders.find() == []


def test_each_step_of_an_order_is_told_once_in_the_outbox(catalogue: Catalogue) -> None:
    row = ordered(catalogue)
    for _ in range(2):
        catalogue.orders.settle(row.id, OrderState.FOUND, NOTE, channel="one")
    told = [(event.channel, event.subject_id) for event in catalogue.events(0) if event.type == "order"]
    assert told == [("", row.id), ("one", row.id)]


def test_a_cancelled_order_stays_cancelled_and_can_be_ordered_anew(catalogue: Catalogue) -> None:
    row = ordered(catalogue)
    assert catalogue.orders.cancel(row.id).state is OrderState.CANCELLED
    catalogue.orders.settle(row.id, OrderState.FOUND, NOTE)
    after = catalogue.orders.get(row.id)
    assert after is not None
    assert after.state is OrderState.CANCELLED
    assert ordered(catalogue).id != row.id


def test_a_delivered_order_can_not_be_taken_back(catalogue: Catalogue) -> None:
    row = ordered(catalogue)
    catalogue.orders.settle(row.id, OrderState.DELIVERED, NOTE)
    with pytest.raises(CatalogueConflict, match="is delivered"):
        catalogue.orders.cancel(row.id)


def test_a_changed_order_is_looked_at_anew(catalogue: Catalogue) -> None:
    row = ordered(catalogue)
    catalogue.orders.settle(row.id, OrderState.MISSING, NOTE)
    number = programme(catalogue)
    changed = catalogue.orders.change(row.id, Change(programme_id=number, title="Вести", target="site"))
    assert (changed.state, changed.programme_id, changed.channel) == (OrderState.WAITING, number, "one")
    assert (changed.title, changed.target) == ("Вести", "site")
    assert catalogue.orders.change(row.id, Change(target="archive")).programme_id == number
    assert catalogue.orders.change(row.id, Change(title="Место встречи")).programme_id is None


def test_an_order_that_has_its_piece_can_not_be_changed(catalogue: Catalogue) -> None:
    row = ordered(catalogue)
    span = Span(epoch=1, start=Fraction(0), end=Fraction(1))
    piece = catalogue.pieces.want(Wish(channel="one", spans=(span,), author="a"))
    catalogue.orders.settle(row.id, OrderState.WORKING, NOTE, piece_id=piece)
    with pytest.raises(CatalogueConflict, match="can't be changed"):
        catalogue.orders.change(row.id, Change(title="Вести"))


@pytest.mark.parametrize(
    ("change", "words"), [(Change(channel="x"), "no channel"), (Change(programme_id=9), "no prog")]
)
def test_a_change_to_what_there_is_not_is_refused(catalogue: Catalogue, change: Change, words: str) -> None:
    with pytest.raises(CatalogueError, match=words):
        catalogue.orders.change(ordered(catalogue).id, change)


def test_open_orders_come_with_those_that_are_due_first(catalogue: Catalogue) -> None:
    plain = ordered(catalogue)
    late = ordered(catalogue, replace(WANTING, name="Вести", due_ns=20))
    soon = ordered(catalogue, replace(WANTING, name="Место встречи", due_ns=10))
    gone = ordered(catalogue, replace(WANTING, name="Своя игра"))
    catalogue.orders.settle(gone.id, OrderState.DELIVERED, NOTE)
    assert [row.id for row in catalogue.orders.open()] == [soon.id, late.id, plain.id]


def test_what_is_missing_is_looked_for_again_for_a_week(catalogue: Catalogue, clock: ManualClock) -> None:
    row = ordered(catalogue)
    catalogue.orders.settle(row.id, OrderState.MISSING, NOTE)
    assert [order.id for order in catalogue.orders.open()] == [row.id]
    clock.advance(MISSING_LOOKED_AT_NS / NS + 1)
    assert catalogue.orders.open() == []


def test_an_order_survives_the_programme_that_it_meant(catalogue: Catalogue) -> None:
    row, number = ordered(catalogue), programme(catalogue)
    catalogue.orders.settle(row.id, OrderState.FOUND, NOTE, channel="one", programme_id=number)
    with catalogue.ledger.write() as write:
        write.session.delete(write.session.get_one(Programme, number))
    after = catalogue.orders.get(row.id)
    assert after is not None
    assert after.programme_id is None


def test_programmes_and_the_schedule_are_shown_as_orders_need_them(catalogue: Catalogue, clock: ManualClock) -> None:
    number = programme(catalogue, confidence=0.5)
    zero = clock.utc_ns()
    with catalogue.ledger.write() as write:
        listing = Listing(channel_id=find_channel(write.session, "one").id, start_ns=zero + NS, title="Вести")
        listing.stop_ns, listing.created_ns = zero + 2 * NS, write.now_ns
        write.session.add(listing)
    (show,) = catalogue.orders.shows(zero)
    assert (show.id, show.start_ns, show.end_ns, show.is_complete) == (number, zero, zero + 60 * NS, True)
    assert [note.en for note in show.doubts] == ["is this «Сегодня» (50% sure)?"]
    assert [slot.title for slot in catalogue.orders.slots(zero, zero + 2 * NS)] == ["Вести"]
    assert catalogue.orders.slots(zero + 2 * NS, zero + 3 * NS) == []
