"""What painting a stretch does to boundaries, and to the parts of programmes."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streamproc.logic.editing import Edge, Held, differences, of_kind, painted, reassigned, was_on_air
from streamproc.messages import Kind

P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN
LENGTH = 200


def timeline(kinds: list[Kind], places: list[int], end: int | None = LENGTH) -> list[Edge]:
    """Return an epoch of these kinds, changing at these places."""
    edges = [Edge(id=1, time=Fraction(0), before=U, after=kinds[0], is_fixed=True)]
    for number, (place, (before, after)) in enumerate(zip(places, pairwise(kinds), strict=True), 2):
        edges.append(Edge(id=number, time=Fraction(place), before=before, after=after))
    if end is not None:
        edges.append(Edge(id=99, time=Fraction(end), before=kinds[-1], after=U, is_fixed=True))
    return edges


def kind_at(edges: list[Edge], time: Fraction) -> Kind:
    return [edge.after for edge in edges if edge.time <= time][-1]


def shape(edges: list[Edge]) -> list[tuple[int | None, int, Kind]]:
    return [(edge.id, int(edge.time), edge.after) for edge in edges]


@st.composite
def timelines(draw: st.DrawFn) -> list[Edge]:
    places = sorted(draw(st.sets(st.integers(1, LENGTH - 1), max_size=8)))
    kinds = [draw(st.sampled_from([P, A, U]))]
    for _ in places:
        kinds.append(draw(st.sampled_from([kind for kind in (P, A, U) if kind is not kinds[-1]])))
    return timeline(kinds, places, draw(st.sampled_from([LENGTH, None])))


STRETCHES = st.tuples(st.integers(0, LENGTH - 1), st.integers(1, LENGTH)).map(
    lambda pair: (Fraction(min(pair)), Fraction(max(pair[0] + 1, pair[1]) if pair[0] < pair[1] else pair[0] + 1))
)


@given(timelines(), STRETCHES, st.sampled_from([P, A]))
def test_the_stretch_is_of_its_kind_and_all_else_as_it_was(
    edges: list[Edge], stretch: tuple[Fraction, Fraction], kind: Kind
) -> None:
    result = painted(edges, stretch, kind)
    for half in range(2 * LENGTH):
        time = Fraction(half, 2)
        wanted = kind if stretch[0] <= time < stretch[1] else kind_at(edges, time)
        assert kind_at(result, time) is wanted


@given(timelines(), STRETCHES, st.sampled_from([P, A]))
def test_neighbours_differ_and_the_epochs_ends_stay(
    edges: list[Edge], stretch: tuple[Fraction, Fraction], kind: Kind
) -> None:
    result = painted(edges, stretch, kind)
    for edge, following in pairwise(result):
        assert edge.time < following.time
        assert edge.after is following.before
    assert all(edge.before is not edge.after for edge in result if not edge.is_fixed)
    fixed = [(edge.id, edge.time) for edge in edges if edge.is_fixed]
    assert [(edge.id, edge.time) for edge in result if edge.is_fixed] == fixed


@given(timelines(), STRETCHES, st.sampled_from([P, A]))
def test_a_number_is_given_once_and_outside_the_stretch_none_changes(
    edges: list[Edge], stretch: tuple[Fraction, Fraction], kind: Kind
) -> None:
    result = painted(edges, stretch, kind)
    numbers = [edge.id for edge in result if edge.id is not None]
    assert len(numbers) == len(set(numbers))
    start, end = stretch

    def outside(some: list[Edge]) -> list[Edge]:
        return [edge for edge in some if not start <= edge.time <= end]

    assert outside(result) == outside(edges)


@given(timelines(), STRETCHES, st.sampled_from([P, A]))
def test_saying_it_again_changes_nothing(edges: list[Edge], stretch: tuple[Fraction, Fraction], kind: Kind) -> None:
    once = painted(edges, stretch, kind)
    assert painted(once, stretch, kind) == once


@given(timelines(), STRETCHES, st.sampled_from([P, A]))
def test_painting_back_what_was_there_brings_back_what_was_on_air(
    edges: list[Edge], stretch: tuple[Fraction, Fraction], kind: Kind
) -> None:
    result = painted(edges, stretch, kind)
    changed = differences(edges, result)
    assert all(now is kind and start >= stretch[0] and end is not None for (start, end), now in changed)
    back = result
    for edge, following in pairwise([*edges, Edge(id=None, time=Fraction(LENGTH), before=U, after=U)]):
        start, end = max(edge.time, stretch[0]), min(following.time, stretch[1])
        if start < end:
            back = painted(back, (start, end), edge.after)
    assert differences(edges, back) == []


def test_a_boundary_that_another_takes_the_place_of_is_moved() -> None:
    edges = timeline([P, A, P], [100, 110])
    assert shape(painted(edges, (Fraction(90), Fraction(100)), A)) == [(1, 0, P), (2, 90, A), (3, 110, P), (99, 200, U)]
    assert shape(painted(edges, (Fraction(95), Fraction(130)), A)) == [(1, 0, P), (2, 95, A), (3, 130, P), (99, 200, U)]


def test_a_stretch_inside_a_segment_adds_two_boundaries() -> None:
    edges = timeline([P], [])
    assert shape(painted(edges, (Fraction(50), Fraction(60)), A)) == [
        (1, 0, P),
        (None, 50, A),
        (None, 60, P),
        (99, 200, U),
    ]


def test_painting_a_break_over_takes_out_both_its_ends() -> None:
    edges = timeline([P, A, P], [100, 110])
    assert shape(painted(edges, (Fraction(100), Fraction(110)), P)) == [(1, 0, P), (99, 200, U)]


def test_what_is_on_air_is_painted_without_an_end() -> None:
    edges = timeline([P, A], [100], end=None)
    assert shape(painted(edges, (Fraction(100), None), P)) == [(1, 0, P)]
    assert of_kind(painted(edges, (Fraction(150), None), P), P) == [(0, 100), (150, None)]


@given(timelines(), STRETCHES, st.sampled_from([P, A]))
def test_what_was_on_air_is_told_by_the_boundaries_in_the_stretch(
    edges: list[Edge], stretch: tuple[Fraction, Fraction], kind: Kind
) -> None:
    def within(some: list[Edge]) -> list[Edge]:
        changes = [edge for edge in some if not (edge.is_fixed and edge.time > 0)]
        return [edge for edge in changes if stretch[0] <= edge.time <= stretch[1]]

    for (start, end), was in was_on_air(within(edges), within(painted(edges, stretch, kind)), stretch):
        assert end is not None
        for half in range(int(2 * start), int(2 * end)):
            assert kind_at(edges, Fraction(half, 2)) is was


def held(owner: int, start: int, end: int | None) -> Held:
    return Held(
        owner=owner,
        start=Fraction(start),
        end=None if end is None else Fraction(end),
        start_sure=True,
        end_sure=end is not None,
    )


def test_a_break_that_is_marked_in_a_part_divides_it() -> None:
    parts = reassigned([held(1, 0, 100)], [((Fraction(40), Fraction(50)), A)])
    assert [(part.owner, part.start, part.end) for part in parts] == [(1, 0, 40), (1, 50, 100)]


def test_a_break_that_was_none_joins_the_parts_of_a_programme() -> None:
    parts = reassigned([held(1, 0, 40), held(1, 50, 100)], [((Fraction(40), Fraction(50)), P)])
    assert parts == [held(1, 0, 100)]


def test_what_lay_between_two_programmes_is_the_first_ones_and_where_they_meet_is_not_sure() -> None:
    parts = reassigned([held(1, 0, 40), held(2, 50, 100)], [((Fraction(40), Fraction(50)), P)])
    assert [(part.owner, part.start, part.end, part.start_sure, part.end_sure) for part in parts] == [
        (1, 0, 50, True, False),
        (2, 50, 100, False, True),
    ]


def test_a_boundary_that_was_moved_takes_the_programmes_end_along() -> None:
    assert reassigned([held(1, 0, 40)], [((Fraction(40), Fraction(43)), P)]) == [held(1, 0, 43)]
    assert reassigned([held(1, 0, 40)], [((Fraction(37), Fraction(40)), A)]) == [held(1, 0, 37)]
    assert reassigned([held(1, 10, 40)], [((Fraction(7), Fraction(10)), P)]) == [held(1, 7, 40)]


def test_a_part_that_is_no_programme_is_gone_and_what_touches_none_is_nobodys() -> None:
    assert reassigned([held(1, 10, 40)], [((Fraction(10), Fraction(40)), A)]) == []
    assert reassigned([held(1, 10, 40)], [((Fraction(50), Fraction(60)), P)]) == [held(1, 10, 40)]


def test_what_goes_on_on_air_grows_with_it() -> None:
    assert reassigned([held(1, 0, 100)], [((Fraction(100), None), P)]) == [held(1, 0, None)]
    assert reassigned([held(1, 0, None)], [((Fraction(100), None), A)]) == [held(1, 0, 100)]
