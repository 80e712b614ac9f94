"""The watch over a model: when it raises an alarm, and when it takes it back."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamproc.logic import drift
from streamproc.logic.drift import TABLE, Action, Dispute, Drift, Evidence, Finding, Limits, Moment, State, dispute
from streamproc.logic.labels import Label
from streamproc.messages import AlarmKind, Kind, Score

LIMITS = Limits(window_s=300, sureness=0.75, vanished_after_s=1200, min_certainty=0.7)
STEP_S = 2
THERE, NOT_THERE, TOSS, LEANING = 0.999, 0.001, 0.5, 0.9


class Channel:
    """Scores, one every two seconds."""

    def __init__(self, limits: Limits = LIMITS, watch: Drift | None = None) -> None:
        self.watch = Drift(limits) if watch is None else watch
        self.at = Fraction(0)
        self.epoch = 1
        self.findings: list[Finding] = []

    def show(self, *probabilities: float, seconds: int) -> list[Action]:
        """Show probabilities in turn for so long; return what was done, in order, but STAY."""
        before = len(self.findings)
        for number in range(seconds // STEP_S):
            self.at += STEP_S
            score = Score(epoch=self.epoch, time=self.at, probability=probabilities[number % len(probabilities)])
            finding = self.watch.step(score)
            if finding is not None:
                self.findings.append(finding)
        return [finding.action for finding in self.findings[before:] if finding.action is not Action.STAY]


def quoted_table() -> Iterator[tuple[State, Evidence, Action]]:
    rows = [line.split() for line in (drift.__doc__ or "").split("\n") if re.match(r"(state|[A-Z]{5,})  ", line)]
    (_, *evidence), *states = rows
    for state, *actions in states:
        for name, action in zip(evidence, actions, strict=True):
            yield State[state], Evidence[name], Action[action]


def test_the_table_in_the_text_is_the_one_in_the_code() -> None:
    assert {(state, evidence): action for state, evidence, action in quoted_table()} == TABLE


def test_a_model_that_fits_raises_nothing() -> None:
    channel = Channel()
    assert [channel.show(THERE, seconds=900), channel.show(NOT_THERE, seconds=300)] == [[], []]


def test_scores_that_slide_towards_the_middle_raise_an_alarm() -> None:
    channel = Channel()
    channel.show(THERE, seconds=600)
    assert channel.show(LEANING, seconds=600) == [Action.UNSURE]
    assert channel.findings[-1].alarm is AlarmKind.UNSURE
    assert channel.findings[-1].footing.sureness == pytest.approx(0.549, abs=0.001)


def test_a_minute_of_doubt_is_no_alarm() -> None:
    channel = Channel()
    channel.show(THERE, seconds=600)
    assert channel.show(TOSS, seconds=60) + channel.show(THERE, seconds=600) == []


def test_an_alarm_is_taken_back_only_when_the_scores_are_well_above_where_it_was_raised() -> None:
    channel = Channel()
    channel.show(TOSS, seconds=400)
    assert channel.show(THERE, THERE, THERE, THERE, TOSS, seconds=1200) == []
    assert channel.findings[-1].footing.sureness > LIMITS.sureness
    assert channel.show(THERE, seconds=400) == [Action.CLEAR]


def test_nothing_is_judged_before_half_a_window_was_seen() -> None:
    assert Channel().show(TOSS, seconds=140) == []


def test_a_bug_that_is_away_for_longer_than_configured_raises_an_alarm() -> None:
    channel = Channel()
    channel.show(THERE, seconds=600)
    assert channel.show(NOT_THERE, seconds=1190) == []
    assert channel.show(NOT_THERE, seconds=20) == [Action.VANISHED]
    assert channel.findings[-1].since == Moment(1, Fraction(600))


def test_a_promo_that_shows_the_bug_for_a_moment_does_not_count_as_its_return() -> None:
    channel = Channel()
    channel.show(NOT_THERE, seconds=700)
    channel.show(THERE, seconds=30)
    assert channel.show(NOT_THERE, seconds=700) == [Action.VANISHED]
    assert channel.show(THERE, seconds=40) == []


def test_an_alarm_is_taken_back_when_the_bug_has_returned() -> None:
    channel = Channel()
    channel.show(NOT_THERE, seconds=1500)
    assert channel.show(THERE, seconds=120) == [Action.CLEAR]


def test_doubt_that_becomes_a_plain_no_becomes_the_other_alarm() -> None:
    channel = Channel()
    assert channel.show(TOSS, seconds=400) == [Action.UNSURE]
    assert channel.show(NOT_THERE, 0.07, seconds=1400) == [Action.VANISHED]


def test_time_without_a_feed_counts_for_nothing() -> None:
    channel = Channel()
    channel.show(NOT_THERE, seconds=1000)
    channel.at += 5000
    assert channel.show(NOT_THERE, seconds=100) == []
    channel.epoch, channel.at = 2, Fraction(0)
    assert channel.show(NOT_THERE, seconds=60) == []
    assert channel.show(NOT_THERE, seconds=100) == [Action.VANISHED]


def test_a_model_is_measured_by_its_own_first_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "SETTLE_S", 1000.0)
    channel = Channel()
    channel.show(THERE, THERE, THERE, THERE, TOSS, seconds=1400)
    assert channel.watch.footing().usual == pytest.approx(0.8, abs=0.01)
    assert channel.show(THERE, THERE, TOSS, seconds=600) == []
    assert channel.show(THERE, TOSS, seconds=600) == [Action.UNSURE]


def test_a_model_that_never_fitted_is_no_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "SETTLE_S", 1000.0)
    channel = Channel(Limits(window_s=300, sureness=0.1, vanished_after_s=1e9, min_certainty=0.7))
    channel.show(THERE, TOSS, TOSS, seconds=1400)
    assert channel.watch.footing().usual == drift.LEAST_USUAL


def label(start: int, end: int, kind: Kind, epoch: int = 1) -> Label:
    return Label(epoch=epoch, start=Fraction(start), end=Fraction(end), kind=kind)


P, A = Kind.PROGRAMME, Kind.ADVERT


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], Dispute()),
        ([label(0, 100, P), label(100, 200, A)], Dispute()),
        ([label(60, 160, A)], Dispute(40.0, Moment(1, Fraction(60)))),
        ([label(90, 130, P), label(0, 90, A)], Dispute(110.0, Moment(1, Fraction(10)))),
        ([label(0, 100, A, epoch=0)], Dispute()),
    ],
)
def test_what_people_say_against_what_was_decided_is_summed_from_the_models_beginning_on(
    said: list[Label], expected: Dispute
) -> None:
    decided = [label(0, 100, P), label(100, 200, A), label(0, 100, P, epoch=0)]
    assert dispute(said, decided, Moment(1, Fraction(10))) == expected


def test_a_model_that_is_sure_and_wrong_raises_an_alarm_when_people_say_so() -> None:
    channel = Channel()
    channel.show(THERE, seconds=600)
    channel.watch.dispute = Dispute(59.0, Moment(1, Fraction(40)))
    assert channel.show(THERE, seconds=60) == []
    channel.watch.dispute = Dispute(60.0, Moment(1, Fraction(40)))
    assert channel.show(THERE, seconds=60) == [Action.DISPUTED]
    assert (channel.findings[-1].alarm, channel.findings[-1].since) == (AlarmKind.DISPUTED, Moment(1, Fraction(40)))
    channel.watch.dispute = Dispute()
    assert channel.show(THERE, seconds=60) == [Action.CLEAR]


def test_a_snapshot_that_is_no_snapshot_is_refused() -> None:
    with pytest.raises(KeyError):
        Drift(LIMITS).restore("{}", None)


def test_without_a_snapshot_a_standing_alarm_still_stands() -> None:
    watch = Drift(LIMITS)
    watch.restore(None, AlarmKind.UNSURE)
    assert Channel(watch=watch).show(THERE, seconds=400) == [Action.CLEAR]


scores = st.lists(st.tuples(st.sampled_from([THERE, NOT_THERE, TOSS, LEANING]), st.integers(1, 25)), max_size=12)


@settings(deadline=None, max_examples=40)
@example(parts=[(0.999, 12), (0.5, 4)], cut=1)  # a figure right on its limit
@given(scores, st.integers(0, 11))
def test_a_watch_that_is_restored_goes_on_as_the_original(parts: Sequence[tuple[float, int]], cut: int) -> None:
    original, restored = Channel(), Channel()
    for number, (probability, buckets) in enumerate(parts):
        seconds = buckets * 10
        if number == cut:
            watch = Drift(LIMITS)
            watch.restore(restored.watch.snapshot(), restored.watch.alarm)
            restored.watch = watch
        assert original.show(probability, seconds=seconds) == restored.show(probability, seconds=seconds)


@settings(deadline=None, max_examples=40)
@given(scores)
def test_an_alarm_is_never_raised_twice_in_a_row(parts: Sequence[tuple[float, int]]) -> None:
    channel = Channel()
    done = [action for probability, buckets in parts for action in channel.show(probability, seconds=buckets * 10)]
    assert all(first is not second for first, second in pairwise(done))


@settings(deadline=None, max_examples=40)
@given(scores)
def test_scores_that_are_said_again_change_nothing(parts: Sequence[tuple[float, int]]) -> None:
    channel = Channel()
    for probability, buckets in parts:
        channel.show(probability, seconds=buckets * 10)
        before = channel.watch.snapshot()
        channel.at -= min(channel.at, 8)
        channel.show(probability, seconds=8)
        assert channel.watch.snapshot() == before
