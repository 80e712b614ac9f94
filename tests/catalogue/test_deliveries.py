"""The book of deliveries, and what may be deleted."""

from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest

from streamproc.catalogue import Catalogue
from streamproc.catalogue.deliveries import Deliveries, DeliveryFilter, Finished
from streamproc.catalogue.finishing import DeliveryState
from streamproc.catalogue.pieces import Wish
from streamproc.errors import CatalogueError
from streamproc.messages import Kind, Span
from streamproc.timebase import NS, ManualClock
from tests.catalogue.conftest import Feed

WISH = Wish(channel="one", spans=(Span(epoch=1, start=Fraction(10), end=Fraction(20)),), author="anna")
SHA256 = "ab" * 32
DAY_S = 86_400


@pytest.fixture
def catalogue(any_url: str, clock: ManualClock) -> Iterator[Catalogue]:
    opened = Catalogue.open(any_url, clock=clock)
    feed = Feed(opened, clock)
    feed.begin()
    feed.name(Kind.PROGRAMME)
    feed.end(30)
    yield opened
    opened.close()


@pytest.fixture
def book(catalogue: Catalogue) -> Deliveries:
    return catalogue.deliveries


def ready_clip(catalogue: Catalogue) -> Finished:
    job = catalogue.next_clip()
    assert job is not None
    catalogue.clip_ready(job.id, "one/clip.mp4", 1000, SHA256)
    return Finished(clip_id=job.id)


def ready_piece(catalogue: Catalogue) -> Finished:
    number = catalogue.pieces.want(WISH)
    catalogue.pieces.take()
    catalogue.pieces.ready(number, "one/piece.mp4", 2000, SHA256, {})
    return Finished(piece_id=number)


KINDS = pytest.mark.parametrize("finish", [ready_clip, ready_piece])
Finish = Callable[[Catalogue], Finished]


@KINDS
def test_a_delivery_is_taken_with_its_file_and_ends_done(catalogue: Catalogue, finish: Finish) -> None:
    book, what = catalogue.deliveries, finish(catalogue)
    number = book.want("archive", what)
    row = book.take("archive")
    assert row is not None
    assert (row.id, row.channel, row.what, row.state, row.attempts) == (
        number,
        "one",
        what,
        DeliveryState.SENDING,
        1,
    )
    assert (row.path is not None, row.sha256) == (True, SHA256)
    book.done(number, "there/file.mp4", "size")
    done = book.get(number)
    assert done is not None
    assert (done.state, done.remote_path, done.sent_bytes) == (DeliveryState.DONE, "there/file.mp4", row.size_bytes)
    assert book.take("archive") is None


def test_what_is_not_ready_waits(catalogue: Catalogue, book: Deliveries) -> None:
    number = catalogue.pieces.want(WISH)
    book.want("archive", Finished(piece_id=number))
    assert book.take("archive") is None
    catalogue.pieces.take()
    catalogue.pieces.ready(number, "one/piece.mp4", 2000, SHA256, {})
    assert book.take("archive") is not None


def test_a_target_gets_only_what_is_for_it(catalogue: Catalogue, book: Deliveries) -> None:
    book.want("archive", ready_clip(catalogue))
    assert book.take("newsroom") is None


def test_everything_ready_of_a_channel_is_queued_for_each_target_once(catalogue: Catalogue, book: Deliveries) -> None:
    ready_clip(catalogue)
    ready_piece(catalogue)
    assert book.want_all("one", ["archive", "newsroom"]) == 4
    assert book.want_all("one", ["archive", "newsroom"]) == 0
    assert len(book.all(DeliveryFilter(target="archive"))) == 2


def test_a_failed_attempt_waits_for_its_time(catalogue: Catalogue, book: Deliveries, clock: ManualClock) -> None:
    number = book.want("archive", ready_clip(catalogue))
    book.take("archive")
    book.failed(number, "no route", again_ns=clock.utc_ns() + 5 * NS)
    assert book.take("archive") is None
    clock.advance(5)
    row = book.take("archive")
    assert row is not None
    assert (row.attempts, row.message) == (2, "no route")


