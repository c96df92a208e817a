"""Scores over the native API: of what is sent, of stored leads, their history, and why they changed."""

import csv
import io
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from tests.app.native import cars
from tests.app.serving import add_key, bearer, running
from tests.databases import new_database, opened

from leadwise.store.audit import AuditRepository
from leadwise.store.database import Database, open_database

SHOP = cars.MARKET


@pytest.fixture(scope="module")
def market(server: Database) -> Iterator[str]:
    """The URL of a database in which cars were sent and learnt from; tests have copies of it."""
    with new_database(server) as url:
        with open_database(url, Path("unused")) as database, running(database) as client:
            cars.send(client)
            cars.learn(database)
        yield url


@pytest.fixture
def database(server: Database, market: str) -> Iterator[Database]:
    with opened(server, template=market) as database:
        yield database


@pytest.fixture
def client(database: Database) -> Iterator[httpx.Client]:
    with running(database) as client:
        yield client


def score(client: httpx.Client, *leads: str) -> list[dict]:
    asked = {"target": cars.TARGET, "leads": [{"source": SHOP, "external_id": lead} for lead in leads]}
    found = client.post("/api/v2/scores/leads", json=asked)
    assert found.status_code == 200, found.text
    return found.json()["scores"]


def of_lead(lead: str, **more: object) -> dict:
    return {"target": cars.TARGET, "source": SHOP, "external_id": lead, **more}


def test_a_stored_lead_is_scored_explained_and_remembered(client: httpx.Client, database: Database) -> None:
    lead = cars.open_lead()
    (first,) = score(client, lead)
    assert first["change"]["because"] == ["first"]
    assert 0 <= first["probability"] <= 1
    assert len(first["inputs"]) == 16

    # Passing time alone.
    (second,) = score(client, lead)
    assert set(second["change"]["because"]) <= {"passing_time"}
    assert second["change"]["before"] == first["probability"]

    # New facts.
    at = datetime.now(UTC).isoformat()
    replies = [
        {
            "source": SHOP,
            "external_id": f"new-{number}",
            "lead": {"source": SHOP, "external_id": lead},
            "kind": cars.BLUEPRINT.target.events[0].name,
            "occurred_at": at,
        }
        for number in range(5)
    ]
    assert client.post("/api/v2/events", json={"events": replies}).json()["added"] == 5
    (third,) = score(client, lead)
    assert "new_facts" in third["change"]["because"], third["change"]
    moved = [name for names in third["change"]["columns"].values() for name in names]
    assert any(cars.BLUEPRINT.target.events[0].title in name for name in third["change"]["columns"]["new_facts"])
    total = sum(reason["contribution"] for reason in third["reasons"]) + third["base"]
    before = sum(reason["contribution"] for reason in second["reasons"]) + second["base"]
    assert sum(third["change"]["by"].values()) == pytest.approx(total - before, abs=1e-6)
    assert len(moved) == len(set(moved))

    # A new model.
    cars.learn(database, "gradient_boosting")
    wait_for_new_model(client, lead, third["model_version"])
    history = client.get("/api/v2/scores/history", params=of_lead(lead)).json()["results"]
    assert history[0]["change"]["because"][0] == "new_model"
    assert [each["as_of"] for each in history] == sorted((each["as_of"] for each in history), reverse=True)
    assert history[-1] == first

    # What was in force then.
    then = client.get("/api/v2/scores/history", params=of_lead(lead, as_of=second["recorded_at"], limit=1)).json()
    assert then["results"] == [second]
    served = client.get("/api/v2/models/in-production", params={"target": cars.TARGET, "at": third["as_of"]}).json()
    assert served["version"] == third["model_version"]

    # Down to single events.
    explained = client.get("/api/v2/scores/explanation", params=of_lead(lead, as_of=third["recorded_at"])).json()
    assert explained["score"] == third
    facts = [fact for reason in explained["reasons"] for fact in reason["facts"]]
    assert cars.BLUEPRINT.target.events[0].name in {fact["kind"] for fact in facts}


def wait_for_new_model(client: httpx.Client, lead: str, old: str) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    while score(client, lead)[0]["model_version"] == old:
        assert datetime.now(UTC) < deadline


