"""`POST /api/predictions/seller/push`: what the CRM gets, what is counted, and what is put on record."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import psutil
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from tests.app.seller.town import HOSTILE, SellerClient, Town
from tests.app.serving import running
from tests.flows.test_serve import serving

from leadwise.actions import pushing
from leadwise.app.service.sellers import webhook_of
from leadwise.app.settings import Settings
from leadwise.connectors.webhook import Patience, Webhook, WebhookUrlError

QUICK = Patience(tries=3, try_seconds=0.5, wait_seconds=0.02, longest_wait_seconds=0.1)
TOKEN = "crm-secret-token"  # noqa: S105 - made up here
SECRET_ANSWER = b"stack trace with a password"
Behave = Callable[[BaseHTTPRequestHandler, int], None]


@dataclass
class Crm:
    """A real server, and what it was sent."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def crm(behave: Behave) -> Iterator[Crm]:
    """A CRM on loopback; `behave` answers a request, given which one it is, from 1."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            found.headers.append({name.lower(): value for name, value in self.headers.items()})
            behave(self, len(found.bodies))

        do_GET = do_POST  # noqa: N815 - the name that the server looks for

        def log_message(self, *_: object) -> None:
            """Nothing is written to the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Crm(f"http://127.0.0.1:{server.server_port}/hook?key=url-secret")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(*statuses: int, **headers: str) -> Behave:
    """Answers with these statuses, the last one for ever."""

    def behave(handler: BaseHTTPRequestHandler, number: int) -> None:
        handler.send_response(statuses[min(number, len(statuses)) - 1])
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(SECRET_ANSWER)))
        handler.end_headers()
        handler.wfile.write(SECRET_ANSWER)

    return behave


def hangs(handler: BaseHTTPRequestHandler, _: int) -> None:
    time.sleep(1.0)
    handler.close_connection = True


@contextmanager
def seller(town: Town, url: str | None, organisation: str = "town", token: str = TOKEN) -> Iterator[SellerClient]:
    webhook = None if url is None else Webhook(url, token, QUICK)
    with running(town.database, is_open=False, webhook=webhook) as client:
        yield SellerClient(client, town.keys[organisation])


@pytest.fixture(scope="module")
def unforwarding(town: Town) -> Iterator[SellerClient]:
    with seller(town, None, "one") as client:
        yield client


def counts(answer: Any) -> tuple[int, ...]:
    assert answer.status_code == 200, answer.text
    assert SECRET_ANSWER.decode() not in answer.text
    return tuple(answer.json()[name] for name in ("requested", "matched", "pushed", "skipped", "failed"))


def events(town: Town, organisation: str, push_id: str) -> list[Any]:
    query = text("""
        SELECT external_id, kind, fields FROM events
        WHERE source = 'leadwise' AND external_id LIKE :push AND organisation_id = :organisation ORDER BY external_id
    """)
    with town.database.transaction() as connection:
        return list(connection.execute(query, {"push": f"{push_id}-%", "organisation": organisation}))


def audited(town: Town, push_id: str) -> int:
    query = text("SELECT count(*) FROM audit WHERE details ->> 'push_id' = :push")
    with town.database.transaction() as connection:
        return int(connection.scalar(query, {"push": push_id}))


def test_matched_properties_reach_the_crm_with_the_token_and_the_campaign(town):
    with crm(says(200)) as server, seller(town, server.url) as client:
        listed = client.list(limit=3)["results"]
        ids = [home["propertyId"] for home in listed]
        answer = client.push([*ids, ids[0], "nobody", "H-01"], campaign="Spring")
        assert counts(answer) == (5, 3, 3, 0, 0)
        assert answer.json()["unknown"] == ["nobody", "H-01"]  # the second one is another organisation's
        (body,), (headers,) = server.bodies, server.headers
    assert (body["campaign"], body["target"]) == ("Spring", "home_sold")
    assert sorted(body["properties"], key=lambda home: home["rank"]) == [
        {**home, "rank": place} for place, home in enumerate(listed, 1)
    ]
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["content-type"] == "application/json"
    push_id = answer.json()["pushId"]
    assert headers["webhook-id"].startswith(push_id)
    stored = events(town, "town", push_id)
    assert [(each.kind, each.fields["campaign"]) for each in stored] == [("pushed_to_crm", "Spring")] * 3
    assert audited(town, push_id) == 1


