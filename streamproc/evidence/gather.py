"""Gathers what is known and what is still recorded of a clip or piece into one document and the files beside it.

What is gone (deleted by retention, replaced, moved away) is said in ``missing``, and everything else is given all the
same. docs/evidence.md describes every key.
"""

from collections.abc import Sequence
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from streamproc.catalogue import BoundaryRow, Catalogue, EpochRow, LabelRow, VersionRow
from streamproc.catalogue.findings import FindingRow
from streamproc.catalogue.history import History
from streamproc.config import Settings
from streamproc.errors import ConfigError, ModelError, RecordingError, SourceError
from streamproc.evidence.pack import head_sha256
from streamproc.evidence.plot import draw
from streamproc.evidence.scores import FrameScore, open_channel_model, score_around, table
from streamproc.evidence.subject import Subject
from streamproc.inference.card import file_sha256
from streamproc.inference.session import LogoModel
from streamproc.media.recording.reader import RecordedFile, RecordingEpoch, RecordingFootage
from streamproc.messages import Placement, Span
from streamproc.timebase import Clock, iso_utc, to_ns

AROUND_S: Final = Fraction(10)
"""Boundaries so near to what was cut are told of, too."""
_SEARCHED: Final = (
    "the channel's keyframes are searched for paint as the machine has time; what was not found may be there all the "
    "same, and what was found is a reason to look closer, and no proof"
)
_NOT_SEARCHED: Final = "the channel's recording was never searched for paint"


