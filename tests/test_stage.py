import asyncio
import contextlib
from itertools import pairwise

import pytest
from prometheus_client import CollectorRegistry

from streamproc.errors import ModelError
from streamproc.stage import Stages
from streamproc.telemetry import Telemetry
from streamproc.timebase import ManualClock


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
        stages = Stages(group, telemetry, ManualClock())
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
        stages = Stages(group, telemetry, ManualClock())
        stage = Stubborn()
        stages.start("ntv.decide", stage)
        await stage.started.wait()
        await stages.stop(["ntv.decide"])


class Ailing(Endless):
    def __init__(self, errors: int) -> None:
        super().__init__()
        self._errors = errors
        self.began_s: list[float] = []
        self.clock = ManualClock()

    async def run(self) -> None:
        self.began_s.append(self.clock.monotonic_s())
        if len(self.began_s) <= self._errors:
            raise ModelError("no such model")
        await super().run()


async def test_a_stage_that_failed_is_run_again_after_a_pause_that_grows(telemetry: Telemetry) -> None:
    async with asyncio.TaskGroup() as group, asyncio.timeout(5):
        stage = Ailing(errors=7)
        stages = Stages(group, telemetry, stage.clock)
        stages.start("ntv.decide", stage)
        await stage.started.wait()
        await stages.stop(["ntv.decide"])
    pauses = [after - before for before, after in pairwise(stage.began_s)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


async def test_an_error_raised_on_purpose_stops_its_stage_alone_and_is_counted(telemetry: Telemetry) -> None:
    async with asyncio.TaskGroup() as group:
        stages = Stages(group, telemetry, ManualClock())
        other = Endless()
        stages.start("rtr.decide", other)
        broken = Ailing(errors=1)
        stages.start("ntv.decide", broken)
        await other.started.wait()
        await broken.started.wait()
        assert not other.cleaned_up
        await stages.stop_where(lambda name: True)
    count = telemetry.registry.get_sample_value("streamproc_errors_total", {"channel": "ntv", "kind": "ModelError"})
    assert count == 1


async def test_a_bug_in_a_stage_ends_the_role(telemetry: Telemetry) -> None:
    with pytest.raises(ExceptionGroup):  # noqa: PT012  the group is what raises
        async with asyncio.TaskGroup() as group:
            Stages(group, telemetry, ManualClock()).start("ntv.decide", Broken(ZeroDivisionError()))
            await asyncio.sleep(1)
