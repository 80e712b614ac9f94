"""Timelines of any rate, start and shape, for whoever writes and reads them back."""

from fractions import Fraction

import pytest
from hypothesis import strategies as st

from streamproc.exports.timecode import Counting
from streamproc.exports.timeline import Event, Source, Timeline
from streamproc.messages import Kind

RATES = tuple(
    (Fraction(rate), drop)
    for rate, drop in (
        ("24000/1001", False),
        ("24", False),
        ("25", False),
        ("30000/1001", False),
        ("30000/1001", True),
        ("30", False),
        ("50", False),
        ("60000/1001", False),
        ("60000/1001", True),
    )
)
URLS = (None, "file:///air/%D0%9D%D0%A2%D0%92%201.mp4")
"""A feed, which is no file, and a file."""
NAMES = ("Сегодня", 'Что? Где: "Когда"', "=1+1", "<b>&amp;</b>", "A -- > B", "  ", "news\nat\r\nten")


@st.composite
def timelines(draw: st.DrawFn, *, most: int = 6, wraps: bool = False) -> Timeline:
    """Draw a timeline; unless it ``wraps``, no source's time code passes midnight."""
    rate, drop = draw(st.sampled_from(RATES))
    day = Counting.of(rate, drop_frame=drop).day
    lengths = draw(st.lists(st.integers(1, 200_000), min_size=1, max_size=most))
    pauses = draw(st.lists(st.integers(0, 5_000), min_size=len(lengths), max_size=len(lengths)))
    used = sum(lengths) + sum(pauses)
    start = draw(st.integers(0, day - 1 if wraps else day - 1 - used % day))
    source = Source(name="НТВ", reel="NTV", start_frame=start, frames=used, url=draw(st.sampled_from(URLS)))
    events, at = [], 0
    for number, (length, pause) in enumerate(zip(lengths, pauses, strict=True)):
        first = at + pause
        at = first + length
        events.append(
            Event(
                source=source,
                kind=list(Kind)[number % 2],
                name=draw(st.sampled_from(NAMES)),
                first=first,
                end=at,
                start=first / rate,
                stop=at / rate,
                confidence=0.5,
            )
        )
    return Timeline(title="День", rate=rate, drop_frame=drop, events=tuple(events))


@pytest.fixture
def air() -> Timeline:
    """Return a programme, a break and a programme at 25 frames a second, from 20:28:05:03 on."""
    source = Source(
        name="НТВ",
        reel="NTV",
        start_frame=1_842_128,
        frames=2500,
        url="file:///air/ntv.ts",
        utc_ns=1_795_292_885_120_000_000,
    )
    kinds = (Kind.PROGRAMME, Kind.ADVERT, Kind.PROGRAMME)
    events = tuple(
        Event(
            source=source,
            kind=kind,
            name=f"{kind} {number}",
            first=first,
            end=end,
            start=Fraction(first, 25),
            stop=Fraction(end, 25),
            utc_ns=1_795_292_885_120_000_000 + first * 40_000_000,
            confidence=0.987,
        )
        for number, (kind, first, end) in enumerate(zip(kinds, (0, 801, 1500), (801, 1500, 2500), strict=True))
    )
    return Timeline(title="Воскресенье", rate=Fraction(25), events=events)
