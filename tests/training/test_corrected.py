"""What is known of a recording: which stretches count, what they are for, and the crops they give."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from streamproc.catalogue import AlarmRow, BoundaryRow, Role, SegmentRow
from streamproc.inference.card import Region
from streamproc.logic.labels import Label
from streamproc.media.encode import Coding, Encoder
from streamproc.media.files import FileFootage
from streamproc.messages import AlarmKind, BoundaryState, Footing, Kind, Method, Placement
from streamproc.timebase import NS
from streamproc.training.corrected import Stretch, Use, confident, gather, stretches

P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN
FINAL, OPEN = BoundaryState.FINAL, BoundaryState.PROVISIONAL
ZERO_NS = 1_790_000_000 * NS
CORNER = Region(x=0.5, y=0.0, width=0.5, height=0.5)


def label(start: float, end: float, kind: Kind = P, epoch: int = 1) -> Label:
    return Label(epoch=epoch, start=Fraction(start), end=Fraction(end), kind=kind)


def boundary(time: float, state: BoundaryState, confidence: float, utc: bool) -> BoundaryRow:
    place = Placement(time=Fraction(time), frame=None, confidence=confidence, method=Method.CUT)
    return BoundaryRow(
        id=1,
        channel="one",
        epoch=1,
        role=Role.CHANGE,
        state=state,
        before=U,
        after=U,
        change=None,
        placement=place,
        version=1,
        utc_ns=ZERO_NS + round(time * NS) if utc else None,
        created_ns=0,
    )


def segment(
    start: float, end: float, kind: Kind = P, *, state: BoundaryState = FINAL, sure: float = 0.95, utc: bool = True
) -> SegmentRow:
    return SegmentRow(
        id=1,
        channel="one",
        epoch=1,
        kind=kind,
        state=state,
        start=boundary(start, state, 1.0, utc),
        end=boundary(end, state, sure, utc),
        frame_rate=None,
        title=None,
        clip=None,
    )


def alarm(since_s: float, cleared_s: float | None) -> AlarmRow:
    return AlarmRow(
        id=1,
        channel="one",
        kind=AlarmKind.UNSURE,
        model_sha256=None,
        since_ns=ZERO_NS + round(since_s * NS),
        raised_ns=ZERO_NS + round(since_s * NS),
        cleared_ns=None if cleared_s is None else ZERO_NS + round(cleared_s * NS),
        reason=None,
        footing=Footing(sureness=0, usual=1, unsure_share=0, absent_s=0),
        pictures=(),
    )


def test_a_final_segment_counts_without_its_ends() -> None:
    assert confident([segment(10, 40)], [], []) == [label(13, 37)]


@pytest.mark.parametrize(
    "doubtful",
    [segment(10, 40, state=OPEN), segment(10, 40, sure=0.5), segment(10, 40, U), segment(10, 16)],
    ids=["provisional", "unsure of its end", "unknown", "too short"],
)
def test_a_segment_in_doubt_does_not_count(doubtful: SegmentRow) -> None:
    assert confident([doubtful], [], []) == []


def test_where_a_person_said_something_segments_do_not_count() -> None:
    assert confident([segment(10, 40)], [], [label(20, 30, A)]) == [label(13, 20), label(30, 37)]


@pytest.mark.parametrize(
    ("raised", "counts"), [((50, 90), 1), ((30, 90), 0), ((30, None), 0), ((0, 10), 1), ((0, None), 0)]
)
def test_a_segment_does_not_count_while_an_alarm_is_up(raised: tuple[float, float | None], counts: int) -> None:
    assert len(confident([segment(10, 40)], [alarm(*raised)], [])) == counts


def test_a_segment_without_wall_time_does_not_count_when_there_was_an_alarm() -> None:
    assert confident([segment(10, 40, utc=False)], [alarm(100, 200)], []) == []


def uses(found: list[Stretch], kind: Kind = P) -> dict[Use, list[Label]]:
    return {use: [one.label for one in found if one.use is use and one.label.kind is kind] for use in Use}


def test_of_many_stretches_whole_ones_are_held_out() -> None:
    said = [label(at, at + 8) for at in range(0, 80, 10)]
    by_use = uses(stretches(said, []))
    assert [len(by_use[use]) for use in (Use.LEARN, Use.JUDGE, Use.TUNE)] == [4, 2, 2]
    assert sorted((one for part in by_use.values() for one in part), key=lambda one: one.start) == said


def test_few_stretches_are_cut_in_pieces_with_gaps_between() -> None:
    by_use = uses(stretches([label(0, 43)], []))
    assert by_use == {
        Use.LEARN: [label(33, 43), label(0, 10)],
        Use.JUDGE: [label(22, 32)],
        Use.TUNE: [label(11, 21)],
    }


def test_only_the_newest_two_hours_of_a_kind_are_looked_at() -> None:
    said = [label(0, 3000, epoch=number) for number in range(1, 9)]
    found = stretches(said, [])
    assert sum(one.label.end - one.label.start for one in found) == 7200
    assert {one.label.epoch for one in found} == {8, 7, 6}


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> FileFootage:
    path = tmp_path_factory.mktemp("footage") / "feed.mp4"
    coding = Coding(width=64, height=48, rate=Fraction(25), gop_frames=25, audio_rate=None)
    with Encoder(str(path), coding) as encoder:
        for number in range(500):
            picture = np.full((48, 64, 3), 60, np.uint8)
            if number >= 250:
                picture[:24, 32:] = 200
            encoder.write(picture, None)
    return FileFootage([path])


def test_crops_show_what_their_stretch_says(footage: FileFootage) -> None:
    known = [Stretch(label(10, 20, epoch=0), True, Use.LEARN), Stretch(label(0, 10, A, 0), True, Use.JUDGE)]
    known = [Stretch(_in(footage, one.label), one.corrected, one.use) for one in known]
    looks = gather(footage, known, CORNER, CORNER)
    assert [float(look.new.mean()) > 150 for look in looks] == [look.present for look in looks]
    assert {look.present for look in looks} == {True, False}
    assert looks[0].new.shape == (24, 32, 3)


def test_a_short_stretch_gives_frames_between_keyframes_too(footage: FileFootage) -> None:
    known = [Stretch(_in(footage, label(12, 14)), True, Use.LEARN)]
    assert len(gather(footage, known, CORNER, CORNER)) == 10


def test_old_and_new_see_each_their_region(footage: FileFootage) -> None:
    left = Region(x=0.0, y=0.5, width=0.25, height=0.25)
    known = [Stretch(_in(footage, label(12, 18)), True, Use.LEARN)]
    look: Any = gather(footage, known, CORNER, left)[0]
    assert (look.old.shape, look.new.shape) == ((24, 32, 3), (12, 16, 3))
    assert look.new.mean() < 100 < look.old.mean()


def test_what_is_no_longer_recorded_is_passed_over(footage: FileFootage) -> None:
    assert gather(footage, [Stretch(label(0, 10, epoch=99), True, Use.LEARN)], CORNER, CORNER) == []


def _in(footage: FileFootage, one: Label) -> Label:
    return Label(epoch=footage.epochs()[0].id, start=one.start, end=one.end, kind=one.kind)
