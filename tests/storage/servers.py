"""Real servers to deliver to: S3 that checks signatures, WebDAV, SFTP."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from streamproc.config import TargetSettings
from tests.servers import free_port, wait_for_port

RCLONE = Path(sys.executable).parent / "rclone"
KEY = "AKIATESTTESTTESTTEST"
SECRET = "a-secret-that-is-long-enough-for-signatures"
ENVIRON = {
    "THE_KEY": KEY,
    "THE_SECRET": SECRET,
    "THE_USER": "editor",
    "THE_PASSWORD": "correct horse",
    "WRONG": "x" * 40,
}


class Server:
    """A program that serves a folder on a port of the loopback, and can be killed and started again."""

    def __init__(self, home: Path, folder: Path | None = None) -> None:
        """folder: what is served; one in ``home`` when left out."""
        self.home = home
        self.folder = home / "served" if folder is None else folder
        home.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(exist_ok=True)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> Iterable[str]:
        """Return what to run."""
        raise NotImplementedError

    def start(self) -> None:
        """Start and wait until it listens."""
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(list(self.command()), stdout=log, stderr=log, cwd=self.home)
        wait_for_port(self.port, timeout_s=30)

    def kill(self) -> None:
        """Kill it and all processes it has started, as a crash would."""
        if self._process is None:
            return
        with suppress(psutil.NoSuchProcess):
            family = [psutil.Process(self._process.pid), *psutil.Process(self._process.pid).children(recursive=True)]
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class S3Server(Server):
    """rclone as an S3 server; the bucket is called ``clips``."""

    def __init__(self, home: Path, folder: Path | None = None) -> None:
        super().__init__(home, folder)
        (self.folder / "clips").mkdir()

    def command(self) -> Iterable[str]:
        """Serve with one key."""
        address = f"127.0.0.1:{self.port}"
        return [str(RCLONE), "serve", "s3", "--addr", address, "--auth-key", f"{KEY},{SECRET}", str(self.folder)]

    def target(self, bucket: str = "clips", *, secret: str = "THE_SECRET") -> TargetSettings:
        """Return how to deliver to it."""
        return TargetSettings(
            name="cloud",
            url=f"s3://{bucket}/from here",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            user_env="THE_KEY",
            password_env=secret,
        )


class WebdavServer(Server):
    """rclone as a WebDAV server."""

    def command(self) -> Iterable[str]:
        """Serve to one user."""
        user, password = ENVIRON["THE_USER"], ENVIRON["THE_PASSWORD"]
        address = f"127.0.0.1:{self.port}"
        return [
            *(str(RCLONE), "serve", "webdav", "--addr", address),
            *("--user", user, "--pass", password, "--dir-cache-time", "0s", str(self.folder)),
        ]

    def target(self, *, password: str = "THE_PASSWORD") -> TargetSettings:
        """Return how to deliver to it."""
        url = f"webdav+http://127.0.0.1:{self.port}/"
        return TargetSettings(name="dav", url=url, user_env="THE_USER", password_env=password)


class SftpServer(Server):
    """OpenSSH's sshd with keys of its own, for the user who runs the tests."""

    def __init__(self, home: Path, folder: Path | None = None) -> None:
        super().__init__(home, folder)
        for name in ("host", "user", "stranger"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)], check=True, timeout=30
            )
        (home / "authorized").write_bytes((home / "user.pub").read_bytes())
        self.known_hosts = home / "known_hosts"
        host_key = " ".join((home / "host.pub").read_text().split()[:2])
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {host_key}\n")

    @property
    def fingerprint(self) -> str:
        """Return the host key's fingerprint as ssh-keygen shows it."""
        shown = subprocess.run(
            ["ssh-keygen", "-l", "-f", str(self.home / "host.pub")],
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        )
        return shown.stdout.split()[1]

    def command(self) -> Iterable[str]:
        """Serve SFTP alone, to whoever has the user's key."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # what its package's service would make
        sshd = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
        assert sshd is not None, "the test needs the marker sshd"
        config = self.home / "sshd_config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.home / 'host'}\n"
            f"AuthorizedKeysFile {self.home / 'authorized'}\nPidFile none\nUsePAM no\nStrictModes no\n"
            "PasswordAuthentication no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n"
        )
        return [sshd, "-D", "-e", "-f", str(config)]

    def target(self, **changes: object) -> TargetSettings:
        """Return how to deliver to it."""
        keys: dict[str, object] = {"key_file": self.home / "user", "known_hosts": self.known_hosts, **changes}
        user = psutil.Process().username()
        url = f"sftp://{user}@127.0.0.1:{self.port}{self.folder}"
        return TargetSettings.model_validate({"name": "newsroom", "url": url, **keys})
