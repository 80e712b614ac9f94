"""Addresses of feeds, which hold keys: how they may be shown. Needs nothing, so every process can afford it."""

import re
from typing import Final

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):/*", re.IGNORECASE)
_HOST: Final = re.compile(r"(\[[0-9a-f:.%]*\]|[\w.*-]*)(:\d+)?$", re.IGNORECASE)
_TAIL: Final = re.compile(r"[?#\s]")  # query, fragment, or options in the manner of librtmp
_HIDDEN: Final = "***"


def redact(url: str) -> str:
    """Return an address as it may be shown: no user, password or query value, and of RTMP no stream key.

    >>> redact("rtmp://studio:s3cret@example.org/live/channel1-k3y?sign=abc")
    'rtmp://***@example.org/live/***?***'
    """
    match = _SCHEME.match(url)
    if match is None or match.group(1).lower() == "file":
        return url
    rest = url[match.end() :]
    whole_place = _TAIL.split(rest, maxsplit=1)[0]
    tail = rest[len(whole_place) :]
    _, at, place = whole_place.rpartition("@")  # the last one: a password may hold any other character
    host, slash, path = place.partition("/")
    if not _HOST.match(host):
        return f"{match.group(0)}{_HIDDEN}"  # not as addresses are written, so nothing in it is safe to show
    if match.group(1).lower().startswith("rtmp"):
        app, _, key = path.partition("/")
        path = f"{app}/{_HIDDEN}" if key else _HIDDEN
    return f"{match.group(0)}{_HIDDEN + '@' if at else ''}{host}{slash}{path}{tail[:1] + _HIDDEN if tail else ''}"
