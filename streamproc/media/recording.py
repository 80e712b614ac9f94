"""The recording of one channel: its writer, its readers, its retention. See docs/decisions/0002-fragmented-mp4.md."""

from streamproc.media.probe import Packet
from streamproc.media.recording_index import file_path
from streamproc.media.recording_reader import AUDIO_LEAD_S, RecordingEpoch, RecordingFootage
from streamproc.media.recording_retention import Held, RetentionReport, apply_retention
from streamproc.media.recording_tracks import AudioStream, VideoStream
from streamproc.media.recording_writer import EpochWriter, RecordingWriter

__all__ = [
    "AUDIO_LEAD_S",
    "AudioStream",
    "EpochWriter",
    "Held",
    "Packet",
    "RecordingEpoch",
    "RecordingFootage",
    "RecordingWriter",
    "RetentionReport",
    "VideoStream",
    "apply_retention",
    "file_path",
]
