"""One part of a file on its way into it: pictures and sound of a stretch of an epoch, put at their place there."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from streamproc.media.cutter.audio import CodedSound, Coding, CopiedSound, FileSound, Sound, SoundTrack, sound_track
from streamproc.media.cutter.convert import converting, decoding
from streamproc.media.cutter.mp4 import Mp4Track, Mp4Writer
from streamproc.media.cutter.plan import Part, Plan, Treatment
from streamproc.media.cutter.sets import FileSets
from streamproc.media.cutter.splice import LEAD_S
from streamproc.media.cutter.video import Handling, PacketSource, Picture, Unfit, VideoCut
from streamproc.media.footage import MediaPacket, Track

_AUDIO_LAG_S = 2


@dataclass(slots=True)
class Output:
    """The file that is being written."""

    writer: Mp4Writer
    video: Mp4Track
    plan: Plan
    sets: FileSets
    sound: FileSound | None
    """None for a file without sound."""
    audio: Mp4Track | None
    end: int = 0
    """The tick after its last picture so far."""

    def write_sounds(self, sounds: Iterator[Sound]) -> None:
        """Write frames of sound."""
        for sound in sounds:
            assert self.audio is not None
            self.writer.write(self.audio, sound.data, sound.at, sound.at, is_sync=True)
            self.audio.last_duration = sound.duration

    def samples(self, tick: int) -> int:
        """Return the sample of the sound that is heard at a tick of the pictures."""
        assert self.audio is not None
        return round(Fraction(tick, self.video.timescale) * self.audio.timescale)


class Strip:
    """One part's pictures and sound."""

    def __init__(self, output: Output, source: PacketSource, part: Part, treatment: Treatment) -> None:
        """source: the part's epoch. treatment: what the plan says of it."""
        self._output, self._source, self._part = output, source, part
        self.treatment = treatment
        video = source.format.video
        self._tick, self._rate = video.time_base, output.plan.video.rate or video.rate
        self._scale = int(video.time_base * output.video.timescale)
        self.begin = output.end
        """The file's tick at which its first picture is shown."""
        low, high = (int(-(-bound // video.time_base)) for bound in (part.start, part.end))
        self._end_tick = high
        self.cut = VideoCut(source, low, high, self._handling(low))
        self._shift: int | None = None
        self._waiting: deque[MediaPacket] = deque()
        audio = source.format.audio
        per_tick = Fraction(0) if audio is None else video.time_base / audio.time_base
        self._sound_ticks = per_tick.as_integer_ratio()

    def _handling(self, low: int) -> Handling:
        output, video, shape = self._output, self._source.format.video, self.treatment.shape
        times = output.video.decode_times
        lead = (self.begin - times[-1]) // self._scale if times else None
        return Handling(
            copying=self.treatment.copies,
            sets=output.sets,
            frames=partial(decoding, video) if shape is None else partial(converting, video, shape, low),
            video=video if shape is None else output.plan.video,
            quality=output.plan.quality,
            regrids=self._regrids,
            lead=lead,
        )

    def run(self) -> None:
        """Write the part."""
        audio, late = self._source.format.audio, self._part.end + _AUDIO_LAG_S
        for packet in self._source.packets(self._part.start):
            if packet.track is Track.AUDIO:
                self._waiting.append(packet)
            elif not self.cut.done:
                self._write(self.cut.take(packet))
            elif audio is None or packet.dts * self._tick > late:
                break
            if self.cut.done and self._sound_has_come():
                break
        self._write(self.cut.finish())
        if self._shift is None:
            return
        self.missing()
        ticks = max(self.cut.given) - min(self.cut.given)
        self._output.end = self.begin + ticks * self._scale + self.last_duration()
        self._end_sound()

    def there(self, tick: int) -> int:
        """Return a tick of the source as one of the file."""
        assert self._shift is not None
        return tick * self._scale + self._shift

    def missing(self) -> int:
        """Return how many pictures of the source are not there; raises Unfit when there are some that should not be."""
        given, expected = self.cut.given, self.cut.expected
        if self._regrids:
            return 0
        if len(set(given)) != len(given) or not set(given) <= set(expected):
            raise Unfit("a picture came twice or from outside the range")
        return len(set(expected) - set(given))

    def last_duration(self) -> int:
        """Return the file's ticks for which the last picture is shown."""
        last, following = max(self.cut.given), self.cut.following
        usual = max(round(1 / self._rate / self._tick), 1) if self._rate else 0
        if following is None or self._regrids:
            ticks = usual or max(self.cut.last_duration, 1)
        elif usual:
            ticks = max(min(following, self._end_tick) - last, usual)
        else:
            ticks = following - last
        return ticks * self._scale

    @property
    def _regrids(self) -> bool:
        return self.treatment.shape is not None and self.treatment.shape.rate is not None

    # Pictures

    def _write(self, pictures: Iterator[Picture]) -> None:
        output, scale = self._output, self._scale
        for picture in pictures:
            if self._shift is None:
                self._place(picture)
            assert self._shift is not None
            pts, dts = picture.pts * scale + self._shift, picture.dts * scale + self._shift
            output.writer.write(output.video, picture.data, pts, dts, is_sync=picture.is_sync)
            if self._waiting:
                self._write_sound(picture.dts)

    def _place(self, first: Picture) -> None:
        """Let the part begin with this picture, which is shown first."""
        self._shift = self.begin - first.pts * self._scale
        output = self._output
        if output.sound is None or output.audio is None:
            return
        rate = output.audio.timescale
        self._low = round(first.pts * self._tick * rate)
        source = self._sound_source(first.pts * self._tick)
        output.sound.start(source, self._low, output.samples(self.begin), round(self._part.end * rate))

    # Sound

    def _sound_source(self, low: Fraction) -> SoundTrack | None:
        audio, splice, end = self._source.format.audio, self._output.plan.splice, self._part.end
        if audio is None:
            return None
        if splice is None:
            return sound_track(audio, low, end)
        if self.treatment.sound_copies:
            return CopiedSound(audio, low - LEAD_S, end + LEAD_S)
        coding = Coding(rate=splice.rate, layout=splice.layout, gain=self.treatment.gain)
        return CodedSound(audio, max(low - LEAD_S, Fraction(0)), end + LEAD_S, coding)

    def _sound_has_come(self) -> bool:
        audio = self._source.format.audio
        if audio is None:
            return True
        return bool(self._waiting) and self._waiting[-1].pts * audio.time_base >= self._part.end + LEAD_S

    def _write_sound(self, until: int | None) -> None:
        """Write the sound that goes with the video up to ``until``, a tick of it; all that has come when None."""
        output, waiting = self._output, self._waiting
        if output.sound is None:
            return
        bound = None if until is None else until * self._sound_ticks[0] // self._sound_ticks[1]
        while waiting and (bound is None or waiting[0].pts <= bound):
            output.write_sounds(output.sound.take(waiting.popleft()))

    def _end_sound(self) -> None:
        output = self._output
        if output.sound is None or output.audio is None:
            return
        self._write_sound(None)
        high = self._low + output.samples(output.end) - output.samples(self.begin)
        output.write_sounds(output.sound.end(high))