def test_a_push_that_comes_twice_with_its_key_is_posted_once(town):
    with crm(says(200)) as server, seller(town, server.url) as client:
        ids = [home["propertyId"] for home in client.list(limit=2)["results"]]
        first, again = (client.push(ids, idempotency_key="spring-1") for _ in range(2))
        assert len(server.bodies) == 1
        other = client.push(ids[:1], idempotency_key="spring-1")
        assert len(server.bodies) == 1
        anew = client.push(ids, idempotency_key="spring-2")
        assert len(server.bodies) == 2
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert anew.json()["pushId"] != first.json()["pushId"]
    assert len(events(town, "town", first.json()["pushId"])) == 2


def test_a_push_that_was_killed_halfway_comes_again_under_the_same_keys(town, tmp_path):
    """The CRM can drop what it has: the second push says by its keys which documents it had sent before."""
    services: list[int] = []

    def dies(handler: BaseHTTPRequestHandler, number: int) -> None:
        if number != 2:
            says(200)(handler, number)
            return
        for process in (*psutil.Process(services[0]).children(recursive=True), psutil.Process(services[0])):
            process.kill()
        handler.close_connection = True

    with crm(dies) as server:
        url = town.database.url.render_as_string(hide_password=False)
        settings = {"LEADWISE_DATABASE_URL": url, "CRM_SELLER_WEBHOOK_URL": server.url}
        with serving(tmp_path, **settings) as (process, address), httpx.Client(base_url=address, timeout=60) as client:
            services.append(process.pid)
            before = SellerClient(client, town.keys["town"])
            ids = [home["propertyId"] for home in before.list(limit=130)["results"]]
            with pytest.raises(httpx.TransportError):
                before.push(ids, idempotency_key="killed-1")
        assert len(server.bodies) == 2
        with town.database.transaction() as connection:  # five minutes later
            connection.execute(text("UPDATE idempotency SET recorded_at = recorded_at - interval '301 seconds'"))
        with seller(town, server.url) as client:
            answer = client.push(ids, idempotency_key="killed-1")
        assert counts(answer) == (130, 130, 130, 0, 0)
        keys = [headers["idempotency-key"] for headers in server.headers]
    assert keys[:2] == keys[2:]
    assert len(set(keys)) == 2
    assert keys == [headers["webhook-id"] for headers in server.headers]
    named = [[home["propertyId"] for home in body["properties"]] for body in server.bodies]
    assert named[:2] == named[2:] == [ids[:100], ids[100:]]
    assert len(events(town, "town", answer.json()["pushId"])) == 130


def test_pushes_without_a_key_are_never_taken_for_each_other(town):
    with crm(says(200)) as server, seller(town, server.url, "one") as client:
        assert counts(client.push(["P-1"])) == counts(client.push(["P-1"])) == (1, 1, 1, 0, 0)
        assert len({headers["idempotency-key"] for headers in server.headers}) == 2


def test_without_a_webhook_nothing_is_sent_and_all_is_counted(town):
    with seller(town, None) as client:
        ids = [home["propertyId"] for home in client.list(limit=2)["results"]]
        answer = client.push([*ids, "nobody"])
    assert counts(answer) == (3, 2, 0, 2, 0)
    assert (answer.json()["forwarding"], answer.json()["webhookStatus"]) == (False, None)
    assert events(town, "town", answer.json()["pushId"]) == []
    assert audited(town, answer.json()["pushId"]) == 0


def test_without_a_token_no_header_is_sent(town):
    with crm(says(204)) as server, seller(town, server.url, "one", token="") as client:
        assert counts(client.push(["P-1"])) == (1, 1, 1, 0, 0)
        assert "authorization" not in server.headers[0]
        assert server.bodies[0]["campaign"] is None


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_webhook_that_is_away_for_a_moment_is_tried_again_under_the_same_id(town, status):
    with crm(says(status, 200, **{"Retry-After": "0"})) as server, seller(town, server.url, "one") as client:
        answer = client.push(["P-1"])
    assert counts(answer) == (1, 1, 1, 0, 0)
    assert [headers["webhook-id"] for headers in server.headers] == [server.headers[0]["webhook-id"]] * 2


def test_tries_end_and_what_was_not_taken_has_failed(town):
    with crm(says(500)) as server, seller(town, server.url, "one") as client:
        answer = client.push(["P-1"])
    assert counts(answer) == (1, 1, 0, 0, 1)
    assert (answer.json()["webhookStatus"], len(server.bodies)) == (500, 3)
    assert events(town, "one", answer.json()["pushId"]) == []


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_a_refusal_is_final(town, status):
    with crm(says(status)) as server, seller(town, server.url, "one") as client:
        answer = client.push(["P-1"])
    assert counts(answer) == (1, 1, 0, 0, 1)
    assert (answer.json()["webhookStatus"], len(server.bodies)) == (status, 1)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(town, status):
    with (
        crm(says(200)) as elsewhere,
        crm(says(status, Location=elsewhere.url)) as server,
        seller(town, server.url, "one") as client,
    ):
        answer = client.push(["P-1"])
    assert counts(answer) == (1, 1, 0, 0, 1)
    assert (answer.json()["webhookStatus"], len(server.bodies), elsewhere.bodies) == (status, 1, [])


