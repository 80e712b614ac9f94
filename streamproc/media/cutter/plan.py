"""Before a file is written: what all its parts are made to be, and which of them can be copied."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from streamproc.errors import ClipError
from streamproc.media.cutter import h264
from streamproc.media.cutter.audio import CODED_LAYOUTS, aac_encoder
from streamproc.media.cutter.check import MAX_DIFFERENCE
from streamproc.media.cutter.convert import Shape
from streamproc.media.cutter.encode import EXACT, FOR_WEB, Quality
from streamproc.media.cutter.splice import SpliceFormat
from streamproc.media.footage import AudioFormat, Epoch, Track, VideoFormat

_MOST_REWORKED = 12.0
_SAME_RATE = Fraction(1, 100)
_USUAL_SOUND_RATE = 48_000
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_AAC_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1"}
_LOW_COMPLEXITY = 2
_CHROMA = {0: "420", 1: "420", 2: "422", 3: "444"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of an epoch that goes into a file."""

    epoch: Epoch
    """Where it is."""
    start: Fraction
    """Seconds in the epoch; its first picture is the first presented at or after this."""
    end: Fraction
    """Seconds in the epoch, exclusive."""
    title: str | None = None
    """Name of the chapter that it becomes, if there are several; None for a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rework:
    """Coding everything anew, smaller and evenly loud, as for the web."""

    height: int = 720
    """Most lines; smaller pictures are not made larger."""
    quality: Quality = FOR_WEB
    loudness_lufs: float | None = -23.0
    """What the sound is brought to (EBU R 128); None leaves it."""
    peak_dbtp: float = -1.0
    """What true peaks must not exceed for that."""


WEB = Rework()
"""At most 720 lines, H.264 with AAC, -23 LUFS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What is done with one part."""

    copies: bool
    """Whether pictures are copied where they can be."""
    shape: Shape | None = None
    """What its pictures are made into; None when they fit as they are."""
    sound_copies: bool = False
    """Whether its frames of AAC are copied."""
    gain: float = 1.0
    """Factor on its sound, where that is coded anew."""
    notes: tuple[str, ...] = ()
    """Why it is not copied, if it isn't."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is done with all parts."""

    video: VideoFormat
    """How the file's pictures look."""
    treatments: tuple[Treatment, ...]
    """One for each part."""
    splice: SpliceFormat | None
    """The sound of several parts; None for a lone part's, or no sound at all."""
    quality: Quality = EXACT
    """How pictures coded anew are coded."""
    most_different: float = MAX_DIFFERENCE
    """By how much those may differ from the source's on average, of 255."""
    lossless: bool = False
    """Whether to fail rather than code pictures anew."""
    notes: tuple[str, ...] = ()
    """What the report says beside what it says of the parts."""

    def recoding(self, number: int, why: str) -> "Plan":
        """Return the plan with one part coded anew in whole."""
        old = self.treatments[number]
        new = replace(old, copies=False, notes=(*old.notes, f"coded anew in whole: {why}"))
        treatments = (*self.treatments[:number], new, *self.treatments[number + 1 :])
        return replace(self, treatments=treatments)


def plan_of(parts: Sequence[Part]) -> Plan:
    """Return how parts become one file that is as much of a copy as can be; raises ClipError for none."""
    if not parts:
        raise ClipError("there is nothing to join: give at least one part")
    model = _commonest(parts)
    video = model.epoch.format.video
    treatments = [_treatment(part, video) for part in parts]
    splice = None
    if len(parts) > 1:
        splice, copied = _splice_of(parts)
        treatments = [_with_sound(*each) for each in zip(treatments, parts, copied, strict=True)]
    return Plan(video=video, treatments=tuple(treatments), splice=splice)


def rework_of(parts: Sequence[Part], rework: Rework, gain: float) -> Plan:
    """Return how parts are coded anew as ``rework`` says, their sound multiplied by ``gain``."""
    old = _commonest(parts).epoch.format.video
    aspect = old.sample_aspect if old.sample_aspect > 0 else Fraction(1)
    height = min(rework.height, old.height) // 2 * 2
    width = round(old.width * aspect * height / old.height / 2) * 2
    video = replace(old, width=width, height=height, sample_aspect=Fraction(1), interlaced=False, extradata=b"")
    treatments = []
    for part in parts:
        shape = _shape(part.epoch.format.video, video, "yuv420p", _matrix(old))
        treatments.append(Treatment(copies=False, shape=shape, gain=gain))
    audio = next((part.epoch.format.audio for part in parts if part.epoch.format.audio is not None), None)
    splice = None if audio is None else _coded_format(audio, most_channels=2)
    return Plan(
        video=video,
        treatments=tuple(treatments),
        splice=splice,
        quality=rework.quality,
        most_different=_MOST_REWORKED,
    )


# Pictures


def _commonest(parts: Sequence[Part]) -> Part:
    """Return the first part of the format that most of the time is in."""
    spent: dict[object, Fraction] = {}
    first: dict[object, Part] = {}
    for part in parts:
        key = _essence(part.epoch.format.video)
        spent[key] = spent.get(key, Fraction(0)) + part.end - part.start
        first.setdefault(key, part)
    return first[max(spent, key=lambda key: spent[key])]


def _essence(video: VideoFormat) -> tuple[object, ...]:
    """Return what must be equal for pictures to stand in one track."""
    return video.codec, video.width, video.height, video.sample_aspect, _samples(video)


