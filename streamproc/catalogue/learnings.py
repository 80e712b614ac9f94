"""The book of learnings: models that somebody wants to be learnt from a channel's recording. Its rows are a queue."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from streamproc.catalogue import queries
from streamproc.catalogue.ledger import Ledger, Writing
from streamproc.catalogue.people import Learning, LearningState
from streamproc.errors import CatalogueConflict, CatalogueError
from streamproc.messages import Span

UNDONE = (LearningState.QUEUED, LearningState.LEARNING)
"""States in which the recording is needed."""
OFFERED = (LearningState.READY, LearningState.USED)
"""States in which there is a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What is to be learnt, from what."""

    channel: str
    """The channel's short name."""
    spans: tuple[Span, ...]
    """The stretches of its recording; at least one."""
    start_ns: int
    """Where the first of them begins, wall time."""
    end_ns: int
    """Where the last of them ends, wall time."""
    region: str | None = None
    """The part of the picture to search, "x,y,width,height"; the whole of it when None."""
    choose: int | None = None
    """The number of the mark that is the bug, where several stay on the picture."""
    author: str
    """Who wants it."""
    key: str | None = None
    """A second wish with the same key is the first one, said again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRow:
    """A wish for a model, and what became of it."""

    id: int
    """Number in the catalogue."""
    lesson: Lesson
    """What is to be learnt, from what."""
    state: LearningState
    """How far it is."""
    folder: str | None
    """Where the model lies or will lie, below the folder of learnt models; None until it is begun."""
    share: float | None
    """How much of it is done, in [0, 1]; None while it is not at work."""
    message: str | None
    """What is being done, what came of it, or why it failed, one line."""
    created_ns: int
    """When it was wished for, wall time."""
    updated_ns: int
    """When it last changed, wall time."""
    attempts: int = 1
    """Each is begun anew by whoever takes it: no attempt is counted."""


class Learnings:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def want(self, lesson: Lesson) -> int:
        """Queue a lesson and return its number. Raises CatalogueError: an unknown channel, no stretch."""
        if not lesson.spans:
            raise CatalogueError(f"channel '{lesson.channel}': nothing is recorded to learn from")
        with self._ledger.write() as write:
            known = None
            if lesson.key is not None:
                known = write.session.scalar(select(Learning).where(Learning.key == lesson.key))
            return _added(write, lesson).id if known is None else known.id

    def get(self, learning_id: int) -> LearningRow | None:
        """Return one; None when there is none."""
        rows = self._rows(select(Learning).where(Learning.id == learning_id))
        return rows[0] if rows else None

    def of_channel(self, channel: str, *, before_id: int | None = None, limit: int | None = None) -> list[LearningRow]:
        """Return the channel's, newest first, with numbers below ``before_id``, at most ``limit``."""
        query = select(Learning).where(Learning.channel.has(name=channel)).order_by(Learning.id.desc()).limit(limit)
        return self._rows(query if before_id is None else query.where(Learning.id < before_id))

    def offered(self) -> list[LearningRow]:
        """Return all that have a model, newest first."""
        return self._rows(select(Learning).where(Learning.state.in_(OFFERED)).order_by(Learning.id.desc()))

    def take(self) -> LearningRow | None:
        """Take the oldest that is queued; None when none is."""
        with self._ledger.write() as write:
            queued = select(Learning).where(Learning.state == LearningState.QUEUED).order_by(Learning.id)
            learning = write.session.scalar(queued.limit(1))
            if learning is None:
                return None
            learning.folder = f"{learning.channel.name}/{learning.id}-{write.now_ns}"
            _set(write, learning, LearningState.LEARNING, share=0.0)
            return _row(learning)

    def requeue(self) -> list[LearningRow]:
        """Queue again what a process that is gone was learning; returns them as they were."""
        with self._ledger.write() as write:
            left = select(Learning).where(Learning.state == LearningState.LEARNING).order_by(Learning.id)
            found = write.session.scalars(left).all()
            rows = [_row(learning) for learning in found]
            for learning in found:
                learning.folder = None
                _set(write, learning, LearningState.QUEUED)
            return rows

    def progress(self, learning_id: int, message: str, share: float) -> bool:
        """Write down how far it is; returns False when it was taken back meanwhile."""
        with self._ledger.write() as write:
            learning = _find(write.session, learning_id)
            if learning.state is not LearningState.LEARNING:
                return False
            _set(write, learning, LearningState.LEARNING, share=share, message=message)
            return True

    def ready(self, learning_id: int, message: str) -> None:
        """Offer the model."""
        with self._ledger.write() as write:
            _set(write, _find(write.session, learning_id), LearningState.READY, message=message)

    def failed(self, learning_id: int, message: str, *, keeps_folder: bool) -> None:
        """Write down why there is no model; what was taken back stays so. keeps_folder: there is something to see."""
        with self._ledger.write() as write:
            learning = _find(write.session, learning_id)
            learning.folder = learning.folder if keeps_folder else None
            if learning.state in UNDONE:
                _set(write, learning, LearningState.FAILED, message=message)

    def take_back(self, learning_id: int, author: str) -> None:
        """Learn it no more. Raises CatalogueError: no such; CatalogueConflict: it is done."""
        with self._ledger.write() as write:
            learning = _find(write.session, learning_id)
            if learning.state not in UNDONE:
                raise CatalogueConflict(
                    f"learning {learning_id} is {learning.state}; only one at work can be taken back"
                )
            _set(write, learning, LearningState.FAILED, message=f"taken back by {author}")

    def use(self, learning_id: int) -> None:
        """Write down that this is the channel's model now, and no other. Raises CatalogueError, CatalogueConflict."""
        with self._ledger.write() as write:
            learning = _find(write.session, learning_id)
            if learning.state not in OFFERED:
                raise CatalogueConflict(f"learning {learning_id} is {learning.state}; it has no model to be used")
            former = select(Learning).where(
                Learning.channel_id == learning.channel_id, Learning.state == LearningState.USED
            )
            for other in write.session.scalars(former).all():
                if other.id != learning_id:
                    _set(write, other, LearningState.READY, message=other.message)
            if learning.state is not LearningState.USED:
                _set(write, learning, LearningState.USED, message=learning.message)

    def _rows(self, query: Select[Learning]) -> list[LearningRow]:
        with self._ledger.read() as session:
            return [_row(learning) for learning in session.scalars(query.options(joinedload(Learning.channel)))]


