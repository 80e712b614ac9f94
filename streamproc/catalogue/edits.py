"""The book of edits: what people correct in boundaries and programmes, each with what it takes to undo it.

Every edit is one transaction: boundaries, segments, clips, programmes, the label that training learns from, the edit
itself, and the events that tell of all of it. docs/decisions/0016-edits.md says why it works as it does.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from streamproc.catalogue import dividing, queries
from streamproc.catalogue.finishing import Programme
from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.models import Boundary, BoundaryVersion, Channel, Epoch, Label, Reader, Role
from streamproc.catalogue.people import Edit, EditAction
from streamproc.catalogue.renewing import Memory, remembered, renew, restore
from streamproc.catalogue.reshaping import Placed, Shaping, by_hand, placed, reshape
from streamproc.errors import CatalogueConflict, CatalogueError, CatalogueOutdated
from streamproc.logic import labels
from streamproc.logic.editing import Edge, Stretch, differences, painted, was_on_air
from streamproc.messages import BoundaryState, Kind, Method, Placement
from streamproc.timebase import iso_utc


class Keep(StrEnum):
    """What goes on where a boundary is taken out."""

    BEFORE = "before"  # what was on air before it
    AFTER = "after"  # what was on air after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A place on a frame."""

    time: Fraction
    """Presentation time of the frame, seconds in the epoch."""
    frame: int | None
    """Its number in the epoch, from 0; None when not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What somebody says of a stretch of an epoch."""

    channel: str
    """The channel's short name."""
    epoch: int
    """The epoch's number in the recording."""
    start: Point
    """Where it begins."""
    end: Point
    """Where it ends, exclusive."""
    kind: Kind
    """PROGRAMME or ADVERT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What an edit found, or left: the boundaries of its stretch, and the programmes that it touched."""

    boundaries: tuple[Placed, ...]
    """In time order; the epoch's end is not among them."""
    programmes: tuple[Memory, ...]
    """As :mod:`streamproc.catalogue.renewing` keeps them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRow:
    """What a person changed."""

    id: int
    """Number in the catalogue; greater is later."""
    channel: str
    """The channel's short name."""
    epoch: int | None
    """The epoch's number in the recording; None where it is about programmes alone."""
    action: EditAction
    """What was done."""
    start: Fraction | None
    """Where what it changed begins, seconds in the epoch; None where it is about programmes alone."""
    end: Fraction | None
    """Where that ends; None where it reaches to what is on air, too."""
    start_utc_ns: int | None
    """Wall time of the start."""
    end_utc_ns: int | None
    """Wall time of the end."""
    before: Picture
    """What it found."""
    after: Picture
    """What it left."""
    undoes_id: int | None
    """The edit that it takes back."""
    undone_ns: int | None
    """When it was taken back, wall time; None while it stands."""
    author: str
    """Who did it."""
    created_ns: int
    """When, wall time."""


