"""Known segments, and what was found beside them."""

from pathlib import Path

import pytest

from streamproc.errors import ConfigError
from streamproc.training.truth import Segments, TrueSegment, compare, kind_changes, read_segments

KNOWN = Segments(
    segments=(
        TrueSegment(kind="programme", start_s=0, end_s=60),
        TrueSegment(kind="advert", start_s=60, end_s=100),
        TrueSegment(kind="programme", start_s=100, end_s=150),
        TrueSegment(kind="unknown", start_s=150, end_s=200),
    )
)


@pytest.mark.parametrize("text", ["", "{}", '{"segments": [{"kind": "film"}]}', "\xff"])
def test_a_file_that_is_no_segments_json_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "segments.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match=r"is no segments\.json"):
        read_segments(path)


def test_a_missing_segments_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.json: can't be read"):
        read_segments(tmp_path / "nowhere.json")


def test_what_is_on_air_is_known_from_a_segments_first_moment_on() -> None:
    assert [KNOWN.kind_at(time) for time in (59.9, 60.0, 170.0, 300.0)] == ["programme", "advert", "unknown", "unknown"]


def test_a_boundary_is_matched_with_the_nearest_one_to_the_same_kind() -> None:
    found = compare(KNOWN, [(59.6, "programme"), (60.5, "advert"), (60.2, "advert"), (99.0, "programme")])
    assert [one.error_s for one in found.matches] == [0.2, -1.0]
    assert found.false_s == (59.6, 60.5)


def test_a_boundary_too_far_off_is_missed_and_the_found_one_false() -> None:
    found = compare(KNOWN, [(58.9, "advert"), (100.0, "programme")])
    assert [one.found_s for one in found.matches] == [None, 100.0]
    assert found.document()["missed"] == 1
    assert found.false_s == (58.9,)


def test_what_is_found_where_the_truth_is_unknown_is_not_false() -> None:
    assert compare(KNOWN, [(160.0, "advert")]).false_s == ()


def test_the_document_sums_the_errors_up() -> None:
    document = compare(KNOWN, [(60.5, "advert"), (100.1, "programme")]).document()
    assert (document["median_error_s"], document["greatest_error_s"]) == (pytest.approx(0.3), 0.5)


def test_unknown_stretches_count_as_what_follows() -> None:
    parts = [(0.0, "programme"), (10.0, "unknown"), (12.0, "programme"), (20.0, "unknown"), (21.0, "advert")]
    assert kind_changes(parts) == [(21.0, "advert")]
