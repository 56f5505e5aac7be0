from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.causes import OWNER_OF_CAUSE, owner_of
from actions.guests import STRANGER
from actions.marks import PlaybookError
from actions.matching import rule_for
from actions.testing import a_problem, cleared, opened
from andon.config import Config
from andon.wiring import (
    KINDS,
    NotPossible,
    Parts,
    build_engine,
    build_rules,
    decide_all,
    executors_of,
    open_parts,
    read_playbook,
)
from detectors.population.counts import Charge
from detectors.population.defects import DEFECTS
from detectors.population.ladders import all_kinds, kind_of, ladder_of
from detectors.population.rules import BUDGET
from schemas.decisions import Status
from schemas.times import DAY
from streams.folder import Folder

NOON = 1_767_268_800_000
SECRET = "whsec_" + "c2VjcmV0IGZvciB0ZXN0cyBvbmx5"


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    (tmp_path / "data").mkdir()
    with open_parts(Folder(tmp_path / "data"), None, Config()) as parts:
        yield parts


def test_what_opens_and_ends_within_one_batch_leaves_nothing_to_perform(parts: Parts) -> None:
    problem = a_problem("sku-wrong-item", subject_type="sku", subject="S1", order_id=None)
    parts.settle([opened(problem), cleared(problem, NOON + 1)], NOON + 2)
    (pulled,) = parts.ledger.actions(name="delist-sku")

    assert pulled.status is Status.CALLED_OFF


def test_the_same_changes_again_decide_nothing(parts: Parts) -> None:
    change = opened(a_problem())

    assert len(parts.settle([change], NOON)) == 1
    assert parts.settle([change], NOON + DAY) == []


def test_actions_go_to_their_topic_where_that_is_asked_for() -> None:
    [(name, kafka)] = executors_of(
        Config(actions_to_kafka="yes", kafka="127.0.0.1:9", kafka_prefix="shop")
    ).items()

    assert name == "*"
    assert repr(kafka) == "Kafka(bootstrap='127.0.0.1:9', topic='shop.actions', timeout_s=15.0)"


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (Config(actions_to_kafka="yes"), "ANDON_KAFKA"),
        (Config(actions_to_kafka="maybe", kafka="127.0.0.1:9"), "yes or no"),
        (
            Config(
                actions_to_kafka="yes", kafka="b:9", webhook_url="http://x", webhook_secret=SECRET
            ),
            "one way out",
        ),
    ],
)
def test_a_topic_of_actions_that_cannot_be_used_is_found_at_once(config: Config, told: str) -> None:
    with pytest.raises(NotPossible, match=told):
        executors_of(config)


def test_nobody_performs_where_nobody_is_configured(parts: Parts) -> None:
    assert not parts.performs


def test_an_unsigned_webhook_is_refused() -> None:
    with pytest.raises(NotPossible, match="ANDON_WEBHOOK_SECRET"):
        executors_of(Config(webhook_url="https://shop.example/hook"))


def test_alerts_go_to_people_and_the_rest_to_the_shop() -> None:
    config = Config(
        webhook_url="https://shop.example/hook",
        webhook_secret=SECRET,
        apprise="json://localhost carrier=json://localhost:81",
    )
    executors = executors_of(config)

    assert type(executors["alert-carrier"]).__name__ == "Apprise"
    assert type(executors["*"]).__name__ == "Webhook"


def a_playbook(tmp_path: Path, old: str, new: str) -> Path:
    text = read_playbook(None).text
    assert old in text
    path = tmp_path / "shop.yaml"
    path.write_text(text.replace(old, new))
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("patience: 5m", "patiense: 5m", "did you mean patience?"),
        ("patience: 5m", "patience: 5.00 USD", "is not of the kind of the default"),
    ],
)
def test_a_setting_that_no_detector_takes_is_a_mistake(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(PlaybookError, match=said) as raised:
        read_playbook(a_playbook(tmp_path, old, new))

    assert raised.value.faults[0].at.line > 1


def test_the_playbook_sets_the_judge(tmp_path: Path) -> None:
    path = a_playbook(tmp_path, "customers: 3", "customers: 9")

    assert build_rules(read_playbook(path)).customers == 9
    assert build_engine(read_playbook(path)).clock == 0


def test_decisions_on_the_past_are_taken_as_if_it_were_now() -> None:
    change = opened(a_problem(opened_at=NOON - 300 * DAY))
    (decision,) = decide_all([change], read_playbook(None))

    assert decision.decided_at == change.at
    assert {action.status for action in decision.actions} == {Status.QUEUED}


def test_a_playbook_may_name_every_kind_that_evidence_can_open() -> None:
    assert set(all_kinds()) < set(KINDS)


@pytest.mark.parametrize("defect", range(len(DEFECTS)))
def test_the_shipped_playbook_answers_every_rung_and_somebody_owns_it(defect: int) -> None:
    for subject_type in DEFECTS[defect].charged:
        charge = Charge(defect, subject_type)
        for rung, step in ladder_of(charge).items():
            problem = a_problem(
                kind_of(charge, rung), subject_type=subject_type, severity=step.severity
            )

            assert rule_for(problem, STRANGER, read_playbook(None)) is not None, problem.kind
            assert owner_of(problem) in OWNER_OF_CAUSE.values(), problem.kind


def test_wrong_alarms_allowed_reach_the_judge(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("name: t\npopulations: {wrong_alarms: {sku: 5}}\n", "utf-8")

    assert build_rules(read_playbook(None)).budget == BUDGET
    assert build_rules(read_playbook(path)).budget == dict(BUDGET) | {"sku": 5.0}
