"""`leadwise.Client` against the real service, and against one that is in trouble."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.app.native import cars
from tests.app.serving import activate, add_key, running, small_model

import leadwise
from leadwise.app.client import errors
from leadwise.app.client.transport import Patience
from leadwise.domain.access import Role
from leadwise.domain.errors import Invalid, Unavailable
from leadwise.domain.job import JobFailure
from leadwise.store.database import Database
from leadwise.store.job_queue import JobQueue
from leadwise.store.jobs import JobRepository

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
LEAD = {"source": "shop", "external_id": "L-1", "occurred_at": AT, "fields": {"city": "Porto", "note": None}}
QUICK = Patience(attempts=3, first_seconds=0.01)


@pytest.fixture
def client(database: Database):
    key = add_key(database)
    with running(database, is_open=False) as http, leadwise.Client(str(http.base_url), key) as client:
        yield client


def test_records_go_in_and_come_out(client: leadwise.Client) -> None:
    added = client.leads.add([LEAD, LEAD | {"external_id": "L-2"}])
    assert (added.added, added.rejected) == (2, 0)
    assert client.leads.get("shop", "L-1").fields == {"city": "Porto", "note": None}
    assert client.leads.put("shop", "a/b", {"occurred_at": AT}).external_id == "a/b"
    assert [each.external_id for each in client.leads.walk(source="shop")] == ["L-1", "L-2", "a/b"]
    event = {"source": "crm", "external_id": "E", "lead": {"source": "shop", "external_id": "L-1"}, "kind": "call"}
    assert client.events.add([event | {"occurred_at": AT}]).added == 1
    (found,) = client.events.walk(external_id="L-1")
    assert (found.kind, found.occurred_at) == ("call", AT)
    del event["kind"]
    client.outcomes.add([event | {"target": "sold", "won": False, "occurred_at": AT}])
    assert [each.won for each in client.outcomes.walk(target="sold")] == [False]


def test_many_records_go_in_several_requests_and_come_page_by_page(client: leadwise.Client) -> None:
    added = client.leads.add(LEAD | {"external_id": f"L-{number}"} for number in range(5_200))
    assert (added.added, len(added.results)) == (5_200, 5_200)
    assert len({each.external_id for each in client.leads.walk()}) == 5_200


def test_what_is_refused_is_an_error_of_its_kind_with_the_services_sentence(client: leadwise.Client) -> None:
    with pytest.raises(errors.ServiceMissingError, match='no lead "nobody" from "shop"') as missing:
        client.leads.get("shop", "nobody")
    assert (missing.value.status, missing.value.cause) == (404, "lead_not_found")
    with pytest.raises(errors.ServiceMissingError, match="There is no target 'nothing'"):
        client.models.train("nothing")
    with pytest.raises(errors.ServiceInvalidError) as invalid:
        client.feedback.add("sold", ("shop", "L-1"), "perhaps")
    assert invalid.value.errors[0][1] == "#/verdict"


def test_a_key_without_the_role_is_told(database: Database) -> None:
    with running(database, is_open=False) as http:
        reader, nobody = (leadwise.Client(str(http.base_url), key) for key in (add_key(database, Role.READ), None))
        with reader, pytest.raises(errors.ServiceForbiddenError, match="role admin"):
            reader.administration.list_keys()
        with nobody, pytest.raises(errors.ServiceForbiddenError, match="key"):
            nobody.targets.list()


def test_scores_models_and_the_past(database: Database) -> None:
    with running(database) as http, leadwise.Client(str(http.base_url)) as client:
        cars.send(http)
        model = cars.learn(database)
        lead = (cars.MARKET, cars.open_lead())
        (scored,) = client.scores.score_leads(cars.TARGET, [lead]).scores
        assert [each.recorded_at for each in client.scores.history(cars.TARGET, *lead)] == [scored.recorded_at]
        assert client.scores.explain(cars.TARGET, *lead).score == scored
        assert list(client.scores.walk(cars.TARGET)) == [scored]
        assert lead[1].encode() in b"".join(client.scores.export(cars.TARGET))
        version = model.card.model_version
        assert client.models.get(version).card["model_version"] == version
        assert [each.version for each in client.models.walk(cars.TARGET)] == [version]
        assert client.models.in_production(cars.TARGET, scored.as_of).version == version
        assert client.models.in_production(cars.TARGET, scored.as_of - timedelta(days=1)).version is None
        with pytest.raises(errors.ServiceConflictError, match="none"):
            client.models.roll_back(cars.TARGET)
        assert client.models.compare(version, version).graded_otherwise == 0
        assert client.targets.get(cars.TARGET).active_version == version


def test_predictions_of_features(database: Database) -> None:
    activate(database, small_model())
    with running(database) as http, leadwise.Client(str(http.base_url)) as client:
        said = client.scores.predict("converted", [{"has_property": 1.0}, {"has_property": 2.0, "colour": "red"}])
    assert [each.unknown for each in said] == [[], ["colour"]]
    assert said[0].probability != said[1].probability


def test_a_job_is_followed_to_its_end(client: leadwise.Client, database: Database) -> None:
    job = client.models.train("car_sold", budget_seconds=5)
    assert (job.state, job.request) == ("waiting", {"budget_seconds": 5.0})
    with pytest.raises(errors.ServiceConflictError, match="waits or runs already"):
        client.models.train("car_sold")
    follow = client.jobs.follow(job.id)
    assert next(follow).state == "waiting"
    with database.transaction() as connection:
        begun = JobQueue(connection).start(JobRepository(connection).list(1)[0].id)
        assert begun is not None
    assert next(follow).state == "running"
    with database.transaction() as connection:
        JobQueue(connection).fail(begun, JobFailure("nothing_to_learn_from", "There is nothing to learn from."))
    assert [each.state for each in follow] == ["failed"]
    with pytest.raises(errors.JobFailedError, match="nothing to learn from"):
        client.jobs.wait(job.id)
    assert [each.id for each in client.jobs.walk(kind="train", state="failed")] == [job.id]


def test_keys_erasure_and_the_audit(client: leadwise.Client) -> None:
    made = client.administration.add_key("nightly", ["read"], days=3)
    assert made.key
    rotated = client.administration.rotate_key(made.id, hours=0)
    client.administration.revoke_key(rotated.id)
    assert {each.id for each in client.administration.list_keys()} >= {made.id, rotated.id}
    client.leads.add([LEAD])
    client.feedback.add("sold", ("shop", "L-1"), "too_low", "Came on Saturday.")
    assert [each.comment for each in client.feedback.walk()] == ["Came on Saturday."]
    (receipt,) = client.administration.erase([("shop", "L-1")])
    assert receipt.counts["leads"] == 1
    assert list(client.feedback.walk()) == []
    done = [each.action for each in client.administration.walk_audit()]
    assert done == ["erase", "revoke_key", "rotate_key", "add_key"]


Answer = Callable[[httpx.Request], httpx.Response]


def in_trouble(*answers: Answer) -> tuple[leadwise.Client, list[httpx.Request]]:
    """A client of something that gives these answers, one after the other, and what it was sent."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answers[len(seen) - 1](request)

    return leadwise.Client("http://service", "lw_a_b", QUICK, httpx.MockTransport(answer)), seen


