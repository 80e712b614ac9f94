"""The report on what was learnt."""

import dataclasses
import re
import string
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from streamproc.errors import ConfigError
from streamproc.media.credentials import State
from streamproc.training.dataset import Shows
from streamproc.training.report import LearnEvidence, write_learn_report
from streamproc.training.report.texts import TEXTS, Number, Share, shown
from streamproc.training.report.verdict import Grade, judge
from streamproc.training.scores import Confusion


def tree(path: Path) -> ElementTree.Element:
    return ElementTree.fromstring(path.read_text(encoding="utf-8").removeprefix("<!DOCTYPE html>"))


def words(path: Path, language: str) -> str:
    shown = [one for one in tree(path).iter() if one.get("class") == "t" and one.get("lang") == language]
    return "\n".join("".join(one.itertext()) for one in shown)


def test_the_report_is_well_formed(learn_report: Path) -> None:
    assert tree(learn_report).tag == "html"


def test_the_report_fetches_nothing(learn_report: Path) -> None:
    page = tree(learn_report)
    links = [value for one in page.iter() for key, value in one.attrib.items() if key in ("src", "href")]
    assert all(link.startswith(("data:", "#")) for link in links)
    assert not re.search(r"https?:|@import|url\((?!#)", learn_report.read_text(encoding="utf-8"))


def test_every_text_of_the_page_is_there_in_both_languages(learn_report: Path) -> None:
    for parent in tree(learn_report).iter():
        spoken = [child.get("lang") for child in parent if child.get("class") == "t"]
        assert spoken == ["en", "ru"] * (len(spoken) // 2)
    for node in tree(learn_report).iter():
        assert ("data-en" in node.attrib) == ("data-ru" in node.attrib) == ("data-attribute" in node.attrib)


def test_every_picture_and_chart_has_a_name(learn_report: Path) -> None:
    page = tree(learn_report)
    ids = [one.get("id") for one in page.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    assert all(image.get("alt") for image in page.iter("img"))
    assert all(chart.get("aria-labelledby") in ids for chart in page.iter("svg"))


def test_what_a_chart_refers_to_is_on_the_page(learn_report: Path) -> None:
    text = learn_report.read_text(encoding="utf-8")
    referred = set(re.findall(r'(?:url\(#|href="#)([^")]+)', text))
    assert referred
    assert referred <= {one.get("id") for one in tree(learn_report).iter()}


def test_charts_take_their_colours_and_words_from_the_page(learn_report: Path) -> None:
    text = learn_report.read_text(encoding="utf-8")
    assert "var(--with)" in text
    assert not re.search(r"#a0000[a-f]|@\w+@", text)


def test_numbers_are_written_as_the_language_does(learn_report: Path) -> None:
    assert "99.67\u00a0%" in words(learn_report, "en")
    assert "99,67\u00a0%" in words(learn_report, "ru")


def test_the_report_shows_the_mask_the_frame_and_every_picture(learn_report: Path, evidence: LearnEvidence) -> None:
    assert len(list(tree(learn_report).iter("img"))) == 2 + len(evidence.samples) + len(evidence.wrong) + 2


def test_a_fresh_evidence_without_pictures_is_reported_too(evidence: LearnEvidence, tmp_path: Path) -> None:
    bare = dataclasses.replace(
        evidence, mask=None, frame_with_box=None, samples=[], wrong=[], history=[], notes=[],
        logits=np.ones(3, np.float32), targets=np.ones(3, np.float32),
    )  # fmt: skip
    report = write_learn_report(tmp_path, bare)
    assert not list(tree(report).iter("img"))
    assert "can't be judged" in words(report, "en")


def test_a_folder_that_cannot_be_written_is_named(evidence: LearnEvidence, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="the report can't be written"):
        write_learn_report(tmp_path / "file", evidence)


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_have_the_text_and_fill_the_same_gaps(key: str) -> None:
    english, russian = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in TEXTS[key])
    assert all(text.strip() for text in TEXTS[key])
    assert english == russian


@pytest.mark.parametrize("kind", Shows)
def test_every_kind_of_picture_is_named_in_both_languages(kind: Shows) -> None:
    assert shown(kind).text("ru") != shown(kind).text("en")


def test_no_text_is_left_over(project_root: Path) -> None:
    folder = project_root / "streamproc" / "training" / "report"
    users = [path for path in folder.rglob("*") if path.suffix in (".py", ".html") and path.name != "texts.py"]
    source = "\n".join(path.read_text(encoding="utf-8") for path in users)
    composed = ("place_", "grade_", "shows_", "card_", "legend_", "reliability_", "verbatim", "scan_verdict_")
    composed += tuple(f"credentials_{state.value}" for state in State)
    assert [key for key in TEXTS if f'"{key}"' not in source and not key.startswith(composed)] == []


def test_what_is_not_all_is_never_rounded_to_all() -> None:
    assert Share(0.99999).text("en") == "99.99\u00a0%"
    assert Share(1.0).text("en") == "100\u00a0%"


def test_thousands_are_grouped_and_a_minus_is_one() -> None:
    assert Number(-0.5, 1).text("ru") == "−0,5"
    assert (Number(12345.5, 1).text("en"), Number(12345.5, 1).text("ru")) == ("12\u202f345.5", "12\u202f345,5")


@pytest.mark.parametrize(
    ("counts", "error", "grade", "reason"),
    [
        ((200, 0, 0, 200), 0.01, Grade.GOOD, "why_good"),
        ((198, 2, 0, 200), 0.01, Grade.USABLE, "why_usable_accuracy"),
        ((50, 0, 0, 200), 0.01, Grade.USABLE, "why_usable_few"),
        ((200, 0, 0, 200), 0.2, Grade.USABLE, "why_usable_calibration"),
        ((200, 0, 20, 180), 0.01, Grade.UNUSABLE, "why_unusable_accuracy"),
        ((10, 0, 0, 200), 0.01, Grade.UNUSABLE, "why_unusable_few"),
        ((0, 0, 0, 200), 0.01, Grade.UNUSABLE, "why_unusable_few"),
    ],
)
def test_the_verdict_names_what_is_wanting(
    counts: tuple[int, int, int, int], error: float, grade: Grade, reason: str
) -> None:
    verdict = judge(Confusion(*counts), error)
    assert (verdict.grade, verdict.why.key) == (grade, reason)
