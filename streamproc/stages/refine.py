"""Puts provisional boundaries on their frame, and settles them.

The catalogue is the queue: whatever is provisional there is worked off, in time order, also after a kill. A boundary
gets a new version as soon as enough is recorded after it to look, a last one when as much is recorded as a look needs,
and is final when the decision has gone past the time in which the next change could still prove it a blip. Looking is
a function of the recording alone, so live and batch end with the same frames.
"""

import asyncio
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import structlog
from numpy.typing import NDArray

from streamproc.catalogue.rows import BoundaryRow
from streamproc.catalogue.store import Catalogue
from streamproc.config import CueSettings
from streamproc.errors import CatalogueConflict, RecordingError
from streamproc.inference.session import LogoModel
from streamproc.logic.changepoint import Window, locate
from streamproc.logic.cues import FAR_S, Stance, announced, confidence, stance, weights
from streamproc.logic.sampling import SamplingPlan, Settled
from streamproc.media.decoder import AUDIO_STEP, Frame, KeyframeDecoder, SoundEnvelope, decode_audio, decode_frames
from streamproc.media.footage import Epoch, Footage
from streamproc.messages import BoundaryState, Change, Cue, CueKind, Kind, Method, Placement
from streamproc.scte35.placing import read_cues
from streamproc.stage import Surroundings
from streamproc.timebase import NS, to_ns

log = structlog.get_logger()

POLL_S = 0.25
THUMBNAIL = (32, 18)
"""Width and height of the pictures that shot detection looks at."""
_INWARD = Fraction(6, 10)
"""What is read on the side of the bracket where the bug is surely on or surely gone, seconds."""
_OUTWARD = Fraction(18, 10)
"""What is read on the side where the picture changes before or after the bug does."""
_REFERENCE = Fraction(8)
"""How far back (and forth, see _FORTH) keyframes are looked at for what programme and advert look like."""
_FORTH = Fraction(9, 2)
_REFERENCES = 8
_LATE_BUG = Fraction(3, 2)
"""A programme begins at most so long before its bug is seen."""
_BATCH = 32
_BATCH_BYTES = 24_000_000  # of pictures in a batch: those of a bug that moves may be nearly whole ones
_UNREAD = 0.1


@dataclass(frozen=True, slots=True)
class Look:
    """What looking around a change found."""

    placement: Placement
    """Where the boundary is."""
    is_complete: bool
    """Whether all that a look may use was recorded; if not, a later look may find otherwise."""
    said: Stance = Stance.SILENT
    """What the feed's cues say to it."""


@dataclass(frozen=True, slots=True)
class Room:
    """Between which times a boundary may lie: its neighbours, with the bug's last or first sample beside them."""

    start: Fraction
    """Exclusive."""
    end: Fraction
    """Exclusive."""


