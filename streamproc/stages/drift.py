"""Watches over a channel's model: shown each sample and score, it raises alarms with pictures, and takes them back.

What it decides by is streamproc/logic/drift.py. It never stops the decision: where it can't write, it says so in the
log and tries again at the end of the next bucket.
"""

import shutil
from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import structlog
from numpy.typing import NDArray

from streamproc.catalogue import Catalogue, SegmentFilter, SegmentRow
from streamproc.errors import CatalogueError, RecordingError, SourceError
from streamproc.logic.drift import Action, Drift, Finding, Limits, Moment, dispute
from streamproc.logic.labels import Label, effective
from streamproc.media.decoder import KeyframeDecoder
from streamproc.media.footage import Epoch, Footage
from streamproc.messages import AlarmKind, Kind, Sample, Score
from streamproc.stage import Surroundings
from streamproc.telemetry import Telemetry
from streamproc.timebase import to_ns, utc_from_ns

log = structlog.get_logger()

Picture = NDArray[np.uint8]

CROPS = 6
"""Pictures of the corner that an alarm keeps, at most."""
KEPT = 20
"""Alarms of a channel whose pictures are kept."""
FRAME = "frame.jpg"
_CROP_EVERY_S = 5  # pictures of the corner are so far apart
_LOOK_BACK_S = 60  # a keyframe is looked for in so many seconds before the sample
_MARGIN_S = 3  # at either end of a segment, where what people say is no dispute
_SURE_AGAIN = "the model is sure of what it sees again"
_AGREED = "what people say does not contradict the model any more"
_FRAME_WIDTH = 960  # of a whole picture, pixels, at most
_QUALITY = 85


