"""Every route keeps its word: the OpenAPI document is what the service does, whatever it is sent.

Schemathesis sends what the document allows and what it forbids to each operation that there is. No answer is a fault of
the service, none is undocumented, all have the documented form, what is forbidden is refused, nothing opens without a
key.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.app.serving import activate, add_key, bearer, running, small_model

from leadwise.domain.job import JobFailure, JobState
from leadwise.store.database import Database
from leadwise.store.job_queue import JobQueue
from leadwise.store.jobs import JobRepository
from leadwise.web.api.openapi import operations
from leadwise.web.api.v2.idempotency import HEADER

schemathesis = pytest.importorskip("schemathesis", reason="needs the dependency group `checks`")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")

POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
REFUSED_FOR_THEIR_STATE = {
    "POST /api/v1/model/train": "There is too little to learn from, which is told with the status 400.",
    "POST /train": "Rows have to be enough, and the algorithm has to be one of the model type's.",
    "PUT /api/ml/predict": "The same, as the web application asks for it.",
    "POST /preprocess": "Steps have to be among those that there are, and fit the rows.",
}
"""Operations that refuse what the document allows, and why."""
OPERATIONS = 45
"""There are at least so many: none slips out."""
SHALLOW, DEEP = 3, 25
BOUNDS = ("minProbability", "maxProbability")
LEAD = {"source": "shop", "external_id": "L-1", "occurred_at": "2026-01-31T12:00:00Z", "fields": {"city": "Porto"}}


def fail_jobs(database: Database, stopping: threading.Event) -> None:
    """Work on jobs as one who never finds anything to learn from: whoever waits for one is answered soon."""
    nothing = JobFailure("nothing_to_learn_from", "There is nothing to learn from.")
    while not stopping.wait(0.05):
        with database.transaction() as connection:
            queue = JobQueue(connection)
            for job in JobRepository(connection).list(10, state=JobState.WAITING):
                if (begun := queue.start(job.id)) is not None:
                    queue.fail(begun, nothing)


@pytest.fixture(scope="module")
def service(
    migrated: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, dict[str, str]]]:
    """The real service with a few things in it, and the header that opens it."""
    with ExitStack() as stack:
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        patched.setenv("LEADWISE_DATA_FOLDER", str(tmp_path_factory.mktemp("data")))
        client = stack.enter_context(running(migrated, is_open=False))
        headers = bearer(add_key(migrated))
        activate(migrated, small_model())
        client.post("/api/v2/leads", json={"leads": [LEAD]}, headers=headers).raise_for_status()
        stopping = threading.Event()
        stack.callback(stopping.set)
        threading.Thread(target=fail_jobs, args=(migrated, stopping), daemon=True).start()
        yield client, headers


@pytest.fixture(scope="module")
def told(service: tuple[httpx.Client, dict[str, str]]):
    """The document, and what schemathesis makes of it."""
    document = service[0].get("/openapi.json").json()
    document.pop("security")  # who has no key is tried below, operation by operation
    document["components"].pop("securitySchemes")
    return schemathesis.openapi.from_dict(document)


def _check(case, url: str, headers: dict[str, str]) -> None:
    waived = [checks.positive_data_acceptance] if case.operation.label in REFUSED_FOR_THEIR_STATE else []
    _make_new(case)
    case.call_and_validate(base_url=url, headers=headers, excluded_checks=waived)


def _make_new(case) -> None:
    """Nobody can make up a cursor, an Idempotency-Key is to be used once, and the lower end of a range comes first."""
    if case.meta.generation.mode != POSITIVE:
        return
    if HEADER in case.headers:
        case.headers[HEADER] = str(uuid4())
    for cursor in {"after"} & set(case.query or {}):
        del case.query[cursor]
    if (case.query or {}).keys() >= set(BOUNDS):
        case.query |= dict(zip(BOUNDS, sorted(case.query[name] for name in BOUNDS), strict=True))


def _sentences(error: BaseException) -> str:
    parts = getattr(error, "exceptions", ())
    return " | ".join(_sentences(part) for part in parts) + str(error)[:1500] if parts else str(error)[:500]


def keep_their_word(told, service: tuple[httpx.Client, dict[str, str]], examples: int) -> list[str]:
    """Send so many requests to each operation; gives what was found, one text for each operation that fails."""
    client, headers = service
    found = []
    for result in told.get_all_operations():
        operation = result.ok()
        strategy = operation.as_strategy(generation_mode=POSITIVE) | operation.as_strategy(generation_mode=NEGATIVE)

        @given(case=strategy)
        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def keeps_its_word(case) -> None:
            _check(case, str(client.base_url).rstrip("/"), headers)

        try:
            keeps_its_word()
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - all operations are to be heard of
            found.append(f"{operation.label}: {_sentences(error)}")
    return found


def test_every_route_keeps_its_word(told, service: tuple[httpx.Client, dict[str, str]]) -> None:
    found = keep_their_word(told, service, SHALLOW)
    assert not found, "\n\n".join(found)


@pytest.mark.slow
def test_every_route_keeps_its_word_whatever_is_sent(told, service: tuple[httpx.Client, dict[str, str]]) -> None:
    found = keep_their_word(told, service, DEEP)
    assert not found, "\n\n".join(found)


def test_nothing_opens_without_a_key(service: tuple[httpx.Client, dict[str, str]]) -> None:
    client, _ = service
    for path, method, operation in operations(client.get("/openapi.json").json()):
        named = re.sub(r"{[^}]*}", "8c6f3c0e-5d0b-4a57-9c1e-0e8b6c1f2a34", path)
        refused = client.request(method, named).status_code == 401
        assert refused == (operation.get("security") != []), (method, path)
        assert client.request(method, named, headers=bearer("lw_0f3a9c_wrong")).status_code == 401, (method, path)


def test_whoever_uses_another_method_is_told_all_that_there_are(service: tuple[httpx.Client, dict[str, str]]) -> None:
    client, headers = service
    for path, operations_there in client.get("/openapi.json").json()["paths"].items():
        named = re.sub(r"{[^}]*}", "8c6f3c0e-5d0b-4a57-9c1e-0e8b6c1f2a34", path)
        refused = client.request("TRACE", named, headers=headers)
        assert refused.status_code == 405, path
        assert {method.lower() for method in refused.headers["Allow"].split(", ")} >= set(operations_there), path


def test_no_route_slips_out(service: tuple[httpx.Client, dict[str, str]]) -> None:
    document = service[0].get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert len(list(operations(document))) >= OPERATIONS


def test_every_body_and_answer_has_an_example(service: tuple[httpx.Client, dict[str, str]]) -> None:
    document = service[0].get("/openapi.json").json()
    lacking = [
        f"{method} {path} {status}"
        for path, method, operation in operations(document)
        for status, part in [("body", operation.get("requestBody", {})), *operation["responses"].items()]
        for kind, media in part.get("content", {}).items()
        if "example" not in media and (path.startswith("/api/v2/") or kind == "application/json")
    ]
    assert lacking == []
