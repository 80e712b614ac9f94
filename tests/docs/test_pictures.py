"""docs/decisions/0017-pictures.md says what was measured, and docs/http-api.md what the code does."""

import json
from pathlib import Path

from streamproc.media.pictures import LARGEST_WIDTH
from streamproc.web.pictures import CACHE_BYTES, MOST_WAITING, TIMEOUT_S
from streamproc.web.pictures_api import BEHIND
from streamproc.web.playing_api import LIVE_S, LONGEST_S, WHOLE_AFTER_S

ROOT = Path(__file__).parent.parent.parent
DECISION = (ROOT / "docs" / "decisions" / "0017-pictures.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "http-api.md").read_text(encoding="utf-8")
MEASURED = json.loads((ROOT / "benchmarks" / "results" / "pictures.json").read_text(encoding="utf-8"))


def test_the_costs_are_those_that_were_measured() -> None:
    quote = DECISION.split("<!-- quote: benchmarks/results/pictures.json -->")[1].split("<!-- end of quote -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in quote.strip().splitlines()[2:]]
    pictures = MEASURED["pictures"]
    assert {what: float(cost) for what, cost in rows}.items() <= {
        what: figures["cpu_ms"] for what, figures in pictures.items() if isinstance(figures, dict)
    }.items()
    assert len(rows) == 5
    assert f"A process takes {pictures['process_mb']} MB." in DECISION
    assert f"as one answer takes {MEASURED['timeline']['cpu_ms']} ms" in DECISION
    assert f"1000 drawn of each) {MEASURED['curves']['cpu_ms']} ms" in DECISION
    assert f"{100 * MEASURED['level']['share_of_a_core']:.1f} % of a core" in DECISION


def test_the_figures_in_the_text_are_those_in_the_code() -> None:
    assert (BEHIND, MOST_WAITING, LARGEST_WIDTH) == (8, 64, 3840)
    assert "The eight frames before" in GUIDE
    assert "more than 64 wait already" in GUIDE
    assert "at most 3840" in GUIDE
    assert (LIVE_S, LONGEST_S, WHOLE_AFTER_S) == (120, 48 * 3600, 600)
    assert "it holds at most 48 hours" in GUIDE
    assert "ended more than ten minutes ago is played in whole files" in " ".join(DECISION.split())
    assert "64 MB of JPEG, the longest" in DECISION
    assert (CACHE_BYTES, TIMEOUT_S) == (64_000_000, 20)
