"""The prediction service as a client knows it that was written from requirement 5 alone: real processes, real HTTP."""

import math
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from leadwise.blueprints.blueprint import load_blueprint
from leadwise.blueprints.simulator import simulate
from leadwise.domain.access import Role
from leadwise.store.api_keys import ApiKeyRepository
from leadwise.store.database import Database, normalised_url, open_database
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.outcomes import OutcomeRepository
from leadwise.web.api.prediction_answers import (
    InsightsAnswer,
    ModelsAnswer,
    PredictionAnswer,
    PredictionBatchAnswer,
    PreprocessAnswer,
    TrainAnswer,
)
from leadwise.web.api.web_application import CamelPredictionAnswer, CamelTrainAnswer

COMMAND = str(Path(sys.executable).with_name("leadwise"))
QUICK = {"hyperparameter_search": "none", "budget_seconds": 5}
LEAD = {
    "email": "user@company.com",
    "job_title": "CEO",
    "company": "Tech Corp",
    "lead_score": 85,
    "engagement_score": 90,
}
PREDICT = {"model_type": "lead_conversion", "user_id": "user123", "data": LEAD}
BATCH = {
    "model_type": "lead_conversion",
    "user_id": "user123",
    "data": [
        {"email": "user1@company.com", "job_title": "CEO", "company": "Tech Corp", "lead_score": 85},
        {"email": "user2@company.com", "job_title": "Manager", "company": "Small Business", "lead_score": 45},
    ],
}
TRAIN = {
    "model_type": "lead_conversion",
    "algorithm": "random_forest",
    "model_name": "my_lead_model",
    "user_id": "user123",
    "training_config": {
        "features": ["lead_score", "engagement_score", "company_size"],
        "preprocessing": {"missing_value_strategy": "mean", "categorical_encoding": "one_hot"},
    },
}


