"""`Idempotency-Key`: a POST that comes twice is done once."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.app.serving import add_key, bearer, running

from leadwise.store.database import Database
from leadwise.store.idempotency import IdempotencyRepository

LEAD = {"source": "shop", "external_id": "L-1", "occurred_at": "2026-01-31T12:00:00Z"}
FEEDBACK = {"lead": {"source": "shop", "external_id": "L-1"}, "target": "sold", "verdict": "right"}
KEY = {"Idempotency-Key": '"8c6f3c0e-5d0b"'}


@pytest.fixture
def client(service: httpx.Client, database: Database) -> httpx.Client:  # noqa: ARG001 - which it empties
    service.post("/api/v2/leads", json={"leads": [LEAD]}).raise_for_status()
    return service


def test_the_same_request_again_gets_the_same_answer_and_is_done_once(client: httpx.Client) -> None:
    first, again = (client.post("/api/v2/feedback", json=FEEDBACK, headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.content, first.headers["Location"]) == (again.content, again.headers["Location"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(client.get("/api/v2/feedback").json()["results"]) == 1


def test_quotes_around_the_key_make_no_difference(client: httpx.Client) -> None:
    client.post("/api/v2/feedback", json=FEEDBACK, headers=KEY)
    again = client.post("/api/v2/feedback", json=FEEDBACK, headers={"Idempotency-Key": "8c6f3c0e-5d0b"})
    assert again.headers["Idempotency-Replayed"] == "true"


def test_another_request_with_the_same_key_is_refused(client: httpx.Client) -> None:
    client.post("/api/v2/feedback", json=FEEDBACK, headers=KEY)
    for path, body in (("feedback", FEEDBACK | {"verdict": "too_low"}), ("leads", {"leads": []})):
        found = client.post(f"/api/v2/{path}", json=body, headers=KEY)
        assert (found.status_code, found.json()["code"]) == (422, "idempotency_key_reused")


def test_while_the_first_is_in_flight_the_second_is_told_to_wait(client: httpx.Client, database: Database) -> None:
    body = client.build_request("POST", "/api/v2/feedback", json=FEEDBACK).content
    with database.transaction("default") as connection:
        whole = b"\0".join([b"", str(client.base_url).rstrip("/").encode() + b"/api/v2/feedback", body])
        assert IdempotencyRepository(connection, "default").reserve("8c6f3c0e-5d0b", whole).is_new
    found = client.post("/api/v2/feedback", json=FEEDBACK, headers=KEY)
    assert (found.status_code, found.json()["code"]) == (409, "idempotency_key_in_flight")
    assert found.headers["Retry-After"] == "1"


def test_a_refused_request_leaves_the_key_free(client: httpx.Client) -> None:
    unknown = FEEDBACK | {"lead": {"source": "shop", "external_id": "nobody"}}
    assert client.post("/api/v2/feedback", json=unknown, headers=KEY).status_code == 404
    assert client.post("/api/v2/feedback", json=FEEDBACK, headers=KEY).status_code == 201


def test_of_many_at_once_one_does_the_work(client: httpx.Client) -> None:
    async def ask_all() -> list[int]:
        async with httpx.AsyncClient(base_url=client.base_url) as many:
            asked = [many.post("/api/v2/feedback", json=FEEDBACK, headers=KEY) for _ in range(8)]
            return [found.status_code for found in await asyncio.gather(*asked)]

    assert set(asyncio.run(ask_all())) <= {201, 409}
    assert len(client.get("/api/v2/feedback").json()["results"]) == 1


def test_a_key_that_was_made_is_not_told_twice(database: Database) -> None:
    admin = bearer(add_key(database))
    with running(database, is_open=False) as client:
        first, again = (
            client.post("/api/v2/keys", json={"name": "n", "roles": ["read"]}, headers=admin | KEY).json()
            for _ in range(2)
        )
        assert first["key"].startswith(f"lw_{first['id']}_")
        assert again == first | {"key": None}
        other: dict[str, Any] = bearer(add_key(database)) | KEY
        reused = client.post("/api/v2/keys", json={"name": "n", "roles": ["read"]}, headers=other)
        assert reused.json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("key", ["", '""', "ä".encode().decode("latin-1"), "x" * 300])
def test_what_is_no_key_is_refused(client: httpx.Client, key: str) -> None:
    found = client.post("/api/v2/feedback", json=FEEDBACK, headers={"Idempotency-Key": key.encode("latin-1")})
    assert (found.status_code, found.json()["code"]) == (422, "idempotency_key_unusable")
