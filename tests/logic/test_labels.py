"""Labels that overlap: the last word holds."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streamproc.logic.labels import Label, Span, at_wall_time, effective, without
from streamproc.messages import Kind

P, A = Kind.PROGRAMME, Kind.ADVERT


def label(start: int, end: int, kind: Kind, epoch: int = 1) -> Label:
    return Label(epoch=epoch, start=Fraction(start), end=Fraction(end), kind=kind)


def test_a_later_label_takes_its_part_out_of_an_earlier_one() -> None:
    assert effective([label(0, 10, P), label(3, 5, A)]) == [label(0, 3, P), label(3, 5, A), label(5, 10, P)]


def test_labels_that_touch_and_say_the_same_are_one() -> None:
    assert effective([label(5, 9, P), label(0, 5, P), label(8, 12, P)]) == [label(0, 12, P)]


def test_labels_of_different_epochs_have_nothing_to_do_with_each_other() -> None:
    both = [label(0, 10, P), label(0, 10, A, epoch=2)]
    assert effective(both) == both


def test_what_others_cover_is_taken_out() -> None:
    assert without(label(0, 10, P), [label(2, 4, A), label(8, 20, P), label(0, 9, A, epoch=2)]) == [
        label(0, 2, P),
        label(4, 8, P),
    ]


ranges = st.builds(
    lambda epoch, start, length, kind: label(start, start + length, kind, epoch),
    st.integers(1, 2),
    st.integers(0, 12),
    st.integers(1, 6),
    st.sampled_from([P, A]),
)


@given(st.lists(ranges, max_size=8))
def test_at_every_moment_the_last_label_that_covers_it_holds(said: list[Label]) -> None:
    held = effective(said)
    for epoch in (1, 2):
        for second in range(20):
            moment = Fraction(2 * second + 1, 2)
            covering = [one.kind for one in said if one.epoch == epoch and one.start <= moment < one.end]
            found = [one.kind for one in held if one.epoch == epoch and one.start <= moment < one.end]
            assert found == covering[-1:]


@given(st.lists(ranges, max_size=8))
def test_what_holds_is_in_order_and_shares_no_moment(said: list[Label]) -> None:
    held = effective(said)
    assert all(one.epoch < other.epoch or one.end <= other.start for one, other in pairwise(held))


def test_a_stretch_of_wall_time_becomes_a_label_in_each_epoch_that_it_touches() -> None:
    second = 1_000_000_000
    spans = [
        Span(epoch=1, start_ns=100 * second, end_ns=200 * second),
        Span(epoch=2, start_ns=210 * second, end_ns=300 * second),
        Span(epoch=3, start_ns=310 * second, end_ns=400 * second),
    ]
    assert at_wall_time(spans, 150 * second, 250 * second, A) == [label(50, 100, A), label(0, 40, A, epoch=2)]
    assert at_wall_time(spans, 300 * second, 305 * second, A) == []
