"""Orders are worked off as their footage comes, and ticked off when they are delivered."""

import asyncio
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import update

from streamproc.catalogue.finishing import (
    Delivery,
    DeliveryState,
    OrderState,
    PieceState,
    Programme,
    ProgrammePart,
    ProgrammeState,
)
from streamproc.catalogue.orders import Change, OrderRow
from streamproc.catalogue.pieces import PieceRow
from streamproc.catalogue.queries import find_channel, find_epoch
from streamproc.catalogue.store import Catalogue
from streamproc.logic.order_lines import Desk as ListDesk
from streamproc.logic.order_lines import read_list
from streamproc.media.files import FileFootage
from streamproc.stages.orders import OrdersStage
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, ManualClock
from tests.footage import Drawn, draw

ZERO_NS = 1_795_773_600 * NS  # 2026-11-27T10:00:00Z, 13:00 in Moscow
MOSCOW = ZoneInfo("Europe/Moscow")
FRAMES = 250


class Desk:
    """A channel of which ten seconds are recorded, from 13:00:00 in Moscow on; its clock stands at 12:00."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(ZERO_NS - 3600 * NS)
        self.registry = CollectorRegistry()
        self.catalogue = Catalogue.open(f"sqlite:///{folder / 'catalogue.sqlite'}", clock=self.clock)
        self.footage = FileFootage([draw(folder / "source.flv", Drawn(frames=FRAMES, options={"g": "25"}))])
        self.epoch = self.footage.epochs()[0]
        self.catalogue.put_channel("one", "НТВ", None, None)

    def record(self, *, end: Fraction | None = Fraction(10)) -> None:
        number = self.epoch.id
        self.catalogue.begin_epoch(
            "one", number, utc_zero_ns=ZERO_NS, frame_rate=Fraction(25), description="drawn footage"
        )
        if end is not None:
            self.catalogue.end_epoch("one", number, end, None, "finished")

    def order(self, line: str) -> int:
        desk = ListDesk(now_ns=self.clock.utc_ns(), zone=MOSCOW, channels={"one": "НТВ"}, zones={})
        (read,) = read_list(line, desk)
        assert read.wanting is not None
        ((row, _),) = self.catalogue.orders.add([(read.wanting, read.wanting.key)], "anna")
        return row.id

    def programme(self, *, complete: bool = True, confidence: float = 1.0) -> int:
        with self.catalogue.ledger.write() as write:
            row = Programme(channel_id=find_channel(write.session, "one").id, title="Место встречи")
            row.description, row.confidence = "Ток-шоу. Подробности.", confidence
            row.state = ProgrammeState.COMPLETE if complete else ProgrammeState.RUNNING
            row.created_ns = row.updated_ns = write.now_ns
            part = ProgrammePart(number=0, start=Fraction(1), end=Fraction(8), start_sure=True, end_sure=True)
            part.epoch_id = find_epoch(write.session, "one", self.epoch.id).id
            row.parts = [part]
            write.session.add(row)
            write.session.flush()
            return row.id

    def stage(self) -> OrdersStage:
        return OrdersStage(
            self.catalogue, lambda _: self.footage, lambda _: MOSCOW, Telemetry(self.registry), self.clock
        )

    def look(self) -> None:
        OrdersStage(
            self.catalogue, lambda _: self.footage, lambda _: MOSCOW, Telemetry(CollectorRegistry()), self.clock
        ).settle_round()

    def get(self, order: int) -> OrderRow:
        row = self.catalogue.orders.get(order)
        assert row is not None
        return row

    def piece(self) -> PieceRow:
        (piece,) = self.catalogue.pieces.of_channel("one")
        return piece

    def cut(self) -> None:
        """Do what the cutter does."""
        piece = self.catalogue.pieces.take()
        assert piece is not None
        self.catalogue.pieces.ready(piece.id, "one/piece.mp4", 1, "0" * 64, {})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.catalogue.close()


def test_a_range_is_cut_as_soon_as_it_is_recorded_and_ticked_off_when_it_is_ready(desk: Desk) -> None:
    order = desk.order("13:00:02-13:00:05 интервью")
    desk.look()
    assert (desk.get(order).state, desk.catalogue.pieces.of_channel("one")) == (OrderState.WAITING, [])
    desk.record()
    desk.clock.advance(3600 + 10)
    desk.look()
    (span,) = desk.piece().spans
    assert (span.epoch, span.start, span.end) == (desk.epoch.id, 2, 5)
    assert (desk.piece().title, desk.piece().author) == ("интервью", "anna")
    assert (desk.get(order).state, desk.get(order).piece_id) == (OrderState.WORKING, desk.piece().id)
    desk.cut()
    desk.look()
    assert desk.get(order).state is OrderState.DELIVERED


def test_a_programme_is_waited_for_until_it_has_ended_and_brings_its_title_and_description(desk: Desk) -> None:
    desk.record()
    order, number = desk.order("Месту встречи 13:00"), desk.programme(complete=False)
    desk.clock.advance(3600 + 5)
    desk.look()
    assert (desk.get(order).state, desk.get(order).programme_id) == (OrderState.FOUND, number)
    with desk.catalogue.ledger.write() as write:
        write.session.execute(update(Programme).values(state=ProgrammeState.COMPLETE))
    desk.look()
    piece = desk.piece()
    assert (piece.title, piece.description, piece.programme_id) == ("Место встречи", "Ток-шоу. Подробности.", number)
    assert [(span.start, span.end) for span in piece.spans] == [(1, 8)]


def test_a_programme_whose_name_is_unsure_is_cut_when_somebody_has_accepted_it(desk: Desk) -> None:
    desk.record()
    order, number = desk.order("Место встречи 13:00"), desk.programme(confidence=0.5)
    desk.clock.advance(3600 + 30)
    desk.look()
    assert desk.get(order).state is OrderState.FOUND
    assert "ждёт проверки" in desk.get(order).note.ru
    desk.catalogue.reviews.accept_programme(number, "anna")
    desk.look()
    assert desk.get(order).state is OrderState.WORKING


def test_a_programme_that_is_named_otherwise_before_it_has_ended_is_not_what_was_ordered(desk: Desk) -> None:
    desk.record()
    order, number = desk.order("Место встречи 13:00"), desk.programme(complete=False)
    desk.clock.advance(3600 + 5)
    desk.look()
    assert desk.get(order).programme_id == number
    with desk.catalogue.ledger.write() as write:
        write.session.execute(update(Programme).values(title="Своя игра", state=ProgrammeState.COMPLETE))
    desk.look()
    assert (desk.get(order).state, desk.get(order).programme_id) == (OrderState.WAITING, None)
    assert desk.catalogue.pieces.of_channel("one") == []


def test_the_programme_that_a_person_chose_is_cut_whatever_its_name(desk: Desk) -> None:
    desk.record()
    order, number = desk.order("Вести 13:00"), desk.programme()
    desk.clock.advance(3600 + 30)
    desk.catalogue.orders.change(order, Change(programme_id=number))
    desk.look()
    assert (desk.get(order).state, desk.piece().programme_id) == (OrderState.WORKING, number)


def test_a_look_that_was_cut_off_after_its_wish_makes_no_second_piece(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.record()
    order = desk.order("13:00:02-13:00:05 интервью")
    desk.clock.advance(3600 + 10)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(desk.catalogue.orders, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.look()
    assert desk.get(order).state is OrderState.WAITING
    desk.look()
    assert desk.get(order).piece_id == desk.piece().id


def test_what_is_deleted_is_missing_and_says_so(desk: Desk) -> None:
    desk.record(end=Fraction(20))  # the catalogue remembers more than is on the disk
    order = desk.order("13:00:12-13:00:15 интервью")
    desk.clock.advance(3600 + 30)
    desk.footage.epochs = lambda: []  # type: ignore[method-assign]  # all of it is gone
    desk.look()
    assert desk.get(order).state is OrderState.MISSING
    assert desk.get(order).note.en == "the recording of 27.11 13:00:12–13:00:15 is deleted"
    assert desk.catalogue.pieces.of_channel("one") == []


def test_what_could_not_be_cut_is_missing_with_the_cutters_words(desk: Desk) -> None:
    desk.record()
    order = desk.order("13:00:02-13:00:05 интервью")
    desk.clock.advance(3600 + 10)
    desk.look()
    piece = desk.catalogue.pieces.take()
    assert piece is not None
    desk.catalogue.pieces.failed(piece.id, "no keyframe", retry=False)
    desk.look()
    assert (desk.get(order).state, desk.get(order).note.en) == (
        OrderState.MISSING,
        "it could not be cut: no keyframe",
    )


@pytest.mark.parametrize(
    ("delivery", "state"),
    [
        (DeliveryState.SENDING, OrderState.WORKING),
        (DeliveryState.DONE, OrderState.DELIVERED),
        (DeliveryState.FAILED, OrderState.MISSING),
    ],
)
def test_an_order_with_a_target_is_ticked_off_when_it_has_arrived_there(
    desk: Desk, delivery: DeliveryState, state: OrderState
) -> None:
    desk.record()
    text = "название;начало;конец;куда\nинтервью;13:00:02;13:00:05;site"
    targets = frozenset({"site"})
    lists = ListDesk(now_ns=desk.clock.utc_ns(), zone=MOSCOW, channels={"one": "НТВ"}, zones={}, targets=targets)
    (line,) = read_list(text, lists)
    assert line.wanting is not None
    ((order, _),) = desk.catalogue.orders.add([(line.wanting, line.wanting.key)], "anna")
    desk.clock.advance(3600 + 10)
    desk.look()
    desk.cut()
    desk.look()
    assert (desk.piece().state, desk.get(order.id).state) == (PieceState.READY, OrderState.WORKING)
    with desk.catalogue.ledger.write() as write:
        write.session.execute(update(Delivery).values(state=delivery))
    desk.look()
    assert desk.get(order.id).state is state


async def test_the_stage_looks_when_something_happens_and_counts_what_waits(desk: Desk) -> None:
    desk.record()
    task = asyncio.create_task(desk.stage().run())
    order = desk.order("13:00:02-13:00:05 интервью")
    desk.clock.advance(3600 + 10)

    def is_counted() -> bool:
        sample = desk.registry.get_sample_value
        working = sample("streamproc_orders", {"state": "working"})
        return working == 1 and sample("streamproc_reviews_waiting", {"channel": "one"}) == 0

    while not task.done() and not (desk.get(order).state is OrderState.WORKING and is_counted()):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task  # and not an error of its own
