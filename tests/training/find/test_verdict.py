"""What a mark is taken for, from when it is there; and what is said."""

import numpy as np
import pytest

from streamproc.errors import ConfigError
from streamproc.inference.card import Region
from streamproc.training.find.finding import Kind, Verdict
from streamproc.training.find.verdict import Footing, Sighting, judge, kind, ranked

TIMES = np.arange(0.0, 600.0, 2.0)


def sighting(*spans: tuple[int, int], contrast: float = 10.0, changes: bool = False, x: float = 0.05) -> Sighting:
    presence = np.zeros(len(TIMES))
    for start, end in spans:
        presence[(start <= TIMES) & (end > TIMES)] = 1
    return Sighting(Region(x=x, y=0.05, width=0.1, height=0.1), contrast, presence, changes)


def told(
    *sightings: Sighting,
    duration_s: float = 600,
    scenes: int = 200,
    asked: bool = False,
    choice: int | None = None,
) -> tuple[Verdict, int | None, str]:
    footing = Footing(duration_s=duration_s, scenes=scenes, asked=asked, choice=choice)
    return judge(ranked(sightings, TIMES), footing)


PROGRAMME = (0, 180), (260, 440), (500, 600)
BUG = sighting(*PROGRAMME)


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        (BUG, Kind.BUG),
        (sighting((0, 600)), Kind.ALWAYS),
        (sighting((0, 100)), Kind.RARE),
        (sighting(*((start, start + 22) for start in range(0, 600, 40))), Kind.RESTLESS),
        (sighting(*PROGRAMME, changes=True), Kind.CHANGING),
        (sighting(*PROGRAMME, contrast=2.0), Kind.FAINT),
    ],
)
def test_a_mark_is_known_by_its_coming_and_going(seen: Sighting, what: Kind) -> None:
    assert kind(seen, TIMES) is what


def test_the_mark_with_long_blocks_is_taken_whatever_else_stays() -> None:
    others = sighting((0, 600), contrast=40), sighting((0, 60), contrast=30), sighting(*PROGRAMME, changes=True)
    verdict, index, message = told(*others, BUG)
    assert (verdict, index) == (Verdict.FOUND, 0)
    assert "top left at 0.050,0.050,0.100,0.100, for 77% of the time" in message


def test_two_bugs_are_named_both_and_none_is_taken() -> None:
    verdict, index, message = told(BUG, sighting(*PROGRAMME, x=0.8))
    assert (verdict, index) == (Verdict.AMBIGUOUS, None)
    assert "[1] top left" in message
    assert "[2] top right" in message
    assert "--choose N" in message
    assert "--region" in message


def test_a_faint_mark_that_comes_and_goes_with_the_bug_may_be_the_bug_itself() -> None:
    assert told(BUG, sighting(*PROGRAMME, x=0.8, contrast=3.5))[0] is Verdict.AMBIGUOUS
    assert told(BUG, sighting((0, 100), x=0.8, contrast=3.5))[0] is Verdict.FOUND


def test_what_hides_a_mark_for_a_moment_is_no_break() -> None:
    assert kind(sighting((0, 200), (212, 600)), TIMES) is Kind.ALWAYS


def test_the_users_choice_is_taken() -> None:
    assert told(BUG, sighting(*PROGRAMME, x=0.8, contrast=9), choice=2)[:2] == (Verdict.FOUND, 1)


def test_a_number_that_no_mark_has_is_refused() -> None:
    with pytest.raises(ConfigError, match="--choose 3: the marks found are numbered from 1 to 1"):
        told(BUG, choice=3)


def test_in_a_region_given_a_mark_that_is_rare_is_taken() -> None:
    rare = sighting((0, 200))
    assert told(rare, asked=True)[:2] == (Verdict.FOUND, 0)
    assert told(rare)[:2] == (Verdict.NO_BUG, None)


def test_a_bug_that_never_goes_asks_for_adverts() -> None:
    verdict, index, message = told(sighting((0, 600)))
    assert (verdict, index) == (Verdict.NO_CHANGE, 0)
    assert "give footage with adverts" in message


def test_nothing_but_a_clock_is_left_to_the_user() -> None:
    verdict, index, message = told(sighting(*PROGRAMME, changes=True))
    assert (verdict, index) == (Verdict.AMBIGUOUS, None)
    assert "as a clock does" in message


def test_no_mark_at_all_is_no_bug() -> None:
    verdict, index, message = told()
    assert (verdict, index) == (Verdict.NO_BUG, None)
    assert "nothing stays while pictures change" in message


def test_short_footage_is_refused_and_names_its_best_guess() -> None:
    verdict, index, message = told(BUG, duration_s=100)
    assert (verdict, index) == (Verdict.TOO_SHORT, None)
    assert message.startswith("100 s of footage are too short")
    assert "[1] top left" in message


def test_one_long_shot_is_refused() -> None:
    verdict, index, message = told(BUG, scenes=2)
    assert (verdict, index) == (Verdict.ONE_SHOT, None)
    assert "the picture hardly changes (different ones: 2)" in message


def test_every_message_is_one_line() -> None:
    for message in (told(BUG), told(), told(BUG, BUG), told(BUG, duration_s=9), told(sighting((0, 600)))):
        assert "\n" not in message[2]