def busy(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503, json={"detail": "The database is away."}, headers={"Retry-After": "0"})


def broken(request: httpx.Request) -> httpx.Response:
    message = "connection reset"
    raise httpx.ReadError(message, request=request)


def good(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"target": "sold", "version": "v2"})


def test_a_post_that_has_to_be_sent_again_carries_the_same_key() -> None:
    client, seen = in_trouble(busy, broken, good)
    assert client.models.activate("v2").version == "v2"
    assert len({request.headers["Idempotency-Key"] for request in seen}) == 1
    assert len(seen) == 3


def test_after_the_last_attempt_the_reason_is_told() -> None:
    client, seen = in_trouble(busy, busy, busy)
    with pytest.raises(errors.ServiceUnavailableError, match="The database is away") as away:
        client.models.activate("v2")
    assert isinstance(away.value, Unavailable)
    assert len(seen) == 3
    client, _ = in_trouble(broken, broken, broken)
    with pytest.raises(errors.ServiceUnreachableError, match="connection reset"):
        client.leads.get("shop", "L-1")


def test_a_refusal_is_not_asked_again() -> None:
    client, seen = in_trouble(lambda _: httpx.Response(409, json={"detail": "Not now.", "code": "job_at_work"}))
    with pytest.raises(errors.ServiceConflictError):
        client.models.train("sold")
    assert len(seen) == 1


def test_what_is_no_leadwise_service_is_told() -> None:
    client, _ = in_trouble(lambda _: httpx.Response(404, text="<html>nothing here</html>"))
    with pytest.raises(errors.NotAServiceError, match="is none") as other:
        client.leads.get("shop", "L-1")
    assert isinstance(other.value, Invalid)
