"""How often somebody may try to sign in: by name and address together, by address, and by name."""

import asyncio

from aiohttp import web

from streamproc.logic.pace import Pace
from streamproc.timebase import Clock

AT_ONCE = 2
"""Checking a password takes 64 MiB and a core; more at once would be an easy way to fill the memory."""


class Tries:
    """Counts attempts; those that succeed are given back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of_pair = Pace(1 / 30, 5)
        self._of_address = Pace(1 / 10, 20)
        self._of_name = Pace(1 / 60, 30)
        self.at_once = asyncio.Semaphore(AT_ONCE)

    def take(self, name: str, address: str) -> float:
        """Count an attempt; returns 0.0, or how many seconds to wait."""
        now_s = self._clock.monotonic_s()
        taken: list[tuple[Pace, str]] = []
        for pace, key in self._counted(name, address):
            wait_s = pace.take(key, now_s)
            if wait_s:
                for one, its in taken:
                    one.give_back(its)
                return wait_s
            taken.append((pace, key))
        return 0.0

    def give_back(self, name: str, address: str) -> None:
        """Uncount one that succeeded."""
        for pace, key in self._counted(name, address):
            pace.give_back(key)

    def _counted(self, name: str, address: str) -> tuple[tuple[Pace, str], ...]:
        pair = f"{address} {name}"
        return (self._of_pair, pair), (self._of_address, address), (self._of_name, name)


TRIES = web.AppKey("tries", Tries)
