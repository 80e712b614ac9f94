"""Draw the Grafana dashboard from the metrics that streamproc/telemetry.py defines.

Run ``python deploy/grafana/generate.py`` after a change of the metrics; a test compares the result with
dashboard.json. A metric that no row names ends up in the last row, so none can be forgotten.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streamproc.telemetry import Telemetry

DASHBOARD = Path(__file__).with_name("dashboard.json")
DATASOURCE = {"type": "prometheus", "uid": "prometheus"}
ROWS = {
    "What is on air": ("on_air", "score", "changes", "boundaries"),
    "Whether the models still fit": (
        *(
            "drift_alarm",
            "drift_alarms",
            "drift_sureness_ratio",
            "drift_usual_sureness_ratio",
            "drift_bug_absent_seconds",
            "learnings",
        ),
    ),
    "What was painted over": (
        *(
            "findings_open",
            "findings",
            "inspected_keyframes",
            "inspect_left_out_keyframes",
            "inspect_seconds",
            "inspect_resting",
        ),
    ),
    "How fast": (
        "provisional_delay_seconds",
        "final_delay_seconds",
        "clip_delay_seconds",
        "reader_lag_seconds",
        "handout_seconds",
    ),
    "The feed": (
        "connected",
        "last_packet_timestamp_seconds",
        "packets",
        "received_bytes",
        "reconnects",
        "timestamp_repairs",
    ),
    "The recording": ("recorded_bytes", "recording_bytes", "deleted_bytes", "disk_free_bytes", "epochs"),
    "The work": ("frames_decoded", "samples", "inference_seconds", "inference_provider_info", "clips"),
    "What leaves the house": (
        *("deliveries", "delivered_bytes", "deliveries_waiting", "delivery_oldest_seconds", "target_failing"),
        *("webhook_events", "webhook_lag_events", "webhook_failing", "expired_files", "expired_bytes"),
    ),
    "Names": ("programmes", "schedule_read_timestamp_seconds", "schedule_until_timestamp_seconds"),
    "Cues": ("cues", "cue_verdicts", "cues_damaged"),
    "The daemon": ("role_up", "role_restarts", "errors", "queue_depth", "queue_dropped", "http_requests", "sign_ins"),
    "What people look at": ("pictures", "picture_seconds"),
}
RARE = frozenset(
    {
        *("changes", "boundaries", "reconnects", "timestamp_repairs", "epochs", "clips"),
        *("deliveries", "webhook_events", "expired_files"),
        *("cues", "cue_verdicts", "cues_damaged", "programmes"),
        *("drift_alarms", "role_restarts", "errors", "queue_dropped", "sign_ins", "learnings"),
        *("findings", "inspect_left_out_keyframes"),
    }
)
"""Counters of events that are seconds or hours apart: shown as events an hour."""
PANELS_A_LINE = 3
PANEL_WIDTH = 24 // PANELS_A_LINE
PANEL_HEIGHT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric, as the dashboard sees it."""

    name: str
    """As Prometheus shows it: a counter's name ends in ``_total``."""
    kind: str
    """counter, gauge or histogram."""
    text: str
    """Its help text."""
    labels: tuple[str, ...]
    rare: bool
    """Counts events that a rate per second would show as a flat line."""

    @property
    def unit(self) -> str:
        """Grafana's name of the unit, from the name's ending."""
        if self.name.endswith("_timestamp_seconds"):
            return "s"
        if self.rare:
            return "short"
        stem = self.name.removesuffix("_total")
        for ending, unit, rate in (
            ("_bytes", "bytes", "Bps"),
            ("_seconds", "s", "s"),
            ("_ratio", "percentunit", "cps"),
        ):
            if stem.endswith(ending):
                return rate if self.kind == "counter" else unit
        return "cps" if self.kind == "counter" else "short"