class Gathering:
    """One document under way."""

    def __init__(self, catalogue: Catalogue, settings: Settings, subject: Subject, clock: Clock) -> None:
        self._catalogue = catalogue
        self._settings = settings
        self._subject = subject
        self._clock = clock
        self._history = History(catalogue.ledger)
        footage = RecordingFootage(settings.recording_dir / subject.channel)
        self._recorded: dict[int, RecordingEpoch] = {epoch.id: epoch for epoch in footage.epochs()}
        self._epochs = {row.epoch: row for row in catalogue.epochs(subject.channel)}
        self.missing: list[str] = []
        """What is gone, one sentence each."""
        self.files: dict[str, bytes] = {}
        """What lies beside the document, by name."""

    def document(self) -> dict[str, Any]:
        """Return the document, having filled ``missing`` and ``files``. Raises CatalogueError, RecordingError."""
        subject = self._subject
        used = list(dict.fromkeys(span.epoch for span in subject.spans))
        boundaries = self._boundaries()
        model, told = self._model()
        files = {(one["epoch"], one["number"]): one for span in subject.spans for one in self._files(span)}
        return {
            "schema": 1,
            "made_utc": iso_utc(self._clock.utc_ns()),
            "made_by": f"streamproc {version('streamproc')}",
            "subject": self._about(),
            "spans": [self._span(span) for span in subject.spans],
            "epochs": [_epoch(self._epochs[number]) for number in used],
            "files": list(files.values()),
            "model": told,
            "boundaries": [self._boundary(row, model) for row in boundaries],
            "people": self._people(boundaries),
            "forensics": self._forensics(),
            "missing": self.missing,
        }

    def _about(self) -> dict[str, Any]:
        subject = self._subject
        now: str | None = None
        if subject.path is not None:
            path = self._settings.clip_dir / subject.path
            now = self._hashed(path, f"the {subject.kind}'s own file {subject.path}")
            if now is not None and subject.sha256 is not None and now != subject.sha256:
                self.missing.append(f"the {subject.kind}'s own file {subject.path} is not the one that was cut")
        return {
            "kind": subject.kind.value,
            "id": subject.id,
            "channel": subject.channel,
            "title": subject.title,
            "description": subject.description,
            "state": str(subject.state),
            "mode": str(subject.mode),
            "segment_id": subject.segment_id,
            "programme_id": subject.programme_id,
            "updated_utc": iso_utc(subject.updated_ns),
            "message": subject.message,
            "file": {
                "path": subject.path,
                "size_bytes": subject.size_bytes,
                "sha256": subject.sha256,
                "sha256_now": now,
            },
        }

    def _span(self, span: Span) -> dict[str, Any]:
        return {
            "epoch": span.epoch,
            "start": self._place(span.epoch, span.start),
            "end": self._place(span.epoch, span.end),
            "duration_s": float(span.end - span.start),
        }

    def _place(self, epoch: int, time: Fraction) -> dict[str, Any]:
        zero_ns = self._epochs[epoch].utc_zero_ns
        frame = None
        if epoch in self._recorded:
            try:
                frame = self._recorded[epoch].frame_number(time)
            except RecordingError:
                frame = None  # what is deleted is told of with the files
        return {
            "time": _exact(time),
            "time_s": float(time),
            "frame": frame,
            "utc": None if zero_ns is None else iso_utc(zero_ns + to_ns(time)),
        }

    def _files(self, span: Span) -> list[dict[str, Any]]:
        """Return the recorded files of a stretch with their checksums, and say which part of it is gone."""
        where = f"epoch {span.epoch} from {float(span.start):.3f} to {float(span.end):.3f} s"
        epoch = self._recorded.get(span.epoch)
        files = [] if epoch is None else epoch.files(span.start, span.end)
        entries = []
        for file in files:
            checksum = self._hashed(
                file.path, f"the recorded file {file.number} of epoch {span.epoch}", file.size_bytes
            )
            if checksum is not None:
                entries.append(_file(span.epoch, file, checksum))
        if not files:
            self.missing.append(f"{where} is not recorded any more, so no recorded file can be named")
        elif _has_holes(files, span):
            self.missing.append(f"{where} is recorded only in part; the files that are still there are named")
        return entries

    def _hashed(self, path: Path, what: str, size: int | None = None) -> str | None:
        """Return the checksum of a file, or of its first bytes; say so when it is gone."""
        try:
            return file_sha256(path) if size is None or path.stat().st_size == size else head_sha256(path, size)
        except OSError as error:
            self.missing.append(f"{what} can't be read ({error.strerror})")
            return None

    def _model(self) -> tuple[LogoModel | None, dict[str, Any]]:
        """Return the model the channel has now, if it can be used, and what is told of it."""
        row = next((row for row in self._catalogue.channels() if row.name == self._subject.channel), None)
        told: dict[str, Any] = {
            "name": None if row is None else row.model_name,
            "sha256": None if row is None else row.model_sha256,
            "scored_by": None,
            "note": "the model the channel has now; which one placed a boundary is not written down with it",
        }
        try:
            model = open_channel_model(self._settings, self._settings.channel(self._subject.channel))
        except (ConfigError, ModelError) as error:
            self.missing.append(f"no scores: {error}")
            return None, told
        told["scored_by"] = {"name": model.card.name, "sha256": model.card.sha256}
        if model.card.sha256 != told["sha256"]:
            self.missing.append("the model that the channel was last analysed with is not the one in its folder")
        return model, told

    def _boundaries(self) -> list[BoundaryRow]:
        found: dict[int, BoundaryRow] = {}
        for span in self._subject.spans:
            start, end = max(Fraction(0), span.start - AROUND_S), span.end + AROUND_S
            rows = self._history.boundaries(self._subject.channel, span.epoch, start, end)
            found |= {row.id: row for row in rows}
        return list(found.values())

    def _boundary(self, row: BoundaryRow, model: LogoModel | None) -> dict[str, Any]:
        versions = self._catalogue.versions(row.id)
        scores = self._scores(row, model)
        names: dict[str, str | None] = {"table": None, "plot": None}
        if scores:
            names = {"table": f"scores/boundary-{row.id}.csv", "plot": f"plots/boundary-{row.id}.png"}
            self.files[f"scores/boundary-{row.id}.csv"] = table(scores)
            self.files[f"plots/boundary-{row.id}.png"] = draw(row, versions, scores)
        change = row.change
        return {
            "id": row.id,
            "epoch": row.epoch,
            "role": row.role.value,
            "before": row.before.value,
            "after": row.after.value,
            "state": row.state.value,
            "utc": None if row.utc_ns is None else iso_utc(row.utc_ns),
            "found_utc": iso_utc(row.created_ns),
            **_placed(row.placement),
            "decided_from": None
            if change is None
            else {
                "last_old": None if change.last_old is None else _exact(change.last_old),
                "first_new": _exact(change.first_new),
                "decided": _exact(change.decided),
            },
            "versions": [_version(version) for version in versions],
            "scores": names,
        }

    def _scores(self, row: BoundaryRow, model: LogoModel | None) -> list[FrameScore]:
        if model is None:
            return []
        where = f"boundary {row.id} at {float(row.time):.3f} s of epoch {row.epoch}"
        epoch = self._recorded.get(row.epoch)
        if epoch is None:
            self.missing.append(f"no scores around {where}: it is not recorded any more")
            return []
        try:
            scores = score_around(epoch, model, row.time)
        except (RecordingError, SourceError) as error:
            self.missing.append(f"no scores around {where}: {error}")
            return []
        if not scores:
            self.missing.append(f"no scores around {where}: no frame of it could be decoded")
        return scores

    def _people(self, boundaries: Sequence[BoundaryRow]) -> list[dict[str, Any]]:
        """Return who said or asked for what, oldest first."""
        said = [_label(row) for row in self._catalogue.labels(self._subject.channel) if self._touches(row)]
        subject = self._subject
        for review in self._history.reviews([row.id for row in boundaries], subject.programme_id):
            about = f"boundary {review.boundary_id}" if review.boundary_id else f"programme {review.programme_id}"
            said.append(_deed(review.created_ns, review.author, f"{review.verdict} {about}"))
        programme = None if subject.programme_id is None else self._catalogue.programmes.get(subject.programme_id)
        if programme is not None and programme.title_author is not None:
            what = f"named programme {programme.id} '{programme.title}'"
            said.append(_deed(programme.updated_ns, programme.title_author, what))
        said.sort(key=lambda deed: str(deed["utc"]))
        if subject.author is not None:
            said.insert(0, _deed(None, subject.author, f"wanted {subject.kind} {subject.id}"))
        return said

    def _forensics(self) -> dict[str, Any]:
        """Return what looks painted over in the spans, with its heat beside the document."""
        book, channel = self._catalogue.findings, self._subject.channel
        rows = {row.id: row for span in self._subject.spans for row in book.of_span(channel, span)}
        for number in rows:
            heat = book.heat(number)
            assert heat is not None  # it has just been there
            self.files[_heat_file(number)] = heat
        note = _NOT_SEARCHED if book.place(channel) is None else _SEARCHED
        return {"findings": [_finding(row) for row in rows.values()], "note": note}

    def _touches(self, row: LabelRow) -> bool:
        label = row.label
        return any(
            label.epoch == span.epoch and label.start < span.end and span.start < label.end
            for span in self._subject.spans
        )


