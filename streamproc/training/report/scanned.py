"""The report of a scan for traces of inpainting."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamproc.forensics.findings import Finding
from streamproc.forensics.traces import Reliability
from streamproc.media.credentials import Credentials
from streamproc.media.stills import read_picture
from streamproc.training.report.credentials import credential_rows
from streamproc.training.report.page import frame_data, write_page
from streamproc.training.report.texts import Number, Said, say

REPORT_FILE = "report.html"
_MOST_SHOWN = 40  # pictures, some hundred kilobytes each
_MOST_BOXES = 4


def write_scan_report(
    folder: Path, method: str, findings: Sequence[Finding], files: Mapping[str, Credentials | None]
) -> Path:
    """Write ``folder``/report.html, whole in itself, and return its path.

    folder: where the findings' heat maps lie. files: what each file's credentials say.
    Raises ConfigError when the report can't be written.
    """
    ranked = sorted(findings, key=lambda one: one.score, reverse=True)
    values = {
        "title": say("scan_title", name=method),
        "lead": _lead(ranked),
        "credentials": credential_rows(files),
        "shown": [_shown(folder, one) for one in ranked[:_MOST_SHOWN] if one.boxes],
        "rows": [_row(one) for one in ranked],
    }
    return write_page(folder / REPORT_FILE, "scan.html", values)


def _lead(findings: Sequence[Finding]) -> list[Said]:
    found = sum(bool(one.boxes) and one.reliability is Reliability.GOOD for one in findings)
    hints = sum(bool(one.boxes) for one in findings) - found
    unknown = sum(one.reliability is Reliability.UNDECIDABLE for one in findings)
    count = Number(len(findings))
    said = [say("scan_found", found=Number(found), count=count) if found else say("scan_none", count=count)]
    if hints:
        said.append(say("scan_hints", count=Number(hints)))
    if unknown:
        said.append(say("scan_undecidable", count=Number(unknown)))
    return said


def _shown(folder: Path, finding: Finding) -> dict[str, Any]:
    return {"picture": frame_data(read_picture(folder / finding.heat)), **_row(finding)}


def _row(finding: Finding) -> dict[str, Any]:
    source: Said = say("verbatim", text=finding.source)
    if finding.time_s is not None:
        source = say("scan_at", source=finding.source, time=Number(finding.time_s, 3))
    boxes = [
        f"{box.left}, {box.top}, {box.right - box.left} × {box.bottom - box.top}" for box in finding.boxes[:_MOST_BOXES]
    ]
    hidden = len(finding.boxes) - len(boxes)
    return {
        "source": source,
        "score": Number(finding.score, 2),
        "reliability": say(f"reliability_{finding.reliability.value}"),
        "boxes": boxes,
        "more": say("scan_more", count=Number(hidden)) if hidden else None,
    }