class Placer:
    """Looks at the recording around a change, frame by frame."""

    def __init__(self, around: Surroundings, model: LogoModel, cues: CueSettings | None = None) -> None:
        self._around = around
        self._model = model
        self._cues = CueSettings() if cues is None else cues
        self._tolerance = Fraction(self._cues.tolerance_s).limit_denominator(1000)

    def place(self, epoch: Epoch, change: Change, room: Room) -> Look:
        """Return where the boundary of a change is. Raises RecordingError when the recording can't be read."""
        entering = change.after is Kind.PROGRAMME
        before, after = (_OUTWARD, _INWARD) if entering else (_INWARD, _OUTWARD)
        last_old = change.first_new if change.last_old is None else change.last_old
        start = max(room.start, last_old - before)
        end = min(room.end, change.first_new + after)
        ended, recorded = epoch.has_ended(), epoch.end()
        complete = ended or recorded >= min(room.end, change.first_new + _FORTH)
        times, window = self._window(epoch, start, end)
        if len(times) < 4:
            frame = epoch.frame_number(change.first_new)
            place = Placement(time=change.first_new, frame=frame, confidence=_UNREAD, method=Method.SAMPLE)
            return Look(place, complete)
        cues, kind = self._announced(epoch, change.first_new), CueKind.IN if entering else CueKind.OUT
        window = replace(
            window,
            cues=weights(cues, times, kind, self._tolerance),
            before=_keyframe_thumbnails(epoch, max(room.start, start - _REFERENCE), start),
            after=_keyframe_thumbnails(epoch, end, min(room.end, change.first_new + _FORTH)),
        )
        found = locate(window, entering=entering)
        time = times[min(found.at, len(times) - 1)]
        said = stance(cues, time, kind, self._tolerance)
        at = Placement(
            time=time,
            frame=epoch.frame_number(time),
            confidence=confidence(found.confidence, said),
            method=found.method,
        )
        return Look(at, complete, said)

    def _announced(self, epoch: Epoch, around: Fraction) -> list[Cue]:
        """Return what stands of the cues that were sent within reach of a time."""
        if not self._cues.use:
            return []
        return announced(read_cues(message for message in epoch.cues() if abs(message.sent - around) <= 2 * FAR_S))

    def _window(self, epoch: Epoch, start: Fraction, end: Fraction) -> tuple[list[Fraction], Window]:
        times: list[Fraction] = []
        thumbnails: list[NDArray[np.uint8]] = []
        crops: list[NDArray[np.uint8]] = []
        odds: list[NDArray[np.float32]] = []
        for frame in decode_frames(epoch, start, end):
            times.append(frame.time)
            thumbnails.append(frame.thumbnail(*THUMBNAIL))
            crops.append(self._crop(frame))
            if len(crops) == _BATCH or len(crops) * crops[0].nbytes > _BATCH_BYTES:
                odds.append(self._model.log_odds(crops))
                crops.clear()
        odds.append(self._model.log_odds(crops))
        self._around.telemetry.reading.frames_decoded.labels(self._around.channel, "refine").inc(len(times))
        window = Window(
            log_odds=np.concatenate(odds),
            thumbnails=np.stack(thumbnails) if thumbnails else _NO_PICTURES,
            sound=_per_frame(decode_audio(epoch, start, end), times),
            rate=_rate(times),
            before=_NO_PICTURES,
            after=_NO_PICTURES,
        )
        return times, window

    def _crop(self, frame: Frame) -> NDArray[np.uint8]:
        return frame.crop(self._model.card.region.pixels(frame.width, frame.height))


