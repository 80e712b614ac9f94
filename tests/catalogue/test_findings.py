from fractions import Fraction

import pytest

from streamproc.catalogue import Catalogue
from streamproc.catalogue.findings import (
    FOUND,
    TOLD_AGAIN_NS,
    Examiner,
    FindingFilter,
    FindingRow,
    Looked,
    Sight,
)
from streamproc.catalogue.forensics import FindingVerdict
from streamproc.errors import CatalogueError, CatalogueOutdated
from streamproc.messages import Box, Reliability, Span
from streamproc.timebase import NS
from tests.catalogue.conftest import ZERO_NS, Feed

MODEL = Examiner(name="residual", sha256="a" * 64)


def sight(
    start: float,
    end: float,
    *,
    number: int | None = None,
    over: bool = False,
    reliability: Reliability = Reliability.GOOD,
    heat: bytes | None = b"PNG",
) -> Sight:
    return Sight(
        id=number,
        start=Fraction(str(start)),
        end=Fraction(str(end)),
        shown=Fraction(str(end)),
        box=Box(left=8, top=16, right=72, bottom=48),
        width=1920,
        height=1080,
        score=0.75,
        reliability=reliability,
        keyframes=5,
        heat=heat,
        over=over,
    )


def save(feed: Feed, *sights: Sight, time: float = 100, epoch: int = 1, sure_after: float = 10) -> list[int]:
    return feed.catalogue.findings.save(
        Looked(
            channel="one",
            epoch=epoch,
            time=Fraction(str(time)),
            examiner=MODEL,
            sights=sights,
            sure_after=Fraction(sure_after),
        )
    )


def told(feed: Feed, after: int = 0) -> list[tuple[str, int]]:
    return [(row.type, row.subject_id) for row in feed.catalogue.events(after) if row.type.startswith("finding")]


def get(catalogue: Catalogue, number: int) -> FindingRow:
    row = catalogue.findings.get(number)
    assert row is not None
    return row


def test_a_finding_is_kept_with_all_that_is_known_of_it(any_feed: Feed) -> None:
    any_feed.begin()
    (number,) = save(any_feed, sight(2, 8.04))
    row = get(any_feed.catalogue, number)
    assert (row.channel, row.epoch, row.start, row.end) == ("one", 1, Fraction(2), Fraction(201, 25))
    assert (row.start_utc_ns, row.end_utc_ns) == (ZERO_NS + 2 * NS, ZERO_NS + 8_040_000_000)
    assert (row.box, row.width, row.height) == (Box(left=8, top=16, right=72, bottom=48), 1920, 1080)
    assert (row.score, row.reliability, row.keyframes, row.open) == (0.75, Reliability.GOOD, 5, True)
    assert (row.examiner, row.verdict) == (MODEL, None)
    assert any_feed.catalogue.findings.heat(number) == b"PNG"


def test_an_open_finding_grows_under_its_number_and_is_over_at_last(any_feed: Feed) -> None:
    any_feed.begin()
    (number,) = save(any_feed, sight(2, 8))
    assert save(any_feed, sight(2, 12, number=number, heat=None, over=True)) == [number]
    row = get(any_feed.catalogue, number)
    assert (row.end, row.open) == (12, False)
    assert any_feed.catalogue.findings.heat(number) == b"PNG"


def test_how_far_a_channel_was_looked_through_is_saved_with_what_was_found(any_feed: Feed) -> None:
    any_feed.begin()
    assert any_feed.catalogue.findings.place("one") is None
    save(any_feed, time=4)
    assert any_feed.catalogue.findings.place("one") == (1, Fraction(4))
    save(any_feed, sight(2, 8), time=8)
    assert any_feed.catalogue.findings.place("one") == (1, Fraction(8))


def test_what_can_not_be_saved_leaves_nothing_behind(feed: Feed) -> None:
    feed.begin()
    with pytest.raises(CatalogueError, match="needs its heat"):
        save(feed, sight(2, 8), sight(2, 8, heat=None), time=8)
    assert feed.catalogue.findings.place("one") is None
    assert feed.catalogue.findings.of_channel("one") == []


def test_growth_is_told_once_a_minute_and_what_people_go_by_at_once(feed: Feed) -> None:
    feed.begin()
    (number,) = save(feed, sight(2, 4))
    newest = feed.catalogue.event_range()[1]
    save(feed, sight(2, 6, number=number))
    assert told(feed, newest) == []
    save(feed, sight(2, 7, number=number, reliability=Reliability.WEAK))
    assert told(feed, newest) == [("finding", number)]
    feed.clock.advance(TOLD_AGAIN_NS / NS)
    save(feed, sight(2, 8, number=number, reliability=Reliability.WEAK))
    save(feed, sight(2, 8, number=number, reliability=Reliability.WEAK, over=True))
    assert told(feed, newest) == [("finding", number)] * 3


def test_that_it_was_found_is_told_once_when_it_has_been_there_for_long_enough(feed: Feed) -> None:
    feed.begin()
    (number,) = save(feed, sight(2, 11.9))
    assert (FOUND, number) not in told(feed)
    for end in (12, 20):
        save(feed, sight(2, end, number=number))
    assert told(feed).count((FOUND, number)) == 1


@pytest.mark.parametrize("why", ["undecidable", "dismissed"])
def test_what_nobody_can_tell_or_was_dismissed_is_not_told_as_found(feed: Feed, why: str) -> None:
    feed.begin()
    reliability = Reliability.UNDECIDABLE if why == "undecidable" else Reliability.GOOD
    (number,) = save(feed, sight(2, 4, reliability=reliability))
    if why == "dismissed":
        feed.catalogue.findings.judge(number, FindingVerdict.DISMISSED, None, "olga")
    save(feed, sight(2, 40, number=number, reliability=reliability))
    assert (FOUND, number) not in told(feed)


