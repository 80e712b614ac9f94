"""The metrics that there are."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streamproc.telemetry import Telemetry


def metrics() -> list[Counter | Gauge | Histogram]:
    """Return all of them, of a registry of their own."""
    groups = vars(Telemetry(CollectorRegistry())).values()
    return [one for group in groups for one in vars(group).values() if isinstance(one, Counter | Gauge | Histogram)]
