"""docs/exports.md tells every format there is."""

import re
from pathlib import Path

from streamproc.exports import FORMATS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "exports.md").read_text(encoding="utf-8")


def test_every_format_is_documented_with_its_ending() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| `(\.\w+)` \| .+ \|$", DOCUMENT, re.MULTILINE)
    assert rows == [(known.name, known.suffixes[0]) for known in FORMATS]