def _has_holes(files: Sequence[RecordedFile], span: Span) -> bool:
    numbers = [file.number for file in files]
    whole = numbers == list(range(numbers[0], numbers[-1] + 1))
    return not whole or files[0].start > span.start or files[-1].end < span.end


def _file(epoch: int, file: RecordedFile, checksum: str) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "number": file.number,
        "path": f"{epoch}/{file.path.name}",
        "size_bytes": file.size_bytes,
        "sha256": checksum,
        "start": _exact(file.start),
        "end": _exact(file.end),
        "closed": file.closed,
    }


def _epoch(row: EpochRow) -> dict[str, Any]:
    return {
        "epoch": row.epoch,
        "start_utc": None if row.utc_zero_ns is None else iso_utc(row.utc_zero_ns),
        "frame_rate": None if row.frame_rate is None else _exact(row.frame_rate),
        "description": row.description,
        "end": None if row.end is None else _exact(row.end),
        "end_reason": row.end_reason,
    }


def _version(row: VersionRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "state": row.state.value,
        "written_utc": iso_utc(row.created_ns),
        "author": row.author,
        **_placed(row.placement),
    }


def _placed(at: Placement) -> dict[str, Any]:
    return {
        "time": _exact(at.time),
        "time_s": float(at.time),
        "frame": at.frame,
        "confidence": at.confidence,
        "method": at.method.value,
    }


def _finding(row: FindingRow) -> dict[str, Any]:
    box = row.box
    return {
        "id": row.id,
        "epoch": row.epoch,
        "start": _exact(row.start),
        "end": _exact(row.end),
        "shown": _exact(row.shown),
        "kind": row.kind.value,
        "box": [box.left, box.top, box.right, box.bottom],
        "width": row.width,
        "height": row.height,
        "score": row.score,
        "reliability": row.reliability.value,
        "keyframes": row.keyframes,
        "model": {"name": row.examiner.name, "sha256": row.examiner.sha256},
        "verdict": None if row.verdict is None else row.verdict.value,
        "verdict_by": row.verdict_author,
        "verdict_utc": None if row.verdict_ns is None else iso_utc(row.verdict_ns),
        "comment": row.note,
        "heat": _heat_file(row.id),
    }


def _heat_file(number: int) -> str:
    return f"heat/finding-{number}.png"


def _label(row: LabelRow) -> dict[str, Any]:
    label = row.label
    what = f"labelled {float(label.start):.3f} to {float(label.end):.3f} s of epoch {label.epoch} as {label.kind}"
    return _deed(row.created_ns, row.author, what)


def _deed(utc_ns: int | None, who: str, what: str) -> dict[str, Any]:
    return {"utc": None if utc_ns is None else iso_utc(utc_ns), "who": who, "what": what}


def _exact(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