class RefineStage:
    """Works off a channel's provisional boundaries until :meth:`finish` was called and none is left."""

    def __init__(
        self,
        around: Surroundings,
        footage: Footage,
        catalogue: Catalogue,
        placer: Placer,
        *,
        plan: SamplingPlan,
        min_segment_s: float,
    ) -> None:
        self._around = around
        self._footage = footage
        self._catalogue = catalogue
        self._placer = placer
        self._plan = plan
        self._shortest = Fraction(min_segment_s).limit_denominator(1000)
        self._looks: dict[int, Look] = {}
        self._finishing = asyncio.Event()

    def finish(self) -> None:
        """Say that nothing new will be decided: settle what is left and end."""
        self._finishing.set()

    async def run(self) -> None:
        """Work until finished, or cancelled."""
        while True:
            finishing = self._finishing.is_set()
            left = await self._around.call(self.settle_round)
            if finishing and left == 0:
                return
            if not finishing or left:
                await self._around.clock.sleep(POLL_S)

    def settle_round(self) -> int:
        """Look at and settle what can be by now; return how many boundaries are still provisional."""
        # Before the rows are read: looking takes seconds, and what is decided meanwhile is not among them.
        finishing, settled_until = self._finishing.is_set(), self._plan.settled
        rows = self._catalogue.provisional(self._around.channel)
        self._looks = {row.id: self._looks[row.id] for row in rows if row.id in self._looks}
        epochs = {epoch.id: epoch for epoch in self._footage.epochs()}
        for row in rows:
            epoch = epochs.get(row.epoch)
            if epoch is None or not epoch.has_ended() or finishing or _is_decided_around(row, settled_until):
                self._look_at(row, epoch)
        gone = self._withdraw_blips(rows)
        standing = [row for row in rows if row.id not in gone]
        settled = 0
        for number, row in enumerate(standing):
            following = standing[number + 1] if number + 1 < len(standing) else None
            is_settled = finishing or self._is_settled(row, settled_until)
            if not (is_settled and self._is_looked_at(row, following)):
                break  # in time order, or a final boundary could be passed by an earlier one
            if not self._settle(row, epochs.get(row.epoch)):
                break
            settled += 1
        return len(standing) - settled

    def _look_at(self, row: BoundaryRow, epoch: Epoch | None) -> None:
        known = self._looks.get(row.id)
        if row.change is None or (known is not None and known.is_complete):
            return
        if epoch is None:
            log.warning("refine.recording_gone", channel=row.channel, epoch=row.epoch, time_s=float(row.time))
            self._looks[row.id] = Look(replace(row.placement, confidence=_UNREAD), is_complete=True)
            return
        ended, recorded = epoch.has_ended(), epoch.end()
        enough = row.change.first_new + (_OUTWARD if known is None else _FORTH)
        if not ended and recorded < enough:
            return
        room = self._room(row)
        try:
            look = self._placer.place(epoch, row.change, room)
        except RecordingError as error:
            log.error("refine.unreadable", channel=row.channel, epoch=row.epoch, error=str(error))
            self._around.telemetry.daemon.errors.labels(row.channel, type(error).__name__).inc()
            look = Look(replace(row.placement, confidence=_UNREAD), is_complete=True)
        if not room.start < look.placement.time < room.end:
            # A person has marked what lies there: what is left to this boundary is where it stands.
            look = replace(look, placement=replace(row.placement, confidence=_UNREAD))
        self._looks[row.id] = look
        if not look.is_complete:
            self._move(row, look.placement)

    def _room(self, row: BoundaryRow) -> Room:
        """Return what the neighbours leave, as they stand now."""
        standing = self._catalogue.boundaries(row.channel, row.epoch)
        place = next(number for number, other in enumerate(standing) if other.id == row.id)
        start = standing[place - 1].time
        end = standing[place + 1] if place + 1 < len(standing) else None
        if end is None:
            return Room(start, row.time + _REFERENCE)
        return Room(start, min(end.time, end.change.first_new) if end.change is not None else end.time)

    def _withdraw_blips(self, rows: list[BoundaryRow]) -> set[int]:
        """Take back neighbours that lie closer than the shortest segment; return their numbers."""
        gone: set[int] = set()
        for first, second in pairwise(rows):
            looks = self._looks.get(first.id), self._looks.get(second.id)
            if first.epoch != second.epoch or first.id in gone or looks[0] is None or looks[1] is None:
                continue
            if looks[1].placement.time - looks[0].placement.time < self._shortest:
                if not self._withdraw(first, second):
                    continue
                self._around.telemetry.decisions.boundaries.labels(first.channel, BoundaryState.WITHDRAWN).inc(2)
                log.info("refine.withdrawn", channel=first.channel, epoch=first.epoch, time_s=float(first.time))
                gone |= {first.id, second.id}
        return gone

    def _move(self, row: BoundaryRow, at: Placement) -> None:
        """Move a boundary for now."""
        try:
            self._catalogue.add_version(row.id, at)
        except CatalogueConflict as conflict:
            self._look_again(row, conflict)

    def _withdraw(self, first: BoundaryRow, second: BoundaryRow) -> bool:
        """Take back two neighbours, unless a person has put something between them; tell whether it was done."""
        try:
            self._catalogue.withdraw(first.id, second.id)
        except CatalogueConflict as conflict:
            log.info("refine.stays", channel=first.channel, epoch=first.epoch, why=str(conflict))
            return False
        return True

    def _look_again(self, row: BoundaryRow, conflict: CatalogueConflict) -> None:
        """Forget a look at what a person has edited since; the next round looks again, in the room that is left."""
        self._looks.pop(row.id, None)
        log.info("refine.edited_meanwhile", channel=row.channel, epoch=row.epoch, why=str(conflict))

    def _is_looked_at(self, row: BoundaryRow, following: BoundaryRow | None) -> bool:
        look = self._looks.get(row.id)
        if look is None or not look.is_complete:
            return False
        return following is None or following.epoch != row.epoch or following.id in self._looks

    def _is_settled(self, row: BoundaryRow, until: Settled) -> bool:
        """Tell whether no change can come any more that would prove this one a blip."""
        look = self._looks.get(row.id)
        if look is None:
            return False
        late = _LATE_BUG if row.after is Kind.ADVERT else 0
        return until.covers(row.epoch, look.placement.time + self._shortest + late)

    def _settle(self, row: BoundaryRow, epoch: Epoch | None) -> bool:
        """Make a boundary final; tell whether nothing stood in the way."""
        look = self._looks.pop(row.id)
        at = look.placement
        try:
            self._catalogue.finalize(row.id, at)
        except CatalogueConflict as conflict:
            self._look_again(row, conflict)
            return False
        self._tell_of(row, look, epoch)
        return True

    def _tell_of(self, row: BoundaryRow, look: Look, epoch: Epoch | None) -> None:
        at = look.placement
        telemetry, channel = self._around.telemetry, self._around.channel
        if look.said is not Stance.SILENT:
            telemetry.cues.verdicts.labels(channel, look.said).inc()
        if look.said is Stance.CONTRADICTS:
            log.warning(
                "refine.cues_contradict",
                channel=channel,
                epoch=row.epoch,
                after=row.after,
                time_s=round(float(at.time), 3),
                does="the boundary stays with a low confidence: look at it",
            )
        telemetry.decisions.boundaries.labels(channel, BoundaryState.FINAL).inc()
        if epoch is not None and epoch.utc_zero_ns is not None:
            arrived_ns = epoch.utc_zero_ns + to_ns(at.time)
            telemetry.decisions.provisional_delay.labels(channel).observe((row.created_ns - arrived_ns) / NS)
            telemetry.decisions.final_delay.labels(channel).observe((self._around.clock.utc_ns() - arrived_ns) / NS)
        log.info(
            "refine.final",
            channel=channel,
            epoch=row.epoch,
            after=row.after,
            time_s=round(float(at.time), 3),
            frame=at.frame,
            method=at.method,
            confidence=round(at.confidence, 3),
        )


