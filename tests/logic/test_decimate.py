import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamproc.logic.decimate import decimated

START, END = 1_790_000_000_000, 1_790_086_400_000


@st.composite
def series(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    times = sorted(draw(st.sets(st.integers(START, END - 1), max_size=80)))
    values = draw(st.lists(st.floats(-100, 1), min_size=len(times), max_size=len(times)))
    return np.array(times, np.int64), np.array(values)


@given(series(), st.integers(1, 60))
def test_no_peak_is_lost_and_no_more_buckets_come_than_were_asked_for(
    given_: tuple[np.ndarray, np.ndarray], most: int
) -> None:
    times, values = given_
    at, shown = decimated(times, values, (START, END), most)
    assert len(at) == len(shown) <= most
    if len(times):
        assert (shown[:, 0].min(), shown[:, 2].max()) == (values.min(), values.max())
        assert (shown[:, 0] <= shown[:, 1] + 1e-9).all()
        assert (shown[:, 1] <= shown[:, 2] + 1e-9).all()
        assert set(at) <= set(times)


def test_few_values_stay_as_they_are() -> None:
    times = np.array([START + 5, START + 50_000], np.int64)
    at, shown = decimated(times, np.array([0.25, 0.75]), (START, END), 5000)
    assert at.tolist() == times.tolist()
    assert shown.tolist() == [[0.25] * 3, [0.75] * 3]


def test_a_bucket_has_its_mean() -> None:
    times = np.array([START, START + 1, START + 2], np.int64)
    _, shown = decimated(times, np.array([0.0, 0.25, 1.0]), (START, START + 10), 1)
    assert np.allclose(shown, [[0, 1.25 / 3, 1]])