def metrics() -> dict[str, Metric]:
    """Return every metric of the daemon by its name without ``streamproc_`` and ``_total``."""
    found = {}
    groups = (vars(group) for group in vars(Telemetry(CollectorRegistry())).values())
    for collector in chain.from_iterable(group.values() for group in groups):
        if not isinstance(collector, Counter | Gauge | Histogram):
            continue
        (family,) = collector.describe()
        stem = family.name.removeprefix("streamproc_")
        name = f"{family.name}_total" if family.type == "counter" else family.name
        # The library tells a metric's labels nowhere in public.
        found[stem] = Metric(
            name=name,
            kind=family.type,
            text=family.documentation,
            labels=tuple(collector._labelnames),
            rare=stem in RARE,
        )
    return found


def queries(metric: Metric) -> list[tuple[str, str]]:
    """Return (PromQL, legend) for what a panel shows of a metric."""
    chosen = '{channel=~"$channel"}' if "channel" in metric.labels else ""
    legend = " ".join(f"{{{{{label}}}}}" for label in metric.labels) or metric.name.removeprefix("streamproc_")
    by = ", ".join(metric.labels)
    if metric.rare:
        return [(f"sum by ({by}) (increase({metric.name}{chosen}[1h]))", legend)]
    if metric.kind == "counter":
        return [(f"sum by ({by}) (rate({metric.name}{chosen}[$__rate_interval]))", legend)]
    if metric.kind == "gauge":
        age = f"time() - {metric.name}{chosen}"
        return [(age if metric.name.endswith("_timestamp_seconds") else f"{metric.name}{chosen}", legend)]
    bucket = f"sum by ({', '.join((*metric.labels, 'le'))}) (rate({metric.name}_bucket{chosen}[$__rate_interval]))"
    return [(f"histogram_quantile({quantile}, {bucket})", f"{legend} p{quantile * 100:g}") for quantile in (0.5, 0.95)]


def panel(metric: Metric, number: int, x: int, y: int) -> dict[str, Any]:
    """Return the panel of one metric at a place of the grid."""
    return {
        "id": number,
        "type": "timeseries",
        "title": metric.text.rstrip(".") + (", last hour" if metric.rare else ""),
        "description": f"{metric.name}: {metric.text}",
        "datasource": DATASOURCE,
        "gridPos": {"x": x, "y": y, "w": PANEL_WIDTH, "h": PANEL_HEIGHT},
        "fieldConfig": {"defaults": {"unit": metric.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": DATASOURCE, "expr": expression, "legendFormat": legend}
            for index, (expression, legend) in enumerate(queries(metric))
        ],
    }


def rows(found: dict[str, Metric]) -> Iterator[tuple[str, list[Metric]]]:
    """Yield each row's title and metrics; what no row names comes last."""
    for title, stems in ROWS.items():
        yield title, [found[stem] for stem in stems]
    named = {stem for stems in ROWS.values() for stem in stems}
    rest = [metric for stem, metric in found.items() if stem not in named]
    if rest:
        yield "More", rest


def dashboard() -> dict[str, Any]:
    """Return the whole dashboard."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, row in rows(metrics()):
        place = {"x": 0, "y": y, "w": 24, "h": 1}
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        )
        y += 1
        for index, metric in enumerate(row):
            line, column = divmod(index, PANELS_A_LINE)
            panels.append(panel(metric, len(panels) + 1, column * PANEL_WIDTH, y + line * PANEL_HEIGHT))
        y += -(-len(row) // PANELS_A_LINE) * PANEL_HEIGHT
    channel = {
        "name": "channel",
        "label": "Channel",
        "type": "query",
        "datasource": DATASOURCE,
        "query": "label_values(streamproc_connected, channel)",
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }
    return {
        "uid": "streamproc",
        "title": "streamproc",
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [channel]},
        "panels": panels,
    }


def text() -> str:
    """Return the dashboard as the file holds it."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DASHBOARD.write_text(text(), encoding="utf-8")
