from streamproc.demo.broadcast import Segment
from streamproc.demo.report import Found, compare, timecode
from streamproc.messages import Kind

TRUTH = [
    Segment(kind=Kind.PROGRAMME, start_frame=0, end_frame=1000, joint=""),
    Segment(kind=Kind.ADVERT, start_frame=1000, end_frame=1600, joint="hard cut"),
    Segment(kind=Kind.PROGRAMME, start_frame=1600, end_frame=2500, joint="hard cut"),
]


def found(frame: int, after: Kind) -> Found:
    return Found(frame=frame, after=after, method="cut", provisional_ns=1, final_ns=2)


def test_a_boundary_belongs_to_the_true_one_next_to_it() -> None:
    lines, wrong = compare(TRUTH, [found(1002, Kind.ADVERT), found(1600, Kind.PROGRAMME)])
    assert [line.error for line in lines] == [2, 0]
    assert wrong == []


def test_a_boundary_more_than_a_second_off_is_both_missing_and_false() -> None:
    lines, wrong = compare(TRUTH, [found(1026, Kind.ADVERT), found(1600, Kind.PROGRAMME)])
    assert [line.error for line in lines] == [None, 0]
    assert [item.frame for item in wrong] == [1026]


def test_a_boundary_to_the_other_kind_does_not_count() -> None:
    lines, wrong = compare(TRUTH, [found(1000, Kind.PROGRAMME)])
    assert [line.error for line in lines] == [None, None]
    assert len(wrong) == 1


def test_of_two_boundaries_at_one_place_the_farther_is_false() -> None:
    lines, wrong = compare(TRUTH, [found(1010, Kind.ADVERT), found(1001, Kind.ADVERT)])
    assert lines[0].error == 1
    assert [item.frame for item in wrong] == [1010]


def test_a_timecode_tells_minutes_seconds_and_frames() -> None:
    assert timecode(1633) == "1:05:08"