def _is_decided_around(row: BoundaryRow, until: Settled) -> bool:
    """Tell whether the next change, if it is near, is known; where nothing presses, looking waits for that."""
    return row.change is not None and until.covers(row.epoch, row.change.first_new + _FORTH)


_NO_PICTURES = np.zeros((0, THUMBNAIL[1], THUMBNAIL[0], 3), np.uint8)


def _keyframe_thumbnails(epoch: Epoch, start: Fraction, end: Fraction) -> NDArray[np.uint8]:
    """Return thumbnails of keyframes presented in [start, end), the nearest to the window if there are many."""
    if end <= start:
        return _NO_PICTURES
    decoder = KeyframeDecoder(epoch.format.video)
    found: list[NDArray[np.uint8]] = []
    for packet in epoch.keyframes(start):
        if packet.pts * epoch.format.video.time_base >= end or len(found) == _REFERENCES:
            break
        frame = decoder.decode(packet)
        if frame is not None:
            found.append(frame.thumbnail(*THUMBNAIL))
    return np.stack(found) if found else _NO_PICTURES


def _per_frame(sound: SoundEnvelope | None, times: list[Fraction]) -> NDArray[np.float32] | None:
    """Return (N, B): the sound's bands while each frame is shown."""
    if sound is None or len(times) < 2 or len(sound.bands) == 0:
        return None
    steps = np.array([sound.index(time) for time in times])
    shown = max(1, round((times[-1] - times[0]) / (len(times) - 1) / AUDIO_STEP))
    rows = np.clip(steps[:, None] + np.arange(shown), 0, len(sound.bands) - 1)
    return np.asarray(sound.bands[rows].mean(axis=1), np.float32)


def _rate(times: list[Fraction]) -> float:
    """Return frames a second, from the frames themselves: what a stream says of itself may be wrong."""
    return 25.0 if len(times) < 2 else float((len(times) - 1) / (times[-1] - times[0]))
