"""The book of webhooks: how far each has been told of what happened. Nothing of it is told in the outbox."""

from dataclasses import dataclass

from sqlalchemy import select

from streamproc.catalogue.finishing import Hook
from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.models import Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRow:
    """A webhook's place."""

    name: str
    """Its name."""
    last_event_id: int
    """The newest event that it was told of, or that was not for it."""
    attempts: int
    """How often the next one was tried in vain."""
    next_ns: int
    """When it is tried next, wall time."""
    disabled: bool
    """Whether its receiver wants nothing any more."""
    message: str | None
    """Why the last attempt failed, one line."""


class Hooks:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def place(self, name: str) -> HookRow:
        """Return a hook's place; a new hook begins with what happens from now on."""
        with self._ledger.read() as session:
            hook = session.get(Hook, name)
            if hook is not None:
                return _row(hook)
        with self._ledger.write() as write:
            hook = write.session.get(Hook, name)
            if hook is None:
                newest = write.session.scalar(select(Outbox.last_event_id)) or 0
                hook = Hook(name=name, last_event_id=newest, attempts=0, next_ns=0, disabled=False)
                hook.updated_ns = write.now_ns
                write.session.add(hook)
                write.session.flush()
            return _row(hook)

    def told(self, name: str, event_id: int) -> None:
        """Write down that a hook knows of everything up to an event."""
        with self._ledger.write() as write:
            hook = write.session.get_one(Hook, name)
            hook.last_event_id, hook.attempts, hook.next_ns, hook.message = event_id, 0, 0, None
            hook.disabled, hook.updated_ns = False, write.now_ns

    def failed(self, name: str, message: str, again_ns: int) -> None:
        """Write down why a hook could not be told, and when it is tried again."""
        with self._ledger.write() as write:
            hook = write.session.get_one(Hook, name)
            hook.attempts += 1
            hook.next_ns, hook.message, hook.updated_ns = again_ns, message, write.now_ns

    def disable(self, name: str, message: str) -> None:
        """Write down that a hook's receiver wants nothing any more."""
        with self._ledger.write() as write:
            hook = write.session.get_one(Hook, name)
            hook.disabled, hook.message, hook.updated_ns = True, message, write.now_ns

    def enable(self, name: str) -> bool:
        """Tell a hook of things again, from now on; tells whether it was disabled."""
        with self._ledger.write() as write:
            hook = write.session.get(Hook, name)
            if hook is None or not hook.disabled:
                return False
            hook.last_event_id = write.session.scalar(select(Outbox.last_event_id)) or 0
            hook.disabled, hook.attempts, hook.next_ns, hook.message = False, 0, 0, None
            hook.updated_ns = write.now_ns
            return True


def _row(hook: Hook) -> HookRow:
    return HookRow(
        name=hook.name,
        last_event_id=hook.last_event_id,
        attempts=hook.attempts,
        next_ns=hook.next_ns,
        disabled=hook.disabled,
        message=hook.message,
    )
