"""Which of the places around the printed time is the joint."""

from fractions import Fraction

from streamproc.logic.splits import Candidate, choose
from streamproc.messages import Method


def place(at: int, *, strength: float = 2.0, black: bool = False, silent: bool = False) -> Candidate:
    return Candidate(
        time=Fraction(at),
        method=Method.BLACK if black else Method.CUT,
        strength=strength,
        is_black=black,
        is_silent=silent,
    )


def test_of_plain_cuts_the_nearest_is_taken() -> None:
    assert choose([place(60), place(95), place(140)], Fraction(100)) == place(95)


def test_a_black_in_silence_is_taken_before_cuts_that_are_nearer() -> None:
    joint = place(200, black=True, silent=True)
    assert choose([place(99), joint, place(130, black=True)], Fraction(100)) == joint


def test_far_away_even_that_is_not_taken_before_a_cut_at_the_time() -> None:
    assert choose([place(100), place(1000, black=True, silent=True)], Fraction(100)) == place(100)


def test_what_may_as_well_be_a_pan_is_no_joint() -> None:
    assert choose([place(100, strength=0.4)], Fraction(100)) is None


def test_where_the_picture_never_changes_there_is_no_joint() -> None:
    assert choose([], Fraction(100)) is None