class DriftWatch:
    """The watch over one channel's model; ``observe`` is an observer of ClassifyStage."""

    def __init__(
        self, around: Surroundings, footage: Footage, catalogue: Catalogue, limits: Limits, folder: Path
    ) -> None:
        """folder: where the channel's alarms keep their pictures, each alarm in a folder of its own."""
        self._around = around
        self._footage = footage
        self._catalogue = catalogue
        self._limits = limits
        self._folder = folder
        self._model = ""
        self._drift: Drift | None = None
        self._unsure: deque[tuple[Moment, Picture]] = deque(maxlen=CROPS)
        self._latest: deque[tuple[Moment, Picture]] = deque(maxlen=CROPS)
        self._pending: Finding | None = None
        self._asked = False  # whether people's labels were looked up since the last bucket's end

    def begin(self, model_sha256: str) -> None:
        """Go on where the last process was; with another model begin anew, and clear the alarm. Raises CatalogueError.

        The alarm that stands is what the catalogue says. The scores of the window are those of the last snapshot.
        """
        channel = self._around.channel
        standing = self._catalogue.standing_alarm(channel)
        if standing is not None and standing.model_sha256 != model_sha256:
            self._catalogue.clear_alarm(channel, "another model has taken the place of the one it was about")
            log.info("drift.cleared", channel=channel, alarm=standing.kind, reason="another model")
            standing = None
        self._model, self._pending = model_sha256, None
        self._drift = Drift(self._limits)
        kind = None if standing is None else standing.kind
        model, _, memory = (self._catalogue.watch(channel) or "").partition(" ")
        try:
            self._drift.restore(memory if model == model_sha256 else None, kind)
        except (ValueError, KeyError, TypeError):  # another version's: the window fills again
            self._drift = Drift(self._limits)
            self._drift.restore(None, kind)
        self._show()

    def observe(self, sample: Sample, score: Score, took_s: float) -> None:
        """Take in a sample and its score, in order."""
        if self._drift is None:
            return
        self._remember(sample, score)
        if self._drift.began is not None and not self._asked:
            self._ask(sample)
        finding = self._drift.step(score)
        if finding is None:
            return
        self._asked = False
        if finding.action is not Action.STAY:
            self._pending = finding
        self._show()
        try:
            if self._pending is not None:
                self._act(self._pending, sample)
            self._pending = None
            self._catalogue.save_watch(self._around.channel, f"{self._model} {self._drift.snapshot()}")
        except CatalogueError as error:
            log.warning("drift.not_saved", channel=self._around.channel, error=str(error))

    def _ask(self, sample: Sample) -> None:
        """Look up once a bucket what people say against the model's decisions."""
        assert self._drift is not None
        assert self._drift.began is not None
        self._asked = True
        channel, began = self._around.channel, self._drift.began
        try:
            said = effective(row.label for row in self._catalogue.labels(channel))
            epochs = sorted({label.epoch for label in said if label.epoch >= began.epoch})
            segments = [
                segment for epoch in epochs for segment in self._catalogue.segments(channel, SegmentFilter(epoch=epoch))
            ]
            found = [label for epoch in epochs for label in self._catalogue.edits.found_in(channel, epoch)]
        except CatalogueError as error:
            log.warning("drift.no_labels", channel=channel, error=str(error))
            return
        self._drift.dispute = dispute(said, _decided(segments, found, sample), began)

    def _remember(self, sample: Sample, score: Score) -> None:
        moment = Moment(sample.epoch, sample.time)
        unsure = max(score.probability, 1 - score.probability) < self._limits.min_certainty
        for wanted, kept in ((True, self._latest), (unsure, self._unsure)):
            if wanted and (not kept or _apart(kept[-1][0], moment)):
                kept.append((moment, sample.crop))

    def _act(self, finding: Finding, sample: Sample) -> None:
        channel, footing = self._around.channel, finding.footing
        if finding.alarm is None:
            standing = self._catalogue.standing_alarm(channel)
            disputed = standing is not None and standing.kind is AlarmKind.DISPUTED
            self._catalogue.clear_alarm(channel, _AGREED if disputed else _SURE_AGAIN)
            log.info("drift.cleared", channel=channel, sureness=round(footing.sureness, 3))
            return
        pictures = self._keep_pictures(finding.alarm, sample)
        since_ns = self._utc_ns(finding.since)
        number = self._catalogue.raise_alarm(channel, finding.alarm, footing, since_ns=since_ns, pictures=pictures)
        self._around.telemetry.drift.alarms.labels(channel, finding.alarm).inc()
        log.warning(
            "drift.alarm",
            channel=channel,
            alarm=finding.alarm,
            number=number,
            sureness=round(footing.sureness, 3),
            usual=round(footing.usual, 3),
            unsure_share=round(footing.unsure_share, 3),
            absent_s=round(footing.absent_s),
        )

    def _keep_pictures(self, kind: AlarmKind, sample: Sample) -> list[str]:
        """Write pictures, delete those of old alarms; returns their names below the folder of all alarms."""
        crops = self._unsure if kind is AlarmKind.UNSURE and self._unsure else self._latest
        pictures = {f"corner{number}.jpg": crop for number, (_, crop) in enumerate(crops, 1)}
        try:
            whole = self._whole_picture(sample)
            if whole is not None:
                pictures = {FRAME: whole} | pictures
            name = f"{utc_from_ns(self._around.clock.utc_ns()):%Y%m%dT%H%M%S.%f}-{kind}"
            _write(self._folder / name, pictures)
            for old in sorted(path for path in self._folder.iterdir() if path.is_dir())[:-KEPT]:
                shutil.rmtree(old)
        except (OSError, RecordingError, SourceError) as error:
            log.warning("drift.no_pictures", channel=self._around.channel, error=str(error))
            return []
        return [f"{self._folder.name}/{name}/{picture}" for picture in pictures]

    def _whole_picture(self, sample: Sample) -> Picture | None:
        """Return the last keyframe up to a sample, (H, W, 3) RGB, made smaller; None when there is none to be had."""
        epoch = self._epoch(sample.epoch)
        if epoch is None:
            return None
        times = epoch.keyframe_times(max(Fraction(0), sample.time - _LOOK_BACK_S), sample.time + Fraction(1, 1000))
        packet = next(epoch.keyframes(times[-1] - Fraction(1, 1000)), None) if times else None
        frame = None if packet is None else KeyframeDecoder(epoch.format.video).decode(packet)
        if frame is None:
            return None
        picture = frame.crop((0, 0, frame.width // 2 * 2, frame.height // 2 * 2))
        scale = min(1.0, _FRAME_WIDTH / picture.shape[1])
        return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)

    def _utc_ns(self, moment: Moment) -> int:
        epoch = self._epoch(moment.epoch)
        if epoch is None or epoch.utc_zero_ns is None:
            return self._around.clock.utc_ns()
        return epoch.utc_zero_ns + to_ns(moment.time)

    def _epoch(self, number: int) -> Epoch | None:
        return next((epoch for epoch in self._footage.epochs() if epoch.id == number), None)

    def _show(self) -> None:
        assert self._drift is not None
        telemetry, channel, footing = self._around.telemetry, self._around.channel, self._drift.footing()
        telemetry.drift.sureness.labels(channel).set(footing.sureness)
        telemetry.drift.usual.labels(channel).set(footing.usual)
        telemetry.drift.absent.labels(channel).set(footing.absent_s)
        for kind in AlarmKind:
            telemetry.drift.alarm.labels(channel, kind).set(kind is self._drift.alarm)


def end_watch(channel: str, catalogue: Catalogue, telemetry: Telemetry) -> None:
    """Clear the alarm of a channel that is not watched any more. Raises CatalogueError."""
    if catalogue.clear_alarm(channel, "the model is not watched any more") is not None:
        log.info("drift.cleared", channel=channel, reason="not watched any more")
    for kind in AlarmKind:
        telemetry.drift.alarm.labels(channel, kind).set(0)


def _decided(segments: Sequence[SegmentRow], found: Sequence[Label], now: Sample) -> list[Label]:
    """Return what was decided, away from the boundaries: these may be a little off.

    found: what people's edits found there, and have corrected since.
    """
    on_air = []
    for segment in segments:
        reached = now.time if segment.epoch == now.epoch else segment.start.time
        start, end = segment.start.time, reached if segment.end is None else segment.end.time
        if start < end:
            on_air.append(Label(epoch=segment.epoch, start=start, end=end, kind=segment.kind))
    return [
        Label(epoch=whole.epoch, start=whole.start + _MARGIN_S, end=whole.end - _MARGIN_S, kind=whole.kind)
        for whole in effective([*on_air, *found])
        if whole.kind is not Kind.UNKNOWN and whole.end - whole.start > 2 * _MARGIN_S
    ]


def _apart(before: Moment, after: Moment) -> bool:
    return before.epoch != after.epoch or after.time - before.time >= _CROP_EVERY_S


def _write(folder: Path, pictures: dict[str, Picture]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        done, coded = cv2.imencode(
            ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        )
        if done:
            (folder / name).write_bytes(coded.tobytes())
