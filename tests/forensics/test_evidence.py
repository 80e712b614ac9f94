"""Evidence over keyframes: what stays hot while the picture under it changes is an event, and nothing else is."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import cv2
import numpy as np

from streamproc.forensics.evidence import Event, Evidence
from streamproc.forensics.refill import harmonic
from streamproc.forensics.traces import Box, Picture, Reliability, Traces

SIZE = 240, 400
PLACE = np.s_[64:128, 96:192]
BOX = Box(left=96, top=64, right=192, bottom=128)
RNG = np.random.default_rng(5)
PANORAMA = cv2.resize(RNG.integers(0, 256, (60, 500, 3), dtype=np.uint8), (2000, 240)) // 2 + RNG.integers(
    0, 60, (240, 2000, 3), dtype=np.uint8
)


def panned(count: int) -> list[Picture]:
    """Return what a camera sees that moves over a panorama."""
    return [np.ascontiguousarray(PANORAMA[:, 37 * n : 37 * n + SIZE[1]]) for n in range(count)]


def painted(count: int, place: tuple[slice, slice] = PLACE) -> list[Picture]:
    """Return the same with a place painted over in each."""
    return [over(one, place) for one in panned(count)]


def over(picture: Picture, place: tuple[slice, slice]) -> Picture:
    rows, columns = place
    window = np.s_[rows.start - 1 : rows.stop + 1, columns.start - 1 : columns.stop + 1]
    for channel in range(3):
        picture[:, :, channel][window] = np.rint(harmonic(picture[:, :, channel][window].astype(np.float32)))
    return picture


def overlap(one: Box, other: Box) -> float:
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    return across * down / (one.area + other.area - across * down)


def traces(
    hot: tuple[slice, slice] | None, size: tuple[int, int] = SIZE, degree: float = 0.95, *, boxed: bool = True
) -> Traces:
    heat = np.full(size, 0.02, np.float32)
    if hot is not None:
        heat[hot] = degree
    mask = heat > 0.5
    boxes = (box_of(hot),) if hot is not None and boxed else ()
    return Traces(heat=heat, mask=mask, boxes=boxes, score=degree, reliability=Reliability.GOOD)


def box_of(place: tuple[slice, slice]) -> Box:
    rows, columns = place
    return Box(left=columns.start or 0, top=rows.start or 0, right=columns.stop, bottom=rows.stop)


def shown(
    evidence: Evidence,
    pictures: Iterable[Picture],
    hot: Sequence[tuple[slice, slice] | None],
    *,
    boxed: bool = True,
) -> list[Event]:
    told: list[Event] = []
    for number, (picture, place) in enumerate(zip(pictures, hot, strict=True)):
        told += evidence.add(Fraction(number, 2), picture, traces(place, boxed=boxed))
    return told


def test_a_place_that_stays_hot_under_a_moving_picture_is_one_event_from_its_first_keyframe_to_its_last() -> None:
    evidence = Evidence()
    pictures = panned(4) + painted(14)[4:] + panned(24)[14:]
    told = shown(evidence, pictures, [None] * 4 + [PLACE] * 10 + [None] * 10)
    assert {one.number for one in told} == {1}
    last = told[-1]
    assert last.over
    assert (last.start, last.end) == (Fraction(4, 2), Fraction(13, 2))
    assert overlap(last.box, BOX) > 0.8
    assert last.start <= last.shown <= last.end
    assert last.reliability is Reliability.GOOD
    assert evidence.end() == ()


def test_what_is_open_at_the_end_is_told_as_over() -> None:
    evidence = Evidence()
    assert not any(one.over for one in shown(evidence, painted(12), [PLACE] * 12))
    (last,) = evidence.end()
    assert last.over
    assert last.end == Fraction(11, 2)
    assert last.keyframes <= 12


def test_the_mean_heat_is_hot_where_the_event_is() -> None:
    evidence = Evidence()
    shown(evidence, painted(12), [PLACE] * 12)
    (last,) = evidence.end()
    assert last.heat.shape == SIZE
    assert last.heat[PLACE].mean() > 0.9
    assert last.heat[160:].max() < 0.1


def test_what_moves_with_the_picture_is_no_event() -> None:
    moving = [np.s_[64:128, 296 - 37 * n % 296 : 392 - 37 * n % 296] for n in range(20)]
    assert shown(Evidence(), panned(20), moving) == []


def test_what_is_only_hot_in_a_picture_that_stands_still_is_no_event() -> None:
    assert shown(Evidence(), still(20), [PLACE] * 20, boxed=False) == []


def test_what_the_method_sees_on_every_keyframe_of_a_picture_that_stands_still_is_an_event() -> None:
    told = shown(Evidence(), still(20), [PLACE] * 20)
    assert {one.number for one in told} == {1}
    assert overlap(told[-1].box, BOX) > 0.7


def still(count: int) -> list[Picture]:
    """Return a picture that stands still, painted over, but for its noise."""
    return [painted(1)[0] + RNG.integers(0, 3, (*SIZE, 3), dtype=np.uint8) for _ in range(count)]


def test_what_is_hot_but_as_busy_as_its_surroundings_is_no_event() -> None:
    assert shown(Evidence(), panned(20), [PLACE] * 20, boxed=False) == []


def test_what_is_painted_but_not_hot_is_no_event() -> None:
    assert shown(Evidence(), painted(20), [None] * 20) == []


def test_what_is_drawn_over_a_moving_picture_and_never_changes_is_no_event() -> None:
    pictures = panned(20)
    for picture in pictures:
        picture[PLACE] = 200
    assert shown(Evidence(), pictures, [PLACE] * 20) == []


def test_black_bars_are_no_event() -> None:
    pictures = panned(20)
    for number, picture in enumerate(pictures):
        picture[:64] = 16 + 4 * (number % 2)
    assert shown(Evidence(), pictures, [np.s_[:64, :]] * 20) == []


def test_on_flat_surroundings_nothing_is_claimed() -> None:
    pictures = [np.full((*SIZE, 3), 90 + 7 * (n % 3), np.uint8) for n in range(12)]
    told = shown(Evidence(), pictures, [PLACE] * 12)
    assert all(one.reliability is Reliability.UNDECIDABLE and one.score == 0 for one in told)


def test_the_same_place_painted_again_later_is_another_event() -> None:
    pictures = painted(10) + panned(30)[10:] + painted(40)[30:]
    told = shown(Evidence(), pictures, [PLACE] * 10 + [None] * 20 + [PLACE] * 10)
    assert {one.number for one in told} == {1, 2}
    assert [one.number for one in told if one.over] == [1]


def test_a_picture_of_another_size_ends_what_is_open() -> None:
    evidence = Evidence()
    shown(evidence, painted(12), [PLACE] * 12)
    other = np.ascontiguousarray(panned(1)[0][:200])
    (last,) = evidence.add(Fraction(6), other, traces(None, size=(200, 400)))
    assert last.over
    assert last.heat.shape == SIZE


def test_a_picture_whose_sides_are_no_multiple_of_a_cell_is_looked_at_to_its_edge() -> None:
    evidence = Evidence()
    place = np.s_[150:236, 300:396]
    pictures = [np.ascontiguousarray(one[:237, :397]) for one in painted(12, place)]
    for number, picture in enumerate(pictures):
        evidence.add(Fraction(number), picture, traces(place, size=(237, 397)))
    (last,) = evidence.end()
    assert overlap(last.box, Box(left=300, top=150, right=396, bottom=236)) > 0.7
    assert last.heat.shape == (237, 397)


def test_its_memory_does_not_grow_with_what_it_has_seen() -> None:
    evidence, pictures = Evidence(), panned(40)
    small = [np.ascontiguousarray(one[:48, :48]) for one in pictures]
    for number in range(600):
        evidence.add(Fraction(number), small[number % 40], traces(np.s_[:32, :32], size=(48, 48)))
    assert held(evidence) < 50_000


def held(thing: object, depth: int = 4) -> int:
    """Return about how many numbers an object holds."""
    if isinstance(thing, np.ndarray):
        return thing.size
    if isinstance(thing, list | tuple) and depth:
        return sum(held(one, depth - 1) for one in thing)
    names: list[str] = list(getattr(thing, "__dict__", {})) or list(getattr(thing, "__slots__", ()))
    return 1 + (sum(held(getattr(thing, name), depth - 1) for name in names) if depth else 0)