class Edits:
    """See the module. Every call is one transaction.

    Raises CatalogueConflict where an edit is not possible as things stand, CatalogueOutdated where somebody else has
    changed what is to be edited, CatalogueError where it is not known, or the database fails.
    """

    def __init__(self, ledger: Ledger, write: Callable[[], AbstractContextManager[Shaping]]) -> None:
        """write: opens a transaction that can change boundaries and segments."""
        self._ledger = ledger
        self._write = write

    def move(self, boundary_id: int, to: Point, author: str, *, version: int | None = None) -> int | None:
        """Put a boundary on another frame; returns the edit's number, None when it is there already.

        version: what its newest version must be; any when left out.
        """
        with self._write() as write:
            boundary = _editable(write.session, boundary_id, version)
            if boundary.time == to.time:
                return None
            standing = queries.around(write.session, boundary.epoch, boundary.time, boundary.time)
            place = next(number for number, one in enumerate(standing) if one.id == boundary_id)
            _check_between(boundary, to, standing[place - 1], standing[place + 1 :])
            if to.time < boundary.time:
                stretch, kind = (to.time, boundary.time), boundary.after
            else:
                stretch, kind = (boundary.time, to.time), boundary.before
            painting = _Painting(stretch, kind, {to.time: to.frame})
            return _paint(write, boundary.epoch, EditAction.MOVE, painting, author)

    def remove(self, boundary_id: int, keep: Keep, author: str, *, version: int | None = None) -> int:
        """Take a boundary out: what was on air on one side of it goes on; returns the edit's number.

        Where that makes it the same as what is beyond the other side, the boundary there goes as well.
        """
        with self._write() as write:
            boundary = _editable(write.session, boundary_id, version)
            standing = queries.around(write.session, boundary.epoch, boundary.time, boundary.time)
            place = next(number for number, one in enumerate(standing) if one.id == boundary_id)
            if keep is Keep.AFTER:
                painting = _Painting((standing[place - 1].time, boundary.time), boundary.after, {})
            else:
                end = standing[place + 1].time if place + 1 < len(standing) else None
                painting = _Painting((boundary.time, end), boundary.before, {})
            return _paint(write, boundary.epoch, EditAction.REMOVE, painting, author)

    def mark(self, mark: Mark, author: str) -> int:
        """Say that a stretch is programme, or advert: boundaries are added, moved and taken out until it is true.

        Returns the edit's number. Said again it changes no boundary.
        """
        with self._write() as write:
            epoch = queries.find_epoch(write.session, mark.channel, mark.epoch)
            _check_mark(write.session, epoch, mark)
            frames = {mark.start.time: mark.start.frame, mark.end.time: mark.end.frame}
            painting = _Painting((mark.start.time, mark.end.time), mark.kind, frames)
            return _paint(write, epoch, EditAction.MARK, painting, author)

    def split(self, programme_id: int, number: int, at: Point, author: str) -> int:
        """Say that another programme begins at a frame of one, in an epoch; returns the edit's number."""
        with self._write() as write:
            programme = dividing.find(write.session, programme_id)
            epoch = queries.find_epoch(write.session, programme.channel.name, number)
            before = remembered(programme)
            halves = dividing.split(write, programme, epoch, at.time, author)
            edit = Edit(channel=programme.channel, action=EditAction.SPLIT)
            edit.before, edit.after = _text((), [before]), _text((), halves)
            return _added(write, edit, author)

    def merge(self, programme_id: int, other_id: int, author: str) -> int:
        """Say that two programmes are one; returns the edit's number. The first keeps its number and its name."""
        with self._write() as write:
            first, second = (dividing.find(write.session, number) for number in (programme_id, other_id))
            before = [remembered(first), remembered(second)]
            before[1]["belongings"] = dividing.belongings(write.session, second)
            after = dividing.merge(write, first, second, author)
            edit = Edit(channel=first.channel, action=EditAction.MERGE)
            edit.before, edit.after = _text((), before), _text((), [after])
            return _added(write, edit, author)

    def undo(self, edit_id: int, author: str) -> int:
        """Take an edit back, if what it left is still as it left it; returns the number of the edit that does so.

        Undoing an undo does the edit again. Raises CatalogueConflict when it is undone already, or what it left was
        changed since.
        """
        with self._write() as write:
            edit = write.session.get(Edit, edit_id)
            if edit is None:
                raise CatalogueError(f"the catalogue knows no edit {edit_id}")
            if edit.undone_ns is not None:
                raise CatalogueConflict(f"edit {edit_id} is undone already")
            return _undo(write, edit, author)

    def found_in(self, channel: str, epoch: int) -> list[labels.Label]:
        """Return what edits of an epoch found on air, the latest edit first.

        Laid over what is on air now, each over those before it, it is what there was without any edit:
        see :func:`streamproc.logic.labels.effective`.
        """
        query = select(Edit).join(Epoch).join(Channel, Epoch.channel_id == Channel.id)
        query = query.where(Channel.name == channel, Epoch.number == epoch).order_by(Edit.id.desc())
        return [
            labels.Label(epoch=epoch, start=start, end=_FAR if end is None else end, kind=kind)
            for row in self._rows(query)
            for (start, end), kind in was_on_air(_edges(row.before), _edges(row.after), (row.start or _ZERO, row.end))
        ]

    def get(self, edit_id: int) -> EditRow | None:
        """Return one edit; None when there is none."""
        rows = self._rows(select(Edit).where(Edit.id == edit_id))
        return rows[0] if rows else None

    def of_channel(self, channel: str, *, before_id: int | None = None, limit: int | None = None) -> list[EditRow]:
        """Return the channel's edits, newest first, with numbers below ``before_id``, at most ``limit``."""
        query = select(Edit).where(Edit.channel.has(name=channel)).order_by(Edit.id.desc()).limit(limit)
        return self._rows(query if before_id is None else query.where(Edit.id < before_id))

    def _rows(self, query: Select[Edit]) -> list[EditRow]:
        with self._ledger.read() as session:
            return [_row(edit) for edit in session.scalars(query.options(joinedload(Edit.channel)))]


