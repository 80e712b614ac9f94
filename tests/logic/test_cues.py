"""What cues say beside the logo: what stands of them, what they weigh, and when they are held against it."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from streamproc.logic.changepoint import Window, locate
from streamproc.logic.cues import DOUBTED, Stance, announced, confidence, stance, unanswered, weights
from streamproc.messages import Cue, CueKind, CueOrigin, Kind
from tests.logic.test_changepoint import NOTHING, RATE, leaving, odds, shots

SECOND = Fraction(1)
OUT, IN = CueKind.OUT, CueKind.IN


def cue(kind: CueKind, time: Fraction | int, **other: object) -> Cue:
    """Return a cue of a time, sent four seconds ahead."""
    known = Cue(
        kind=kind,
        time=Fraction(time),
        exact=True,
        sent=Fraction(time) - 4,
        event_id=None,
        duration=None,
        returns=False,
        cancels=False,
        name="",
        origin=CueOrigin.STREAM,
        payload="",
    )
    return replace(known, **other)  # type: ignore[arg-type]


def said(cues: list[Cue]) -> list[tuple[CueKind, Fraction]]:
    """Return what the cues say, and when."""
    return [(one.kind, one.time) for one in cues]


BREAK = [cue(OUT, 100, event_id=1), cue(IN, 160, event_id=1)]


@pytest.mark.parametrize(
    ("at", "kind", "expected"),
    [
        (Fraction(100), OUT, Stance.AGREES),
        (Fraction(101), OUT, Stance.AGREES),
        (Fraction(99), OUT, Stance.AGREES),
        (Fraction(160), IN, Stance.AGREES),
        (Fraction(50), OUT, Stance.SILENT),
        (Fraction(50), IN, Stance.SILENT),
        (Fraction(102), OUT, Stance.CONTRADICTS),
        (Fraction(130), IN, Stance.CONTRADICTS),
        (Fraction(130), OUT, Stance.CONTRADICTS),
        (Fraction(100), IN, Stance.CONTRADICTS),
        (Fraction(160), OUT, Stance.CONTRADICTS),
        (Fraction(200), OUT, Stance.SILENT),
    ],
)
def test_what_the_cues_of_a_break_say_to_a_change(at: Fraction, kind: CueKind, expected: Stance) -> None:
    assert stance(BREAK, at, kind, SECOND) is expected


def test_without_cues_nothing_is_said() -> None:
    assert stance([], Fraction(5), OUT, SECOND) is Stance.SILENT
    assert weights([], [Fraction(n, 25) for n in range(50)], OUT, SECOND) is None


def test_a_break_whose_end_is_not_announced_contradicts_nothing() -> None:
    assert stance([cue(OUT, 100)], Fraction(130), IN, SECOND) is Stance.SILENT


def test_a_break_is_as_long_as_its_duration_says() -> None:
    cues = [cue(OUT, 100, duration=Fraction(60))]
    assert stance(cues, Fraction(130), IN, SECOND) is Stance.CONTRADICTS
    assert stance(cues, Fraction(161), IN, SECOND) is Stance.SILENT


@pytest.mark.parametrize(("located", "expected"), [(0.9, DOUBTED), (0.3, 0.3)])
def test_a_contradiction_lowers_confidence_and_never_raises_it(located: float, expected: float) -> None:
    assert confidence(located, Stance.CONTRADICTS) == expected


@pytest.mark.parametrize("one", [Stance.SILENT, Stance.AGREES])
def test_otherwise_confidence_is_what_the_frames_say(one: Stance) -> None:
    assert confidence(0.9, one) == 0.9


def test_repetitions_count_once_and_the_last_one_stands() -> None:
    cues = [cue(OUT, 100, event_id=7), cue(OUT, 100, event_id=7), cue(OUT, Fraction(1001, 10), event_id=7)]
    assert said(announced(cues)) == [(OUT, Fraction(1001, 10))]


def test_an_event_number_may_be_used_again_later() -> None:
    assert len(announced([cue(OUT, 100, event_id=7), cue(OUT, 900, event_id=7)])) == 2


def test_a_cancelled_event_does_not_stand() -> None:
    cancel = cue(CueKind.OTHER, 0, event_id=7, cancels=True, sent=Fraction(98))
    assert announced([cue(OUT, 100, event_id=7), cancel]) == []


def test_what_has_happened_can_not_be_cancelled() -> None:
    cancel = cue(CueKind.OTHER, 0, event_id=7, cancels=True, sent=Fraction(101))
    assert said(announced([cue(OUT, 100, event_id=7), cancel])) == [(OUT, 100)]


def test_a_break_that_returns_by_itself_ends_after_its_duration() -> None:
    cues = [cue(OUT, 100, event_id=7, duration=Fraction(30), returns=True)]
    assert said(announced(cues)) == [(OUT, 100), (IN, 130)]


def test_a_return_that_is_sent_replaces_the_one_that_would_be() -> None:
    cues = [cue(OUT, 100, event_id=7, duration=Fraction(30), returns=True), cue(IN, 125, event_id=7)]
    assert said(announced(cues)) == [(OUT, 100), (IN, 125)]


def test_the_seam_between_two_adverts_says_nothing() -> None:
    cues = [cue(OUT, 100, event_id=1), cue(IN, 130, event_id=1), cue(OUT, 130, event_id=2), cue(IN, 160, event_id=2)]
    assert said(announced(cues)) == [(OUT, 100), (IN, 160)]


def test_a_splice_before_the_recording_says_nothing() -> None:
    assert announced([cue(OUT, -3)]) == []


def test_a_splice_by_another_clock_is_not_believed() -> None:
    assert announced([cue(OUT, 40_000, sent=Fraction(10))]) == []


def test_something_else_is_neither_out_nor_in() -> None:
    assert announced([cue(CueKind.OTHER, 100)]) == []


def test_a_cue_weighs_most_on_its_very_frame_and_nothing_beyond_the_tolerance() -> None:
    times = [Fraction(n, 25) for n in range(100)]
    gained = weights([cue(OUT, Fraction(50, 25))], times, OUT, SECOND)
    assert gained is not None
    assert gained.argmax() == 50
    assert gained[50] > 1.5 * gained[49] > 0
    assert list(np.flatnonzero(gained)) == list(range(26, 75))


def test_a_cue_without_a_time_of_its_own_singles_out_no_frame() -> None:
    times = [Fraction(n, 25) for n in range(100)]
    gained = weights([cue(OUT, 2, exact=False)], times, OUT, SECOND)
    assert gained is not None
    assert gained[50] - gained[49] < 0.1


def test_a_cue_of_the_other_kind_weighs_nothing() -> None:
    assert weights([cue(IN, 1)], [Fraction(n, 25) for n in range(50)], OUT, SECOND) is None


def place(pictures: np.ndarray, cues: list[Cue], *, gone: int, entering: bool = False):  # type: ignore[no-untyped-def]
    """Locate the boundary in a window that begins at time 0."""
    count = len(pictures)
    levels = leaving(count, gone=gone, fade=0)
    times = [Fraction(n, 25) for n in range(count)]
    window = Window(
        log_odds=odds(levels[::-1] if entering else levels),
        thumbnails=pictures,
        sound=None,
        rate=RATE,
        before=NOTHING,
        after=NOTHING,
        cues=weights(cues, times, IN if entering else OUT, SECOND),
    )
    return locate(window, entering=entering)


TWO_CUTS = shots((1, 60), (2, 8), (3, 60))


@pytest.mark.parametrize("frame", [60, 68])
def test_a_cue_settles_which_of_two_cuts_it_is(frame: int) -> None:
    found = place(TWO_CUTS, [cue(OUT, Fraction(frame, 25))], gone=56)
    assert found.at == frame
    assert found.confidence > place(TWO_CUTS, [], gone=56).confidence or found.confidence > 0.9


@pytest.mark.parametrize("frame", [60, 68])
def test_it_does_so_where_the_programme_comes_back_too(frame: int) -> None:
    pictures = TWO_CUTS[::-1]
    wanted = len(pictures) - frame
    assert place(pictures, [cue(IN, Fraction(wanted, 25))], gone=56, entering=True).at == wanted


def test_a_cue_where_the_logo_still_stands_moves_nothing() -> None:
    pictures = shots((1, 60), (2, 60))
    assert place(pictures, [cue(OUT, Fraction(45, 25))], gone=60).at == 60


CHANGES = [(Fraction(0), Kind.PROGRAMME), (Fraction(100), Kind.ADVERT), (Fraction(160), Kind.PROGRAMME)]


@pytest.mark.parametrize(
    ("one", "answered"),
    [
        (cue(OUT, 100), True),
        (cue(OUT, 101), True),
        (cue(OUT, 103), True),  # a break is on air, whenever it began
        (cue(OUT, 50), False),
        (cue(IN, 160), True),
        (cue(IN, 130), False),
        (cue(IN, 200), True),
    ],
)
def test_a_cue_is_answered_by_a_change_near_it_or_by_what_is_on_air(one: Cue, answered: bool) -> None:
    assert (unanswered([one], CHANGES, SECOND) == []) is answered


def test_where_nothing_is_known_of_what_is_on_air_no_answer_is_missed() -> None:
    assert unanswered([cue(OUT, 50)], [(Fraction(0), Kind.UNKNOWN)], SECOND) == []
    assert unanswered([cue(OUT, 50)], [], SECOND) == []