@pytest.fixture(scope="module")
def url(server: Database) -> Iterator[str]:
    """A database with simulated contacts of a company, and an organisation beside it."""
    owner = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("CREATE DATABASE prediction_service TEMPLATE template0"))
    address = server.url.set(database="prediction_service").render_as_string(hide_password=False)
    with open_database(address, Path("unused")) as database, database.transaction() as connection:
        world = simulate(load_blueprint("b2b-leads"), 900, 1, datetime.now(UTC))
        LeadRepository(connection).add_many(world.leads)
        EventRepository(connection).add_many(world.events)
        OutcomeRepository(connection).add_many(world.outcomes)
        OrganisationRepository(connection).ensure("acme")
    yield address
    with owner.connect() as connection:
        connection.execute(text("DROP DATABASE prediction_service WITH (FORCE)"))
    owner.dispose()


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    """Of `leadwise serve --open`."""
    process = subprocess.Popen(
        (COMMAND, "serve", "--open", "--port", "0"),
        env={**os.environ, "LEADWISE_DATABASE_URL": url, "COLUMNS": "200"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    found = next(re.search(r"http://\S+:\d+", line) for line in process.stderr if "Answering at" in line)
    assert found is not None
    with httpx.Client(base_url=found.group(), timeout=240) as opened:
        for _ in range(100):
            try:
                opened.get("/health")
                break
            except httpx.TransportError:
                continue
        yield opened
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    process.stderr.close()


@pytest.fixture(scope="module")
def trained(client: httpx.Client) -> dict[str, Any]:
    """The documented request, after which the documented user has a model."""
    answer = client.post("/train", json=TRAIN)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def rows(count: int, **wrong: object) -> list[dict[str, Any]]:
    """Leads whose outcome depends on what they are."""
    chance = random.Random(1)  # noqa: S311 - the same leads each time
    found = []
    for _ in range(count):
        title, score = chance.choice(["CEO", "Manager", "Student"]), chance.gauss(50, 20)
        odds = math.exp(0.08 * (score - 55) + {"CEO": 1.5, "Manager": 0, "Student": -1.5}[title])
        email = chance.choice(["a@gmail.com", "b@firm.de"])
        won = chance.random() < odds / (1 + odds)
        found.append({"email": email, "job_title": title, "lead_score": score, "converted": won, **wrong})
    return found


def test_the_service_is_healthy(client):
    assert client.get("/health").json()["status"] == "healthy"


def test_before_any_training_rules_answer_and_say_so(client):
    answer = client.post("/predict", json=PREDICT | {"user_id": "newcomer"})
    assert answer.status_code == 200
    said = PredictionAnswer.model_validate(answer.json())
    assert said.fallback
    assert said.method == "rules"
    assert "newcomer" in str(said.fallback_reason)
    worse = client.post("/predict", json=PREDICT | {"user_id": "newcomer", "data": {"lead_score": 10}}).json()
    assert said.probability is not None
    assert said.probability > worse["probability"]


def test_a_value_without_a_model_goes_on_as_before(client):
    value = {"model_type": "customer_lifetime_value", "user_id": "newcomer"}
    said = client.post("/predict", json=value | {"data": {"total_spent": 730, "customer_tenure": 365}}).json()
    assert said["fallback"]
    assert said["predicted_value"] == pytest.approx(360)
    unknown = client.post("/predict", json=value | {"data": {}}).json()
    assert unknown["predicted_value"] is None
    assert unknown["warnings"]


def test_the_documented_training_is_answered(trained):
    told = TrainAnswer.model_validate(trained)
    assert (told.model_name, told.user_id, told.algorithm) == ("my_lead_model", "user123", "random_forest")
    assert sorted(told.features) == ["company_size", "engagement_score", "lead_score"]
    assert told.trained_on == "stored leads"
    assert told.preprocessing == {"missing_value_strategy": "mean", "categorical_encoding": "one_hot"}
    for scores in (told.metrics, told.cross_validation.scores):
        assert {"accuracy", "precision", "recall", "f1_score", "roc_auc"} <= scores.keys()
        assert all(score is not None for score in scores.values())
    assert told.hyperparameter_trials > 1
    assert any("lead_score" in warning for warning in told.warnings), "a score may know the outcome"


@pytest.mark.usefixtures("trained")
def test_the_documented_prediction_is_answered(client, trained):
    answer = client.post("/predict", json=PREDICT)
    said = PredictionAnswer.model_validate(answer.json())
    assert (said.model_version, said.method, said.fallback) == (trained["model_version"], "model", False)
    assert said.probability is not None
    moved = said.base_contribution + sum(each.contribution for each in said.contributions)
    assert 1 / (1 + math.exp(-moved)) == pytest.approx(said.probability)
    assert said.missing_features == ["company_size"]
    assert said.ignored_features == ["email", "job_title", "company"]
    assert said.recommendations == [load_blueprint("b2b-leads").actions.model_dump()[said.grade]]


@pytest.mark.usefixtures("trained")
def test_the_documented_batch_is_answered_like_single_predictions(client):
    said = PredictionBatchAnswer.model_validate(client.post("/predict/batch", json=BATCH).json())
    singles = [client.post("/predict", json=BATCH | {"data": row}).json() for row in BATCH["data"]]
    assert [each.probability for each in said.predictions] == pytest.approx([each["probability"] for each in singles])
    assert said.count == 2


@pytest.mark.usefixtures("trained")
def test_ten_thousand_rows_are_answered_at_once(client):
    answer = client.post("/predict/batch", json=BATCH | {"data": [{"lead_score": at % 100} for at in range(10_000)]})
    assert answer.status_code == 200
    assert answer.json()["count"] == 10_000


def test_a_users_models_are_listed(client, trained):
    listed = ModelsAnswer.model_validate(client.get("/models/user123").json())
    assert trained["model_version"] in [model.model_version for model in listed.models]
    assert [model.is_active for model in listed.models].count(True) == 1
    assert client.get("/models/somebody").json()["models"] == []


@pytest.mark.usefixtures("trained")
def test_insights_tell_of_metrics_data_drift_and_when_to_train_again(client):
    high = [{"lead_score": 99, "engagement_score": 99, "company_size": 100_000} for _ in range(300)]
    client.post("/predict/batch", json=BATCH | {"data": high})
    found = InsightsAnswer.model_validate(client.get("/insights/user123/lead_conversion").json())
    assert {each.feature for each in found.feature_importance} == set(found.features)
    assert found.metrics["roc_auc"] is not None
    assert {column.name for column in found.data_quality.columns} >= set(found.features)
    moved = {each.feature: each.state for each in found.drift.features}
    assert moved["lead_score"] == "moved a lot"
    triggers = {each.name: each.state for each in found.retraining.triggers}
    assert triggers.keys() == {"performance", "volume", "time", "drift", "manual"}
    assert triggers["drift"] == "fired"
    assert found.retraining.recommended


@pytest.mark.usefixtures("trained")
def test_operators_see_the_training_among_the_jobs(url, trained):
    shown = subprocess.run(
        (COMMAND, "jobs", "list"),
        env={**os.environ, "LEADWISE_DATABASE_URL": url, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert trained["model_version"] in shown.stdout


def test_there_are_no_insights_without_a_model(client):
    answer = client.get("/insights/nobody/lead_conversion")
    assert answer.status_code == 404
    assert "POST /train" in answer.json()["detail"]


def test_the_web_application_trains_and_predicts_in_camel_case(client):
    body = {"modelType": "lead_conversion", "algorithm": "logistic_regression", "modelName": "my_model"}
    told = client.put("/api/ml/predict", json=body | {"trainingConfig": {"hyperparameterSearch": "none"}})
    assert told.status_code == 200, told.text
    CamelTrainAnswer.model_validate(told.json())
    assert told.json()["modelName"] == "my_model"
    said = client.post("/api/ml/predict", json={"modelType": "lead_conversion", "leadData": {"leadScore": 85}})
    assert CamelPredictionAnswer.model_validate(said.json()).model_version == told.json()["modelVersion"]
    plain = client.post("/predict", json={"model_type": "lead_conversion", "data": {"lead_score": 85}}).json()
    assert said.json()["probability"] == plain["probability"]
    wrong = client.post("/api/ml/predict", json={"modelType": "lead_conversion"})
    assert wrong.status_code == 422
    assert "leadData" in wrong.json()["error"]


def test_rows_that_come_along_are_learnt_from_and_read_like_those_that_are_predicted(client):
    body = {"model_type": "lead_conversion", "algorithm": "logistic_regression", "user_id": "a/b @c"}
    told = client.post("/train", json=body | {"training_data": rows(300), "training_config": QUICK | {"folds": 3}})
    assert told.status_code == 200, told.text
    assert told.json()["trained_on"] == "rows of the request"
    assert sorted(told.json()["features"]) == ["email_domain", "job_title", "lead_score"]
    assert any("folds" in warning for warning in told.json()["warnings"])
    said = client.post("/predict", json=PREDICT | {"user_id": "a/b @c"}).json()
    assert not said["fallback"]
    assert {each["feature"]: each["value"] for each in said["contributions"]}["job_title"] == "executive"
    assert client.get("/models/a%2Fb%20%40c").json()["count"] == 1
    assert client.get("/insights/a%2Fb%20%40c/lead_conversion").status_code == 200


def test_a_training_answers_whatever_came_before_and_can_be_taken_back(client):
    owner = {"model_type": "lead_conversion", "user_id": "back-and-forth"}
    versions = []
    for algorithm in ("random_forest", "logistic_regression"):
        body = owner | {"algorithm": algorithm, "training_data": rows(300), "training_config": QUICK}
        versions.append(client.post("/train", json=body).json()["model_version"])
        assert client.post("/predict", json=PREDICT | owner).json()["model_version"] == versions[-1]
    target = "lead_conversion@back-and-forth"
    back = client.post("/api/v2/models/roll-back", json={"target": target})
    assert (back.status_code, back.json()["version"]) == (200, versions[0])
    deadline = time.monotonic() + 5
    while client.post("/predict", json=PREDICT | owner).json()["model_version"] != versions[0]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_too_little_is_refused_with_how_much_there_is_and_how_much_is_needed(client):
    few = [row | {"converted": at < 3} for at, row in enumerate(rows(40))]
    answer = client.post("/train", json=TRAIN | {"training_config": {}, "training_data": few})
    assert answer.status_code == 422
    assert re.search(r"Insufficient data: at least 10 .* have 3 and 37", answer.json()["detail"])


def test_of_two_trainings_of_one_model_at_once_the_second_is_refused(client):
    body = TRAIN | {"user_id": "hasty", "training_data": rows(300), "training_config": QUICK}
    with ThreadPoolExecutor(2) as both:
        answers = [each.result() for each in [both.submit(client.post, "/train", json=body) for _ in range(2)]]
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert "being trained already" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model_type": "churn"}, "lead_conversion, customer_lifetime_value"),
        ({"algorithm": "linear_regression"}, "logistic_regression"),
        ({"algorithm": "magic"}, "random_forest, gradient_boosting"),
        ({"training_config": {"features": ["shoe_size"]}}, "lead_score, engagement_score, company_size"),
        ({"training_config": {"preprocessing": {"missing_value_strategy": "guess"}}}, "most-frequent"),
        ({"training_config": {"preprocessing": {"polish": True}}}, "missing_value_strategy"),
        ({"training_config": {"hyperparameter_search": "luck"}}, "grid"),
        ({"training_config": {"budget_seconds": "long"}}, "budget_seconds"),
        ({"training_data": [{"lead_score": 1}]}, "target_column"),
        ({"training_data": [{"lead_score": 1, "converted": "perhaps"}], "training_config": {}}, "perhaps"),
        ({"training_data": []}, "no rows"),
        ({"user_id": " "}, "user_id"),
        ({"user_id": ["a"]}, "user_id"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_what_can(client, change, told):
    answer = client.post("/train", json=TRAIN | change)
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/predict", "/predict/batch", "/train", "/preprocess", "/api/ml/predict"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"model_type":"lead_conversion","data":{"lead_score":NaN}}',
        b'{"model_type":"lead_conversion","data":[{"lead_score":%s}]}' % (b"9" * 400),
        b'{"model_type":"lead_conversion","data":[{"a":{"b":1}}],"leadData":{"a":[1]}}',
        b'{"model_type":null,"data":3}',
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b'{"model_type":"lead_conversion","training_data":[{"\\ud800":1}]}',
    ],
    ids=lambda body: body[:30].decode(),
)
def test_what_is_no_request_is_refused_with_the_reason(client, path, body):
    answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"lead_score": "eighty"},
        {"lead_score": 1e308, "company_size": -(10**18), "engagement_score": True},
        {"lead_score": None, "job_title": 7, "email": "\x00", "phone": "9" * 5000, "founded_on": "0000-99-99"},
        {"message": "שלום 🚗" * 2000, "industry": "'; DROP TABLE leads; --"},
        {str(at): at for at in range(2000)},
    ],
    ids=["nothing", "a word", "huge", "odd", "long", "many"],
)
@pytest.mark.usefixtures("trained")
def test_odd_values_are_answered(client, data):
    for user in ("user123", "newcomer", "a\x00b"):
        for model_type in ("lead_conversion", "customer_lifetime_value"):
            answer = client.post("/predict", json={"model_type": model_type, "user_id": user, "data": data})
            assert answer.status_code == 200, answer.text
            PredictionAnswer.model_validate(answer.json())


