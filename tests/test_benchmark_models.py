"""The benchmark of learnt models: made-up channels and counting."""

import cv2
import numpy as np
import pytest

from benchmarks.channel import Channel, draw_channel
from benchmarks.models import Sample, accepted, by_stratum, summary


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> list[Channel]:
    path = tmp_path_factory.mktemp("logos") / "logo.png"
    cv2.imwrite(str(path), np.full((60, 120, 4), 255, np.uint8))
    return [draw_channel(number, [path], seed=1) for number in range(40)]


def test_opacities_fill_their_range(channels: list[Channel]) -> None:
    counts, _ = np.histogram([channel.opacity for channel in channels], bins=7, range=(0.3, 1.0))
    assert counts.min() >= 3


def test_widths_lie_between_4_and_12_percent(channels: list[Channel]) -> None:
    widths = [channel.box.width for channel in channels]
    assert 0.04 <= min(widths) < 0.05
    assert 0.11 < max(widths) <= 0.13


def test_all_picture_sizes_come_equally_often(channels: list[Channel]) -> None:
    assert sorted({channel.lines for channel in channels}) == [360, 480, 576, 720, 1080]


def test_bit_rates_stay_in_their_range(channels: list[Channel]) -> None:
    assert all(0.8e6 <= channel.bit_rate <= 8e6 for channel in channels)


def sample(there: bool, log_odds: float, ground: str = "plain") -> Sample:
    return Sample(there, log_odds, {"ground": ground})


def test_missed_and_false_samples_are_counted_apart() -> None:
    counted = summary([sample(True, 3), sample(True, -1), sample(False, 2), sample(False, 1), sample(False, -4)])
    assert (counted["wrong"], counted["missed"], counted["false"]) == (3, 1, 2)


def test_one_bad_stratum_is_enough_to_fail() -> None:
    samples = [*[sample(True, 5)] * 2000, *[sample(True, 5, "white")] * 99, sample(True, -5, "white")]
    way = {"summary": summary(samples), "strata": by_stratum(samples)}
    assert way["summary"]["accuracy"] > 0.999
    assert not accepted(way)


def test_nothing_measured_is_not_accepted() -> None:
    assert not accepted({"summary": summary([]), "strata": {}})