@dataclass(frozen=True, slots=True)
class _Painting:
    stretch: Stretch
    kind: Kind
    frames: Mapping[Fraction, int | None]


def _paint(write: Shaping, epoch: Epoch, action: EditAction, painting: _Painting, author: str) -> int:
    """Paint a stretch of an epoch, with all that follows from it; return the edit's number."""
    start, end = painting.stretch
    standing = queries.around(write.session, epoch, start, end)
    _check_settled(standing, painting.stretch)
    before = [placed(boundary) for boundary in standing]
    wanted = painted([one.edge for one in before], painting.stretch, painting.kind)
    reshape(write, epoch, standing, by_hand(wanted, standing, painting.frames), author)
    after = [placed(boundary) for boundary in queries.around(write.session, epoch, start, end)]
    changed = differences([one.edge for one in before], [one.edge for one in after])
    programmes = renew(write, epoch, changed)
    edit = Edit(channel=epoch.channel, epoch=epoch, action=action, start=start, end=end)
    edit.before = _text(_within(before, painting.stretch), programmes[0])
    edit.after = _text(_within(after, painting.stretch), programmes[1])
    number = _added(write, edit, author)
    _label(write, epoch, painting.stretch, painting.kind, author)
    return number


def _undo(write: Shaping, edit: Edit, author: str) -> int:
    found, left = _picture(edit.before), _picture(edit.after)
    for memory in left.programmes if edit.epoch is None else ():
        _check_programme(write.session, memory, edit.id)
    undoing = Edit(channel=edit.channel, epoch=edit.epoch, action=EditAction.UNDO, start=edit.start, end=edit.end)
    undoing.undoes_id, undoing.before, undoing.after = edit.id, edit.after, edit.before
    changed: list[tuple[Stretch, Kind]] = []
    if edit.epoch is not None:
        changed = _put_back(write, edit.epoch, found, left, edit, author)
    _put_programmes_back(write, edit, found, left, changed)
    number = _added(write, undoing, author)
    edit.undone_ns = write.now_ns
    if edit.undoes_id is not None:
        write.session.get_one(Edit, edit.undoes_id).undone_ns = None
    if edit.epoch is not None:
        for stretch, kind in changed:
            _label(write, edit.epoch, stretch, kind, author)
    return number


def _put_back(
    write: Shaping, epoch: Epoch, found: Picture, left: Picture, edit: Edit, author: str
) -> list[tuple[Stretch, Kind]]:
    """Put the boundaries of an edit's stretch where it found them; return what is different by that."""
    assert edit.start is not None
    times = [one.edge.time for one in (*found.boundaries, *left.boundaries)]
    stretch = (edit.start, max([*times, edit.start if edit.end is None else edit.end]))
    standing = queries.around(write.session, epoch, *stretch)
    _check_settled(standing, stretch)
    now = [placed(boundary) for boundary in standing]
    if [one.edge for one in _within(now, stretch)] != [one.edge for one in left.boundaries]:
        raise CatalogueConflict(_changed_since(edit.id))
    inside = {one.edge.id for one in left.boundaries}
    outside = [one for one in now if one.edge.id not in inside]
    wanted = sorted([*outside, *found.boundaries], key=lambda one: one.edge.time)
    if wanted[-1].edge.is_fixed and len(wanted) > 1:  # how the epoch ends follows from what is on air before
        end = wanted[-1]
        wanted[-1] = replace(end, edge=replace(end.edge, before=wanted[-2].edge.after))
    if any(one.edge.after is not following.edge.before for one, following in pairwise(wanted)):
        raise CatalogueConflict(_changed_since(edit.id))
    reshape(write, epoch, standing, wanted, author)
    return differences([one.edge for one in now], [one.edge for one in wanted])


