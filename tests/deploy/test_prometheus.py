"""Prometheus takes our configuration, and each alert fires when it should."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client import Counter

from tests.metrics import metrics

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "deploy" / "prometheus"


def promtool(*arguments: str) -> str:
    done = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def alerts() -> list[dict[str, object]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.mark.promtool
def test_the_configuration_of_prometheus_is_valid() -> None:
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml")


@pytest.mark.promtool
def test_every_alert_fires_when_its_example_says() -> None:
    assert "SUCCESS" in promtool("test", "rules", "alerts.test.yml")


def test_every_alert_has_an_example_in_which_it_fires() -> None:
    examples = yaml.safe_load((FOLDER / "alerts.test.yml").read_text(encoding="utf-8"))["tests"]
    fired = {case["alertname"] for test in examples for case in test["alert_rule_test"] if case.get("exp_alerts")}
    assert fired == {rule["alert"] for rule in alerts()}


def test_every_alert_asks_for_metrics_that_there_are() -> None:
    known = set()
    for collector in metrics():
        (family,) = collector.describe()
        known.add(f"{family.name}_total" if isinstance(collector, Counter) else family.name)
    for rule in alerts():
        for name in re.findall(r"streamproc_\w+", str(rule["expr"])):
            assert name in known or name.removesuffix("_bucket") in known, f"{rule['alert']} asks for {name}"


def test_every_alert_is_explained_to_the_operator() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    missing = [rule["alert"] for rule in alerts() if f"### {rule['alert']}" not in text]
    assert not missing