def test_the_newest_scores_are_paged_in_one_order_while_leads_are_scored(client: httpx.Client) -> None:
    leads = cars.tables().leads["external_id"].to_pylist()[:40]
    score(client, *leads)
    seen, after = [], None
    while True:
        asked = {"target": cars.TARGET, "limit": 7} | ({"after": after} if after else {})
        page = client.get("/api/v2/scores", params=asked).json()
        seen += page["results"]
        score(client, *leads[:5])
        if page["paging"]["next"] is None:
            break
        after = page["paging"]["next"]["after"]
    assert len({each["lead"]["external_id"] for each in seen}) == len(seen) == 40
    chances = [each["probability"] for each in seen]
    assert chances == sorted(chances, reverse=True)


def test_scores_are_listed_and_exported_by_segment(client: httpx.Client) -> None:
    known = cars.tables().leads
    makes = dict(zip(known["external_id"].to_pylist(), known["make"].to_pylist(), strict=True))
    leads = list(makes)[-40:]
    score(client, *leads)
    chosen = sorted({makes[lead] for lead in leads} - {None})[:2]
    asked = {"target": cars.TARGET, "segment": [f"make={make}" for make in chosen]}
    page = client.get("/api/v2/scores", params=asked).json()["results"]
    assert {each["lead"]["external_id"] for each in page} == {lead for lead in leads if makes[lead] in chosen}
    lines = csv.DictReader(io.StringIO(client.get("/api/v2/scores/export", params=asked).text))
    assert [line["lead_id"] for line in lines] == [each["lead"]["external_id"] for each in page]

    refused = client.get("/api/v2/scores", params=asked | {"segment": ["make=" + chosen[0][:-1]]})
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "#/query/segment"
    assert f"did you mean {chosen[0]!r}" in error["detail"]
    unknown = client.get("/api/v2/scores", params={"target": "car_solt", "segment": "make=x"})
    assert unknown.status_code == 404


def test_an_instant_without_its_zone_is_refused(client: httpx.Client) -> None:
    asked = {"target": cars.TARGET, "as_of": "2026-01-31T12:00:00"}
    (error,) = client.get("/api/v2/scores", params=asked).json()["errors"]
    assert error == {
        "detail": "as_of: A timestamp must say its zone; write 2026-01-31T12:00:00Z if it is in UTC, but came as "
        "“2026-01-31T12:00:00”.",
        "pointer": "#/query/as_of",
    }


def test_leads_that_are_not_there_are_named(client: httpx.Client) -> None:
    asked = {"target": cars.TARGET, "leads": [{"source": SHOP, "external_id": "nobody"}]}
    found = client.post("/api/v2/scores/leads", json=asked).json()
    assert found["scores"] == []
    assert found["rejected"][0]["reason"] == f'There is no lead "nobody" from "{SHOP}" to be scored.'
    assert client.post("/api/v2/scores/leads", json=asked | {"target": "nothing"}).status_code == 404
    assert client.get("/api/v2/scores/explanation", params=of_lead("nobody")).status_code == 404
    assert client.get("/api/v2/scores/history", params=of_lead("nobody")).status_code == 404


def test_features_that_are_sent_are_scored_with_parts_that_add_up(client: httpx.Client) -> None:
    found = client.post("/api/v2/scores", json={"target": cars.TARGET, "rows": [{}]})
    (empty,) = found.json()["predictions"]
    assert empty["unknown"] == []
    row = {empty["missing"][0]: 2.5, "colour": "red"}
    (said,) = client.post("/api/v2/scores", json={"target": cars.TARGET, "rows": [row]}).json()["predictions"]
    assert said["unknown"] == ["colour"]
    assert set(said["missing"]) == set(empty["missing"][1:])
    assert said["inputs"] != empty["inputs"]
    assert not said["by_rules"]
    margin = said["base"] + sum(part["contribution"] for part in said["contributions"])
    assert said["probability"] == pytest.approx(1 / (1 + math.exp(-margin)))