def _put_programmes_back(
    write: Shaping, edit: Edit, found: Picture, left: Picture, changed: Sequence[tuple[Stretch, Kind]]
) -> None:
    """Bring the programmes back that are as the edit left them; others follow what is on air as after any edit."""
    known = {memory["id"]: memory for memory in left.programmes}
    as_left = set()
    for number, memory in known.items():
        programme = write.session.get(Programme, number)
        if programme is not None and remembered(programme)["parts"] == memory["parts"]:
            as_left.add(number)
    back = [memory for memory in found.programmes if memory["id"] in as_left or memory["id"] not in known]
    gone = [number for number in as_left if number not in {memory["id"] for memory in found.programmes}]
    restore(write, edit.channel, back, gone)
    for memory in back:
        dividing.give_back(write.session, memory)
    if edit.epoch is not None:
        renew(write, edit.epoch, changed)


_ZERO, _FAR = Fraction(0), Fraction(10**9)


def _edges(picture: Picture) -> list[Edge]:
    return [one.edge for one in picture.boundaries]


def _editable(session: Session, boundary_id: int, version: int | None) -> Boundary:
    """Return a boundary that may be edited. Raises CatalogueError, CatalogueConflict, CatalogueOutdated."""
    boundary = queries.find_boundary(session, boundary_id)
    if version is not None and version != boundary.version:
        raise CatalogueOutdated(_newest(session, boundary))
    if boundary.role is not Role.CHANGE:
        where = "begins" if boundary.role is Role.START else "ends"
        raise CatalogueConflict(f"boundary {boundary_id} is where the recording {where}; it stays there")
    if boundary.state is BoundaryState.WITHDRAWN:
        raise CatalogueConflict(_newest(session, boundary))
    if boundary.state is BoundaryState.PROVISIONAL:
        raise CatalogueConflict(
            f"boundary {boundary_id} is not settled yet: "
            "the analysis is still looking for its frame; edit it in some seconds"
        )
    return boundary


def _newest(session: Session, boundary: Boundary) -> str:
    """Say what became of a boundary, and by whom."""
    query = select(BoundaryVersion).where(BoundaryVersion.boundary_id == boundary.id)
    version = session.scalars(query.order_by(BoundaryVersion.number.desc()).limit(1)).one()
    who = version.author or "the analysis"
    frame = "" if version.frame is None else f"frame {version.frame}, "
    did = "taken out" if version.state is BoundaryState.WITHDRAWN else f"put at {frame}{float(version.time):.3f} s"
    return (
        f"boundary {boundary.id} was {did} by {who} at {iso_utc(version.created_ns)} (version {version.number}); "
        "look at it again, then repeat what you want"
    )


def _check_between(boundary: Boundary, to: Point, before: Boundary, later: Sequence[Boundary]) -> None:
    """Raise CatalogueConflict where a boundary would not stay between its neighbours."""
    passed = before if to.time <= before.time else None
    if later and to.time >= later[0].time:
        passed = later[0]
    if passed is not None:
        raise CatalogueConflict(
            f"boundary {boundary.id} would pass boundary {passed.id} at {float(passed.time):.3f} s; "
            "take that one out, or mark the stretch instead"
        )


def _check_settled(standing: Sequence[Boundary], stretch: Stretch) -> None:
    """Raise CatalogueConflict where the analysis has not finished with a stretch."""
    start, end = stretch
    for boundary in standing:
        inside = start <= boundary.time and (end is None or boundary.time <= end)
        if inside and boundary.state is not BoundaryState.FINAL:
            raise CatalogueConflict(
                f"boundary {boundary.id} at {float(boundary.time):.3f} s is not settled yet: "
                "the analysis is still looking for its frame; edit this stretch in some seconds"
            )


def _check_mark(session: Session, epoch: Epoch, mark: Mark) -> None:
    where = f"{float(mark.start.time):.3f} to {float(mark.end.time):.3f} s of epoch {epoch.number}"
    if mark.kind is Kind.UNKNOWN:
        raise CatalogueConflict(f"{where}: a stretch is marked programme or advert, not unknown")
    if not 0 <= mark.start.time < mark.end.time:
        raise CatalogueConflict(f"{where}: the end must lie after the start")
    if epoch.end is not None:
        if mark.end.time > epoch.end:
            raise CatalogueConflict(f"{where}: the epoch ends at {float(epoch.end):.3f} s")
        return
    reached = _analysed(session, epoch)
    if mark.end.time > reached:
        raise CatalogueConflict(
            f"{where}: the analysis has come to {float(reached):.3f} s by now; mark it when it has come past"
        )
    if queries.latest(session, epoch).after is Kind.UNKNOWN:
        raise CatalogueConflict(f"{where}: nothing is decided yet of what is on air; mark it in some seconds")


