"""The book of listings."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from streamproc.catalogue import Catalogue
from streamproc.catalogue.listings import ListingRow, Listings
from streamproc.timebase import NS, ManualClock

HOUR_NS = 3600 * NS


def row(hour: int, title: str = "Сегодня", *, until: int | None = None) -> ListingRow:
    return ListingRow(start_ns=hour * HOUR_NS, stop_ns=None if until is None else until * HOUR_NS, title=title)


@pytest.fixture
def listings(any_url: str, clock: ManualClock) -> Iterator[Listings]:
    catalogue = Catalogue.open(any_url, clock=clock)
    catalogue.put_channel("one", "One", None, None)
    catalogue.put_channel("two", "Two", None, None)
    yield catalogue.listings
    catalogue.close()


def all_of(listings: Listings, channel: str = "one") -> list[ListingRow]:
    return listings.between(channel, 0, 1000 * HOUR_NS)


def test_listings_are_given_back_as_they_were_read(listings: Listings) -> None:
    full = replace(row(1), stop_ns=2 * HOUR_NS, subtitle="a", description="b", category="c", language="ru", episode="d")
    assert listings.replace("one", [full, row(2)])
    assert all_of(listings) == [full, row(2)]
    assert all_of(listings, "two") == []


def test_what_is_read_again_takes_the_place_of_its_time_only(listings: Listings) -> None:
    listings.replace("one", [row(hour) for hour in range(10)])
    assert listings.replace("one", [row(3, "Кино"), row(6, "Спорт")])
    assert [(one.start_ns // HOUR_NS, one.title) for one in all_of(listings)] == [
        *((hour, "Сегодня") for hour in (0, 1, 2)),
        (3, "Кино"),
        (6, "Спорт"),
        *((hour, "Сегодня") for hour in (7, 8, 9)),
    ]


def test_the_same_again_and_nothing_change_nothing(listings: Listings) -> None:
    listings.replace("one", [row(1), row(2)])
    assert not listings.replace("one", [row(1), row(2)])
    assert not listings.replace("one", [])
    assert all_of(listings) == [row(1), row(2)]


def test_what_is_on_at_some_time_of_a_range_is_given(listings: Listings) -> None:
    listings.replace("one", [row(1, until=2), row(2, until=5), row(5, until=6), row(6)])
    assert listings.between("one", 3 * HOUR_NS, 5 * HOUR_NS) == [row(2, until=5)]
    assert listings.between("one", 6 * HOUR_NS + HOUR_NS // 2, 9 * HOUR_NS) == [row(6)]


def test_what_is_long_over_is_forgotten(listings: Listings) -> None:
    listings.replace("one", [row(1), row(2), row(3)])
    listings.forget_before("one", 2 * HOUR_NS)
    assert all_of(listings) == [row(2), row(3)]
