"""The report of a scan for traces of inpainting."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from streamproc.forensics.findings import Finding
from streamproc.forensics.lasting import Lasting
from streamproc.forensics.traces import Box, Picture, Reliability
from streamproc.media.credentials import Credentials
from streamproc.media.stills import read_picture
from streamproc.training.report.credentials import credential_rows
from streamproc.training.report.page import crop_data, frame_data, write_page
from streamproc.training.report.texts import Number, Said, say

REPORT_FILE = "report.html"
_MOST_SHOWN = 40  # pictures, some hundred kilobytes each
_MOST_BOXES = 4
_VERY_SURE = 0.9  # a score
_LEAST_CROP = 96  # pixels, the side of what is shown enlarged
_AROUND = 0.5  # of a box, shown beside it at each side
_MARGIN = 0.004  # of the picture's width, between a box and its outline
_GRADES = {"sure": "unusable", "likely": "unusable", "weak": "usable"}
_FIRST = (Reliability.GOOD, Reliability.WEAK, Reliability.UNDECIDABLE)


def write_scan_report(
    folder: Path,
    method: str,
    found: tuple[Sequence[Lasting], Sequence[Finding]],
    files: Mapping[str, Credentials | None],
) -> Path:
    """Write ``folder``/report.html, whole in itself, and return its path.

    folder: where the findings' pictures and heat maps lie. found: what stays in its place in videos, the surest first,
    and what was found on single pictures. files: what each file's credentials say.
    Raises ConfigError when the report can't be written.
    """
    lasting, findings = found
    ranked = sorted(findings, key=_rank)
    seen = [one for one in ranked if one.picture is not None][:_MOST_SHOWN]
    values = {
        "title": say("scan_title", name=method),
        "grade": "usable" if lasting or any(one.boxes for one in ranked) else "good",
        "lead": _lead(ranked, len(lasting)),
        "events": [_event(one) for one in lasting],
        "likely": [_shown(folder, one) for one in seen if one.reliability is Reliability.GOOD],
        "unsure": [_shown(folder, one) for one in seen if one.reliability is not Reliability.GOOD],
        "credentials": credential_rows(files),
        "rows": [_row(one) for one in ranked],
    }
    return write_page(folder / REPORT_FILE, "scan.html", values)


def _rank(finding: Finding) -> tuple[bool, int, float]:
    """Return what findings are sorted by: what was found, how far it counts, how sure it is."""
    return not finding.boxes, _FIRST.index(finding.reliability), -finding.score


def _lead(findings: Sequence[Finding], events: int) -> list[Said]:
    found = sum(bool(one.boxes) and one.reliability is Reliability.GOOD for one in findings)
    hints = sum(bool(one.boxes) for one in findings) - found
    unknown = sum(one.reliability is Reliability.UNDECIDABLE for one in findings)
    count = Number(len(findings))
    said = [say("scan_found", found=Number(found), count=count) if found else say("scan_none", count=count)]
    if events:
        said.insert(0, say("scan_events", count=Number(events)))
    if hints:
        said.append(say("scan_hints", count=Number(hints)))
    if unknown:
        said.append(say("scan_undecidable", count=Number(unknown)))
    if found or hints or events:
        said.append(say("scan_no_proof"))
    return said


def _event(one: Lasting) -> dict[str, Any]:
    """Return what stays in its place, for the template."""
    event, path = one.event, Path(one.source)
    times = (_clock(float(time)) for time in (event.start, event.end, event.shown))
    start, end, shown = times
    word = {Reliability.GOOD: "likely", Reliability.WEAK: "weak", Reliability.UNDECIDABLE: "undecidable"}
    verdict = word[event.reliability]
    if verdict == "likely" and event.score >= _VERY_SURE:
        verdict = "sure"
    return {
        "name": path.name,
        "folder": "" if path.parent == Path() else f"{path.parent}/",
        "time": say("scan_lasts", start=start, end=end),
        "best": shown,
        "score": Number(event.score, 2),
        "grade": _GRADES.get(verdict, "unknown"),
        "verdict": say(f"scan_verdict_{verdict}"),
        **_place(event.box),
    }


def _shown(folder: Path, finding: Finding) -> dict[str, Any]:
    """Return a picture, its heat map, and its boxes on it and enlarged, for the template."""
    assert finding.picture is not None
    assert finding.heat is not None
    picture = read_picture(folder / finding.picture)
    height, width = picture.shape[:2]
    marked = list(enumerate(finding.boxes[:_MOST_BOXES], start=1))
    return {
        "picture": frame_data(picture),
        "heat": frame_data(read_picture(folder / finding.heat)),
        "width": width,
        "height": height,
        "outlines": [_outline(number, box, width) for number, box in marked],
        "crops": [{"number": number, "data": crop_data(_crop(picture, box)), **_place(box)} for number, box in marked],
        **_row(finding),
    }


def _outline(number: int, box: Box, width: int) -> dict[str, Any]:
    """Return a box's outline, a little outside of it, so that its own edge can be seen."""
    margin = round(_MARGIN * width)
    return {
        "number": number,
        "x": box.left - margin,
        "y": box.top - margin,
        "width": box.right - box.left + 2 * margin,
        "height": box.bottom - box.top + 2 * margin,
    }


def _crop(picture: Picture, box: Box) -> Picture:
    """Return a box with what is around it, as it is in the picture."""
    rows = _stretch(box.top, box.bottom, picture.shape[0])
    columns = _stretch(box.left, box.right, picture.shape[1])
    return np.ascontiguousarray(picture[rows, columns])


def _stretch(first: int, last: int, size: int) -> slice:
    around = max(round((last - first) * _AROUND), (_LEAST_CROP - (last - first)) // 2, 0)
    return slice(max(first - around, 0), min(last + around, size))


def _place(box: Box) -> dict[str, Any]:
    where = say("scan_place", left=Number(box.left), top=Number(box.top))
    return {"where": where, "size": f"{box.right - box.left} × {box.bottom - box.top}"}


def _row(finding: Finding) -> dict[str, Any]:
    path = Path(finding.source)
    boxes = [_place(box) for box in finding.boxes[:_MOST_BOXES]]
    hidden = len(finding.boxes) - len(boxes)
    return {
        "name": path.name,
        "folder": "" if path.parent == Path() else f"{path.parent}/",
        "time": None if finding.time_s is None else say("scan_at", time=_clock(finding.time_s)),
        "score": Number(finding.score, 2),
        "grade": _grade(finding),
        "verdict": say(f"scan_verdict_{_verdict(finding)}"),
        "boxes": boxes,
        "more": say("scan_more", count=Number(hidden)) if hidden else None,
    }


def _verdict(finding: Finding) -> str:
    """Return which words say what was found on a picture."""
    if finding.reliability is Reliability.UNDECIDABLE:
        return "undecidable"
    if not finding.boxes:
        return "nothing"
    if finding.reliability is Reliability.WEAK:
        return "weak"
    return "sure" if finding.score >= _VERY_SURE else "likely"


def _grade(finding: Finding) -> str:
    """Return the colour of those words."""
    return _GRADES.get(_verdict(finding), "unknown")


def _clock(seconds: float) -> str:
    """Return a time in a video: 1:02:03.480."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
