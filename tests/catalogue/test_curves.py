from fractions import Fraction

import numpy as np
import pytest

from streamproc.catalogue.people import CurveKind
from streamproc.errors import CatalogueError
from streamproc.timebase import NS
from tests.catalogue.conftest import ZERO_NS, Feed

SCORE, LEVEL = CurveKind.SCORE, CurveKind.LEVEL


def seconds(feed: Feed, kind: CurveKind = SCORE, start_s: float = 0, end_s: float = 10_000) -> dict[float, float]:
    found = feed.catalogue.curves.between("one", kind, ZERO_NS + round(start_s * NS), ZERO_NS + round(end_s * NS))
    times = ((found.times_ns - ZERO_NS) / NS).tolist()
    assert times == sorted(times)
    return dict(zip(times, np.round(found.values, 2).tolist(), strict=True))


def put(feed: Feed, values: dict[float, float], kind: CurveKind = SCORE, epoch: int = 1) -> None:
    measured = [(Fraction(str(time)), value) for time, value in values.items()]
    feed.catalogue.curves.put("one", epoch, kind, measured)


def test_what_was_written_is_read_over_the_minutes(any_feed: Feed) -> None:
    any_feed.begin()
    put(any_feed, {0: 0.0, 58.24: 0.5, 60: 0.25, 183.5: 1.0})
    assert seconds(any_feed) == {0: 0.0, 58.24: 0.5, 60: 0.25, 183.5: 1.0}


def test_a_stretch_that_is_read_again_replaces_what_was_there_of_it(any_feed: Feed) -> None:
    any_feed.begin()
    put(any_feed, {2: 0.1, 4: 0.1, 6: 0.1, 8: 0.1})
    put(any_feed, {4: 0.9, 5: 0.8, 6: 0.9})
    assert seconds(any_feed) == {2: 0.1, 4: 0.9, 5: 0.8, 6: 0.9, 8: 0.1}


def test_saying_it_again_changes_nothing(feed: Feed) -> None:
    feed.begin()
    for _ in range(2):
        put(feed, {2: 0.1, 4: 0.2, 70: 0.3})
    assert seconds(feed) == {2: 0.1, 4: 0.2, 70: 0.3}


def test_only_the_stretch_that_is_asked_for_is_returned(feed: Feed) -> None:
    feed.begin()
    put(feed, {10: 0.1, 20: 0.2, 30: 0.3, 100: 0.4})
    assert seconds(feed, start_s=20, end_s=30) == {20: 0.2}


def test_levels_and_scores_are_kept_apart(feed: Feed) -> None:
    feed.begin()
    put(feed, {1: 0.5})
    put(feed, {1: -23.5, 1.5: -100, 2: -140, 2.5: 3}, LEVEL)
    assert seconds(feed) == {1: 0.5}
    assert seconds(feed, LEVEL) == {1: -23.5, 1.5: -100, 2: -100, 2.5: 0}


def test_the_last_value_is_where_a_reader_goes_on(feed: Feed) -> None:
    feed.begin()
    assert feed.catalogue.curves.last("one", LEVEL) is None
    put(feed, {1: -20, 61.5: -20}, LEVEL)
    put(feed, {200: 0.5}, SCORE)
    assert feed.catalogue.curves.last("one", LEVEL) == (1, Fraction(123, 2))


def test_values_lie_at_their_wall_time_in_whatever_epoch(feed: Feed) -> None:
    feed.begin()
    feed.end(100)
    feed.begin(2, utc_zero_ns=ZERO_NS + 200 * NS)
    put(feed, {90: 0.1})
    put(feed, {5: 0.2}, epoch=2)
    assert seconds(feed) == {90: 0.1, 205: 0.2}
    assert feed.catalogue.curves.last("one", SCORE) == (2, Fraction(5))


def test_old_minutes_are_deleted_and_the_others_stay(any_feed: Feed) -> None:
    any_feed.begin()
    put(any_feed, {10: 0.1, 70: 0.2, 130: 0.3})
    any_feed.catalogue.curves.forget_before("one", ZERO_NS + 125 * NS)
    assert seconds(any_feed) == {130: 0.3}


def test_an_epoch_that_nobody_has_begun_is_an_error(feed: Feed) -> None:
    feed.begin()
    with pytest.raises(CatalogueError, match="knows no epoch 9"):
        put(feed, {1: 0.5}, epoch=9)


def test_nobody_is_told_of_a_curve(feed: Feed) -> None:
    feed.begin()
    before = feed.catalogue.event_range()
    put(feed, {1: 0.5})
    assert feed.catalogue.event_range() == before
