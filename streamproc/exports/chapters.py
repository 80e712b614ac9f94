"""Chapters and breaks for players: WebVTT, ffmetadata, and the edit lists of Kodi and MPlayer.

Their times are those of the media that is played: the source with everything in it, or the joined result.
"""

import re
from fractions import Fraction
from html import escape
from typing import Final

from webvtt import Caption, WebVTT

from streamproc.exports.timeline import Event, Timeline
from streamproc.messages import Kind

_MS: Final = 1000
_KODI_BREAK: Final = 3  # skipped once; who winds back sees it
_MPLAYER_SKIP: Final = 0


def webvtt(timeline: Timeline) -> bytes:
    """Return the chapters as WebVTT, for an HTML track of kind chapters."""
    captions = [
        Caption(_clock(start), _clock(stop), escape(event.name, quote=False), identifier=str(number))
        for number, (event, start, stop) in enumerate(timeline.played(), 1)
    ]
    return (str(WebVTT(captions=captions).content).rstrip("\n") + "\n").encode()


def ffmetadata(timeline: Timeline) -> bytes:
    """Return title and chapters for FFmpeg to mux in: ``ffmpeg -i FILE -i CHAPTERS -map_chapters 1``."""
    lines = [";FFMETADATA1", f"title={_escaped(timeline.title)}"]
    for event, start, stop in timeline.played():
        lines += ["[CHAPTER]", f"TIMEBASE=1/{_MS}", f"START={_ms(start)}", f"END={_ms(stop)}"]
        lines.append(f"title={_escaped(event.name)}")
    return ("\n".join(lines) + "\n").encode()


def kodi(timeline: Timeline) -> bytes:
    """Return the advert breaks as Kodi reads them beside a video: ``start end 3``, seconds."""
    return _breaks(timeline, _KODI_BREAK)


def mplayer(timeline: Timeline) -> bytes:
    """Return the advert breaks as MPlayer (and others in its manner) skip them: ``start end 0``, seconds."""
    return _breaks(timeline, _MPLAYER_SKIP)


def _breaks(timeline: Timeline, action: int) -> bytes:
    def line(event: Event, start: Fraction, stop: Fraction) -> str:
        return f"{_seconds(start)}\t{_seconds(stop)}\t{action}\n"

    return "".join(line(*played) for played in timeline.played() if played[0].kind is Kind.ADVERT).encode()


def _seconds(time: Fraction) -> str:
    return f"{_ms(time) // _MS}.{_ms(time) % _MS:03d}"


def _ms(time: Fraction) -> int:
    return round(time * _MS)


def _clock(time: Fraction) -> str:
    seconds, ms = divmod(_ms(time), _MS)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{ms:03d}"


def _escaped(text: str) -> str:
    return re.sub(r"([=;#\\\n])", r"\\\1", text)
