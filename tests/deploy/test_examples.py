"""The example configurations load."""

from pathlib import Path

import pytest

from streamproc.config import load

EXAMPLES = sorted((Path(__file__).parent.parent.parent / "deploy" / "examples").glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_configuration_is_valid(path: Path) -> None:
    assert load(path, {}).channels


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3
