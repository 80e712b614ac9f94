"""Timestamps that wrap, slip, jump or are missing, and the timeline made of them."""

from collections.abc import Iterable
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from streamproc.media.footage import Track
from streamproc.media.timestamps import (
    FLV_WRAP,
    MPEGTS_WRAP,
    PARKED_LIMIT,
    Mended,
    Stamp,
    Timeline,
    TrackBase,
    nearest,
)

TS = TrackBase(Fraction(1, 90_000), MPEGTS_WRAP)
MS = TrackBase(Fraction(1, 1000), FLV_WRAP)
PLAIN = TrackBase(Fraction(1, 90_000))
FRAME = 3600


def videos(timeline: Timeline[int], stamps: Iterable[Stamp]) -> list[Mended[int]]:
    """Push video packets, numbered from 0."""
    return [m for number, stamp in enumerate(stamps) for m in timeline.push(Track.VIDEO, stamp, number)]


def steady(count: int, start: int = 0, step: int = FRAME) -> list[Stamp]:
    """Return stamps without reordering."""
    return [Stamp(start + n * step, start + n * step) for n in range(count)]


@given(st.integers(0, MPEGTS_WRAP - 1), st.integers(2, 60))
def test_mpegts_counts_on_over_its_wrap(start: int, count: int) -> None:
    raw = [
        Stamp(s.pts % MPEGTS_WRAP, s.dts % MPEGTS_WRAP)
        for s in steady(count, start)
        if s.pts is not None and s.dts is not None
    ]
    mended = videos(Timeline(TS, None), raw)
    assert [m.dts for m in mended] == [start + n * FRAME for n in range(count)]


@given(st.sampled_from([1 << 31, 1 << 32]), st.integers(1, 30))
def test_flv_counts_on_over_a_wrap_of_31_and_of_32_bits(wrap: int, before: int) -> None:
    start = wrap - before * 40
    raw = [Stamp((start + n * 40) % wrap, (start + n * 40) % wrap) for n in range(60)]
    mended = videos(Timeline(MS, None), raw)
    assert [m.dts - mended[0].dts for m in mended] == [n * 40 for n in range(60)]


@given(st.integers(0, MPEGTS_WRAP - 1))
def test_a_pts_on_the_other_side_of_the_wrap_stays_with_its_dts(dts: int) -> None:
    (mended,) = videos(Timeline(TS, None), [Stamp((dts + 2 * FRAME) % MPEGTS_WRAP, dts)])
    assert mended.pts - mended.dts == 2 * FRAME


@given(st.integers(0, MPEGTS_WRAP - 1), st.integers(-8, 8))
def test_sound_and_picture_stay_together_whichever_wraps_first(start: int, lead: int) -> None:
    timeline: Timeline[int] = Timeline(TS, TS)
    apart = []
    for n in range(40):
        (video,) = timeline.push(Track.VIDEO, Stamp(*[(start + n * FRAME) % MPEGTS_WRAP] * 2), n)
        (audio,) = timeline.push(Track.AUDIO, Stamp(*[(start + (n + lead) * FRAME) % MPEGTS_WRAP] * 2), n)
        apart.append(audio.pts - video.pts)
    assert set(apart) == {lead * FRAME}


@given(
    st.lists(
        st.tuples(st.booleans(), st.none() | st.integers(-(1 << 34), 1 << 34), st.none() | st.integers(0, 1 << 33))
    )
)
def test_whatever_comes_dts_grows_within_an_epoch_and_pts_is_never_before_it(
    arrived: list[tuple[bool, int | None, int | None]],
) -> None:
    timeline: Timeline[int] = Timeline(TS, TS)
    last: dict[Track, int] = {}
    for number, (is_video, pts, dts) in enumerate(arrived):
        for mended in timeline.push(Track.VIDEO if is_video else Track.AUDIO, Stamp(pts, dts), number):
            if mended.breaks:
                last.clear()
            assert mended.dts > last.get(mended.track, -(1 << 62))
            assert mended.pts >= mended.dts
            last[mended.track] = mended.dts


@given(st.lists(st.integers(0, 1 << 33), min_size=1, max_size=40))
def test_no_packet_of_video_is_given_out_twice(stamps: list[int]) -> None:
    mended = videos(Timeline(TS, None), [Stamp(dts, dts) for dts in stamps])
    numbers = [m.packet for m in mended]
    assert numbers == sorted(set(numbers))


@given(st.integers(), st.integers(), st.integers(1, 1 << 40))
def test_nearest_is_congruent_and_at_most_half_a_wrap_away(value: int, reference: int, wrap: int) -> None:
    result = nearest(value, reference, wrap)
    assert (result - value) % wrap == 0
    assert abs(result - reference) * 2 <= wrap


def test_what_is_in_order_is_left_alone() -> None:
    timeline: Timeline[int] = Timeline(PLAIN, None)
    raw = [Stamp(2, 0), Stamp(5, 1), Stamp(3, 2), Stamp(4, 3)]
    assert [(m.pts, m.dts) for m in videos(timeline, raw)] == [(2, 0), (5, 1), (3, 2), (4, 3)]
    assert timeline.repairs == 0


def test_a_doubled_dts_comes_one_tick_later() -> None:
    timeline: Timeline[int] = Timeline(MS, None)
    mended = videos(timeline, [Stamp(0, 0), Stamp(40, 40), Stamp(40, 40), Stamp(80, 80)])
    assert [m.dts for m in mended] == [0, 40, 41, 80]
    assert timeline.repairs == 1


