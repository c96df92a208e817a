"""What belongs to one organisation is not there for the keys of another, whichever endpoint they ask.

Every operation of the document is asked with the identifiers of an organisation, once with its own key and once with a
stranger's that has all roles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.app.native import cars
from tests.app.serving import activate, add_key, bearer, running, small_model

from leadwise.store.database import Database
from leadwise.web.api.openapi import operations

SECRETS = ("Alpha's nightly key", "Alpha's own remark", "Alpha Street 1")
OWN_ANSWER = {
    "GET /health": "Tells of nobody.",
    "GET /ready": "Tells of nobody.",
    "GET /metrics": "Tells of nobody.",
    "POST /train": "Learns from the rows that come along, for the caller's own user of that name.",
    "PUT /api/ml/predict": "The same, as the web application asks for it.",
    "POST /preprocess": "Works on the rows that come along.",
}
"""Operations that know no identifiers of stored things, and why they need not be asked."""
WAITING = {"GET /insights/{user_id}/{model_type}", "GET /api/v2/jobs/{job}/events"}
"""A user's model that was never trained, and the end of a job on which nobody works here."""
SHARED = {"GET /api/v2/targets", "GET /api/v2/targets/{name}"}
"""What ships with the program is everybody's."""


@dataclass(frozen=True)
class Alpha:
    """An organisation's client, a stranger's client, and the names of what belongs to the first."""

    own: httpx.Client
    stranger: httpx.Client
    names: dict[str, Any]


@pytest.fixture(scope="module")
def alpha(migrated: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alpha]:
    with pytest.MonkeyPatch.context() as patched, running(migrated, is_open=False) as client:
        patched.setenv("LEADWISE_DATA_FOLDER", str(tmp_path_factory.mktemp("data")))
        keys = {name: bearer(add_key(migrated, organisation=name)) for name in ("alpha", "beta")}
        with (
            httpx.Client(base_url=client.base_url, headers=keys["alpha"], timeout=60) as own,
            httpx.Client(base_url=client.base_url, headers=keys["beta"], timeout=60) as stranger,
        ):
            cars.send(own)
            yield Alpha(own, stranger, store_things(migrated, own))


def store_things(database: Database, own: httpx.Client) -> dict[str, Any]:
    """One of each, and what they are called."""
    lead = {"source": cars.MARKET, "external_id": cars.open_lead()}
    own.put(
        f"/api/v2/leads/{lead['source']}/home-1",
        json={"occurred_at": "2026-01-31T12:00:00Z", "fields": {"address": SECRETS[2]}},
    ).raise_for_status()
    version = cars.learn(database, organisation="alpha").card.model_version
    simple = activate(database, small_model(), "alpha")
    asked = {"target": cars.TARGET, "leads": [lead]}
    own.post("/api/v2/scores/leads", json=asked).raise_for_status()
    comment = {"lead": lead, "target": cars.TARGET, "verdict": "right", "comment": SECRETS[1]}
    key = own.post("/api/v2/keys", json={"name": SECRETS[0], "roles": ["read"]}).json()
    return {
        **lead,
        "lead": lead,
        "target": cars.TARGET,
        "name": cars.TARGET,
        "version": version,
        "first": version,
        "second": version,
        "simple": simple,
        "job": own.post("/api/v2/jobs", json={"kind": "score", "target": cars.TARGET}).json()["id"],
        "feedback": own.post("/api/v2/feedback", json=comment).json()["id"],
        "key": key["id"],
        "user_id": "alpha",
        "model_type": "lead_conversion",
        "org_id": "alpha",
    }


