import json
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.accuracy import accepted, boundaries, match, summary
from benchmarks.compose import DATA, Composer, choose_logos, draw_case

TRUTH = [
    {"kind": "programme", "start_frame": 0, "joint": {}},
    {"kind": "advert", "start_frame": 500, "joint": {"picture": "cut", "late_s": 0.0, "fade_s": 0.0}},
    {"kind": "programme", "start_frame": 900, "joint": {"picture": "dip", "late_s": 0.5, "fade_s": 0.4}},
]


@pytest.fixture
def logos(tmp_path: Path) -> list[Path]:
    return [tmp_path / "logo.png"]


def test_a_boundary_is_where_the_kind_changes() -> None:
    segments = [
        {"kind": "unknown", "start_frame": 0},
        {"kind": "programme", "start_frame": 40},
        {"kind": "advert", "start_frame": 500},
    ]
    assert boundaries(segments) == [(500, "advert")]


def test_errors_are_signed_frames_and_what_is_missing_counts_as_missed(logos: list[Path]) -> None:
    case = draw_case(0, logos, 1)
    outcomes, false = match(case, TRUTH, [(503, "advert")])
    assert [one.error_frames for one in outcomes] == [3, None]
    assert false == 0
    assert summary(outcomes, false)["missed"] == 1


def test_a_boundary_out_of_place_is_missed_and_false(logos: list[Path]) -> None:
    case = draw_case(0, logos, 1)
    outcomes, false = match(case, TRUTH, [(500, "advert"), (700, "programme"), (740, "advert"), (900, "programme")])
    assert [one.error_frames for one in outcomes] == [0, 0]
    assert false == 2
    assert not accepted(summary(outcomes, false))


def test_a_case_is_the_same_whenever_it_is_drawn(logos: list[Path]) -> None:
    assert draw_case(3, logos, 1) == draw_case(3, logos, 1)
    assert draw_case(3, logos, 1) != draw_case(3, logos, 2)


@pytest.mark.shared_data
def test_the_bug_is_in_its_box_on_programmes_alone() -> None:
    case = draw_case(2, choose_logos(DATA, 3, 1), 1)
    short = type(case)(
        **{**_fields(case), "rate": Fraction(25), "parts_s": (2.0, 2.0, 2.0), "joints": case.joints[2:4]}
    )
    composer = Composer(short, DATA)
    pictures = list(composer.pictures())
    assert len(pictures) == 150 == composer.truth()[-1].end_frame
    assert [segment.start_frame for segment in composer.truth()] == [0, 50, 100]
    assert all(picture.shape == (short.height, short.width, 3) for picture in pictures)
    steps = [float(np.abs(a.astype(int) - b).mean()) for a, b in pairwise(pictures)]
    assert {49, 99} <= set(np.argsort(steps)[-6:])


def _fields(case: object) -> dict[str, object]:
    return {name: getattr(case, name) for name in case.__dataclass_fields__}  # type: ignore[attr-defined]


def measured(result: Any) -> Iterator[Any]:
    """Yield what was measured by one command each; what takes long is measured in several."""
    if isinstance(result, dict) and "command" in result:
        yield result
    elif isinstance(result, dict | list):
        for part in result.values() if isinstance(result, dict) else result:
            yield from measured(part)


def test_committed_results_name_their_command_and_machine() -> None:
    results = sorted((Path(__file__).parent.parent / "benchmarks" / "results").glob("*.json"))
    for path in results:
        runs = list(measured(json.loads(path.read_text())))
        assert runs
        for run in runs:
            assert run["command"].startswith("python -m benchmarks.")
            assert run["machine"]["cpu"]
