"""What the service does for callers: who is let in, what is answered, what is written down."""

import json
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text
from tests.app.serving import activate, add_key, bearer, running, small_model

from leadwise.domain.access import Role
from leadwise.scoring.online import ROWS_IN_PIECE
from leadwise.store.database import Database
from leadwise.store.organisations import OrganisationRepository
from leadwise.training.fitted_model import FittedModel

FEATURES = {"appointments_count": 4, "inbound_messages_count": 2, "has_property": 1, "engagement_rate": 1.5}


@pytest.fixture(scope="module")
def model() -> FittedModel:
    return small_model()


@pytest.fixture(scope="module")
def other_model() -> FittedModel:
    return small_model(seed=1)


def predict(client: httpx.Client, features: object = None, **more: object) -> httpx.Response:
    headers = more.pop("headers", None)
    return client.post("/api/v1/predict", json={"features": features or FEATURES, **more}, headers=headers)


def ledger(database: Database) -> list[dict[str, object]]:
    with database.transaction() as connection:
        return [dict(row) for row in connection.execute(text("SELECT * FROM scores ORDER BY id")).mappings()]


def test_a_prediction_adds_up_and_is_in_the_ledger_when_it_is_answered(database: Database, model: FittedModel):
    version = activate(database, model)
    with running(database) as client:
        said = predict(client).json()
        (row,) = ledger(database)
    margin = said["base_contribution"] + sum(each["contribution"] for each in said["feature_contributions"])
    assert said["conversion_probability"] == pytest.approx(1 / (1 + math.exp(-margin)), abs=1e-12)
    assert (row["probability"], row["model_version"]) == (said["conversion_probability"], version)
    assert said["model_version"] == version
    assert row["reasons"] == [
        {"column": each["feature"], "value": each["value"], "contribution": each["contribution"]}
        for each in said["feature_contributions"]
    ]


def test_requests_at_once_get_each_their_own_answer(database: Database, model: FittedModel):
    activate(database, model)
    rows = [{name: value * at for name, value in FEATURES.items()} for at in range(60)]
    with running(database) as client:
        alone = [predict(client, row).json() for row in rows]
        with ThreadPoolExecutor(30) as pool:
            together = list(pool.map(lambda row: predict(client, row).json(), rows))
        (batch,) = [client.post("/api/v1/predict/batch", json={"leads": rows}).json()]
        large = client.post("/api/v1/predict/batch", json={"leads": rows * 5}).json()
        assert len(ledger(database)) == 60 + 60 + 60 + 300
    expected = pytest.approx([said["conversion_probability"] for said in alone], abs=1e-9)
    assert [said["conversion_probability"] for said in together] == expected
    assert [said["conversion_probability"] for said in batch["predictions"]] == expected
    assert [said["conversion_probability"] for said in large["predictions"][240:]] == expected


def test_without_a_model_rules_answer_and_say_so(database: Database):
    with running(database) as client:
        said = predict(client).json()
    assert said["model_version"].startswith("rules-")
    assert "No model can answer yet" in said["warnings"][0]


def test_an_activation_answers_within_a_second(database: Database, model: FittedModel, other_model: FittedModel):
    with running(database) as client:
        predict(client)
        for each in (model, other_model, model):
            version = activate(database, each)
            deadline = time.monotonic() + 3  # a second is promised on a machine with nothing else to do
            while predict(client).json()["model_version"] != version:
                assert time.monotonic() < deadline
                time.sleep(0.02)


def test_a_damaged_model_is_answered_for_by_the_one_before(
    database: Database, model: FittedModel, other_model: FittedModel
):
    activate(database, model)
    damaged = activate(database, other_model)
    with database.transaction() as connection:
        connection.execute(text("UPDATE models SET artefact = 'x' WHERE version = :v"), {"v": damaged})
    with running(database) as client:
        assert predict(client).json()["model_version"] == model.card.model_version
        health = client.get("/health").json()
    assert health["status"] == "degraded"
    assert damaged in health["problems"][0]


