"""The printed schedule over a day's footage; times in minutes."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from streamproc.logic.alignment import Day, Habit, Named, Slot, Stretch, align, goes_out_live, habits


def day(stretches: Sequence[tuple[float, float]], starts: Sequence[float], **more: object) -> Day:
    """Return a day; each listing lasts to the start of the next one, the last value is only an end."""
    slots = [Slot(60 * start, 60 * stop) for start, stop in pairwise(starts)]
    return Day([Stretch(60 * start, 60 * end) for start, end in stretches], slots, **more)  # type: ignore[arg-type]


def told(found: Sequence[Named]) -> list[tuple[int | None, list[tuple[float, float]]]]:
    return [(one.slot, [(part.start / 60, part.end / 60) for part in one.parts]) for one in found]


PLAIN = [(1, 14), (17, 29), (33, 58), (62, 90)]


def test_programmes_take_the_footage_around_their_printed_times() -> None:
    found = align(day(PLAIN, [0, 30, 60, 90]))
    assert told(found) == [(0, [(1, 14), (17, 29)]), (1, [(33, 58)]), (2, [(62, 90)])]


def test_a_day_that_is_late_as_a_whole_keeps_its_names() -> None:
    late = [(start + 8, end + 8) for start, end in PLAIN]
    found = align(day(late, [0, 30, 60, 90]))
    assert [one.slot for one in found] == [0, 1, 2]


def test_two_programmes_without_a_break_are_split_near_the_printed_time() -> None:
    found = align(day([(0, 20), (24, 84), (88, 110)], [0, 22, 55, 88, 110]))
    assert [one.slot for one in found] == [0, 1, 2, 3]
    joint = found[1].parts[-1].end / 60
    assert abs(joint - 55) < 2
    assert (found[1].parts[-1].ends_inside, found[2].parts[0].begins_inside) == (True, True)
    assert found[2].parts[0].start == found[1].parts[-1].end


def test_footage_that_is_too_short_to_be_a_programme_is_in_none() -> None:
    found = align(day([(0, 28), (30, 30.3), (32, 58)], [0, 30, 60]))
    assert told(found) == [(0, [(0, 28)]), (1, [(32, 58)])]


def test_a_live_programme_may_overrun_and_what_follows_is_late() -> None:
    slots = [Slot(0, 3600), Slot(3600, 5400, is_live=True), Slot(5400, 9000), Slot(9000, 10800), Slot(10800, 12600)]
    stretches = [(0, 57), (60, 118), (121, 178), (181, 208), (211, 236)]
    found = align(Day([Stretch(60 * a, 60 * b) for a, b in stretches], slots))
    assert told(found) == [(number, [stretch]) for number, stretch in enumerate(stretches)]


def test_a_listing_that_was_not_shown_gives_no_programme() -> None:
    found = align(day([(0, 58), (62, 88), (122, 178)], [0, 60, 90, 120, 180]))
    assert told(found) == [(0, [(0, 58)]), (1, [(62, 88)]), (3, [(122, 178)])]


def test_footage_of_which_no_listing_is_near_has_no_name() -> None:
    (found,) = align(day([(600, 640)], [0, 30, 60]))
    assert (found.slot, found.confidence) == (None, 0.0)


def test_without_footage_there_is_no_programme_and_without_listings_no_name() -> None:
    assert align(day([], [0, 30])) == []
    assert {one.slot for one in align(day(PLAIN, []))} == {None}


def test_no_programme_reaches_over_a_barrier() -> None:
    found = align(day([(0, 20), (40, 60)], [0, 60], barriers=[60 * 30.0]))
    assert all(len(one.parts) == 1 for one in found)


def test_a_programme_that_began_before_the_footage_is_known_by_its_end() -> None:
    found = align(day([(100, 118), (121, 148)], [0, 120, 150]))
    assert told(found) == [(0, [(100, 118)]), (1, [(121, 148)])]


def test_the_last_programme_may_run_on() -> None:
    found = align(day([(0, 28), (31, 31.5)], [0, 30, 90], is_running=True))
    assert told(found) == [(0, [(0, 28)]), (1, [(31, 31.5)])]


def test_a_series_that_is_always_late_is_expected_late() -> None:
    stretches, slots = [(0, 24), (27, 36), (39, 60)], [Slot(0, 1800), Slot(1800, 3600, "news")]
    day_of = [Stretch(60 * start, 60 * end) for start, end in stretches]
    punctual = align(Day(day_of, slots, habits={"news": Habit(-180, 30)}))
    late = align(Day(day_of, slots, habits={"news": Habit(540, 30)}))
    assert [len(one.parts) for one in punctual] == [1, 2]
    assert [len(one.parts) for one in late] == [2, 1]


def test_a_habit_is_the_usual_delay_of_what_was_seen_often() -> None:
    found = habits([("news", 100), ("news", 120), ("news", 140), ("film", 600)])
    assert found.keys() == {"news"}
    assert found["news"].drift_s == 120


@pytest.mark.parametrize("shift", [0.0, 1.7e9])
def test_names_do_not_hang_on_where_the_clock_begins(shift: float) -> None:
    plain = day(PLAIN, [0, 30, 60, 90])
    moved = Day(
        [Stretch(one.start + shift, one.end + shift) for one in plain.stretches],
        [Slot(one.start + shift, one.stop + shift) for one in plain.slots],
    )
    assert [one.slot for one in align(moved)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("title", "category", "live"),
    [
        ("Футбол. Россия — Сербия. Прямая трансляция", None, True),
        ("Место встречи. Прямой эфир", None, True),
        ("Live: the final", None, True),
        ("Вечер", "Спорт", True),
        ("Оливье, сезон второй", "Кулинария", False),
        ("Сегодня", None, False),
    ],
)
def test_what_goes_out_live_is_told_from_its_listing(title: str, category: str | None, live: bool) -> None:
    assert goes_out_live(title, category) is live
