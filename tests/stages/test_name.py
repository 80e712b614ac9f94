"""Naming, over a catalogue that grows as it does live."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import pytest

from streamproc.catalogue.edits import Point
from streamproc.catalogue.finishing import ProgrammeState
from streamproc.catalogue.listings import ListingRow
from streamproc.catalogue.pieces import Wish
from streamproc.catalogue.programmes import Draft
from streamproc.catalogue.store import Catalogue
from streamproc.errors import CatalogueConflict
from streamproc.media.footage import Footage
from streamproc.messages import Change, Kind, Method, Placement, Position
from streamproc.stages.name import NameStage
from streamproc.timebase import NS, ManualClock
from tests.stages.broadcast import CHANNEL, surroundings

P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN
ZERO_NS = 1_790_000_000 * NS
MINUTE_NS = 60 * NS


@dataclass
class Recorded:
    """An epoch of which only the length matters here."""

    id: int
    utc_zero_ns: int
    length: Fraction = Fraction(0)

    def end(self) -> Fraction:
        return self.length


@dataclass
class Reel:
    """Epochs that grow."""

    recorded: list[Recorded] = field(default_factory=list)

    def epochs(self) -> Sequence[Recorded]:
        return self.recorded


class Channel:
    """A channel in minutes: what is on air, and what it is called."""

    def __init__(self, folder: Path, around: Any, clock: ManualClock) -> None:
        self.catalogue = Catalogue.open(f"sqlite:///{folder / 'catalogue.sqlite'}", clock=clock)
        self.catalogue.put_channel(CHANNEL, "One", "m", "0" * 64)
        self.reel = Reel()
        self.around = around
        self.number = 0
        self.restart()

    def restart(self) -> None:
        self.stage = NameStage(self.around, cast(Footage, self.reel), self.catalogue)

    def begin(self, minute: float, kind: Kind = P) -> None:
        self.number += 1
        zero_ns = ZERO_NS + round(minute * MINUTE_NS)
        self.catalogue.begin_epoch(
            CHANNEL, self.number, utc_zero_ns=zero_ns, frame_rate=Fraction(25), description="h264"
        )
        self.reel.recorded.append(Recorded(self.number, zero_ns))
        self._change(U, kind, Fraction(0), Method.EPOCH)

    def end(self, minute: float) -> None:
        epoch = self.reel.recorded[-1]
        epoch.length = self._time(minute)
        self.catalogue.end_epoch(CHANNEL, epoch.id, epoch.length, None, "lost")

    def breaks(self, *pairs: tuple[float, float]) -> None:
        for start, end in pairs:
            self._change(P, A, self._time(start))
            self._change(A, P, self._time(end))

    def listings(self, *starts: tuple[float, str]) -> None:
        self.catalogue.listings.replace(
            CHANNEL,
            [
                ListingRow(start_ns=ZERO_NS + round(minute * MINUTE_NS), stop_ns=None, title=title)
                for minute, title in starts
            ],
        )

    def name_until(self, minute: float) -> None:
        """Let the recording reach a minute, and name."""
        self.reel.recorded[-1].length = self._time(minute)
        self.stage.name_round()

    def told(self) -> list[tuple[str | None, str, list[tuple[float, float | None]]]]:
        return [
            (
                row.title,
                row.state.value,
                [(self._minute(p.start, p.epoch), self._minute(p.end, p.epoch)) for p in row.parts],
            )
            for row in self.catalogue.programmes.of_channel(CHANNEL)[::-1]
        ]

    def ids(self) -> dict[str | None, int]:
        return {row.title: row.id for row in self.catalogue.programmes.of_channel(CHANNEL)}

    def _time(self, minute: float) -> Fraction:
        return Fraction(ZERO_NS + round(minute * MINUTE_NS) - self.reel.recorded[-1].utc_zero_ns, NS)

    def _minute(self, time: Fraction | None, epoch: int) -> Any:
        zero_ns = self.reel.recorded[epoch - 1].utc_zero_ns
        return None if time is None else float((zero_ns - ZERO_NS + time * NS) / MINUTE_NS)

    def _change(self, before: Kind, after: Kind, time: Fraction, method: Method = Method.CUT) -> None:
        epoch = self.reel.recorded[-1].id
        change = Change(epoch=epoch, before=before, after=after, last_old=None, first_new=time, decided=time + 1)
        at = Placement(time=time, frame=None, confidence=0.99, method=method)
        number = self.catalogue.add_change(CHANNEL, change, at, Position(epoch=epoch, time=change.decided, memory="{}"))
        assert number is not None
        if method is not Method.EPOCH:
            self.catalogue.finalize(number, at)


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Channel]:
    clock = ManualClock(ZERO_NS)
    with surroundings(clock) as around:
        channel = Channel(tmp_path, around, clock)
        channel.listings((0, "Утро"), (30, "Новости"), (60, "Кино"), (150, "Спорт"))
        channel.begin(0)
        yield channel
        channel.catalogue.close()


def test_what_is_on_air_has_its_name_while_it_runs(channel: Channel) -> None:
    channel.name_until(5)
    assert channel.told() == [("Утро", "running", [(0, None)])]
    assert [row.title for row in channel.catalogue.segments(CHANNEL)] == ["Утро"]


def test_a_programme_is_complete_when_another_has_followed_it_for_a_while(channel: Channel) -> None:
    channel.breaks((12, 15), (29, 31))
    channel.name_until(32)
    assert channel.told()[0] == ("Утро", "running", [(0, 12), (15, 29)])
    channel.name_until(36)
    assert channel.told() == [("Утро", "complete", [(0, 12), (15, 29)]), ("Новости", "running", [(31, None)])]


def test_programmes_keep_their_numbers_while_more_becomes_known(channel: Channel) -> None:
    channel.name_until(5)
    (first,) = channel.ids().values()
    channel.breaks((12, 15), (29, 31), (58, 61))
    channel.name_until(70)
    assert channel.ids()["Утро"] == first
    before = channel.ids()
    channel.listings((0, "Доброе утро"), (30, "Новости"), (60, "Кино"), (150, "Спорт"))
    channel.name_until(71)
    assert channel.ids() == {"Доброе утро": first, "Новости": before["Новости"], "Кино": before["Кино"]}


def test_a_name_given_by_hand_stays(channel: Channel) -> None:
    channel.breaks((12, 15), (29, 31))
    channel.name_until(40)
    channel.catalogue.programmes.name_by_hand(channel.ids()["Утро"], "Спецвыпуск", None, "anna")
    channel.listings((0, "Доброе утро"), (30, "Новости"), (60, "Кино"), (150, "Спорт"))
    channel.breaks((58, 61))
    channel.name_until(75)
    assert [title for title, *_ in channel.told()] == ["Спецвыпуск", "Новости", "Кино"]


def test_a_short_loss_of_the_feed_makes_no_break_and_two_parts(channel: Channel) -> None:
    channel.end(10)
    channel.begin(10.25)
    channel.breaks((29, 31))
    channel.name_until(40)
    assert channel.told()[0] == ("Утро", "complete", [(0, 10), (10.25, 29)])


def test_without_listings_nothing_is_named(channel: Channel) -> None:
    channel.catalogue.listings.forget_before(CHANNEL, 2 * ZERO_NS)
    channel.name_until(40)
    assert channel.told() == []


def test_a_stage_that_was_started_again_finds_what_was_found_and_writes_nothing(channel: Channel) -> None:
    channel.breaks((29, 31))
    channel.name_until(40)
    events = channel.catalogue.events(0)
    channel.restart()
    channel.name_until(40)
    assert channel.catalogue.events(0) == events


def test_a_programme_that_is_long_over_is_left_alone_when_the_schedule_is_rewritten(channel: Channel) -> None:
    channel.breaks((29, 31), (58, 61), (148, 151))
    channel.name_until(200)
    assert channel.catalogue.programmes.of_channel(CHANNEL)[-1].state is ProgrammeState.COMPLETE
    channel.name_until(60 * 14)
    channel.listings((0, "Совсем другое"), (30, "Новости"), (60, "Кино"), (150, "Спорт"))
    channel.name_until(60 * 14 + 1)
    assert channel.told()[0] == ("Утро", "complete", [(0, 29)])


def test_a_listing_that_could_begin_in_the_footages_last_minute_is_no_harm(channel: Channel) -> None:
    channel.listings((0, "Утро"), (60, "Кино"), (150, "Спорт"))
    channel.breaks((12, 15), (58, 61))
    for minute in range(108, 113):
        channel.name_until(minute)
        assert channel.told()[-1] == ("Кино", "running", [(61, None)])


def split(channel: Channel, title: str, minute: float) -> int:
    at = Point(time=channel._time(minute), frame=None)
    return channel.catalogue.edits.split(channel.ids()[title], channel.number, at, "olga")


def test_a_split_by_hand_stays_and_what_follows_is_named_by_the_schedule(channel: Channel) -> None:
    channel.listings((0, "Утро"), (60, "Кино"), (150, "Спорт"))
    channel.breaks((12, 15), (58, 61), (100, 104))
    channel.name_until(110)
    assert channel.told()[0] == ("Утро", "complete", [(0, 12), (15, 58)])
    split(channel, "Утро", 30)
    halves = [("Утро", "complete", [(0, 12), (15, 30)]), (None, "complete", [(30, 58)])]
    for minute in (111, 120, 140):
        channel.name_until(minute)
        by_start = sorted(channel.told(), key=lambda row: row[2][0])
        assert by_start[:2] == halves
        assert by_start[2][0] == "Кино"
    channel.restart()
    channel.name_until(149)
    assert sorted(channel.told(), key=lambda row: row[2][0])[:2] == halves


def test_the_second_half_has_the_listing_that_no_programme_has(channel: Channel) -> None:
    channel.listings((0, "Утро"), (60, "Кино"), (150, "Спорт"))
    channel.breaks((12, 15), (58, 61), (100, 104))
    channel.name_until(110)
    channel.listings((0, "Утро"), (28, "Новости"), (60, "Кино"), (150, "Спорт"))
    split(channel, "Утро", 30)
    second = channel.catalogue.programmes.get(channel.ids()["Новости"])
    assert second is not None
    assert (second.confidence, second.shape_author) == (0.5, "olga")


def test_a_programme_on_air_is_split_and_its_second_half_goes_on(channel: Channel) -> None:
    channel.breaks((12, 15))
    channel.name_until(25)
    split(channel, "Утро", 20)
    for minute in (26, 29):
        channel.name_until(minute)
        assert channel.told()[0] == ("Утро", "complete", [(0, 12), (15, 20)])
        assert [row[1:] for row in channel.told()[1:]] == [("running", [(20, None)])]


def test_a_merge_by_hand_stays_and_is_undone_with_numbers_names_and_pieces(channel: Channel) -> None:
    channel.breaks((12, 15), (29, 31), (58, 61))
    channel.name_until(70)
    before, ids = channel.told(), channel.ids()
    spans = channel.catalogue.programmes.get(ids["Новости"]).spans
    wish = Wish(channel=CHANNEL, spans=spans, programme_id=ids["Новости"], author="anna")
    piece = channel.catalogue.pieces.want(wish)
    edit = channel.catalogue.edits.merge(ids["Утро"], ids["Новости"], "olga")
    merged = ("Утро", "complete", [(0, 12), (15, 29), (31, 58)])
    assert channel.told()[0] == merged
    assert channel.catalogue.programmes.get(ids["Новости"]) is None
    row = channel.catalogue.pieces.get(piece)
    assert (row.programme_id, row.is_outdated) == (ids["Утро"], True)
    for minute in (71, 90):
        channel.name_until(minute)
        assert channel.told()[0] == merged
    channel.restart()
    channel.name_until(91)
    assert channel.told()[0] == merged
    channel.catalogue.edits.undo(edit, "olga")
    assert (channel.told()[:2], {title: channel.ids()[title] for title in ("Утро", "Новости")}) == (
        before[:2],
        {title: ids[title] for title in ("Утро", "Новости")},
    )
    row = channel.catalogue.pieces.get(piece)
    assert (row.programme_id, row.is_outdated) == (ids["Новости"], False)


def test_what_can_not_be_split_or_merged_is_said_in_a_sentence(channel: Channel) -> None:
    channel.breaks((12, 15), (29, 31), (58, 61))
    channel.name_until(70)
    ids = channel.ids()
    with pytest.raises(CatalogueConflict, match="not on air before and after that"):
        split(channel, "Утро", 29)
    with pytest.raises(CatalogueConflict, match="is still on air; merge it when it has ended"):
        channel.catalogue.edits.merge(ids["Новости"], ids["Кино"], "olga")
    channel.breaks((100, 101), (149, 151))
    channel.name_until(170)
    with pytest.raises(CatalogueConflict, match="lies between"):
        channel.catalogue.edits.merge(channel.ids()["Утро"], channel.ids()["Кино"], "olga")


def test_a_naming_that_began_before_a_merge_does_not_bring_the_second_back(channel: Channel) -> None:
    channel.breaks((12, 15), (29, 31), (58, 61))
    channel.name_until(70)
    ids = channel.ids()
    drafts = [
        Draft(
            id=ids["Новости"],
            state=ProgrammeState.COMPLETE,
            title="Новости",
            description="начатое раньше",
            confidence=0.9,
            scheduled_start_ns=None,
            scheduled_stop_ns=None,
            parts=(),
        )
    ]
    channel.catalogue.edits.merge(ids["Утро"], ids["Новости"], "olga")
    channel.catalogue.programmes.rewrite(CHANNEL, drafts, [])
    assert "Новости" not in channel.ids()


def test_a_corrected_boundary_moves_a_complete_programme_with_it(channel: Channel) -> None:
    channel.breaks((12, 15), (29, 31), (58, 61))
    channel.name_until(70)
    channel.catalogue.programmes.name_by_hand(channel.ids()["Новости"], "Новости в полдень", None, "olga")
    boundary = next(row for row in channel.catalogue.boundaries(CHANNEL, 1) if row.time == channel._time(58))
    channel.catalogue.edits.move(boundary.id, Point(time=channel._time(57), frame=None), "olga")
    assert channel.told()[1] == ("Новости в полдень", "complete", [(31, 57)])
    channel.name_until(71)
    assert channel.told()[1] == ("Новости в полдень", "complete", [(31, 57)])