def _samples(video: VideoFormat) -> str:
    """Return FFmpeg's name of the pixel format, as far as parameter sets tell it."""
    found = _sequence_set(video)
    if found is None:
        return "yuv420p"
    depth = max(found.bit_depths)
    return f"yuv{_CHROMA[found.chroma_format]}p{'' if depth == 8 else f'{depth}le'}"


def _sequence_set(video: VideoFormat) -> h264.SequenceSet | None:
    if video.codec != "h264":
        return None
    try:
        sets = h264.ParameterSets.from_extradata(video.extradata)
        return next((h264.read_sps(nal) for nal in sets.sps.values()), None)
    except h264.BitstreamError:
        return None


def _matrix(video: VideoFormat) -> int:
    found = _sequence_set(video)
    return 2 if found is None else found.colour[2]


def _treatment(part: Part, target: VideoFormat) -> Treatment:
    video = part.epoch.format.video
    notes = []
    if _essence(video)[1:] != _essence(target)[1:] or not _same_rate(video.rate, target.rate):
        shape = _shape(video, target, _samples(target), _matrix(target))
        notes.append(f"made to fit and coded anew: it is {_described(video)}, the file {_described(target)}")
        return Treatment(copies=False, shape=shape, notes=tuple(notes))
    if video.codec != "h264":
        notes.append(f"coded anew in whole: the source is {video.codec}, the clip H.264")
    return Treatment(copies=video.codec == "h264", notes=tuple(notes))


def _same_rate(one: Fraction | None, other: Fraction | None) -> bool:
    return one is None or other is None or abs(one - other) <= other * _SAME_RATE


def _shape(video: VideoFormat, target: VideoFormat, pixel_format: str, matrix: int) -> Shape:
    return Shape(
        width=target.width,
        height=target.height,
        sample_aspect=target.sample_aspect if target.sample_aspect > 0 else Fraction(1),
        pixel_format=pixel_format,
        interlaced=target.interlaced,
        matrix=matrix,
        rate=None if _same_rate(video.rate, target.rate) else target.rate,
    )


def _described(video: VideoFormat) -> str:
    rate = "" if video.rate is None else f" at {float(video.rate):.6g} a second"
    shape = "" if video.sample_aspect in (0, 1) else f" (pixels {video.sample_aspect})"
    return f"{video.width}×{video.height}{shape}{rate}"


# Sound


def _splice_of(parts: Sequence[Part]) -> tuple[SpliceFormat | None, list[bool]]:
    """Return the format of the joined sound, and which parts' frames have it."""
    formats = [_own_format(part) for part in parts]
    spent: dict[tuple[int, str], Fraction] = {}
    for part, form in zip(parts, formats, strict=True):
        if form is not None:
            key = (form.rate, form.layout)
            spent[key] = spent.get(key, Fraction(0)) + part.end - part.start
    if spent:
        best = max(spent, key=lambda key: spent[key])
        chosen = next(form for form in formats if form is not None and (form.rate, form.layout) == best)
        return chosen, [form is not None and (form.rate, form.layout) == best for form in formats]
    audio = next((part.epoch.format.audio for part in parts if part.epoch.format.audio is not None), None)
    return (None if audio is None else _coded_format(audio)), [False] * len(parts)


def _own_format(part: Part) -> SpliceFormat | None:
    """Return a part's own format if it is AAC-LC, whose frames can stand beside our encoder's."""
    audio = part.epoch.format.audio
    if audio is None or audio.codec != "aac":
        return None
    header = audio.extradata or _adts_header(part)
    if len(header) < 2:
        return None
    kind, rate, channels = header[0] >> 3, (header[0] & 7) << 1 | header[1] >> 7, header[1] >> 3 & 15
    if kind != _LOW_COMPLEXITY or rate >= len(_AAC_RATES) or header[1] & 4:
        return None
    if _AAC_RATES[rate] != audio.rate or _AAC_LAYOUTS.get(channels) != audio.layout:
        return None  # with SBR the rate is twice what the header says, with PS there are two channels
    return SpliceFormat(rate=audio.rate, layout=audio.layout, header=header)


def _adts_header(part: Part) -> bytes:
    """Return the AudioSpecificConfig that the part's ADTS frames stand for; empty when there is none."""
    for packet in part.epoch.packets(part.start):
        if packet.track is Track.AUDIO:
            data = packet.data
            if len(data) < 9 or data[0] != 0xFF:
                return b""
            kind, rate, channels = (data[2] >> 6) + 1, data[2] >> 2 & 15, (data[2] & 1) << 2 | data[3] >> 6
            return (kind << 11 | rate << 7 | channels << 3).to_bytes(2, "big")
    return b""


def _coded_format(audio: AudioFormat, most_channels: int = 6) -> SpliceFormat:
    layout = audio.layout if audio.layout in CODED_LAYOUTS else "stereo"
    if most_channels < 3 and layout not in ("mono", "stereo"):
        layout = "stereo"
    rate = audio.rate if audio.rate in _AAC_RATES else _USUAL_SOUND_RATE
    header = bytes(aac_encoder(rate, layout).extradata or b"")
    return SpliceFormat(rate=rate, layout=layout, header=header)


def _with_sound(treatment: Treatment, part: Part, copies: bool) -> Treatment:
    audio = part.epoch.format.audio
    notes = treatment.notes
    if audio is None:
        notes = (*notes, "it has no sound: silence")
    elif not copies:
        notes = (*notes, f"sound coded anew: the source has {audio.codec} at {audio.rate} Hz, {audio.layout}")
    return replace(treatment, sound_copies=copies, notes=notes)
