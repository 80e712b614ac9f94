"""docs/programmes.md says what the code does, and what was measured."""

import json
from pathlib import Path

from streamproc.logic.alignment import CONFIDENCE, SURE, SURE_JOINT, TRAILER_S
from streamproc.media.splitting import REACH
from streamproc.stages.name import SURE_CUT

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs" / "programmes.md").read_text(encoding="utf-8")


def quoted(source: str) -> list[list[str]]:
    """The cells of a table that is quoted from somewhere, without its heading's line."""
    quote = DOCUMENT.split(f"<!-- quote: {source} -->")[1].split("<!-- end of quote -->")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in quote.strip().splitlines()]


def test_the_table_of_confidence_is_the_one_in_the_code() -> None:
    agreement, _, confidence = quoted("streamproc/logic/alignment.py")
    table = zip(agreement[1:], confidence[1:], strict=True)
    assert [(float(one), float(other)) for one, other in table] == list(CONFIDENCE)


def test_the_figures_in_the_text_are_those_in_the_code() -> None:
    text = " ".join(DOCUMENT.split())
    assert f"shorter than {TRAILER_S:.0f} s" in text
    assert f"**above {SURE} more**" in text
    assert f"placed with a confidence of {SURE_CUT} or more" in text
    assert f"more than {SURE_JOINT} of all ways" in text
    assert REACH == 4 * 60
    assert "four minutes on either side" in text


def test_the_figures_of_naming_are_those_that_were_measured() -> None:
    measured = json.loads((ROOT / "benchmarks" / "results" / "naming.json").read_text(encoding="utf-8"))["figures"]
    shown = {row[0]: row[1:] for row in quoted("benchmarks/results/naming.json")[2:]}
    assert shown.keys() == measured.keys()
    for name, figures in measured.items():
        assert shown[name] == [
            str(figures["days"]),
            str(figures["programmes"]),
            f"{100 * figures['named_right']:.1f} %",
            f"{100 * figures['exact_to_a_minute']:.1f} %",
            f"{figures['wrong_names']} of {figures['names']}",
            str(figures["wrong_above_0.9"]),
            f"{100 * figures['share_above_0.9']:.0f} %",
        ]