def test_asked_for_again_it_is_tried_at_once(catalogue: Catalogue, book: Deliveries, clock: ManualClock) -> None:
    what = ready_clip(catalogue)
    number = book.want("archive", what)
    book.take("archive")
    book.failed(number, "no route", again_ns=clock.utc_ns() + 500 * NS)
    assert book.want("archive", what) == number
    assert book.take("archive") is not None


def test_what_is_done_is_not_sent_twice(catalogue: Catalogue, book: Deliveries) -> None:
    what = ready_clip(catalogue)
    number = book.want("archive", what)
    book.take("archive")
    book.done(number, "x", "size")
    assert book.want("archive", what) == number
    assert book.take("archive") is None


def test_what_a_killed_process_was_sending_goes_on_where_it_was(catalogue: Catalogue, book: Deliveries) -> None:
    number = book.want("archive", ready_clip(catalogue))
    book.take("archive")
    book.remember(number, "upload 7")
    book.progress(number, 400)
    assert (book.requeue("newsroom"), book.requeue("archive")) == (0, 1)
    row = book.take("archive")
    assert row is not None
    assert (row.resume, row.sent_bytes) == ("upload 7", 400)


def test_each_step_is_told_in_the_outbox_but_not_each_byte(catalogue: Catalogue, book: Deliveries) -> None:
    number = book.want("archive", ready_clip(catalogue))
    book.take("archive")
    book.progress(number, 100)
    book.progress(number, 200)
    book.done(number, "x", "size")
    told = [(event.type, event.subject_id) for event in catalogue.events(0) if event.type == "delivery"]
    assert told == [("delivery", number)] * 3


def test_what_waits_is_counted_by_target(catalogue: Catalogue, book: Deliveries, clock: ManualClock) -> None:
    asked_ns = clock.utc_ns()
    book.want("archive", ready_clip(catalogue))
    clock.advance(60)
    book.want("archive", ready_piece(catalogue))
    waiting = book.waiting("archive")
    assert (waiting.files, waiting.oldest_ns) == (2, asked_ns)
    assert book.waiting("newsroom").files == 0


@pytest.mark.parametrize("what", [Finished(clip_id=77), Finished(piece_id=77), Finished()])
def test_what_is_not_there_can_not_be_delivered(book: Deliveries, what: Finished) -> None:
    with pytest.raises(CatalogueError, match=r"knows no (clip|piece) 77|of one clip or of one piece"):
        book.want("archive", what)


@KINDS
def test_an_old_file_may_go_when_it_has_arrived_everywhere(
    catalogue: Catalogue, clock: ManualClock, finish: Finish
) -> None:
    book, what = catalogue.deliveries, finish(catalogue)
    clock.advance(DAY_S)
    now_ns = clock.utc_ns()
    assert [found for found, _ in book.dispensable("one", now_ns, [])] == [what]
    assert book.dispensable("one", now_ns, ["archive"]) == []
    number = book.want("archive", what)
    assert book.dispensable("one", now_ns, []) == []
    book.take("archive")
    book.done(number, "x", "size")
    assert [found for found, _ in book.dispensable("one", now_ns, ["archive"])] == [what]
    assert book.dispensable("one", now_ns, ["archive", "newsroom"]) == []


def test_a_young_file_stays(catalogue: Catalogue, book: Deliveries, clock: ManualClock) -> None:
    ready_clip(catalogue)
    assert book.dispensable("one", clock.utc_ns() - NS, []) == []


@KINDS
def test_a_deleted_file_is_on_record_and_not_delivered_any_more(catalogue: Catalogue, finish: Finish) -> None:
    book, what = catalogue.deliveries, finish(catalogue)
    book.removed(what)
    assert book.want_all("one", ["archive"]) == 0
    if what.clip_id is not None:
        (row,) = catalogue.clips("one")
        assert row.removed_ns is not None
    else:
        piece = catalogue.pieces.get(what.piece_id or 0)
        assert piece is not None
        assert piece.removed_ns is not None
