"""Evidence to write reports from."""

from pathlib import Path

import numpy as np
import pytest

from streamproc.inference.card import Card, Input, Region
from streamproc.training.report import LearnEvidence, write_learn_report


@pytest.fixture(scope="session")
def evidence() -> LearnEvidence:
    """A model that is nearly always right, with pictures of all kinds and a name that needs escaping."""
    rng = np.random.default_rng(0)
    targets = np.repeat(np.array([0, 1, 0.5], np.float32), (300, 300, 20))
    logits = ((targets - 0.5) * 12 + rng.normal(0, 1.5, 620)).astype(np.float32)
    logits[0] = 4
    picture = rng.integers(0, 256, (20, 30, 3), np.uint8)
    card = Card(
        schema=1,
        name="<Канал & 1>",
        sha256="0" * 64,
        region=Region(x=0.8, y=0.05, width=0.1, height=0.1),
        input=Input(width=80, height=56),
        metrics={"accuracy_by_kind": {"bug": 0.999, "unheard of": 0.5}},
        data=["scenes"],
    )
    return LearnEvidence(
        card=card,
        mask=rng.integers(0, 256, (20, 30, 4), np.uint8),
        frame_with_box=rng.integers(0, 256, (90, 160, 3), np.uint8),
        samples=[(picture, 1.0, 0.98, "bug"), (picture, 0.0, 0.1, "nothing"), (picture, 0.5, 0.4, "fade")],
        logits=logits,
        targets=targets,
        wrong=[(picture, 0.0, 0.91, "foreign logo")],
        history=[(step, 1 / (1 + step)) for step in range(0, 200, 5)],
        notes=["Learnt from 10 minutes."],
    )


@pytest.fixture(scope="session")
def learn_report(evidence: LearnEvidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of it."""
    return write_learn_report(tmp_path_factory.mktemp("report"), evidence)
