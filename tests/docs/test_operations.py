"""docs/operations.md tells every metric, exit code, warning and state as they are."""

import re
from pathlib import Path

from streamproc.errors import StreamprocError
from streamproc.web.answers import FeedState
from tests.metrics import metrics

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def documented_metrics() -> set[tuple[str, str, str]]:
    return set(re.findall(r"^\| `(streamproc_\w+)` \| (\w+) \| (.*?) \| .+ \|$", DOCUMENT, re.MULTILINE))


def real_metrics() -> set[tuple[str, str, str]]:
    found = set()
    for collector in metrics():
        (family,) = collector.describe()
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found.add((name, family.type, ", ".join(f"`{label}`" for label in collector._labelnames)))
    return found


def test_every_metric_is_documented_with_its_kind_and_labels() -> None:
    assert documented_metrics() == real_metrics()


def error_classes(root: type[StreamprocError]) -> set[type[StreamprocError]]:
    return {root}.union(*(error_classes(child) for child in root.__subclasses__()))


def test_every_exit_code_is_documented() -> None:
    section = DOCUMENT.split("## Exit codes")[1].split("\n## ")[0]
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)}
    assert documented == {0} | {error.exit_code for error in error_classes(StreamprocError)}


def rows_of(heading: str) -> set[str]:
    """The words in code in the first column of a section's table."""
    section = DOCUMENT.split(f"### {heading}")[1].split("\n#")[0]
    firsts = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    return {word for first in firsts for word in re.findall(r"`([^`]+)`", first)}


def test_every_state_of_a_feed_is_documented() -> None:
    assert rows_of("How a feed can be") == {state.value for state in FeedState}


def test_every_warning_and_error_of_the_log_is_documented() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "streamproc").rglob("*.py"))
    logged = re.findall(r"\b_?log\.(?:warning|error|exception)\(\s*\"([\w.]+)\"", sources)
    assert rows_of("What the log warns of") == set(logged)
