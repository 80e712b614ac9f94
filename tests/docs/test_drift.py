"""docs/models/drift.md says what the code does."""

from pathlib import Path

from streamproc.logic.drift import TABLE, Action, Evidence, State
from streamproc.training.corrected import CONFIDENT, MARGIN_S, MOST
from streamproc.training.retrain import RULE

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs" / "models" / "drift.md").read_text(encoding="utf-8")


def test_the_table_of_the_watch_is_the_one_in_the_code() -> None:
    quote = DOCUMENT.split("<!-- quote: streamproc/logic/drift.py -->")[1].split("<!-- end of quote -->")[0]
    (_, *evidence), *rows = [line.split() for line in quote.splitlines() if line and line[0] not in "`="]
    quoted = {
        (State[row[0]], Evidence[name]): Action[action]
        for row in rows
        for name, action in zip(evidence, row[1:], strict=True)
    }
    assert quoted == TABLE


def test_the_rule_by_which_a_model_stays_is_the_one_in_the_code() -> None:
    assert RULE in " ".join(DOCUMENT.replace("\n> ", " ").split())


def test_the_figures_of_what_is_known_are_those_in_the_code() -> None:
    assert f"a confidence of {CONFIDENT} or more" in DOCUMENT.replace("\n   ", " ")
    assert f"without {MARGIN_S} s at either end" in DOCUMENT
    assert f"at most {MOST} frames" in DOCUMENT