def test_an_export_is_safe_in_spreadsheets_and_on_record(client: httpx.Client, database: Database) -> None:
    odd = {"source": SHOP, "external_id": "=1+1", "occurred_at": datetime.now(UTC).isoformat()}
    client.post("/api/v2/leads", json={"leads": [odd]}).raise_for_status()
    score(client, "=1+1", cars.open_lead())
    found = client.get("/api/v2/scores/export", params={"target": cars.TARGET})
    assert found.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(found.text)))
    assert {row["lead_id"] for row in rows} == {"'=1+1", cars.open_lead()}
    assert all(row["reason_1"] for row in rows if row["lead_id"] != "'=1+1")
    with database.transaction() as connection:
        (entry,) = AuditRepository(connection, "default").list(10, action=None)[:1]
    assert (entry.action, entry.details["rows"]) == ("export", 2)


def test_two_versions_are_compared_on_the_same_leads(client: httpx.Client, database: Database) -> None:
    first = cars.learn(database).card.model_version
    second = cars.learn(database, "gradient_boosting").card.model_version
    found = client.get("/api/v2/models/comparison", params={"first": first, "second": second})
    assert found.status_code == 200, found.text
    assert found.json()["open_leads"] > 0
    assert found.json()["movers"][0]["lead"]["source"] == SHOP
    assert client.get("/api/v2/models/comparison", params={"first": first, "second": "no"}).status_code == 404


def test_versions_are_listed_shown_activated_and_rolled_back(client: httpx.Client, database: Database) -> None:
    first = cars.learn(database).card.model_version
    second = cars.learn(database, "gradient_boosting").card.model_version
    listed = client.get("/api/v2/models", params={"target": cars.TARGET}).json()["results"]
    assert [each["version"] for each in listed if each["is_active"]] == [second]
    assert first in {each["version"] for each in listed}
    card = client.get(f"/api/v2/models/{first}")
    assert card.json()["card"]["model_version"] == first
    again = client.get(f"/api/v2/models/{first}", headers={"If-None-Match": card.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.post("/api/v2/models/roll-back", json={"target": cars.TARGET}).json()["version"] == first
    assert client.post(f"/api/v2/models/{second}/activate").json() == {"target": cars.TARGET, "version": second}
    assert client.get(f"/api/v2/targets/{cars.TARGET}").json()["active_version"] == second


def test_another_organisation_sees_none_of_it(client: httpx.Client, database: Database) -> None:
    score(client, cars.open_lead())
    version = client.get("/api/v2/models", params={"target": cars.TARGET}).json()["results"][0]["version"]
    theirs = bearer(add_key(database, organisation="theirs"))
    lead = of_lead(cars.open_lead())
    gets = [("scores/history", lead), ("scores/explanation", lead), (f"models/{version}", {})]
    for path, params in gets:
        assert client.get(f"/api/v2/{path}", params=params, headers=theirs).status_code == 404, path
    assert client.post(f"/api/v2/models/{version}/activate", headers=theirs).status_code == 404
    for path in ("scores", "models"):
        found = client.get(f"/api/v2/{path}", params={"target": cars.TARGET}, headers=theirs)
        assert found.json()["results"] == []
    exported = client.get("/api/v2/scores/export", params={"target": cars.TARGET}, headers=theirs)
    assert len(exported.text.splitlines()) == 1


def test_an_erased_lead_is_gone_with_its_scores(client: httpx.Client, database: Database) -> None:
    lead = cars.open_lead()
    score(client, lead)
    named = {"source": SHOP, "external_id": lead}
    feedback = {"lead": named, "target": cars.TARGET, "verdict": "right"}
    client.post("/api/v2/feedback", json=feedback, headers={"Idempotency-Key": "a"}).raise_for_status()
    erased = client.post("/api/v2/erasures", json={"leads": [named]})
    assert erased.status_code == 200, erased.text
    assert erased.json()["receipts"][0]["counts"]["scores"] == 1
    assert client.get(f"/api/v2/leads/{SHOP}/{lead}").status_code == 404
    assert client.get("/api/v2/scores", params={"target": cars.TARGET}).json()["results"] == []
    again = client.put(f"/api/v2/leads/{SHOP}/{lead}", json={"occurred_at": "2026-01-01T00:00:00Z"})
    assert (again.status_code, again.json()["code"]) == (409, "lead_not_stored")
    with database.transaction() as connection:
        assert connection.scalar(text("SELECT count(*) FROM idempotency")) == 0
    entries = client.get("/api/v2/audit", params={"action": "erase"}).json()["results"]
    assert lead not in str(entries)
    assert len(entries) == 1
