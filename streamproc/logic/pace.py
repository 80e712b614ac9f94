"""How often something may be done: a steady rate, and a burst before it (the generic cell rate algorithm).

For each key one number is kept, the moment at which it would have used up what it was given; nothing has to be swept.
"""

from collections import OrderedDict

MOST_KEYS = 10_000
"""The key that was silent longest is forgotten first; it has most likely used up nothing."""


class Pace:
    """Tells who is too fast; time is passed in, in seconds that never go back."""

    def __init__(self, rate_per_s: float, burst: int) -> None:
        """burst: how many at once, at least 1; then ``rate_per_s``, above 0."""
        self._interval_s = 1 / rate_per_s
        self._burst_s = burst / rate_per_s
        self._until_s: OrderedDict[str, float] = OrderedDict()

    def take(self, key: str, now_s: float) -> float:
        """Take one; returns 0.0, or how many seconds to wait when there is none: then nothing is taken."""
        until_s = max(self._until_s.get(key, now_s), now_s) + self._interval_s
        wait_s = until_s - now_s - self._burst_s
        if wait_s > 1e-9:
            return wait_s
        self._until_s[key] = until_s
        self._until_s.move_to_end(key)
        if len(self._until_s) > MOST_KEYS:
            self._until_s.popitem(last=False)
        return 0.0

    def give_back(self, key: str) -> None:
        """Put back one that was taken and turned out not to count."""
        if key in self._until_s:
            self._until_s[key] -= self._interval_s