def _analysed(session: Session, epoch: Epoch) -> Fraction:
    """Return how far the analysis of an epoch that runs has come."""
    reader = session.get(Reader, epoch.channel_id)
    if reader is None or reader.epoch != epoch.number or reader.time is None:
        return Fraction(0)
    return reader.time


def _label(write: Shaping, epoch: Epoch, stretch: Stretch, kind: Kind, author: str) -> None:
    """Keep what a person has said of a stretch for training; what is on air counts as far as it is analysed."""
    start, end = stretch
    if end is None:
        end = _analysed(write.session, epoch) if epoch.end is None else epoch.end
    if kind is Kind.UNKNOWN or end <= start:
        return
    label = Label(epoch=epoch, kind=kind, start=start, end=end, author=author, created_ns=write.now_ns)
    write.session.add(label)
    write.session.flush()
    write.tell(epoch.channel.name, "label", label.id)


def _check_programme(session: Session, memory: Memory, edit_id: int) -> None:
    programme = session.get(Programme, memory["id"])
    if programme is None or remembered(programme)["parts"] != memory["parts"]:
        raise CatalogueConflict(_changed_since(edit_id))


def _changed_since(edit_id: int) -> str:
    return f"what edit {edit_id} did was changed since; undo what came later first, or correct it by hand"


def _added(write: Shaping, edit: Edit, author: str) -> int:
    edit.author, edit.created_ns = author, write.now_ns
    write.session.add(edit)
    write.session.flush()
    write.tell(edit.channel.name, "edit", edit.id)
    return edit.id


def _within(edges: Sequence[Placed], stretch: Stretch) -> list[Placed]:
    """Return the boundaries in a stretch, those at its ends too, but where the epoch ends."""
    start, end = stretch
    changes = [one for one in edges if not one.edge.is_fixed or one.edge.time == 0]
    return [one for one in changes if start <= one.edge.time and (end is None or one.edge.time <= end)]


def _text(boundaries: Sequence[Placed], programmes: Sequence[Memory]) -> str:
    return json.dumps({"boundaries": [_json(one) for one in boundaries], "programmes": list(programmes)})


def _json(one: Placed) -> dict[str, Any]:
    return {
        "id": one.edge.id,
        "time": str(one.edge.time),
        "before": one.edge.before,
        "after": one.edge.after,
        "is_fixed": one.edge.is_fixed,
        "frame": one.at.frame,
        "confidence": one.at.confidence,
        "method": one.at.method,
    }


def _picture(text: str) -> Picture:
    said = json.loads(text)
    boundaries = []
    for one in said["boundaries"]:
        time = Fraction(one["time"])
        edge = Edge(
            id=one["id"],
            time=time,
            before=Kind(one["before"]),
            after=Kind(one["after"]),
            is_fixed=one["is_fixed"],
        )
        at = Placement(time=time, frame=one["frame"], confidence=one["confidence"], method=Method(one["method"]))
        boundaries.append(Placed(edge=edge, at=at))
    return Picture(boundaries=tuple(boundaries), programmes=tuple(said["programmes"]))


def _row(edit: Edit) -> EditRow:
    epoch = edit.epoch

    def utc(time: Fraction | None) -> int | None:
        return None if epoch is None or time is None else queries.utc(epoch, time)

    return EditRow(
        id=edit.id,
        channel=edit.channel.name,
        epoch=None if epoch is None else epoch.number,
        action=edit.action,
        start=edit.start,
        end=edit.end,
        start_utc_ns=utc(edit.start),
        end_utc_ns=utc(edit.end),
        before=_picture(edit.before),
        after=_picture(edit.after),
        undoes_id=edit.undoes_id,
        undone_ns=edit.undone_ns,
        author=edit.author,
        created_ns=edit.created_ns,
    )