def spans_of(wish: str) -> tuple[Span, ...]:
    """Return the stretches that a row's wish names."""
    return tuple(
        Span(epoch=epoch, start=Fraction(start), end=Fraction(end)) for epoch, start, end in json.loads(wish)["spans"]
    )


def _added(write: Writing, lesson: Lesson) -> Learning:
    channel = queries.find_channel(write.session, lesson.channel)
    learning = Learning(channel=channel, wish=_wish(lesson), author=lesson.author, key=lesson.key)
    learning.created_ns = write.now_ns
    write.session.add(learning)
    _set(write, learning, LearningState.QUEUED)
    return learning


def _wish(lesson: Lesson) -> str:
    spans: Sequence[tuple[int, str, str]] = [(span.epoch, str(span.start), str(span.end)) for span in lesson.spans]
    wish: dict[str, Any] = {"spans": spans, "start_ns": lesson.start_ns, "end_ns": lesson.end_ns}
    return json.dumps(wish | {"region": lesson.region, "choose": lesson.choose})


def _set(
    write: Writing,
    learning: Learning,
    state: LearningState,
    *,
    share: float | None = None,
    message: str | None = None,
) -> None:
    learning.state, learning.share, learning.message, learning.updated_ns = state, share, message, write.now_ns
    write.session.flush()
    write.tell(learning.channel.name, "learning", learning.id)


def _find(session: Session, learning_id: int) -> Learning:
    learning = session.get(Learning, learning_id)
    if learning is None:
        raise CatalogueError(f"the catalogue knows no learning {learning_id}")
    return learning


def _row(learning: Learning) -> LearningRow:
    wish = json.loads(learning.wish)
    return LearningRow(
        id=learning.id,
        lesson=Lesson(
            channel=learning.channel.name,
            spans=spans_of(learning.wish),
            start_ns=wish["start_ns"],
            end_ns=wish["end_ns"],
            region=wish["region"],
            choose=wish["choose"],
            author=learning.author,
            key=learning.key,
        ),
        state=learning.state,
        folder=learning.folder,
        share=learning.share,
        message=learning.message,
        created_ns=learning.created_ns,
        updated_ns=learning.updated_ns,
    )
