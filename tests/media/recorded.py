"""Records files as a feed would be, and remembers exactly what was handed to the recorder."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from streamproc.media.footage import MediaPacket, Track
from streamproc.media.probe import Packet
from streamproc.media.recording.reader import RecordingEpoch, RecordingFootage
from streamproc.media.recording.tracks import AudioStream, VideoStream
from streamproc.media.recording.writer import RecordingWriter
from streamproc.media.source import Source, open_source
from streamproc.timebase import Clock, SystemClock


@dataclass(frozen=True, slots=True)
class Sent:
    """One packet as it was handed to the recorder; times in seconds as the source counts."""

    track: Track
    pts: Fraction
    dts: Fraction
    is_keyframe: bool
    data: bytes

    @classmethod
    def of(cls, packet: Packet) -> "Sent":
        """Remember a packet."""
        track = Track.VIDEO if isinstance(packet.stream, VideoStream) else Track.AUDIO
        assert packet.pts is not None
        assert packet.dts is not None
        base = packet.time_base
        return cls(track, packet.pts * base, packet.dts * base, packet.is_keyframe, bytes(packet))


def read_source(path: Path) -> tuple[Source, list[Packet]]:
    """Return a source and all its packets."""
    source = open_source(str(path))
    return source, list(source.packets())


def write_epoch(
    writer: RecordingWriter,
    video: VideoStream,
    audio: AudioStream | None,
    packets: list[Packet],
    reason: str = "stopped",
) -> int:
    """Record packets as one epoch and return its number."""
    epoch = writer.begin_epoch(video, audio)
    for packet in packets:
        epoch.write(packet)
    epoch.close(reason)
    assert epoch.id is not None
    return epoch.id


def record(
    path: Path, folder: Path, *, file_s: float = 2.0, fragment_s: float = 0.4, clock: Clock | None = None
) -> tuple[RecordingEpoch, list[Sent]]:
    """Record a whole file as one epoch; return what a reader sees and what was sent, from the first keyframe on."""
    source, packets = read_source(path)
    writer = RecordingWriter(folder, file_s=file_s, fragment_s=fragment_s, clock=clock or SystemClock())
    number = write_epoch(writer, source.video, source.audio, packets)
    writer.close()
    source.close()
    return RecordingFootage(folder).epoch(number), [Sent.of(packet) for packet in packets]


def zero_of(sent: list[Sent]) -> Fraction:
    """Return the source's time of the epoch's first presented frame."""
    return next(packet.pts for packet in sent if packet.track is Track.VIDEO and packet.is_keyframe)


def of_track(packets: "list[MediaPacket] | list[Sent]", track: Track) -> list:  # type: ignore[type-arg]
    """Return the packets of one track."""
    return [packet for packet in packets if packet.track is track]
