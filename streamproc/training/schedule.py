"""How long to train: steps, crops a step, and the time that it may take."""

from dataclasses import dataclass

FEWEST_STEPS = 900
"""Steps that a training makes at least, however few pictures there are; see docs/models/learning.md."""
_LEAST_BATCH = 16  # crops a step; fewer tell batch normalisation too little


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long to train."""

    passes: float = 2.0
    """Times each crop is seen."""
    batch: int = 64
    """Crops a step, where there are many."""
    fewest_steps: int = FEWEST_STEPS
    """However few crops there are: they come in smaller batches, and then more often, until it is so many steps."""
    learning_rate: float = 2e-3
    """At its peak; falls to nothing along a cosine."""
    most_s: float = 600.0
    """Training ends, with its learning rate run down, after so many seconds at the latest."""

    def plan(self, count: int) -> tuple[int, int]:
        """Return the number of steps and the crops a step for so many crops."""
        views = self.passes * count
        batch = min(self.batch, max(_LEAST_BATCH, round(views / max(1, self.fewest_steps))))
        return max(1, self.fewest_steps, round(views / batch)), batch
