"""What the FFmpeg inside PyAV can do, compared with what streamproc asks of it."""

from typing import Literal

import av
import av.error
from av.codec.codec import UnknownCodecError

ENCODERS = ("libx264", "aac")
DECODERS = ("h264", "hevc", "mpeg2video", "aac", "mp2", "mp3", "ac3")
FORMATS = ("flv", "hls", "mov", "mp4", "mpegts")
PROTOCOLS = ("rtmp", "rtmps", "http", "https", "tcp")
_NOBODY = "127.0.0.1:1"
_PROBE_TIMEOUT_S = 2.0


def versions() -> str:
    """Return the versions of PyAV and of the FFmpeg in it, in words."""
    return f"PyAV {av.__version__} with FFmpeg {av.ffmpeg_version_info}"


def missing() -> list[str]:
    """Return what this build of FFmpeg lacks, as ``encoder libx264``; empty when all is there."""
    lacks = [f"encoder {name}" for name in ENCODERS if not _has_codec(name, "w")]
    lacks += [f"decoder {name}" for name in DECODERS if not _has_codec(name, "r")]
    lacks += [f"format {name}" for name in FORMATS if name not in av.formats_available]
    lacks += [f"protocol {name}" for name in PROTOCOLS if not _has_protocol(name)]
    return lacks


def _has_codec(name: str, mode: Literal["r", "w"]) -> bool:
    try:
        av.Codec(name, mode)
    except UnknownCodecError:
        return False
    return True


def _has_protocol(name: str) -> bool:
    """Tell by knocking where nobody listens: FFmpeg's list of protocols is not to be had through PyAV."""
    try:
        av.open(f"{name}://{_NOBODY}/", timeout=_PROBE_TIMEOUT_S).close()
    except av.error.ProtocolNotFoundError:
        return False
    except av.error.FFmpegError:
        return True
    return True
