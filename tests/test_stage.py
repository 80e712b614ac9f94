import asyncio
import contextlib

import pytest
from prometheus_client import CollectorRegistry

from streamproc.errors import ModelError
from streamproc.stage import Stages
from streamproc.telemetry import Telemetry


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry(CollectorRegistry())


class Endless:
    def __init__(self) -> None:
        self.cleaned_up = False
        self.started = asyncio.Event()

    async def run(self) -> None:
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cleaned_up = True


class Broken:
    def __init__(self, error: Exception) -> None:
        self._error = error

    async def run(self) -> None:
        raise self._error


async def test_stopping_a_stage_waits_until_it_has_cleaned_up(telemetry: Telemetry) -> None:
    async with asyncio.TaskGroup() as group:
        stages = Stages(group, telemetry)
        stage = Endless()
        stages.start("ntv.decide", stage)
        await stage.started.wait()
        await stages.stop(["ntv.decide"])
        assert stage.cleaned_up


class Stubborn(Endless):
    async def run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await super().run()
        await asyncio.Event().wait()


async def test_a_stage_that_swallows_its_cancellation_is_told_again(
    telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamproc.stage.CANCEL_AGAIN_S", 0.05)
    async with asyncio.TaskGroup() as group, asyncio.timeout(5):
        stages = Stages(group, telemetry)
        stage = Stubborn()
        stages.start("ntv.decide", stage)
        await stage.started.wait()
        await stages.stop(["ntv.decide"])


async def test_an_error_raised_on_purpose_ends_its_stage_alone_and_is_counted(telemetry: Telemetry) -> None:
    async with asyncio.TaskGroup() as group:
        stages = Stages(group, telemetry)
        other = Endless()
        stages.start("rtr.decide", other)
        stages.start("ntv.decide", Broken(ModelError("no such model")))
        await other.started.wait()
        await asyncio.sleep(0)
        assert not other.cleaned_up
        await stages.stop_where(lambda name: name.startswith("rtr."))
    count = telemetry.registry.get_sample_value("streamproc_errors_total", {"channel": "ntv", "kind": "ModelError"})
    assert count == 1


async def test_a_bug_in_a_stage_ends_the_role(telemetry: Telemetry) -> None:
    with pytest.raises(ExceptionGroup):  # noqa: PT012  the group is what raises
        async with asyncio.TaskGroup() as group:
            Stages(group, telemetry).start("ntv.decide", Broken(ZeroDivisionError()))
            await asyncio.sleep(1)