def test_a_verdict_is_told_and_can_be_taken_back(any_feed: Feed) -> None:
    any_feed.begin()
    (number,) = save(any_feed, sight(2, 4))
    newest = any_feed.catalogue.event_range()[1]
    book = any_feed.catalogue.findings
    book.judge(number, FindingVerdict.CONFIRMED, "the old bug", "olga")
    row = get(any_feed.catalogue, number)
    assert (row.verdict, row.note, row.verdict_author) == (FindingVerdict.CONFIRMED, "the old bug", "olga")
    assert row.verdict_ns == any_feed.clock.utc_ns()
    book.judge(number, FindingVerdict.CONFIRMED, "the old bug", "ivan")
    assert get(any_feed.catalogue, number).verdict_author == "olga"
    book.judge(number, None, None, "olga")
    row = get(any_feed.catalogue, number)
    assert (row.verdict, row.note, row.verdict_author, row.verdict_ns) == (None, None, None, None)
    assert told(any_feed, newest) == [("finding", number)] * 2


def test_who_judges_what_somebody_else_has_judged_meanwhile_is_told_who_and_changes_nothing(any_feed: Feed) -> None:
    any_feed.begin()
    (number,) = save(any_feed, sight(2, 4))
    book = any_feed.catalogue.findings
    book.judge(number, FindingVerdict.CONFIRMED, None, "olga", version=0)
    save(any_feed, sight(2, 8, number=number))  # growing is no verdict
    newest = any_feed.catalogue.event_range()[1]
    with pytest.raises(CatalogueOutdated, match=rf"finding {number} was confirmed by olga at \S+ \(version 1\)"):
        book.judge(number, FindingVerdict.DISMISSED, None, "boris", version=0)
    row = get(any_feed.catalogue, number)
    assert (row.verdict, row.verdict_author, row.verdict_version) == (FindingVerdict.CONFIRMED, "olga", 1)
    assert told(any_feed, newest) == []
    book.judge(number, FindingVerdict.CONFIRMED, None, "boris", version=1)  # says the same
    assert get(any_feed.catalogue, number).verdict_version == 1
    book.judge(number, None, None, "olga", version=1)
    with pytest.raises(CatalogueOutdated, match=rf"finding {number} was left to be checked \(version 2\)"):
        book.judge(number, FindingVerdict.DISMISSED, None, "boris", version=1)


def test_growth_leaves_what_people_said(feed: Feed) -> None:
    feed.begin()
    (number,) = save(feed, sight(2, 4))
    feed.catalogue.findings.judge(number, FindingVerdict.DISMISSED, "a window", "olga")
    save(feed, sight(2, 8, number=number))
    row = get(feed.catalogue, number)
    assert (row.end, row.verdict, row.note) == (8, FindingVerdict.DISMISSED, "a window")


def test_a_reader_that_comes_back_is_given_what_is_open_and_what_was_just_seen(any_feed: Feed) -> None:
    any_feed.begin()
    old, recent, still = save(any_feed, sight(1, 10, over=True), sight(5, 50, over=True), sight(5, 20))
    rows = any_feed.catalogue.findings.unfinished("one", 1, Fraction(45))
    assert [row.id for row in rows] == [recent, still]
    assert old not in [row.id for row in rows]


def test_what_is_open_is_closed_but_for_those_that_are_named(any_feed: Feed) -> None:
    any_feed.begin()
    one, two = save(any_feed, sight(1, 10), sight(5, 20))
    assert any_feed.catalogue.findings.close("one", besides=[two]) == 1
    assert [get(any_feed.catalogue, number).open for number in (one, two)] == [False, True]
    assert any_feed.catalogue.findings.close("one") == 1
    assert any_feed.catalogue.findings.close("one") == 0


def test_findings_are_listed_newest_first_and_narrowed(any_feed: Feed) -> None:
    any_feed.begin()
    one, two, three = save(any_feed, sight(0, 10), sight(20, 30), sight(40, 50))
    book = any_feed.catalogue.findings
    book.judge(two, FindingVerdict.CONFIRMED, None, "olga")

    def numbers(where: FindingFilter) -> list[int]:
        return [row.id for row in book.of_channel("one", where)]

    assert numbers(FindingFilter()) == [three, two, one]
    assert numbers(FindingFilter(before_id=three, limit=1)) == [two]
    assert numbers(FindingFilter(from_ns=ZERO_NS + 30 * NS)) == [three, two]
    assert numbers(FindingFilter(until_ns=ZERO_NS + 20 * NS)) == [one]
    assert numbers(FindingFilter(verdict=FindingVerdict.CONFIRMED)) == [two]
    assert numbers(FindingFilter(unjudged=True)) == [three, one]
    assert [row.id for row in book.of_span("one", Span(epoch=1, start=Fraction(10), end=Fraction(40)))] == [one, two]


def test_old_findings_are_deleted_and_open_ones_stay(any_feed: Feed) -> None:
    any_feed.begin()
    _, later, still = save(any_feed, sight(1, 10, over=True), sight(1, 30, over=True), sight(1, 10))
    assert any_feed.catalogue.findings.forget_before("one", ZERO_NS + 20 * NS) == 1
    assert [row.id for row in any_feed.catalogue.findings.of_channel("one")] == [still, later]


def test_an_unknown_finding_can_not_be_judged(feed: Feed) -> None:
    with pytest.raises(CatalogueError, match="knows no finding 7"):
        feed.catalogue.findings.judge(7, None, None, "olga")
