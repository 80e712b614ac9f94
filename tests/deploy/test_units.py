"""The files that put streamproc on a server are well-formed and agree with each other."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamproc.config import load

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"


def unit_for_here(tmp_path: Path) -> Path:
    """The unit with paths and a user that exist on this machine."""
    text = (DEPLOY / "systemd" / "streamproc.service").read_text(encoding="utf-8")
    text = text.replace("/opt/streamproc/.venv/bin/streamproc", sys.executable)
    text = text.replace("User=streamproc", "User=root").replace("Group=streamproc", "Group=root")
    unit = tmp_path / "streamproc.service"
    unit.write_text(text, encoding="utf-8")
    return unit


@pytest.mark.systemd
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    command = ["systemd-analyze", "verify", str(unit_for_here(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "streamproc.service" not in done.stderr, done.stderr


@pytest.mark.systemd
def test_systemd_finds_the_unit_well_locked_up(tmp_path: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(unit_for_here(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.nginx
def test_nginx_accepts_the_rtmp_servers_configuration(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = (DEPLOY / "rtmp" / "nginx-rtmp.conf").read_text(encoding="utf-8")
    text = text.replace("listen 1935", f"listen 127.0.0.1:{port}").replace("/tmp/nginx.pid", str(tmp_path / "pid"))
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(text, encoding="utf-8")
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    command = [nginx, "-t", "-e", str(tmp_path / "error.log"), "-c", str(configuration)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return compose["services"]


def test_whatever_compose_mounts_or_builds_is_there(services: dict[str, Any]) -> None:
    mounts = [volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())]
    builds = [service["build"] for service in services.values() if "build" in service]
    paths = [DEPLOY / mount for mount in mounts if mount.startswith(".")]
    paths += [DEPLOY / build["context"] / build.get("dockerfile", "Dockerfile") for build in builds]
    assert [str(path) for path in paths if not path.exists()] == []


def test_compose_opens_ports_on_loopback_only(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_compose_names_the_version_of_every_image(services: dict[str, Any]) -> None:
    images = [service["image"] for service in services.values() if "image" in service]
    assert [image for image in images if not re.search(r":v?\d", image)] == []


def test_the_configuration_that_compose_mounts_pulls_from_its_rtmp_server(services: dict[str, Any]) -> None:
    settings = load(DEPLOY / "examples" / "compose.toml", {})
    assert [channel.url for channel in settings.channels] == ["rtmp://rtmp/live/feed"]
    assert "rtmp" in services


def test_prometheus_scrapes_the_port_that_the_image_serves() -> None:
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    (target,) = scraped["scrape_configs"][0]["static_configs"][0]["targets"]
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    host, _, port = target.partition(":")
    assert host == "streamproc"
    assert f"STREAMPROC_WEB__PORT={port}" in image


def test_the_image_overrides_only_keys_that_there_are() -> None:
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    environ = dict(re.findall(r"\b(STREAMPROC_\w+)=(\S+)", image))
    assert load(DEPLOY / "examples" / "compose.toml", environ).web.host == "0.0.0.0"


def test_the_image_copies_only_what_there_is() -> None:
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    sources = [
        source
        for line in image.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    assert [source for source in sources if not (ROOT / source).exists()] == []
