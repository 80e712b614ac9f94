"""What the handlers work with, in one typed place of the application."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from streamproc.catalogue import Catalogue
from streamproc.config import Settings
from streamproc.config_file import ConfigFile
from streamproc.telemetry import Telemetry
from streamproc.timebase import Clock
from streamproc.web.events import EventHub
from streamproc.web.health import HealthReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """The configuration file, where it may be changed, and how the daemon is told to read it again."""

    file: ConfigFile
    """The file."""
    reload: Callable[[], None]
    """Has every role read it again, as SIGHUP does; returns at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What every handler may use."""

    current: Callable[[], Settings]
    """Returns what the file says now: it may be read again while the application runs."""
    catalogue: Catalogue
    """What was found; its calls block, so handlers make them in a thread."""
    telemetry: Telemetry
    """Where requests are counted."""
    clock: Clock
    """What time it is."""
    health: HealthReader
    """How the channels are; blocks, too."""
    hub: EventHub
    """The live events."""
    keeper: Keeper | None
    """Who changes the configuration; None where it is not known which file it comes from."""

    @property
    def settings(self) -> Settings:
        """What the file says now."""
        return self.current()


SERVICES = web.AppKey("services", Services)
