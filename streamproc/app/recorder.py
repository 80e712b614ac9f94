"""The recorder: ingest and record. It never decodes."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

from streamproc.app.play import Tools
from streamproc.catalogue.store import Catalogue
from streamproc.config import ChannelSettings, Settings
from streamproc.stage import Stage
from streamproc.stages.ingest import IngestStage
from streamproc.stages.record import RecordStage, RetentionStage


class Recorder:
    """Writes down what comes in, untouched."""

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self.settings = settings
        self._tools = tools
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="retention")
        self._catalogue: Catalogue | None = None

    def common(self) -> Mapping[str, Stage]:
        """Return retention, which looks after all channels together."""
        telemetry, clock = self._tools.telemetry, self._tools.clock
        return {"retention": RetentionStage(lambda: self.settings, self._held, telemetry, clock, self._executor)}

    def channel(self, settings: ChannelSettings) -> Mapping[str, Stage]:
        """Return ingest, which hands its packets to record."""
        telemetry, clock = self._tools.telemetry, self._tools.clock
        folder = self.settings.recording_dir / settings.name
        record = RecordStage(settings.name, folder, settings.record, telemetry, clock)
        return {"ingest": IngestStage(settings, folder, record, telemetry, clock)}

    def material(self, settings: ChannelSettings) -> None:
        """Return nothing: no files but those it writes."""

    def close(self) -> None:
        """Let go of the catalogue."""
        self._executor.shutdown()
        if self._catalogue is not None:
            self._catalogue.close()

    def _held(self, channel: str) -> Sequence[tuple[int, Fraction, Fraction]]:
        """Ask the catalogue what must stay; opened late, so that its trouble can't keep recording from starting."""
        if self._catalogue is None:
            self._catalogue = Catalogue.open(self.settings.database_url, clock=self._tools.clock)
        return self._catalogue.held(channel)
