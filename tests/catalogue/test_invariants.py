"""Whatever is called in whatever order, with replays, restarts and people's edits in between, the promises hold."""

import shutil
import tempfile
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from streamproc.catalogue import Catalogue, SegmentRow, VersionRow
from streamproc.catalogue.edits import Keep, Mark, Point
from streamproc.errors import CatalogueConflict, CatalogueError
from streamproc.messages import BoundaryState, Change, Kind, Method, Placement, Position
from streamproc.timebase import ManualClock

KINDS = st.sampled_from([Kind.PROGRAMME, Kind.ADVERT])
STEPS = st.fractions(min_value=Fraction(1, 50), max_value=20, max_denominator=90_000)
SHIFTS = st.fractions(min_value=-6, max_value=6, max_denominator=90_000)
PLACES = st.fractions(min_value=0, max_value=80, max_denominator=25)
PICKS = st.integers(min_value=0, max_value=100)


class CatalogueMachine(RuleBasedStateMachine):
    """An analyser that says anything it might, now and then dies, and says things again."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = ManualClock()
        self.epoch = 0
        self.ended = True
        self.decided = False
        self.time = Fraction(0)
        self.said: list[tuple[Change, Placement]] = []
        self.boundary_ids: set[int] = set()
        self.versions: dict[int, list[VersionRow]] = {}
        self.final: dict[int, Placement] = {}
        self.catalogue = self._open()

    def _open(self) -> Catalogue:
        return Catalogue.open(f"sqlite:///{self.folder}/c.sqlite", clock=self.clock)

    def teardown(self) -> None:
        self.catalogue.close()
        shutil.rmtree(self.folder)

    @initialize()
    def channel(self) -> None:
        self.catalogue.put_channel("one", "One", None, None)

    @rule()
    def restart(self) -> None:
        self.catalogue.close()
        self.catalogue = self._open()

    @precondition(lambda self: self.ended)
    @rule()
    def begin(self) -> None:
        self.epoch, self.ended, self.time, self.decided = self.epoch + 1, False, Fraction(0), False
        self._begin()

    @precondition(lambda self: self.epoch)
    @rule()
    def begin_again(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.catalogue.begin_epoch(
            "one", self.epoch, utc_zero_ns=self.epoch * 10**13, frame_rate=Fraction(25), description=""
        )

    def _say(self, change: Change, at: Placement) -> None:
        position = Position(epoch=change.epoch, time=change.decided, memory="{}")
        boundary = self.catalogue.add_change("one", change, at, position)
        if boundary is not None:
            self.boundary_ids.add(boundary)

    @precondition(lambda self: not self.ended)
    @rule(after=KINDS, step=STEPS, at_start=st.booleans())
    def change(self, after: Kind, step: Fraction, at_start: bool) -> None:
        running = self.catalogue.segments("one")[-1].kind if self.decided else Kind.UNKNOWN
        self.decided = True
        new = self.time + step
        self.time = new + 1
        last_old = None if running is Kind.UNKNOWN else new - step
        change = Change(
            epoch=self.epoch, before=running, after=after, last_old=last_old, first_new=new, decided=self.time
        )
        first = at_start and running is Kind.UNKNOWN
        at = Placement(
            time=Fraction(0) if first else new,
            frame=None,
            confidence=0.5,
            method=Method.EPOCH if first else Method.SAMPLE,
        )
        self.said.append((change, at))
        self._say(change, at)

    @precondition(lambda self: self.said)
    @rule(pick=PICKS)
    def change_again(self, pick: int) -> None:
        before = self.catalogue.segments("one"), self.catalogue.event_range()
        self._say(*self.said[pick % len(self.said)])
        assert (self.catalogue.segments("one"), self.catalogue.event_range()) == before

    @precondition(lambda self: self.boundary_ids)
    @rule(pick=PICKS, shift=SHIFTS, final=st.booleans())
    def move(self, pick: int, shift: Fraction, final: bool) -> None:
        waiting = self.catalogue.provisional("one")
        if not waiting:
            return
        row = waiting[pick % len(waiting)]
        at = Placement(time=row.time + shift, frame=None, confidence=0.9, method=Method.CUT)
        call = self.catalogue.finalize if final else self.catalogue.add_version
        try:
            call(row.id, at)
        except CatalogueError:
            return
        call(row.id, at)
        if final:
            self.final[row.id] = at

    @precondition(lambda self: len(self.boundary_ids) > 1)
    @rule(pick=PICKS)
    def withdraw(self, pick: int) -> None:
        epoch = 1 + pick % self.epoch
        standing = self.catalogue.boundaries("one", epoch)
        first = pick % len(standing)
        if first + 1 == len(standing):
            return
        pair = standing[first].id, standing[first + 1].id
        try:
            self.catalogue.withdraw(*pair)
        except CatalogueError:
            return
        before = self.catalogue.segments("one")
        self.catalogue.withdraw(*pair)
        assert self.catalogue.segments("one") == before

    def _edited(self, edit: Callable[[], int | None]) -> bool:
        """Do an edit, if it is possible as things stand, and tell whether it was; it leaves all or nothing."""
        before = self.catalogue.segments("one"), self.catalogue.event_range()
        try:
            edit()
        except CatalogueConflict:
            assert (self.catalogue.segments("one"), self.catalogue.event_range()) == before
            return False
        self.boundary_ids |= {
            row.id for epoch in self.catalogue.epochs("one") for row in self.catalogue.boundaries("one", epoch.epoch)
        }
        self.final.clear()  # a person may move what is final
        return True

    @precondition(lambda self: self.epoch)
    @rule(pick=PICKS, start=PLACES, length=STEPS, kind=KINDS)
    def mark(self, pick: int, start: Fraction, length: Fraction, kind: Kind) -> None:
        epoch = 1 + pick % self.epoch
        ends = (Point(time=start, frame=None), Point(time=start + length, frame=None))
        said = Mark(channel="one", epoch=epoch, start=ends[0], end=ends[1], kind=kind)
        if self._edited(lambda: self.catalogue.edits.mark(said, "olga")):
            (row,) = [
                row
                for row in self.catalogue.segments("one")
                if row.epoch == epoch and row.start.time <= start and (row.end is None or start < row.end.time)
            ]
            assert row.kind is kind
            assert row.end is None or row.end.time >= start + length

    @precondition(lambda self: self.boundary_ids)
    @rule(pick=PICKS, shift=SHIFTS)
    def nudge(self, pick: int, shift: Fraction) -> None:
        number = sorted(self.boundary_ids)[pick % len(self.boundary_ids)]
        row = self.catalogue.boundary(number)
        assert row is not None
        to = Point(time=row.time + shift, frame=None)
        self._edited(lambda: self.catalogue.edits.move(number, to, "olga", version=row.version))

    @precondition(lambda self: self.boundary_ids)
    @rule(pick=PICKS, keep=st.sampled_from(Keep))
    def take_out(self, pick: int, keep: Keep) -> None:
        number = sorted(self.boundary_ids)[pick % len(self.boundary_ids)]
        self._edited(lambda: self.catalogue.edits.remove(number, keep, "olga"))

    @rule(pick=PICKS)
    def undo(self, pick: int) -> None:
        done = [row for row in self.catalogue.edits.of_channel("one") if row.undone_ns is None]
        if done:
            self._edited(lambda: self.catalogue.edits.undo(done[pick % len(done)].id, "anna"))

    @rule()
    def undo_at_once(self) -> None:
        """What nobody has touched since can always be taken back, and then all is as it was."""
        if self.epoch == 0 or not self.ended:
            return
        epoch = self.catalogue.epochs("one")[-1]
        if epoch.end is None or epoch.end == 0:
            return
        shape = [(row.start.placement, row.kind) for row in self.catalogue.segments("one")]
        ends = Point(time=epoch.end / 3, frame=None), Point(time=epoch.end * 2 / 3, frame=None)
        said = Mark(channel="one", epoch=epoch.epoch, start=ends[0], end=ends[1], kind=Kind.ADVERT)
        try:
            edit = self.catalogue.edits.mark(said, "olga")
        except CatalogueConflict:
            return
        self.catalogue.edits.undo(edit, "olga")
        assert [(row.start.placement, row.kind) for row in self.catalogue.segments("one")] == shape
        self.final.clear()

    @precondition(lambda self: not self.ended)
    @rule(back=st.sampled_from([0, 0, 3]))
    def end(self, back: int) -> None:
        end = max(Fraction(0), self.time + Fraction(1, 25) - back)
        try:
            self.catalogue.end_epoch("one", self.epoch, end, None, "lost")
        except CatalogueError:
            return
        self.ended = True
        self.catalogue.end_epoch("one", self.epoch, end + 1, None, "lost")

    @rule(good=st.booleans())
    def cut(self, good: bool) -> None:
        job = self.catalogue.next_clip()
        if job is not None and good:
            self.catalogue.clip_ready(job.id, "a.mp4", 1, "")
        elif job is not None:
            self.catalogue.clip_failed(job.id, "no", retry=True)

    @invariant()
    def segments_are_contiguous_and_in_order(self) -> None:
        by_epoch: dict[int, list[SegmentRow]] = {}
        for row in self.catalogue.segments("one"):
            by_epoch.setdefault(row.epoch, []).append(row)
        assert sorted(by_epoch) == [row.epoch for row in self.catalogue.epochs("one")]
        for epoch in self.catalogue.epochs("one"):
            rows = by_epoch[epoch.epoch]
            assert rows[0].start.time == 0
            assert (None if rows[-1].end is None else rows[-1].end.time) == epoch.end
            for row, following in pairwise(rows):
                assert row.end is not None
                assert row.end.id == following.start.id
                assert row.start.time < row.end.time
                assert row.kind is not following.kind

    @invariant()
    def versions_are_only_added(self) -> None:
        for boundary in self.boundary_ids:
            versions = self.catalogue.versions(boundary)
            known = self.versions.get(boundary, [])
            assert versions[: len(known)] == known
            self.versions[boundary] = versions

    @invariant()
    def what_is_final_stays(self) -> None:
        for boundary, at in self.final.items():
            newest = self.catalogue.versions(boundary)[-1]
            assert (newest.state, newest.placement) == (BoundaryState.FINAL, at)

    @invariant()
    def exactly_the_final_programmes_have_a_clip(self) -> None:
        for row in self.catalogue.segments("one"):
            assert (row.clip is not None) == (row.kind is Kind.PROGRAMME and row.state is BoundaryState.FINAL)
        clips = self.catalogue.clips("one")
        assert len(clips) == len({clip.segment_id for clip in clips})


TestCatalogue = CatalogueMachine.TestCase
TestCatalogue.settings = settings(
    max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