def test_preprocessing_gives_rows_columns_and_their_quality(client):
    data = [{key: LEAD[key] for key in ("email", "job_title", "company")}]
    config = {"missing_value_strategy": "mean", "categorical_encoding": "one_hot"}
    found = PreprocessAnswer.model_validate(client.post("/preprocess", json={"data": data, "config": config}).json())
    assert found.row_count == 1
    assert found.processed_data[0]["job_title = executive"] == 1
    assert found.columns == list(found.processed_data[0])
    assert {column.name for column in found.data_quality_report.columns} == {"company", "email_domain", "job_title"}


def test_an_organisation_called_like_the_user_has_its_own_models_and_keys_see_their_own_alone(client, url):
    body = TRAIN | {"user_id": "acme", "training_data": rows(200), "training_config": QUICK}
    told = client.post("/train", json=body)
    assert told.status_code == 200, told.text
    with Database(normalised_url(url)) as database, database.transaction() as connection:
        OrganisationRepository(connection).ensure("other")
        keys = {
            name: ApiKeyRepository(connection, name).add("test", [Role.ADMIN], "me")[1]
            for name in ("acme", "default", "other")
        }
        _, reading = ApiKeyRepository(connection, "acme").add("test", [Role.READ], "me")
    counts = {
        name: client.get("/models/acme", headers={"X-API-Key": key}).json()["count"] for name, key in keys.items()
    }
    assert counts == {"acme": 1, "default": 0, "other": 0}
    foreign = {"X-API-Key": keys["other"]}
    assert client.get("/insights/acme/lead_conversion", headers=foreign).status_code == 404
    assert client.post("/predict", json=PREDICT | {"user_id": "acme"}, headers=foreign).json()["fallback"]
    assert client.post("/train", json=body, headers={"X-API-Key": reading}).status_code == 403
    assert client.post("/predict", json=PREDICT, headers={"X-API-Key": "lw_no_key"}).status_code == 401