def test_a_small_step_back_is_mended_without_a_break() -> None:
    mended = videos(Timeline(MS, None), [Stamp(0, 0), Stamp(100, 100), Stamp(60, 60), Stamp(140, 140)])
    assert [(m.dts, m.breaks) for m in mended] == [(0, False), (100, False), (101, False), (140, False)]


def test_a_jump_back_begins_an_epoch_with_the_packet_that_jumped() -> None:
    mended = videos(Timeline(MS, None), [*steady(3, 900_000, 40), *steady(3, 0, 40)])
    assert [(m.packet, m.breaks) for m in mended] == [
        (0, False),
        (1, False),
        (2, False),
        (3, True),
        (4, False),
        (5, False),
    ]
    assert [m.dts for m in mended[3:]] == [0, 40, 80]


def test_a_jump_ahead_begins_an_epoch() -> None:
    mended = videos(Timeline(MS, None), [*steady(3, 0, 40), *steady(3, 60_000, 40)])
    assert [m.packet for m in mended if m.breaks] == [3]


def test_one_wild_packet_is_put_between_its_neighbours() -> None:
    timeline: Timeline[int] = Timeline(MS, None)
    mended = videos(timeline, [*steady(3, 0, 40), Stamp(9_000_000, 9_000_000), *steady(2, 160, 40)])
    assert [m.dts for m in mended] == [0, 40, 80, 120, 160, 200]
    assert not any(m.breaks for m in mended)
    assert timeline.repairs == 1


def test_pictures_shown_before_their_dts_lead_all_later_dts() -> None:
    """A muxer that gives the first frame dts = pts although frames are reordered."""
    raw = [
        Stamp(0, 0),
        Stamp(120, 40),
        Stamp(40, 80),
        Stamp(80, 120),
        Stamp(240, 160),
        Stamp(160, 200),
        Stamp(200, 240),
    ]
    mended = videos(Timeline(MS, None), raw)
    assert [m.pts for m in mended] == [0, 120, 41, 80, 240, 160, 200]


def test_joined_on_a_jump_the_next_picture_comes_a_frame_after_the_last() -> None:
    mended = videos(Timeline(MS, None, join=True), [*steady(3, 900_000, 40), *steady(3, 0, 40)])
    assert [m.pts for m in mended] == [900_000 + n * 40 for n in range(6)]


def test_joined_on_sound_is_shifted_by_the_same_time() -> None:
    timeline: Timeline[str] = Timeline(PLAIN, TrackBase(Fraction(1, 48_000)), join=True)
    for n in range(3):
        timeline.push(Track.VIDEO, Stamp(n * FRAME, n * FRAME), "old")
        timeline.push(Track.AUDIO, Stamp(n * 1920, n * 1920), "old")
    for n in range(2):
        timeline.push(Track.VIDEO, Stamp(90_000_000 + n * FRAME, 90_000_000 + n * FRAME), "new")
    (audio,) = timeline.push(Track.AUDIO, Stamp(48_000_000 + 1920, 48_000_000 + 1920), "new")
    assert Fraction(audio.pts, 48_000) == Fraction(4 * FRAME, 90_000)


def test_sound_that_comes_late_from_before_a_jump_is_dropped() -> None:
    timeline: Timeline[str] = Timeline(MS, MS)
    for stamp in steady(3, 900_000, 40):
        timeline.push(Track.VIDEO, stamp, "old")
    for stamp in steady(2, 0, 40):
        timeline.push(Track.VIDEO, stamp, "new")
    assert timeline.push(Track.AUDIO, Stamp(900_080, 900_080), "old") == ()
    assert [m.packet for m in timeline.push(Track.AUDIO, Stamp(40, 40), "new")] == ["new"]


def test_sound_that_jumps_just_before_the_picture_goes_into_the_new_epoch() -> None:
    timeline: Timeline[str] = Timeline(MS, MS)
    for stamp in steady(3, 900_000, 40):
        timeline.push(Track.VIDEO, stamp, "v")
        timeline.push(Track.AUDIO, stamp, "a")
    assert timeline.push(Track.AUDIO, Stamp(0, 0), "new a") == ()
    assert timeline.push(Track.VIDEO, Stamp(0, 0), "new v") == ()
    assert [m.packet for m in timeline.push(Track.VIDEO, Stamp(40, 40), "new v 2")] == ["new v", "new v 2", "new a"]


def test_sound_whose_count_alone_jumped_for_good_is_put_beside_the_newest_picture() -> None:
    timeline: Timeline[int] = Timeline(MS, MS)
    given = []
    for n in range(4 * PARKED_LIMIT):
        timeline.push(Track.VIDEO, Stamp(n * 20, n * 20), n)
        at = n * 20 + (50_000_000 if n >= PARKED_LIMIT else 0)
        given += timeline.push(Track.AUDIO, Stamp(at, at), n)
    assert abs(given[-1].pts - (4 * PARKED_LIMIT - 1) * 20) <= 20


def test_a_missing_dts_follows_the_one_before() -> None:
    mended = videos(
        Timeline(PLAIN, None), [Stamp(0, 0), Stamp(FRAME, FRAME), Stamp(2 * FRAME, None), Stamp(3 * FRAME, 3 * FRAME)]
    )
    assert [(m.pts, m.dts) for m in mended] == [(n * FRAME, n * FRAME) for n in range(4)]


def test_a_packet_without_any_time_before_the_first_with_one_is_dropped() -> None:
    assert [m.packet for m in videos(Timeline(PLAIN, None), [Stamp(None, None), Stamp(0, 0)])] == [1]


def test_a_pts_hours_away_from_its_dts_is_not_believed() -> None:
    mended = videos(Timeline(PLAIN, None), [Stamp(0, 0), Stamp(1 << 31, FRAME)])
    assert mended[1].pts == FRAME
