"""docs/architecture.md says what the code does."""

import re
from pathlib import Path

from streamproc.logic.hysteresis import TABLE, Evidence
from streamproc.messages import Kind

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def quoted_table() -> list[list[str]]:
    quote = DOCUMENT.split("<!-- quote: streamproc/logic/hysteresis.py -->")[1].split("<!-- end of quote -->")[0]
    return [line.split() for line in quote.splitlines() if line and line[0] not in "`="]


def test_the_table_of_the_hysteresis_is_the_one_in_the_code() -> None:
    (_, *evidence), *rows = quoted_table()
    quoted = {
        (Kind[row[0]], Evidence[name]): action for row in rows for name, action in zip(evidence, row[1:], strict=True)
    }
    assert quoted == {key: action.name for key, action in TABLE.items()}


def test_every_module_at_the_top_has_its_line_in_the_layout() -> None:
    layout = DOCUMENT.split("## Layout and import rule")[1]
    shown = set(re.findall(r"^  (\w+)(?:/|\.py) ", layout, re.MULTILINE))
    package = ROOT / "streamproc"
    real = {path.stem for path in package.glob("[!_]*.py")} | {
        path.parent.name for path in package.glob("*/__init__.py")
    }
    assert shown == real