def test_no_key_no_answer(database: Database):
    with running(database, is_open=False) as client:
        refused = predict(client)
        wrong = predict(client, headers=bearer("lw_abc_def"))
        public = [client.get(path).status_code for path in ("/health", "/ready", "/metrics", "/openapi.json")]
    assert (refused.status_code, wrong.status_code, public) == (401, 401, [200] * 4)
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert "leadwise keys add" in refused.json()["error"]
    assert ledger(database) == []


def test_a_key_opens_what_its_roles_say_and_only_its_organisation(database: Database, model: FittedModel):
    activate(database, model, "acme")
    mine, reader = add_key(database, Role.SCORE, organisation="acme"), add_key(database, Role.READ)
    with running(database, is_open=False) as client:
        said = predict(client, headers=bearer(mine))
        by_header = predict(client, headers={"X-API-Key": mine})
        assert predict(client, headers=bearer(reader)).status_code == 403
        elsewhere = predict(client, org_id="default", headers=bearer(mine))
    assert said.json()["model_version"] == by_header.json()["model_version"] == model.card.model_version
    assert elsewhere.status_code == 404
    assert {row["organisation_id"] for row in ledger(database)} == {"acme"}


def test_a_client_that_can_only_change_its_base_url_has_the_key_in_there(database: Database):
    key = add_key(database, Role.SCORE)
    with running(database, is_open=False) as client:
        for user_info in (key, f"leadwise:{key}"):
            with httpx.Client(base_url=client.base_url.copy_with(userinfo=user_info.encode())) as theirs:
                assert predict(theirs).status_code == 200
        for_a_proxy = {"Authorization": "Basic YW5uYTpzZWNyZXQ="}
        assert predict(client, headers=for_a_proxy | {"X-API-Key": key}).status_code == 200
        for nothing in ("Basic YW5uYTpzZWNyZXQ=", "Basic !", "Basic", "Basic " + "A" * 3001):
            refused = predict(client, headers={"Authorization": nothing})
            assert (refused.status_code, refused.json()["code"]) == (401, "key_missing")


def test_a_revoked_key_opens_nothing_a_second_later(database: Database):
    key = add_key(database, Role.SCORE)
    with running(database, is_open=False) as client:
        assert predict(client, headers=bearer(key)).status_code == 200
        with database.transaction() as connection:
            connection.execute(text("UPDATE api_keys SET revoked_at = now(), revision = nextval('api_key_revisions')"))
        deadline = time.monotonic() + 3
        while predict(client, headers=bearer(key)).status_code != 401:
            assert time.monotonic() < deadline
            time.sleep(0.02)


HOSTILE = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "not a number": b'{"features": {"a": NaN}}',
    "an infinity": b'{"features": {"a": 1e999}}',
    "400 digits": b'{"features": {"a": 1' + b"0" * 400 + b"}}",
    "deep": b'{"features": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "features that are a list": b'{"features": [1]}',
    "no features": b"{}",
    "a list for a feature": b'{"features": {"a": [1]}}',
    "an organisation that is a number": b'{"org_id": 3, "features": {}}',
    "half a character": b'{"features": {"a": "\\ud800"}}',
    "not UTF-8": b'{"features": {"a": "\xff"}}',
}


@pytest.fixture(scope="module")
def open_service(migrated: Database) -> Iterator[httpx.Client]:
    """A service that tests share, of which none asks for a model."""
    with running(migrated) as client:
        yield client


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_bodies_that_make_no_sense_are_refused_with_a_sentence(
    database: Database, open_service: httpx.Client, body: bytes
):
    answer = open_service.post("/api/v1/predict", content=body)
    assert open_service.get("/health").status_code == 200
    assert answer.status_code in {400, 422}
    assert len(answer.json()["error"]) > 20
    assert ledger(database) == []


@pytest.mark.parametrize("name", ["nobody", "\0", "x" * 5000, "default' OR true --", "🏠\n"], ids=ascii)
def test_an_organisation_that_there_is_not_is_not_found(open_service: httpx.Client, name: str):
    assert predict(open_service, org_id=name).status_code == 404
    assert open_service.get("/api/v1/model/info", params={"org_id": name}).status_code == 404
    assert open_service.post("/api/v1/model/train", json={"org_id": name}).status_code == 404


