"""Labels and alarms in the catalogue."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from streamproc.catalogue import Catalogue, database
from streamproc.errors import CatalogueError
from streamproc.logic.labels import Label
from streamproc.messages import AlarmKind, Footing, Kind
from streamproc.timebase import NS, ManualClock

P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN
Feed = Any
FOOTING = Footing(sureness=0.5, usual=0.9, unsure_share=0.4, absent_s=12.0)


def label(start: str, end: str, kind: Kind = P, epoch: int = 1) -> Label:
    return Label(epoch=epoch, start=Fraction(start), end=Fraction(end), kind=kind)


def told(feed: Feed, kind: str) -> list[int]:
    return [event.subject_id for event in feed.catalogue.events(0) if event.type == kind]


def test_a_label_is_kept_exactly_with_its_author_and_told(any_feed: Feed) -> None:
    any_feed.begin()
    number = any_feed.catalogue.add_label("one", label("1/3", "801/25"), "anna")
    (row,) = any_feed.catalogue.labels("one")
    assert (row.id, row.label, row.author) == (number, label("1/3", "801/25"), "anna")
    assert told(any_feed, "label") == [number]


def test_labels_come_in_the_order_in_which_they_were_given(feed: Feed) -> None:
    feed.begin()
    given = [label("5", "9"), label("1", "2", A), label("5", "6", A)]
    for one in given:
        feed.catalogue.add_label("one", one, "anna")
    assert [row.label for row in feed.catalogue.labels("one")] == given


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (label("5", "5"), "no stretch"),
        (label("-1", "5"), "no stretch"),
        (label("1", "5", U), "programme or advert"),
        (label("1", "61"), "the epoch ends at 60.000 s"),
        (label("1", "5", epoch=7), "knows no epoch 7"),
    ],
)
def test_a_label_that_makes_no_sense_is_refused(feed: Feed, wrong: Label, words: str) -> None:
    feed.begin()
    feed.end(60)
    with pytest.raises(CatalogueError, match=words):
        feed.catalogue.add_label("one", wrong, "anna")
    assert feed.catalogue.labels("one") == []


def test_an_alarm_stands_until_it_is_cleared(any_feed: Feed) -> None:
    any_feed.begin()
    since = any_feed.clock.utc_ns() - 60 * NS
    number = any_feed.catalogue.raise_alarm(
        "one", AlarmKind.UNSURE, FOOTING, since_ns=since, pictures=["a/frame.jpg", "a/1.jpg"]
    )
    standing = any_feed.catalogue.standing_alarm("one")
    assert (standing.kind, standing.footing, standing.since_ns) == (AlarmKind.UNSURE, FOOTING, since)
    assert standing.pictures == ("a/frame.jpg", "a/1.jpg")
    assert any_feed.catalogue.clear_alarm("one", "the scores are sure again") == number
    assert any_feed.catalogue.standing_alarm("one") is None
    assert any_feed.catalogue.alarm(number).reason == "the scores are sure again"
    assert told(any_feed, "alarm") == [number, number]


def test_an_alarm_that_is_raised_again_changes_nothing(feed: Feed) -> None:
    feed.begin()
    numbers = [feed.catalogue.raise_alarm("one", AlarmKind.UNSURE, FOOTING, since_ns=0, pictures=[]) for _ in range(2)]
    assert numbers[0] == numbers[1]
    assert len(told(feed, "alarm")) == 1


def test_an_alarm_of_another_kind_takes_the_place_of_the_one_that_stands(feed: Feed) -> None:
    feed.begin()
    feed.catalogue.raise_alarm("one", AlarmKind.UNSURE, FOOTING, since_ns=0, pictures=[])
    feed.catalogue.raise_alarm("one", AlarmKind.VANISHED, FOOTING, since_ns=0, pictures=[])
    newest, former = feed.catalogue.alarms("one")
    assert (newest.kind, newest.cleared_ns) == (AlarmKind.VANISHED, None)
    assert (former.kind, former.reason) == (AlarmKind.UNSURE, "it became 'vanished'")


def test_clearing_where_nothing_stands_is_told_to_nobody(feed: Feed) -> None:
    feed.begin()
    assert feed.catalogue.clear_alarm("one", "why") is None
    assert told(feed, "alarm") == []


def test_what_the_watch_remembers_is_found_again(any_feed: Feed) -> None:
    any_feed.begin()
    assert any_feed.catalogue.watch("one") is None
    for memory in ("{}", '{"usual": 1}'):
        any_feed.catalogue.save_watch("one", memory)
    assert any_feed.catalogue.watch("one") == '{"usual": 1}'


def test_a_catalogue_of_the_first_version_is_migrated_and_keeps_what_it_holds(url: str, clock: ManualClock) -> None:
    old = Catalogue.open(url, clock=clock)
    old.put_channel("one", "One", None, None)
    old.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
        command.downgrade(config, "0001")
    engine.dispose()
    new = Catalogue.open(url, clock=clock)
    assert [channel.name for channel in new.channels()] == ["one"]
    assert new.labels("one") == []
    assert new.alarms("one") == []
    new.close()
