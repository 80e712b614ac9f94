"""The book of findings: places that look painted over, from when to when, and what people say of them.

Whoever looks through the recording saves what it knows of its findings together with how far it has come, in one
transaction; so one that was killed comes back, takes up what is open, and says nothing twice. An open finding grows
with every keyframe, and is told of when it begins, when it changes in what people go by, once a minute, and when it is
over; ``finding.found`` is told once, when it has been there for long enough.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from sqlalchemy import Select, and_, delete, or_, select
from sqlalchemy.orm import Session, contains_eager

from streamproc.catalogue import queries
from streamproc.catalogue.forensics import Finding, FindingKind, FindingVerdict, Inspection
from streamproc.catalogue.ledger import Ledger, Writing
from streamproc.catalogue.models import Channel, Epoch
from streamproc.errors import CatalogueError, CatalogueOutdated
from streamproc.messages import Box, Reliability, Span
from streamproc.timebase import NS, iso_utc, to_ns

TOLD_AGAIN_NS: Final = 60 * NS
"""A finding that only grows is told of so often."""
FOUND = "finding.found"
"""The event of a finding that has been there for long enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examiner:
    """What looked."""

    name: str
    """Name of the model."""
    sha256: str
    """SHA-256 of the model, hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is known of a finding by now."""

    id: int | None
    """Its number; None for a new one."""
    start: Fraction
    """First keyframe that shows it, seconds in the epoch."""
    end: Fraction
    """Last keyframe that shows it."""
    shown: Fraction
    """The keyframe that shows it best."""
    box: Box
    """Where it is, pixels of the picture."""
    width: int
    """Width of the picture, pixels."""
    height: int
    """Height of the picture."""
    score: float
    """In [0, 1]: how sure it is."""
    reliability: Reliability
    """Whether that can be told there."""
    keyframes: int
    """How many keyframes were looked at while it was there."""
    heat: bytes | None
    """PNG, 8-bit grey: how much each place looks painted; None leaves the one that is kept."""
    over: bool
    """Whether nothing will change it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """How far a channel was looked through, and what came of it."""

    channel: str
    """The channel's short name."""
    epoch: int
    """The epoch's number in the recording."""
    time: Fraction
    """The last keyframe that was looked at, seconds in the epoch."""
    examiner: Examiner
    """What looked."""
    sights: Sequence[Sight] = ()
    """Findings that are new or have changed."""
    sure_after: Fraction = Fraction(0)
    """``finding.found`` is told of what has been there for so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """A finding."""

    id: int
    """Number in the catalogue."""
    channel: str
    """The channel's short name."""
    epoch: int
    """Its epoch's number in the recording."""
    kind: FindingKind
    """What it is."""
    start: Fraction
    """See :class:`Sight`; so are those without a word."""
    end: Fraction
    shown: Fraction
    start_utc_ns: int | None
    """Wall time of the first keyframe that shows it."""
    end_utc_ns: int | None
    """Wall time of the last."""
    shown_utc_ns: int | None
    """Wall time of the one that shows it best."""
    box: Box
    width: int
    height: int
    score: float
    reliability: Reliability
    keyframes: int
    open: bool
    """Whether it goes on."""
    examiner: Examiner
    """What found it."""
    verdict: FindingVerdict | None
    """What a person says of it; None when nobody has."""
    verdict_version: int
    """How often that was said, changed or taken back."""
    verdict_author: str | None
    """Who says so."""
    verdict_ns: int | None
    """When, wall time."""
    note: str | None
    """In their own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFilter:
    """Which findings are asked for."""

    from_ns: int | None = None
    """Only what is seen at or after this wall time."""
    until_ns: int | None = None
    """Only what begins before this wall time."""
    verdict: FindingVerdict | None = None
    """Only those with this verdict."""
    unjudged: bool = False
    """Only those without any."""
    before_id: int | None = None
    """Only those with smaller numbers."""
    limit: int | None = None
    """At most so many; all when left out."""


_ALL = FindingFilter()


class Findings:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def save(self, looked: Looked) -> list[int]:
        """Write down how far a channel was looked through, and its findings; returns their numbers, in order.

        Raises CatalogueError for an epoch that is not known, and for a new finding without heat.
        """
        if not looked.sights:
            with self._ledger.quietly() as session:
                _place(session, queries.find_channel(session, looked.channel), looked, self._ledger.now_ns())
            return []
        with self._ledger.write() as write:
            epoch = queries.find_epoch(write.session, looked.channel, looked.epoch)
            _place(write.session, epoch.channel, looked, write.now_ns)
            return [_saved(write, epoch, looked, sight) for sight in looked.sights]

    def place(self, channel: str) -> tuple[int, Fraction] | None:
        """Return the epoch and the time in it that a channel was looked through to; None before the first."""
        query = select(Inspection.epoch, Inspection.time).join(Channel).where(Channel.name == channel)
        with self._ledger.read() as session:
            found = session.execute(query).first()
        return None if found is None else (found.epoch, found.time)

    def reached_ns(self, channel: str) -> int | None:
        """Return the wall time that a channel was looked through to; None before the first, and where it has none."""
        query = (
            select(Epoch, Inspection.time)
            .join(Channel, Epoch.channel_id == Channel.id)
            .join(Inspection, and_(Inspection.channel_id == Channel.id, Inspection.epoch == Epoch.number))
            .where(Channel.name == channel)
        )
        with self._ledger.read() as session:
            found = session.execute(query).first()
            return None if found is None else queries.utc(found.Epoch, found.time)

    def unfinished(self, channel: str, epoch: int, since: Fraction) -> list[FindingRow]:
        """Return the channel's open findings, and those of an epoch that were still seen at ``since``; oldest first."""
        recent = and_(Epoch.number == epoch, Finding.end_ns >= to_ns(since))
        query = _rows(channel).where(or_(Finding.over_ns.is_(None), recent)).order_by(Finding.id)
        with self._ledger.read() as session:
            return [_row(finding) for finding in session.scalars(query)]

    def going_on(self) -> list[FindingRow]:
        """Return the open findings of all channels, oldest first."""
        query = _rows(None).where(Finding.over_ns.is_(None)).order_by(Finding.id)
        with self._ledger.read() as session:
            return [_row(finding) for finding in session.scalars(query)]

    def close(self, channel: str, *, besides: Collection[int] = ()) -> int:
        """End the channel's open findings where they were last seen, but for those numbers; returns how many."""
        with self._ledger.write() as write:
            query = _rows(channel).where(Finding.over_ns.is_(None), Finding.id.not_in(besides)).order_by(Finding.id)
            left = write.session.scalars(query).all()
            for finding in left:
                finding.over_ns = write.now_ns
                _tell(write, finding, channel)
            return len(left)

    def get(self, finding_id: int) -> FindingRow | None:
        """Return one; None when there is none."""
        query = _rows(None).where(Finding.id == finding_id)
        with self._ledger.read() as session:
            finding = session.scalar(query)
            return None if finding is None else _row(finding)

    def heat(self, finding_id: int) -> bytes | None:
        """Return its heat, a PNG; None when there is no such finding."""
        with self._ledger.read() as session:
            return session.scalar(select(Finding.heat).where(Finding.id == finding_id))

    def of_channel(self, channel: str, where: FindingFilter = _ALL) -> list[FindingRow]:
        """Return the channel's, newest first, by default all of them."""
        query = _narrowed(_rows(channel), where).order_by(Finding.id.desc()).limit(where.limit)
        with self._ledger.read() as session:
            return [_row(finding) for finding in session.scalars(query)]

    def of_span(self, channel: str, span: Span) -> list[FindingRow]:
        """Return those that are seen in a stretch of an epoch, oldest first."""
        query = _rows(channel).where(
            Epoch.number == span.epoch, Finding.start_ns < to_ns(span.end), Finding.end_ns >= to_ns(span.start)
        )
        with self._ledger.read() as session:
            return [_row(finding) for finding in session.scalars(query.order_by(Finding.start_ns, Finding.id))]

    def judge(
        self,
        finding_id: int,
        verdict: FindingVerdict | None,
        note: str | None,
        author: str,
        *,
        version: int | None = None,
    ) -> None:
        """Write down what a person says of a finding, or take that back.

        version: what the version of its verdict must be; any when left out. Raises CatalogueOutdated: it is another,
        CatalogueError: there is no such finding.
        """
        with self._ledger.write() as write:
            finding = write.session.get(Finding, finding_id)
            if finding is None:
                raise CatalogueError(f"the catalogue knows no finding {finding_id}")
            if version is not None and version != finding.verdict_version:
                raise CatalogueOutdated(_said(finding))
            if (finding.verdict, finding.note) == (verdict, note):
                return
            finding.verdict, finding.note = verdict, note
            finding.verdict_version += 1
            said = verdict is not None or note is not None
            finding.verdict_author = author if said else None
            finding.verdict_ns = write.now_ns if said else None
            _tell(write, finding, finding.epoch.channel.name)

    def forget_before(self, channel: str, utc_ns: int) -> int:
        """Delete what was over and last seen before a wall time; returns how many."""
        old = _rows(channel).where(Finding.over_ns.is_not(None), Epoch.utc_zero_ns + Finding.end_ns < utc_ns)
        with self._ledger.quietly() as session:
            numbers = [finding.id for finding in session.scalars(old)]
            if numbers:
                session.execute(delete(Finding).where(Finding.id.in_(numbers)))
            return len(numbers)


