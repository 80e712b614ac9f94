"""The web: shows and hands out what was found."""

from collections.abc import Mapping

from streamproc.app.play import Tools
from streamproc.catalogue.store import Catalogue
from streamproc.config import ChannelSettings, Settings
from streamproc.stage import Stage
from streamproc.web import Keeper, WebStage, check_host, check_provider, create_app


class Web:
    """Shows and hands out what was found."""

    def __init__(self, settings: Settings, tools: Tools, keeper: Keeper | None = None) -> None:
        """keeper: changes the configuration file, if it may be changed from the page."""
        self.settings = settings
        self._keeper = keeper
        self._tools = tools
        self._catalogue = Catalogue.open(settings.database_url, clock=tools.clock)

    def common(self) -> Mapping[str, Stage]:
        """Return the server. Raises ConfigError: it can't let people in as configured."""
        check_host(self.settings, self._catalogue)
        check_provider(self.settings.web.auth)
        tools = self._tools
        app = create_app(lambda: self.settings, self._catalogue, tools.telemetry, tools.clock, self._keeper)
        return {"web": WebStage(app, self.settings.web.host, self.settings.web.port)}

    def channel(self, settings: ChannelSettings) -> Mapping[str, Stage]:
        """Return none: the server shows all channels."""
        return {}

    def material(self, settings: ChannelSettings) -> None:
        """Return nothing: it is made from no files."""

    def close(self) -> None:
        """Let go of the catalogue."""
        self._catalogue.close()
