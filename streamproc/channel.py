"""A bounded queue between two tasks of one event loop: it has a name, a size and a policy, and it ends.

Closing is synchronous, so it is safe in ``finally`` of a cancelled task; what is in the channel can still be taken,
and then the reader's loop ends::

    channel: Channel[Sample] = Channel("samples", capacity=8, when_full=WhenFull.DROP_OLDEST)
    async for sample in channel:
        ...
"""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class WhenFull(StrEnum):
    """What putting into a full channel does."""

    WAIT = "wait"  # until there is room: the writer goes at the reader's pace
    DROP_OLDEST = "drop_oldest"  # and count it: the reader sees the newest


class ChannelClosed(Exception):
    """Nothing can be put into a channel that is closed."""


class Channel(Generic[T]):
    """See the module. ``on_depth`` is told the number of waiting items after each change, ``on_drop`` of each drop."""

    def __init__(
        self,
        name: str,
        *,
        capacity: int,
        when_full: WhenFull,
        on_depth: Callable[[int], None] | None = None,
        on_drop: Callable[[], None] | None = None,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"channel '{name}': a capacity of {capacity} holds nothing; give 1 or more")
        self.name = name
        self.capacity = capacity
        self._when_full = when_full
        self._on_depth = on_depth
        self._on_drop = on_drop
        self._items: deque[T] = deque()
        self._closed = False
        self._dropped = 0
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """Return how many items wait."""
        return len(self._items)

    @property
    def dropped(self) -> int:
        """How many items were dropped so far."""
        return self._dropped

    async def put(self, item: T) -> None:
        """Add an item, after the policy. Raises ChannelClosed."""
        while self._when_full is WhenFull.WAIT and len(self._items) >= self.capacity and not self._closed:
            await self._change()
        if self._closed:
            raise ChannelClosed(self.name)
        if len(self._items) >= self.capacity:
            self._items.popleft()
            self._dropped += 1
            if self._on_drop is not None:
                self._on_drop()
        self._items.append(item)
        self._tell()

    def close(self) -> None:
        """Take no more; the reader ends when it has taken what is there. Closing twice does nothing."""
        self._closed = True
        self._tell()

    def __aiter__(self) -> "Channel[T]":
        """Read until the end."""
        return self

    async def __anext__(self) -> T:
        """Take the oldest item; wait while there is none."""
        while not self._items:
            if self._closed:
                raise StopAsyncIteration
            await self._change()
        item = self._items.popleft()
        self._tell()
        return item

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        if self._on_depth is not None:
            self._on_depth(len(self._items))