def _rows(channel: str | None) -> Select[Finding]:
    query = select(Finding).join(Epoch, Finding.epoch_id == Epoch.id).join(Channel, Epoch.channel_id == Channel.id)
    loaded = query.options(contains_eager(Finding.epoch).contains_eager(Epoch.channel))
    return loaded if channel is None else loaded.where(Channel.name == channel)


def _narrowed(query: Select[Finding], where: FindingFilter) -> Select[Finding]:
    if where.from_ns is not None:
        query = query.where(Epoch.utc_zero_ns + Finding.end_ns >= where.from_ns)
    if where.until_ns is not None:
        query = query.where(Epoch.utc_zero_ns + Finding.start_ns < where.until_ns)
    if where.verdict is not None:
        query = query.where(Finding.verdict == where.verdict)
    if where.unjudged:
        query = query.where(Finding.verdict.is_(None))
    if where.before_id is not None:
        query = query.where(Finding.id < where.before_id)
    return query


def _place(session: Session, channel: Channel, looked: Looked, now_ns: int) -> None:
    row = session.get(Inspection, channel.id)
    if row is None:
        row = Inspection(channel_id=channel.id)
        session.add(row)
    row.epoch, row.time, row.updated_ns = looked.epoch, looked.time, now_ns


def _saved(write: Writing, epoch: Epoch, looked: Looked, sight: Sight) -> int:
    finding = None if sight.id is None else write.session.get(Finding, sight.id)
    is_news = finding is None
    if finding is None:
        if sight.heat is None:
            raise CatalogueError(f"channel '{looked.channel}': a new finding needs its heat")
        finding = Finding(epoch=epoch, kind=FindingKind.ERASED, created_ns=write.now_ns, told_ns=write.now_ns)
        write.session.add(finding)
    else:
        before = (finding.reliability, finding.over_ns is not None)
        is_news = before != (sight.reliability, sight.over) or write.now_ns - finding.told_ns >= TOLD_AGAIN_NS
    _fill(finding, sight, write.now_ns)
    finding.model_name, finding.model_sha256 = looked.examiner.name, looked.examiner.sha256
    if is_news:
        _tell(write, finding, looked.channel)
    if _is_sure(finding, looked.sure_after):
        finding.found_ns = write.now_ns
        write.tell(looked.channel, FOUND, finding.id)
    return finding.id


