"""Playing a role: which channels are begun again when the configuration is read again."""

import asyncio
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from streamproc.app.analyser import Analyser
from streamproc.app.play import Tools, play
from streamproc.catalogue import Catalogue
from streamproc.config import ChannelSettings, Settings
from streamproc.stage import Stage
from streamproc.timebase import SystemClock

DEMO = Path(__file__).parent.parent / "models" / "demo"


class Noting(Analyser):
    """An analyser that notes which channels it begins."""

    begun: list[str]

    def channel(self, settings: ChannelSettings) -> Mapping[str, Stage]:
        self.begun.append(settings.name)
        return super().channel(settings)


async def test_a_model_that_was_replaced_is_taken_over_on_sighup_without_touching_other_channels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamproc.app.play.end_soon", lambda: None)  # it would end the tests
    for name in ("one", "two"):
        shutil.copytree(DEMO, tmp_path / name)
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path / "data",
            "channels": [
                {"name": name, "url": "udp://127.0.0.1:9", "model": tmp_path / name} for name in ("one", "two")
            ],
        }
    )
    settings.data_dir.mkdir()
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    roles: list[Noting] = []

    def make(settings: Settings, tools: Tools) -> Noting:
        role = Noting(settings, tools)
        role.begun = []
        roles.append(role)
        return role

    async def until(begun: list[str]) -> None:
        async with asyncio.timeout(20):
            while not roles or sorted(roles[0].begun) != begun:
                await asyncio.sleep(0.02)

    async def drive() -> None:
        await until(["one", "two"])
        card = tmp_path / "one" / "card.json"
        card.write_text(card.read_text().replace('"name": "demo"', '"name": "newer"'))
        signals.put_nowait(signal.SIGHUP)
        await until(["one", "one", "two"])
        signals.put_nowait(signal.SIGTERM)

    async with asyncio.TaskGroup() as group:
        group.create_task(drive())
        await play("analyser", make, settings, lambda: settings, lambda: signals, None)
    catalogue = Catalogue.open(settings.database_url, clock=SystemClock())
    assert [row.model_name for row in catalogue.channels()] == ["newer", "demo"]
    catalogue.close()
