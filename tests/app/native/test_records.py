"""Leads, events and outcomes over the native API, against the real service and the real database."""

from typing import Any

import httpx
import pytest
from tests.app.serving import add_key, bearer, running

from leadwise.domain.access import Role
from leadwise.store.database import Database

AT = "2026-01-31T12:00:00Z"


def lead(number: int, **fields: Any) -> dict[str, Any]:
    return {"source": "shop", "external_id": f"L-{number}", "occurred_at": AT, "fields": fields}


def event(number: int, of: int = 1) -> dict[str, Any]:
    named = {"source": "shop", "external_id": f"L-{of}"}
    return {"source": "crm", "external_id": f"E-{number}", "lead": named, "kind": "call", "occurred_at": AT}


@pytest.fixture
def client(service: httpx.Client, database: Database) -> httpx.Client:  # noqa: ARG001 - which it empties
    return service


def test_many_records_are_stored_and_those_that_do_not_fit_are_told_with_reasons(client: httpx.Client) -> None:
    found = client.post("/api/v2/leads", json={"leads": [lead(1, city="Porto"), lead(2)]})
    assert found.status_code == 200, found.text
    assert [found.json()[name] for name in ("added", "changed", "unchanged", "rejected")] == [2, 0, 0, 0]

    found = client.post("/api/v2/events", json={"events": [event(1), event(2, of=99), event(3)]})
    assert found.status_code == 207
    assert [each["status"] for each in found.json()["results"]] == ["stored", "rejected", "stored"]
    assert found.json()["results"][1]["reason"] == 'There is no lead "L-99" from "shop".'

    outcome = event(1) | {"target": "car_sold", "won": True, "value": 9.5}
    del outcome["kind"]
    found = client.post("/api/v2/outcomes", json={"outcomes": [outcome]})
    assert (found.status_code, found.json()["added"]) == (200, 1)
    (listed,) = client.get("/api/v2/outcomes", params={"external_id": "L-1"}).json()["results"]
    assert (listed["value"], listed["target"], listed["occurred_at"]) == (9.5, "car_sold", AT)


def test_the_same_records_again_change_nothing(client: httpx.Client) -> None:
    recorded = lead(1, city="Porto") | {"recorded_at": AT}
    for counts in ((1, 0), (0, 1)):
        found = client.post("/api/v2/leads", json={"leads": [recorded]}).json()
        assert (found["added"], found["unchanged"]) == counts


def test_a_lead_is_put_and_got_with_what_is_known_of_it_now(client: httpx.Client) -> None:
    content = {"occurred_at": AT, "fields": {"city": "Porto", "price": 5}}
    first = client.put("/api/v2/leads/shop/a/b c", json=content)
    assert (first.status_code, first.headers["Location"]) == (201, "/api/v2/leads/shop/a/b%20c")
    again = client.put("/api/v2/leads/shop/a/b c", json=content | {"fields": {"price": 4}})
    assert again.status_code == 200, again.text
    found = client.get(first.headers["Location"]).json()
    assert found["fields"] == {"city": "Porto", "price": 4}
    assert found["arrival_fields"] == {"city": "Porto", "price": 5}


def test_pages_neither_repeat_nor_skip_while_leads_come_in(client: httpx.Client) -> None:
    client.post("/api/v2/leads", json={"leads": [lead(number) for number in range(5)]})
    seen, after = [], None
    while True:
        page = client.get("/api/v2/leads", params={"limit": 2} | ({"after": after} if after else {})).json()
        seen += [each["external_id"] for each in page["results"]]
        client.post("/api/v2/leads", json={"leads": [lead(50 + len(seen))]} if len(seen) < 6 else {"leads": []})
        if page["paging"]["next"] is None:
            break
        after = page["paging"]["next"]["after"]
    assert len(seen) == len(set(seen))
    assert seen[:5] == [f"L-{number}" for number in range(5)]
    assert set(seen) >= {"L-52", "L-54"}


@pytest.mark.parametrize("after", ["x", "!!", "WyJhIl0", "WzEsMl0", "AA=="])
def test_a_cursor_of_another_list_is_refused(client: httpx.Client, after: str) -> None:
    found = client.get("/api/v2/leads", params={"after": after})
    assert found.status_code == 422
    assert found.json()["errors"][0]["pointer"] == "#/query/after"


@pytest.mark.parametrize(
    ("changed", "pointer", "words"),
    [
        ({"occurred_at": "2026-01-31T12:00:00"}, "#/events/1/occurred_at", "zone"),
        ({"occurred_at": 1700000000}, "#/events/1/occurred_at", "timestamp"),
        ({"occurred_at": "9999-12-31T23:59:59-10:00"}, "#/events/1/occurred_at", "years 1 to 9999"),
        ({"colour": "red"}, "#/events/1/colour", "colour"),
        ({"lead": {"source": "shop"}}, "#/events/1/lead/external_id", "external_id"),
        ({"kind": ""}, "#/events/1/kind", "kind"),
        ({"source": "a\0b"}, "#/events/1/source", "source"),
    ],
)
def test_what_does_not_fit_is_named_by_its_pointer(
    client: httpx.Client, changed: dict[str, Any], pointer: str, words: str
) -> None:
    found = client.post("/api/v2/events", json={"events": [event(1), event(2) | changed]})
    assert found.status_code == 422, found.text
    assert found.headers["content-type"] == "application/problem+json"
    (error,) = found.json()["errors"]
    assert error["pointer"] == pointer
    assert words in error["detail"]


def test_another_organisations_leads_are_not_there(database: Database) -> None:
    ours, theirs = (bearer(add_key(database, organisation=name)) for name in ("ours", "theirs"))
    with running(database, is_open=False) as client:
        client.put("/api/v2/leads/shop/L-1", json={"occurred_at": AT}, headers=ours)
        assert client.get("/api/v2/leads/shop/L-1", headers=ours).status_code == 200
        assert client.get("/api/v2/leads/shop/L-1", headers=theirs).status_code == 404
        assert client.get("/api/v2/leads", headers=theirs).json()["results"] == []
        rejected = client.post("/api/v2/events", json={"events": [event(1)]}, headers=theirs)
        assert rejected.json()["results"][0]["status"] == "rejected"
        assert client.get("/api/v2/leads").status_code == 401


def test_each_role_may_do_its_own(database: Database) -> None:
    reader = bearer(add_key(database, Role.READ))
    with running(database, is_open=False) as client:
        assert client.get("/api/v2/leads", headers=reader).status_code == 200
        found = client.post("/api/v2/leads", json={"leads": []}, headers=reader)
        assert (found.status_code, found.json()["code"]) == (403, "role_missing")
        assert client.get("/api/v2/keys", headers=reader).status_code == 403
        assert client.post("/api/v2/models", json={"target": "car_sold"}, headers=reader).status_code == 403