def test_a_webhook_that_hangs_is_given_up(town):
    with crm(hangs) as server, seller(town, server.url, "one") as client:
        started = time.monotonic()
        answer = client.push(["P-1"])
        took = time.monotonic() - started
    assert counts(answer) == (1, 1, 0, 0, 1)
    assert answer.json()["webhookStatus"] is None
    assert took < 20


def test_a_webhook_that_is_gone_fails_without_an_error(town):
    with crm(says(200)) as server:
        url = server.url
    with seller(town, url, "one") as client:
        answer = client.push(["P-1"])
    assert counts(answer) == (1, 1, 0, 0, 1)


def test_after_a_piece_that_is_not_taken_the_rest_is_not_sent(town, monkeypatch):
    monkeypatch.setattr(pushing, "AT_ONCE", 2)
    with crm(says(200, 400)) as server, seller(town, server.url) as client:
        ids = [home["propertyId"] for home in client.list(limit=7)["results"]]
        answer = client.push(ids)
    assert counts(answer) == (7, 7, 2, 0, 5)
    assert len(server.bodies) == 2
    assert len(events(town, "town", answer.json()["pushId"])) == 2


def test_hostile_names_reach_the_crm_as_they_are(town):
    with crm(says(200)) as server, seller(town, server.url, "hostile") as client:
        assert counts(client.push([f"H-{at:02d}" for at in range(len(HOSTILE))]))[2] == len(HOSTILE)
        assert [home["address"] for home in server.bodies[0]["properties"]] == list(HOSTILE)


def test_no_secret_is_written_to_the_log(town, caplog):
    with caplog.at_level(logging.DEBUG), crm(says(500)) as server, seller(town, server.url, "one") as client:
        client.push(["P-1"], campaign="private campaign")
    own = [record.getMessage() for record in caplog.records if record.name.startswith("leadwise")]
    assert any("webhook" in line for line in own)
    for secret in (TOKEN, "url-secret", SECRET_ANSWER.decode(), "Maple", "private campaign"):
        assert not any(secret in line for line in own)


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        (b"", 400, "empty"),
        (b"[1]", 400, "a list"),
        (b'{"propertyIds": NaN}', 400, "cannot be read"),
        (b"{}", 422, "propertyIds"),
        (b'{"propertyIds": "P-1"}', 422, "propertyIds"),
        (b'{"propertyIds": [1]}', 422, "propertyIds.0"),
        (b'{"propertyIds": ["a\\u0000b"]}', 200, ""),
        (b'{"propertyIds": [], "campaign": 5}', 422, "campaign"),
        (b'{"propertyIds": ["P-1"], "campaign": "a\\u0000b"}', 422, "campaign"),
        (json.dumps({"propertyIds": ["x"] * 1001}).encode(), 422, "propertyIds"),
        (b'{"propertyIds": []}', 200, ""),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_by_name(unforwarding, body, status, named):
    answer = unforwarding.post(body)
    assert answer.status_code == status, answer.text
    assert named in answer.json().get("detail", "")
    assert (answer.headers["Content-Type"] == "application/problem+json") is (status != 200)


@pytest.mark.parametrize("prefix", ["", "LEADWISE_"])
def test_settings_name_the_webhook(monkeypatch, prefix):
    for name in ("CRM_SELLER_WEBHOOK_URL", "LEADWISE_CRM_SELLER_WEBHOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    assert webhook_of(Settings()) is None
    monkeypatch.setenv(f"{prefix}CRM_SELLER_WEBHOOK_URL", "https://crm.example.com/hook")
    monkeypatch.setenv(f"{prefix}CRM_SELLER_WEBHOOK_TOKEN", TOKEN)
    settings = Settings()
    assert settings.crm_seller_webhook_token == SecretStr(TOKEN)
    assert TOKEN not in repr(settings)
    assert webhook_of(settings) == Webhook("https://crm.example.com/hook", TOKEN)
    assert "crm.example.com" not in repr(webhook_of(settings))


@pytest.mark.parametrize("url", ["crm.example.com", "ftp://crm.example.com", "http://", "http://[::1", "x" * 10])
def test_an_address_that_is_none_is_refused_without_repeating_it(url):
    with pytest.raises(WebhookUrlError) as refused:
        Webhook(url)
    assert url not in str(refused.value).replace("http:// or https://", "")
