"""A test whose program is absent is skipped on a developer's machine and fails in CI."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NEEDS_PROMTOOL = "tests/deploy/test_prometheus.py::test_the_configuration_of_prometheus_is_valid"


@pytest.mark.parametrize(
    ("extra", "outcome"), [({}, "1 skipped"), ({"CI": "true"}, "1 error"), ({"TEST_ALL": "1"}, "1 error")]
)
def test_a_missing_program_is_no_silent_gap_in_ci(extra: dict[str, str], outcome: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-rsE", "-p", "no:cacheprovider", NEEDS_PROMTOOL]
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), **extra}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert outcome in done.stdout
    assert "apt-get install -y prometheus" in done.stdout
