"""The dashboard shows every metric there is."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent.parent / "deploy" / "grafana"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deploy_grafana_generate", FOLDER / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def dashboard() -> dict[str, Any]:
    return json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))


def test_the_dashboard_is_the_one_that_the_metrics_give(generate: ModuleType) -> None:
    assert (FOLDER / "dashboard.json").read_text(encoding="utf-8") == generate.text()


def test_every_metric_has_a_panel(generate: ModuleType, dashboard: dict[str, Any]) -> None:
    shown = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ()))
    assert [metric.name for metric in generate.metrics().values() if metric.name not in shown] == []


def test_no_two_panels_overlap(dashboard: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_counters_of_bytes_are_shown_as_bytes_a_second(generate: ModuleType) -> None:
    assert generate.metrics()["received_bytes"].unit == "Bps"