ODD = [2**63, -(2**62), 1e308, "", "N/A", "x" * 10_000, "\0", "🏠", True, None, "1,5", "=cmd()"]


def test_odd_values_are_read_or_count_as_not_given(database: Database, model: FittedModel):
    version = activate(database, model)
    with running(database) as client:
        for value in ODD:
            answer = predict(client, FEATURES | {"appointments_count": value, "Ünknown \0": value})
            assert answer.status_code == 200, value
            assert answer.json()["model_version"] == version, value
            assert 0 <= answer.json()["conversion_probability"] <= 1, value
    assert len(ledger(database)) == len(ODD)


def test_missing_and_unknown_features_are_named(database: Database, model: FittedModel):
    activate(database, model)
    with running(database) as client:
        said = predict(client, {"appointments_count": 3, "shoe_size": 43}).json()
    assert set(said["missing_features"]) == set(FEATURES) - {"appointments_count"}
    assert "shoe_size" in " ".join(said["warnings"])


def test_a_body_that_is_too_large_is_refused_before_it_is_read(database: Database):
    with running(database) as client:
        announced = client.post("/api/v1/predict", content=b" " * (33 * 2**20))
        streamed = client.post("/api/v1/predict", content=(b" " * 2**20 for _ in range(33)))
    assert (announced.status_code, streamed.status_code) == (413, 413)


def test_who_asks_too_often_is_told_when_to_come_again(database: Database):
    key, other = add_key(database, Role.SCORE), add_key(database, Role.SCORE)
    with running(database, is_open=False, requests_per_minute=3) as client:
        answers = [predict(client, headers=bearer(key)) for _ in range(4)]
        assert predict(client, headers=bearer(other)).status_code == 200
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"default";q=3;w=60'
    assert answers[0].headers["RateLimit"].startswith('"default";r=2;')
    assert 0 < int(answers[3].headers["Retry-After"]) <= 20


def test_while_the_database_is_away_callers_are_told_so_and_later_served(database: Database, model: FittedModel):
    activate(database, model)
    with running(database) as client:
        predict(client)
        with database.transaction() as connection:
            connection.execute(text("ALTER TABLE scores RENAME TO hidden"))
        away = predict(client)
        with database.transaction() as connection:
            connection.execute(text("ALTER TABLE hidden RENAME TO scores"))
        assert predict(client).status_code == 200
    assert away.status_code in {422, 503}
    assert len(ledger(database)) == 2


def test_every_answer_carries_its_id_and_no_trace_of_the_server(database: Database):
    with running(database) as client:
        mine = client.get("/health", headers={"X-Request-Id": "abc-1"})
        hostile = client.get("/nowhere", headers={"X-Request-Id": "a b<c>"})
    assert mine.headers["X-Request-Id"] == "abc-1"
    assert "<" not in hostile.headers["X-Request-Id"]
    assert (hostile.status_code, hostile.headers["Content-Type"]) == (404, "application/problem+json")
    assert "server" not in mine.headers
    assert mine.headers["X-Content-Type-Options"] == "nosniff"


def test_numbers_for_prometheus_name_versions_and_paths_but_no_caller(database: Database, model: FittedModel):
    version = activate(database, model)
    key = add_key(database, Role.SCORE)
    with running(database, is_open=False) as client:
        predict(client, headers=bearer(key))
        client.get("/somewhere/anna@example.com", headers=bearer(key))
        numbers = client.get("/metrics").text
    assert f'ml_predictions_total{{model_version="{version}"}}' in numbers
    assert "ml_prediction_latency_seconds_bucket" in numbers
    assert "anna" not in numbers
    assert key.split("_")[1] not in numbers


SCORED = text("""
INSERT INTO jobs (organisation_id, kind, target, state, request, result, requested_by, finished_at)
VALUES (:organisation, 'score', 'converted', 'done', '{}', CAST(:result AS jsonb), 'anna', now() - :age)
""")


