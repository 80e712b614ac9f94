"""What a test may need from the machine, and what happens where it is absent.

A test says what it needs by a marker. On a developer's machine it is skipped with a reason when that is absent; where
CI or TEST_ALL is set it fails, so that nothing goes untested in silence. The team's shared footage is not
part of the project, so tests that need it are skipped wherever it is absent.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

ROOT = Path(__file__).parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"
SBIN = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin{os.pathsep}/usr/local/sbin"
RTMP_MODULES = (Path("/usr/lib/nginx/modules/ngx_rtmp_module.so"), Path("/usr/lib64/nginx/modules/ngx_rtmp_module.so"))


def _nginx() -> str | None:
    if shutil.which("nginx", path=SBIN) is None or not any(module.exists() for module in RTMP_MODULES):
        return "needs nginx with its RTMP module: apt-get install -y nginx libnginx-mod-rtmp"
    return None


def _chromium() -> str | None:
    return None if shutil.which("chromium") else "needs Chromium: apt-get install -y chromium libatomic1"


def _prometheus() -> str | None:
    if shutil.which("promtool") is None or shutil.which("prometheus") is None:
        return "needs prometheus and promtool: apt-get install -y prometheus"
    return None


def _ffmpeg() -> str | None:
    return None if shutil.which("ffmpeg") and shutil.which("ffprobe") else "needs ffmpeg: apt-get install -y ffmpeg"


def _gmic() -> str | None:
    return None if shutil.which("gmic") else "needs G'MIC: apt-get install -y gmic"


def _sshd() -> str | None:
    there = shutil.which("sshd", path=SBIN) and shutil.which("ssh-keygen")
    return None if there else "needs OpenSSH's server: apt-get install -y openssh-server"


def _systemd() -> str | None:
    return None if shutil.which("systemd-analyze") else "needs systemd-analyze: apt-get install -y systemd"


REQUIREMENTS: dict[str, Callable[[], str | None]] = {
    "nginx": _nginx,
    "chromium": _chromium,
    "ffmpeg": _ffmpeg,
    "gmic": _gmic,
    "promtool": _prometheus,
    "sshd": _sshd,
    "systemd": _systemd,
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test whose marker names something that is absent."""
    if item.get_closest_marker("shared_data") and not SHARED_DATA.is_dir():
        pytest.skip("needs the team's shared footage, which is not part of the project")
    must_run = bool(os.environ.get("CI") or os.environ.get("TEST_ALL"))
    for name, missing in REQUIREMENTS.items():
        reason = missing() if item.get_closest_marker(name) else None
        if reason is not None and must_run:
            pytest.fail(reason, pytrace=False)
        if reason is not None:
            pytest.skip(reason)


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """Undo the configuration of logging by a command that was run in the test's own process."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of the team's shared footage; for tests marked ``shared_data``."""
    return SHARED_DATA


@pytest.fixture(scope="session")
def project_root() -> Path:
    """Return the project's own folder."""
    return ROOT