def _fill(finding: Finding, sight: Sight, now_ns: int) -> None:
    finding.start, finding.start_ns = sight.start, to_ns(sight.start)
    finding.end, finding.end_ns = sight.end, to_ns(sight.end)
    finding.shown = sight.shown
    box = sight.box
    finding.left, finding.top, finding.right, finding.bottom = box.left, box.top, box.right, box.bottom
    finding.width, finding.height = sight.width, sight.height
    finding.score, finding.reliability, finding.keyframes = sight.score, sight.reliability, sight.keyframes
    if sight.heat is not None:
        finding.heat = sight.heat
    if not sight.over:
        finding.over_ns = None
    elif finding.over_ns is None:
        finding.over_ns = now_ns


def _is_sure(finding: Finding, after: Fraction) -> bool:
    """Tell whether it is time to tell of it: it was there for long enough, and nobody has dismissed it."""
    if finding.found_ns is not None or finding.reliability is Reliability.UNDECIDABLE:
        return False
    return finding.verdict is not FindingVerdict.DISMISSED and finding.end - finding.start >= after


def _said(finding: Finding) -> str:
    """Say what was said last of a finding, and by whom."""
    said = "left to be checked" if finding.verdict is None else finding.verdict.value
    by = "" if finding.verdict_author is None else f" by {finding.verdict_author}"
    at = "" if finding.verdict_ns is None else f" at {iso_utc(finding.verdict_ns)}"
    return (
        f"finding {finding.id} was {said}{by}{at} (version {finding.verdict_version}); "
        "look at it again, then repeat what you want"
    )


def _tell(write: Writing, finding: Finding, channel: str) -> None:
    finding.told_ns = write.now_ns
    write.session.flush()
    write.tell(channel, "finding", finding.id)


def _row(finding: Finding) -> FindingRow:
    epoch = finding.epoch
    return FindingRow(
        id=finding.id,
        channel=epoch.channel.name,
        epoch=epoch.number,
        kind=finding.kind,
        start=finding.start,
        end=finding.end,
        shown=finding.shown,
        start_utc_ns=queries.utc(epoch, finding.start),
        end_utc_ns=queries.utc(epoch, finding.end),
        shown_utc_ns=queries.utc(epoch, finding.shown),
        box=Box(left=finding.left, top=finding.top, right=finding.right, bottom=finding.bottom),
        width=finding.width,
        height=finding.height,
        score=finding.score,
        reliability=finding.reliability,
        keyframes=finding.keyframes,
        open=finding.over_ns is None,
        examiner=Examiner(name=finding.model_name, sha256=finding.model_sha256),
        verdict=finding.verdict,
        verdict_version=finding.verdict_version,
        verdict_author=finding.verdict_author,
        verdict_ns=finding.verdict_ns,
        note=finding.note,
    )