def scored(database: Database, organisation: str, version: str, calibration: object, days_ago: int = 0) -> None:
    result = {"version": version, "scores": 9, "drift": 0.125, "calibration": calibration}
    values = {"organisation": organisation, "result": json.dumps(result), "age": timedelta(days=days_ago)}
    with database.transaction() as connection:
        connection.execute(SCORED, values)


def label_of(database: Database, organisation: str) -> str:
    with database.transaction() as connection:
        return OrganisationRepository(connection).list_labels()[organisation]


def test_numbers_tell_of_calibration_and_drift_by_organisation_and_never_name_one(
    database: Database, model: FittedModel, other_model: FittedModel
):
    version, another = activate(database, model), activate(database, other_model, "acme")
    activate(database, model, "silent")
    scored(database, "default", version, {"leads": 100, "expected": 99.0, "observed": 99}, days_ago=1)
    scored(database, "default", version, {"leads": 200, "expected": 31.5, "observed": 40})
    activate(database, other_model, "moved on")  # since it was scored
    scored(database, "moved on", version, {"leads": 7, "expected": 3.0, "observed": 3})
    scored(database, "silent", version, {"leads": 100, "expected": 8.5, "observed": 10})
    scored(database, "acme", another, None)
    with running(database) as client:
        numbers = client.get("/metrics").text
    for organisation, found in (("default", (200.0, 31.5, 40.0)), ("silent", (100.0, 8.5, 10.0))):
        labels = f'{{model_version="{version}",organisation="{label_of(database, organisation)}",target="converted"}}'
        assert f"leadwise_matured_leads{labels} {found[0]}" in numbers
        assert f"leadwise_expected_conversions{labels} {found[1]}" in numbers
        assert f"leadwise_observed_conversions{labels} {found[2]}" in numbers
    labels = f'{{model_version="{another}",organisation="{label_of(database, "acme")}",target="converted"}}'
    assert f"leadwise_score_drift_index{labels} 0.125" in numbers
    assert not any(name in numbers for name in ("acme", "silent", "default"))
    assert numbers.count("leadwise_matured_leads{") == 3


def test_both_ends_of_trainings_are_there_before_the_first_one(database: Database):
    with running(database) as client:
        numbers = client.get("/metrics").text
    for status in ("success", "failed"):
        assert f'ml_model_training_total{{status="{status}"}} ' in numbers


def test_the_api_document_describes_what_is_answered(database: Database):
    with running(database) as client:
        document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    operation = document["paths"]["/api/v1/predict"]["post"]
    assert "features" in json.dumps(operation["requestBody"])


def test_a_large_batch_is_answered_in_order_and_written_down_whole(database: Database, model: FittedModel):
    activate(database, model)
    rows = [{**FEATURES, "engagement_rate": at / 1000, "has_property": at % 2 == 0} for at in range(ROWS_IN_PIECE + 77)]
    with running(database) as client:
        said = client.post("/api/v1/predict/batch", json={"leads": rows}).json()
        last = predict(client, rows[-1]).json()
        with database.transaction() as connection:
            written = connection.execute(text("SELECT probability FROM scores ORDER BY id")).scalars().all()
    told = [each["conversion_probability"] for each in said["predictions"]]
    assert said["count"] == len(rows)
    assert told[-1] == pytest.approx(last["conversion_probability"], abs=1e-9)
    assert sorted(written[:-1]) == sorted(told)
    values = [
        {part["feature"]: part["value"] for part in each["feature_contributions"]} for each in said["predictions"]
    ]
    assert [each["engagement_rate"] for each in values] == [row["engagement_rate"] for row in rows]


def test_of_a_large_batch_nothing_is_said_that_could_not_be_written_down(database: Database, model: FittedModel):
    activate(database, model)
    with running(database) as client:
        assert predict(client).status_code == 200
        with database.transaction() as connection:
            connection.execute(text("ALTER TABLE scores RENAME TO scores_away"))
        refused = client.post("/api/v1/predict/batch", json={"leads": [FEATURES] * 200})
        with database.transaction() as connection:
            connection.execute(text("ALTER TABLE scores_away RENAME TO scores"))
        assert refused.is_error
        assert client.post("/api/v1/predict/batch", json={"leads": [FEATURES] * 200}).status_code == 200
