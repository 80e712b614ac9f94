"""Curves over HTTP."""

from fractions import Fraction
from typing import Any
from urllib.parse import quote

import pytest

from streamproc.catalogue.people import CurveKind
from streamproc.timebase import NS, iso_utc

Site = Any


async def curves(site: Site, start_s: float, end_s: float, points: int = 1000) -> dict[str, Any]:
    (epoch,) = site.catalogue.epochs("one")
    first, last = (quote(iso_utc(epoch.utc_zero_ns + round(second * NS))) for second in (start_s, end_s))
    async with site.http.get(f"/api/v1/channels/one/curves?from={first}&to={last}&points={points}") as answer:
        assert answer.status == 200, await answer.text()
        body = dict(await answer.json())
    for kind in ("score", "level"):  # milliseconds in the epoch, whose beginning is on no whole one
        body[kind] = [[round((at - epoch.utc_zero_ns / 1_000_000) / 10) * 10, *values] for at, *values in body[kind]]
    return body


async def test_both_curves_are_drawn_at_their_time(site: Site) -> None:
    put = site.catalogue.curves.put
    put("one", 1, CurveKind.SCORE, [(Fraction(2), 0.0), (Fraction(4), 1.0)])
    put("one", 1, CurveKind.LEVEL, [(Fraction(5, 2), -23.5)])
    found = await curves(site, 0, 60)
    assert found["score"] == [[2000, 0, 0, 0], [4000, 1, 1, 1]]
    assert found["level"] == [[2500, -23.5, -23.5, -23.5]]


async def test_a_day_is_drawn_in_as_many_values_as_were_asked_for_with_its_peaks(site: Site) -> None:
    scores = [(Fraction(2 * number), 1.0 if number == 20_001 else 0.25) for number in range(43_200)]
    site.catalogue.curves.put("one", 1, CurveKind.SCORE, scores)
    found = (await curves(site, 0, 86_400, 500))["score"]
    assert len(found) == 500
    (peak,) = [row for row in found if row[3] > 0.5]
    assert (peak[1], peak[3]) == (0.25, 1.0)
    assert peak[0] <= 40_002_000 < peak[0] + 172_800


async def test_without_values_there_is_nothing_to_draw(site: Site) -> None:
    found = await curves(site, 0, 60)
    assert (found["score"], found["level"]) == ([], [])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "from"),
        ("from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "is not before"),
        ("from=2026-01-01T00:00:00Z&to=2026-01-20T00:00:00Z", "more than eight days apart"),
        ("from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&points=9999", "points"),
    ],
)
async def test_what_is_wrong_is_said(site: Site, query: str, said: str) -> None:
    async with site.http.get(f"/api/v1/channels/one/curves?{query}") as answer:
        body = await answer.json(content_type="application/problem+json")
        assert (answer.status, said in body["detail"]) == (400, True), body
