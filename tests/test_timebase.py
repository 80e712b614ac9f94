from fractions import Fraction

from streamproc.timebase import NS, ManualClock, iso_utc, to_ns


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(utc_ns=5 * NS)
    clock.advance(1.5)
    assert (clock.utc_ns(), clock.monotonic_s()) == (6_500_000_000, 1.5)


async def test_sleeping_on_a_manual_clock_takes_no_time_but_passes_it() -> None:
    clock = ManualClock()
    await clock.sleep(3600)
    assert clock.monotonic_s() == 3600


def test_a_frame_of_ntsc_video_is_the_nearest_nanosecond() -> None:
    assert to_ns(Fraction(1001, 30000)) == 33_366_667


def test_wall_time_is_written_as_utc_with_milliseconds() -> None:
    assert iso_utc(1_700_000_000_123_456_789) == "2023-11-14T22:13:20.123Z"
