"""Binds the application to an address for as long as its stage runs."""

import asyncio
import errno

import structlog
from aiohttp import web

from streamproc.errors import ConfigError

SHUTDOWN_TIMEOUT_S = 3.0
log = structlog.get_logger()


class WebStage:
    """Serves an application until cancelled."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._listening = asyncio.Event()
        self._address = ""

    async def address(self) -> str:
        """Wait until it listens, and return where: http://127.0.0.1:8080."""
        await self._listening.wait()
        return self._address

    async def run(self) -> None:
        """Serve. Raises ConfigError when the address can't be bound."""
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
        await runner.setup()
        try:
            await self._bind(runner)
            await asyncio.Event().wait()
        finally:
            self._listening.clear()
            await runner.cleanup()

    async def _bind(self, runner: web.AppRunner) -> None:
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"can't be bound ({error.strerror})"
            raise ConfigError(
                f"web: {self._host}:{self._port} {reason}; choose another [web] host or port, "
                "or stop what has it (port = 0 takes a free one)"
            ) from error
        host, port = runner.addresses[0][:2]
        self._address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._listening.set()
        log.info("web.listening", address=self._address)