def body_of(label: str, names: dict[str, Any]) -> dict[str, Any]:
    """What is sent, by operation."""
    lead, target, at = names["lead"], names["target"], "2026-02-01T12:00:00Z"
    record = {"source": "crm", "external_id": "R-1", "lead": lead, "occurred_at": at}
    bodies = {
        "POST /api/v1/predict": {"org_id": "alpha", "features": {"appointments_count": 1}},
        "POST /api/v1/predict/batch": {"org_id": "alpha", "leads": [{"appointments_count": 1}]},
        "POST /api/v1/model/train": {"org_id": "alpha"},
        "POST /api/v1/model/rollback": {"org_id": "alpha", "version": names["simple"]},
        "POST /api/predictions/seller/push": {"propertyIds": [lead["external_id"]], "campaign": "letters"},
        "POST /predict": {"user_id": "alpha", "model_type": "lead_conversion", "features": {"a": 1}},
        "POST /predict/batch": {"user_id": "alpha", "model_type": "lead_conversion", "data": [{"a": 1}]},
        "POST /api/ml/predict": {"userId": "alpha", "modelType": "lead_conversion", "features": {"a": 1}},
        "POST /api/v2/leads": {"leads": [{"source": "crm", "external_id": "B-1", "occurred_at": at}]},
        "PUT /api/v2/leads/{source}/{external_id}": {"occurred_at": at, "fields": {"address": "Beta Street"}},
        "POST /api/v2/events": {"events": [{**record, "kind": "visit"}]},
        "POST /api/v2/outcomes": {"outcomes": [{**record, "target": target, "won": True}]},
        "POST /api/v2/models": {"target": target},
        "POST /api/v2/models/roll-back": {"target": target, "to": names["version"]},
        "POST /api/v2/scores": {"target": target, "rows": [{"a": 1}]},
        "POST /api/v2/scores/leads": {"target": target, "leads": [lead]},
        "POST /api/v2/jobs": {"kind": "score", "target": target},
        "POST /api/v2/feedback": {"lead": lead, "target": target, "verdict": "right"},
        "POST /api/v2/keys": {"name": "another", "roles": ["read"]},
        "POST /api/v2/keys/{key}/rotate": {"hours": 1},
        "POST /api/v2/erasures": {"leads": [lead]},
    }
    return bodies.get(label, {})


def ask(
    client: httpx.Client, method: str, path: str, operation: dict[str, Any], names: dict[str, Any]
) -> httpx.Response:
    """Ask for what belongs to alpha."""
    query = {
        each["name"]: names[each["name"]]
        for each in operation.get("parameters", [])
        if each["in"] == "query" and each["name"] in names
    }
    body = body_of(f"{method.upper()} {path}", names) if "requestBody" in operation else None
    return client.request(method, path.format(**names), params=query, json=body)


def asked_operations(client: httpx.Client) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for path, method, operation in operations(client.get("/openapi.json").json()):
        label = f"{method.upper()} {path}"
        if label not in OWN_ANSWER:
            yield label, method, path, operation


def names_alpha(label: str, operation: dict[str, Any], names: dict[str, Any]) -> bool:
    """Whether the request names something that only alpha has, so that it cannot be found."""
    if label in SHARED or label.startswith(("PUT /api/v2/leads", "POST /api/v2/leads", "GET /models/")):
        return False  # everybody has these targets, and users and leads of any name of their own
    in_path = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
    by_name = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"} & {"first", "org_id"}
    return bool(in_path | by_name) or body_of(label, names).get("org_id") == "alpha"


def test_what_belongs_to_another_organisation_is_not_there(alpha: Alpha):
    """The stranger asks first, so that everything is still there to be found."""
    wrong = []
    for label, method, path, operation in asked_operations(alpha.own):
        answer = ask(alpha.stranger, method, path, operation, alpha.names)
        told = [secret for secret in SECRETS if secret in answer.text]
        if told or answer.status_code >= 500:
            wrong.append(f"{label}: {answer.status_code} {told}")
        if names_alpha(label, operation, alpha.names) and answer.status_code != 404:
            wrong.append(f"{label}: {answer.status_code} in place of 404: {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)


def test_nothing_of_it_was_changed_and_its_own_key_finds_all(alpha: Alpha):
    names = alpha.names
    (home,) = [
        each for each in alpha.own.get("/api/v2/leads", params={"limit": 1000}).json()["results"]
        if each["external_id"] == "home-1"
    ]  # fmt: skip
    assert home["fields"]["address"] == SECRETS[2]
    lead = alpha.own.get(f"/api/v2/leads/{names['source']}/{names['external_id']}").json()
    assert lead["fields"].get("address") != "Beta Street"
    assert alpha.own.get(f"/api/v2/keys/{names['key']}").json()["name"] == SECRETS[0]
    active = alpha.own.get("/api/v2/models/in-production", params={"target": names["target"]}).json()
    assert names["version"] in str(active)
    missing = []
    for label, method, path, operation in asked_operations(alpha.own):
        if method.upper() == "GET" and label not in WAITING:
            answer = ask(alpha.own, method, path, operation, names)
            if answer.status_code != 200:
                missing.append(f"{label}: {answer.status_code} {answer.text[:200]}")
    assert not missing, "\n".join(missing)
