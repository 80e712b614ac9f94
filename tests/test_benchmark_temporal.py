"""The comparison of ways to decide: how it counts, and that each way is causal."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.temporal import (
    GRIDS,
    LATE,
    Row,
    channel_folds,
    disturbed,
    hidden_markov,
    hysteresis,
    judge,
    markdown,
    night_folds,
    pick,
    single,
)


def row(*lengths: int, name: str = "a") -> Row:
    """Stretches of programme and advert in turns, each sample saying plainly what it is."""
    labels = np.repeat(np.resize(np.array([1, 0], np.int8), len(lengths)), lengths)
    odds = np.where(labels == 1, 6.0, -6.0)
    return Row(name=name, features=odds[:, None], labels=labels, counted=np.ones(len(labels), bool))


def test_what_is_decided_at_once_is_right_without_delay() -> None:
    figures = judge(row(30, 20, 30), row(30, 20, 30).labels)
    assert (figures.right, figures.samples) == ((20, 60), (20, 60))
    assert (figures.changes, figures.missed, figures.false, figures.delays) == (2, 0, 0, (0, 0))


def test_a_blip_is_two_false_changes() -> None:
    decided = row(30, 20, 30).labels.copy()
    decided[10] = 0
    assert judge(row(30, 20, 30), decided).false == 2


def test_a_change_that_comes_too_late_is_missed_and_false() -> None:
    late = judge(row(60, 90), row(61 + LATE, 89 - LATE).labels)
    assert (late.missed, late.false) == (1, 1)


def test_what_lies_on_a_boundary_is_not_counted() -> None:
    whole = row(30, 20)
    part = Row(name="a", features=whole.features, labels=whole.labels, counted=np.arange(50) < 40)
    assert judge(part, whole.labels).samples == (10, 30)


def test_the_hysteresis_decides_with_the_third_sample() -> None:
    assert judge(row(30, 20, 30), hysteresis(3, 3, 0.7)(row(30, 20, 30).features)).delays == (2, 2)


def test_a_hidden_markov_model_needs_fewer_samples_the_surer_they_are() -> None:
    sure, unsure = row(30, 20), row(30, 20).features / 4
    assert judge(sure, hidden_markov(1e-4, 0.7)(sure.features)).delays == (2,)
    assert judge(sure, hidden_markov(1e-4, 0.7)(unsure)).delays > (2,)


@pytest.mark.parametrize("name", GRIDS)
def test_no_decision_depends_on_what_comes_after_it(name: str) -> None:
    features = np.random.default_rng(0).normal(0, 3, (80, 1))
    _, decide = GRIDS[name][-1]
    assert (decide(features)[:50] == decide(features[:50])).all()


def test_settings_are_picked_by_wrong_changes_first() -> None:
    blips = row(40, 40)
    blips.features[[10, 11, 50, 51]] *= -1
    settings, _ = pick("hysteresis, picked", [blips])
    assert (settings["n_enter"], settings["n_leave"]) == (3, 3)


def test_a_block_is_left_out_with_a_guard_around_it() -> None:
    whole = row(*[100] * 12)
    night = Row(
        name="night",
        features=np.concatenate([np.arange(1200.0)[:, None]] + [whole.features] * 2, axis=1),
        labels=whole.labels,
        counted=whole.counted,
    )
    for number, (taught, (examined,)) in enumerate(night_folds(night)):
        assert len(examined.labels) == 200
        assert sum(len(one.labels) for one in taught) == 1000 - 64 * (1 if number in (0, 5) else 2)


def test_a_channel_is_left_out_exactly_once() -> None:
    rows = [row(30, 20, name=name) for name in "abcdefg"]
    left = [[one.name for one in examined] for _, examined in channel_folds(rows)]
    assert sorted(itertools.chain(*left)) == list("abcdefg")
    assert all(
        not {one.name for one in taught} & {one.name for one in examined} for taught, examined in channel_folds(rows)
    )


def test_disturbing_leaves_single_samples_wrong_and_labels_as_they_are() -> None:
    harder = disturbed(row(100, 100, 100), copies=2)
    assert len(harder.labels) == 600
    wrong = np.mean(single()(harder.features) != harder.labels)
    assert 0.02 < wrong < 0.2


@pytest.mark.parametrize("name", ["night", "channels", "disturbed", "from_night_to_disturbed"])
def test_the_published_table_is_what_was_measured(name: str, project_root: Path) -> None:
    measured = json.loads((project_root / "benchmarks" / "results" / "temporal.json").read_text(encoding="utf-8"))
    published = (project_root / "docs" / "models" / "time.md").read_text(encoding="utf-8")
    assert markdown(measured[name]) in published
