"""docs/cues.md says what the code does."""

import re
from pathlib import Path

from streamproc.logic import cues
from streamproc.messages import CueKind
from streamproc.scte35 import section

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs" / "cues.md").read_text(encoding="utf-8")


def test_the_table_of_stances_is_the_one_in_the_code() -> None:
    quote = DOCUMENT.split("<!-- quote: streamproc/logic/cues.py -->")[1].split("<!-- end of quote -->")[0]
    table = quote.strip().removeprefix("```").removesuffix("```").strip()
    assert table in (cues.__doc__ or "")
    assert {stance.name for stance in cues.Stance} <= set(re.findall(r"[A-Z]{4,}", table))


def test_the_figures_are_those_in_the_code() -> None:
    assert f"at most {cues.DOUBTED}" in DOCUMENT
    assert f"{cues._GAIN} (a factor of {round(2.718281828**cues._GAIN)})" in DOCUMENT
    assert f"{cues._NEARBY} and less" in DOCUMENT
    assert cues.FAR_S == 600
    assert "more than ten minutes from" in DOCUMENT


def test_the_descriptors_that_begin_a_break_are_those_in_the_code() -> None:
    (row,) = [
        line for line in DOCUMENT.splitlines() if "segmentation descriptor" in line and f"`{CueKind.OUT}`" in line
    ]
    assert {int(number, 16) for number in re.findall(r"0x\w\w", row)} == section._STARTS
