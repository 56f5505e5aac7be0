"""Alerts and dashboard ask for metrics that exist, in words and expressions that hold."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from actions.ledger import Ledger
from actions.outbox import Relay
from andon.metrics import Counts, Gauges, exposition

DEPLOY = Path(__file__).parents[1] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text("utf-8"))
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "andon.rules.yml").read_text("utf-8"))[
        "groups"
    ]
    for rule in group["rules"]
]
PROMETHEUS = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
DASHBOARD: dict[str, Any] = json.loads(
    (DEPLOY / "grafana" / "dashboards" / "andon.json").read_text("utf-8")
)
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "info": ("_info",)}


@pytest.fixture(scope="module")
def metrics() -> Iterator[set[str]]:
    """Every name that a process really exposes."""
    ledger = Ledger("sqlite://")
    gauges = Gauges(
        events=lambda: 0,
        rejected=lambda: 0,
        log_clock=lambda: 0,
        now=lambda: 0,
        doubts=dict,
        breakers=Relay(ledger, {}).breakers.states,
        verified=lambda: None,
    )
    text = exposition(Counts(), ledger, gauges)().decode()
    yield {
        family.name + suffix
        for family in text_string_to_metric_families(text)
        for suffix in SUFFIXES.get(family.type, ("",))
    }
    ledger.close()


@pytest.mark.parametrize("expression", [rule["expr"] for rule in RULES] + QUERIES)
def test_whatever_is_asked_for_is_exposed(expression: str, metrics: set[str]) -> None:
    asked = set(re.findall(r"\bandon_\w+", re.sub(r'"[^"]*"', "", expression)))

    assert asked <= metrics
    assert asked or expression.startswith("up{")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_happened_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description"}
    assert rule["annotations"]["description"].endswith((".", "?"))


def test_no_two_alerts_share_a_name() -> None:
    names = [rule["alert"] for rule in RULES]

    assert len(names) == len(set(names))


def test_prometheus_reads_every_process_of_andon_where_it_answers() -> None:
    targets = {
        target
        for job in PROMETHEUS["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    }
    answering = {
        f"{name}:{word.rpartition(':')[2]}"
        for name, service in COMPOSE["services"].items()
        for flag, word in pairwise(service.get("command", []))
        if flag in {"--http", "--web"}
    }

    assert targets == answering
    assert PROMETHEUS["rule_files"] == ["andon.rules.yml"]


def test_panels_do_not_overlap_and_use_the_source_that_the_reader_chose() -> None:
    cells = [
        (x, y)
        for panel in PANELS
        for place in (panel["gridPos"],)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert {panel["datasource"]["uid"] for panel in PANELS} == {"${datasource}"}
    assert [one["name"] for one in DASHBOARD["templating"]["list"]] == ["datasource"]


def test_prometheus_itself_finds_no_fault(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip(
            "promtool is not here; on Debian and Ubuntu it comes with: apt install prometheus"
        )
    recorded = [
        {"record": f"panel:{number}", "expr": query.replace("$__rate_interval", "1m")}
        for number, query in enumerate(QUERIES)
    ]
    panels = tmp_path / "panels.yml"
    panels.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}))
    rules = DEPLOY / "prometheus" / "andon.rules.yml"
    done = subprocess.run(
        [promtool, "check", "rules", rules, panels], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
