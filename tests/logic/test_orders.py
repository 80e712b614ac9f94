from dataclasses import replace
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproc.logic.orders import Air, Outcome, Query, Recorded, Show, Slot, Step, decide, gone, short, spans_between
from streamproc.messages import Note, Span, Wanted
from streamproc.timebase import NS

UTC = ZoneInfo("UTC")
DAY_NS = 1_795_737_600 * NS  # 2026-11-27 00:00
MINUTE_NS, HOUR_NS = 60 * NS, 3600 * NS


def at(clock: str) -> int:
    hours, minutes = clock.split(":")
    return DAY_NS + int(hours) * HOUR_NS + int(minutes) * MINUTE_NS


def show(number: int, title: str | None, start: str, end: str, **more: object) -> Show:
    plain = Show(
        id=number,
        channel="one",
        title=title,
        description=f"О чём {title}.",
        start_ns=at(start),
        end_ns=at(end),
        printed_start_ns=None,
        printed_stop_ns=None,
        is_complete=True,
        doubts=(),
        spans=(Span(epoch=1, start=Fraction(at(start) - DAY_NS, NS), end=Fraction(at(end) - DAY_NS, NS)),),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def air(*shows: Show, now: str = "23:00", slots: tuple[Slot, ...] = (), **more: object) -> Air:
    plain = Air(
        now_ns=at(now),
        channels=("one",),
        shows=shows,
        slots=slots,
        recorded=(Recorded(channel="one", epoch=1, start_ns=DAY_NS, end_ns=at(now), is_running=True),),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def programme(name: str | None, time: str | None = None) -> Query:
    if time is None:
        return Query(kind=Wanted.PROGRAMME, channel=None, name=name, start_ns=DAY_NS, end_ns=DAY_NS + 24 * HOUR_NS)
    return Query(kind=Wanted.PROGRAMME, channel=None, name=name, start_ns=at(time), end_ns=None)


def stretch(start: str, end: str, name: str | None = None, channel: str | None = "one") -> Query:
    return Query(kind=Wanted.RANGE, channel=channel, name=name, start_ns=at(start), end_ns=at(end))


def ask(order: Query, of: Air) -> Outcome:
    return decide(order, of, UTC)


PLACE = show(1, "Место встречи", "14:00", "16:20")
NEWS_10, NEWS_16, NEWS_19 = (
    show(2, "Сегодня", "10:00", "10:25"),
    show(3, "Сегодня", "16:25", "16:50"),
    show(4, "Сегодня", "19:04", "19:40"),
)


def test_a_programme_is_found_by_its_name_in_another_form_on_its_day() -> None:
    found = ask(programme("Месту встречи"), air(PLACE, NEWS_16))
    assert (found.step, found.show, found.spans) == (Step.CUT, PLACE, PLACE.spans)
    assert found.description == "О чём Место встречи."


def test_of_several_of_one_name_the_one_at_the_time_is_meant() -> None:
    assert ask(programme("Сегодня", "19:00"), air(NEWS_10, NEWS_16, NEWS_19)).show == NEWS_19


def test_several_of_one_name_without_a_time_are_asked_about_by_name() -> None:
    asked = ask(programme("Сегодня"), air(NEWS_10, NEWS_16, NEWS_19))
    assert (asked.step, asked.show) == (Step.ASK, None)
    for words in ("27.11 10:00 (one, 2)", "27.11 16:25 (one, 3)", "27.11 19:04 (one, 4)"):
        assert words in asked.note.en
        assert words in asked.note.ru


def test_two_of_one_name_about_as_near_are_asked_about() -> None:
    early, late = show(5, "Новости", "18:50", "18:58"), show(6, "Новости", "19:08", "19:20")
    assert ask(programme("Новости", "19:00"), air(early, late)).step is Step.ASK


def test_a_name_that_two_programmes_fit_as_well_is_asked_about() -> None:
    first, second = show(5, "Пёс-2. Кутюрье", "10:00", "11:00"), show(6, "Пёс-2. Алиби", "12:00", "13:00")
    assert ask(programme("Пёс-2"), air(first, second)).step is Step.ASK


def test_the_day_may_be_named_after_the_programme_that_is_called_today() -> None:
    assert ask(programme("сегодня Место встречи"), air(PLACE)).show == PLACE
    assert ask(programme("Сегодня", "19:00"), air(NEWS_19)).show == NEWS_19


def test_a_time_without_a_name_means_what_is_on_air_then() -> None:
    assert ask(programme(None, "15:00"), air(PLACE, NEWS_16)).show == PLACE


def test_a_programme_that_still_runs_is_found_and_waited_for() -> None:
    running = replace(NEWS_19, is_complete=False)
    found = ask(programme("Сегодня", "19:00"), air(running, now="19:20"))
    assert (found.step, found.show, found.spans) == (Step.FOUND, running, ())
    assert "on air" in found.note.en


def test_a_programme_that_nobody_is_sure_of_waits_for_a_look() -> None:
    unsure = replace(PLACE, doubts=(Note(en="is it this?", ru="это она?"),))
    found = ask(programme("Место встречи"), air(unsure))
    assert (found.step, found.spans) == (Step.FOUND, ())
    assert "review list: is it this?" in found.note.en
    assert "это она?" in found.note.ru


def test_the_programme_that_a_person_has_named_is_meant_whatever_the_name() -> None:
    chosen = replace(programme("Сегодня"), programme_id=3)
    assert ask(chosen, air(NEWS_10, NEWS_16, NEWS_19)).show == NEWS_16


def test_what_the_schedule_has_later_has_not_been_on_air_yet() -> None:
    slot = Slot(channel="one", title="Сегодня.", start_ns=at("19:00"), stop_ns=at("19:40"), description=None)
    told = ask(programme("Сегодня", "19:00"), air(now="12:00", slots=(slot,)))
    assert (told.step, told.channel, told.note.en) == (Step.WAIT, "one", "«Сегодня.» is on air at 27.11 19:00")


def slot(title: str, start: str, stop: str, channel: str = "one") -> Slot:
    return Slot(channel=channel, title=title, start_ns=at(start), stop_ns=at(stop), description=None)


def test_the_first_of_a_day_is_not_taken_while_the_schedule_has_more_of_that_name() -> None:
    slots = (slot("Сегодня", "10:00", "10:25"), slot("Сегодня", "19:00", "19:40"))
    found = replace(NEWS_10, printed_start_ns=at("10:00"))
    asked = ask(programme("Сегодня"), air(found, now="11:00", slots=slots))
    assert asked.step is Step.ASK
    assert "10:00 (one, 2); «Сегодня» 27.11 19:00 (one)" in asked.note.en


def test_one_that_is_over_is_not_taken_for_the_one_at_the_time_that_is_still_to_come() -> None:
    early = show(7, "Сегодня", "18:35", "18:44", printed_start_ns=at("18:35"))
    slots = (slot("Сегодня", "18:35", "18:45"), slot("Сегодня", "19:00", "19:40"))
    told = ask(programme("Сегодня", "19:00"), air(early, now="18:50", slots=slots))
    assert (told.step, told.show) == (Step.WAIT, None)
    assert "27.11 19:00" in told.note.en


def test_one_name_on_two_channels_at_once_is_asked_about() -> None:
    slots = (slot("Вести", "20:00", "20:30"), slot("Вести", "20:00", "20:30", "two"))
    assert ask(programme("Вести", "20:00"), air(now="12:00", slots=slots, channels=("one", "two"))).step is Step.ASK


def test_an_entry_that_never_came_does_not_hold_up_what_did() -> None:
    slots = (slot("Сегодня", "10:00", "10:25"), slot("Сегодня", "12:00", "12:10"))
    found = replace(NEWS_10, printed_start_ns=at("10:00"))
    assert ask(programme("Сегодня"), air(found, now="14:00", slots=slots)).step is Step.ASK
    assert ask(programme("Сегодня"), air(found, now="15:30", slots=slots)).show == found


def test_what_may_still_come_is_waited_for() -> None:
    assert ask(programme("Сегодня", "19:00"), air(PLACE, now="12:00")).step is Step.WAIT
    assert ask(programme("Сегодня", "19:00"), air(PLACE, now="20:00")).step is Step.WAIT


def test_a_name_that_was_not_on_air_is_missing_and_the_nearest_are_told() -> None:
    told = ask(programme("Своя игра", "14:00"), air(PLACE, now="23:00"))
    assert (told.step, told.note.en) == (
        Step.MISSING,
        "no programme «Своя игра» was on air at 27.11 14:00; there were: «Место встречи» 27.11 14:00",
    )


def test_what_was_on_air_in_a_gap_is_missing_and_the_gap_is_told() -> None:
    slot = Slot(channel="one", title="Своя игра", start_ns=at("14:00"), stop_ns=at("15:00"), description=None)
    cut_off = Recorded(channel="one", epoch=1, start_ns=DAY_NS, end_ns=at("13:00"), is_running=False)
    told = ask(programme("Своя игра", "14:00"), air(now="23:00", slots=(slot,), recorded=(cut_off,)))
    assert (told.step, told.note.en) == (Step.MISSING, "nothing is recorded: there was a gap, 27.11 14:00–15:00")


def test_a_range_is_cut_at_its_times_and_says_what_it_is_about() -> None:
    found = ask(stretch("14:30", "14:45", "интервью"), air(PLACE))
    assert (found.step, found.show) == (Step.CUT, None)
    assert found.spans == (Span(epoch=1, start=Fraction(14 * 3600 + 1800), end=Fraction(14 * 3600 + 2700)),)
    assert found.description == "О чём Место встречи."


def test_a_range_that_is_a_programmes_printed_time_is_that_programme() -> None:
    printed = replace(PLACE, printed_start_ns=at("14:05"), printed_stop_ns=at("16:15"))
    assert ask(stretch("14:05", "16:15", "Место встречи"), air(printed)).show == printed
    assert ask(stretch("14:05", "15:00", "Место встречи"), air(printed)).show is None
    assert ask(stretch("14:05", "16:15", "интервью"), air(printed)).show is None


@pytest.mark.parametrize(("now", "step"), [("14:40", Step.WAIT), ("14:46", Step.CUT)])
def test_a_range_is_waited_for_until_it_has_been_on_air(now: str, step: Step) -> None:
    assert ask(stretch("14:30", "14:45"), air(now=now)).step is step


def test_a_range_is_not_cut_before_it_is_recorded() -> None:
    late = Recorded(channel="one", epoch=1, start_ns=DAY_NS, end_ns=at("14:44"), is_running=True)
    assert ask(stretch("14:30", "14:45"), air(recorded=(late,), now="14:46")).step is Step.WAIT


def test_a_range_with_a_gap_is_cut_without_it_and_says_so() -> None:
    parts = (
        Recorded(channel="one", epoch=1, start_ns=at("14:00"), end_ns=at("14:35"), is_running=False),
        Recorded(channel="one", epoch=2, start_ns=at("14:40"), end_ns=at("15:00"), is_running=False),
    )
    found = ask(stretch("14:30", "14:45"), air(recorded=parts))
    assert [span.epoch for span in found.spans] == [1, 2]
    assert "there was a gap: 27.11 14:35–14:40" in found.note.en
    assert "был перерыв" in found.note.ru


def test_a_range_of_which_nothing_is_recorded_is_missing() -> None:
    assert ask(stretch("14:30", "14:45"), air(recorded=())).step is Step.MISSING


def test_a_range_without_a_channel_is_asked_about_where_there_are_several() -> None:
    asked = ask(stretch("14:30", "14:45", channel=None), air(channels=("one", "two")))
    assert (asked.step, asked.note.en) == (Step.ASK, "on which channel? There are: one, two")


def test_what_is_deleted_is_said_with_its_times() -> None:
    lost = gone(ask(stretch("14:30", "14:45"), air()), [(at("14:30"), at("14:40"))], UTC)
    assert (lost.step, lost.note.en) == (Step.MISSING, "the recording of 27.11 14:30–14:40 is deleted")


def test_stretches_and_gaps_fill_a_range() -> None:
    parts = [Recorded(channel="one", epoch=n, start_ns=n * 100, end_ns=n * 100 + 60, is_running=False) for n in (1, 2)]
    parts = [replace(p, start_ns=p.start_ns * NS, end_ns=p.end_ns * NS) for p in parts]
    spans, gaps = spans_between(parts, 50 * NS, 300 * NS)
    assert spans == tuple(Span(epoch=n, start=Fraction(0), end=Fraction(60)) for n in (1, 2))
    assert gaps == ((50 * NS, 100 * NS), (160 * NS, 200 * NS), (260 * NS, 300 * NS))


def test_a_short_description_ends_with_a_sentence() -> None:
    assert short("Раз. Два! Три? Четыре пять шесть.", 15) == "Раз. Два! Три?"
    assert short("слово " * 100, 20) == "слово слово слово…"
    assert short("  ") is None


NAMES = st.sampled_from(["Сегодня", "Сегодня в Москве", "Место встречи", "Своя игра", "ЧП", None])
CLOCKS = st.integers(0, 24 * 60 - 1)
SHOWS = st.lists(st.tuples(NAMES, CLOCKS, st.integers(1, 180), st.booleans(), st.booleans()), max_size=5)
SLOTS = st.lists(st.tuples(NAMES.filter(bool), CLOCKS, st.integers(0, 180)), max_size=5)


def text_of(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


@given(NAMES, CLOCKS, st.none() | st.integers(1, 600), st.sampled_from(Wanted), SHOWS, SLOTS, CLOCKS)
def test_whatever_is_known_an_order_is_cut_only_when_one_thing_is_meant_and_says_what_is_so_in_both_languages(
    name: str | None,
    start: int,
    length: int | None,
    kind: Wanted,
    shown: list[tuple[str | None, int, int, bool, bool]],
    printed: list[tuple[str, int, int]],
    now: int,
) -> None:
    length = 60 if kind is Wanted.RANGE and length is None else length
    end = None if length is None else at(text_of(start)) + length * MINUTE_NS
    order = Query(kind=kind, channel=None, name=name, start_ns=at(text_of(start)), end_ns=end)
    doubt = Note(en="?", ru="?")
    shows = tuple(
        replace(
            show(number, title, text_of(begin), text_of(begin)),
            end_ns=at(text_of(begin)) + long * MINUTE_NS,
            is_complete=complete,
            doubts=(doubt,) if unsure else (),
        )
        for number, (title, begin, long, complete, unsure) in enumerate(shown)
    )
    slots = tuple(
        Slot(
            channel="one",
            title=title,
            start_ns=at(text_of(begin)),
            stop_ns=at(text_of(begin)) + long * MINUTE_NS,
            description=None,
        )
        for title, begin, long in printed
    )
    found = ask(order, air(*shows, now=text_of(now), slots=slots))
    assert found.note.en
    assert found.note.ru
    assert bool(found.spans) == (found.step is Step.CUT)
    if found.step is Step.CUT and found.show is not None:
        assert found.show.is_complete
        assert not found.show.doubts
    if found.step in (Step.ASK, Step.MISSING):
        assert found.show is None
