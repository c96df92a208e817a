"""The demo from its first lead to the page, on the real database and over real HTTP."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from tests.databases import new_database, opened

from leadwise.app.demo import ORGANISATION, Demo, DemoOptions, prepare_demo
from leadwise.app.demo_serving import address_of, listen
from leadwise.app.demo_sources import demo_sources
from leadwise.app.demo_training import train
from leadwise.app.progress import LineProgress
from leadwise.blueprints.blueprint import load_blueprint
from leadwise.domain.clock import now
from leadwise.domain.lead import Lead
from leadwise.registry.versions import ModelVersions
from leadwise.store.database import Database, open_database
from leadwise.store.leads import LeadRepository
from leadwise.store.models import ModelRepository
from leadwise.store.scores import RankedLead, ScoreRepository
from leadwise.web.application import create_application

OPTIONS = DemoOptions(leads=600, seed=1, algorithms=("logistic_regression",))
TARGET = load_blueprint("marketplace-auto").target
HOUR = timedelta(hours=1)


def prepare(database: Database, options: DemoOptions = OPTIONS, *, later: timedelta = timedelta()) -> Demo:
    return prepare_demo(database, options, now() + later, LineProgress)


@pytest.fixture(scope="module")
def prepared(server: Database) -> Iterator[tuple[str, Demo]]:
    """The URL of a database with a demo, and that; tests have copies of it."""
    with new_database(server) as url:
        with open_database(url, Path("unused")) as database:
            demo = prepare(database)
        yield url, demo


@pytest.fixture
def dealership(server: Database, prepared: tuple[str, Demo]) -> Iterator[Database]:
    with opened(server, template=prepared[0]) as database:
        yield database


def ranked(database: Database) -> list[RankedLead]:
    with database.transaction() as connection:
        return ScoreRepository(connection, ORGANISATION).list_latest(TARGET.name)


def stored(database: Database) -> tuple[list[Lead], list[str]]:
    """The demo's leads and its models' versions."""
    with database.transaction() as connection:
        models = ModelRepository(connection, ORGANISATION).list(TARGET.name)
        return LeadRepository(connection, ORGANISATION).list(), [model.version for model in models]


@contextmanager
def served(database: Database, demo: Demo) -> Iterator[str]:
    with listen("127.0.0.1", 0) as listening:
        application = create_application(demo_sources(database, demo.blueprint))
        server = uvicorn.Server(uvicorn.Config(application, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield address_of(listening)
        server.should_exit = True
        thread.join(10)


def test_kinds_of_events_that_the_blueprint_does_not_name_are_learnt_from(dealership: Database):
    left_out = TARGET.events[-1].name
    fewer = TARGET.model_copy(update={"events": TARGET.events[:-1]})
    blueprint = load_blueprint("marketplace-auto").model_copy(update={"target": fewer})
    train(dealership, blueprint, ORGANISATION, ("logistic_regression",), 1, now(), LineProgress())
    with dealership.transaction() as connection:
        model = ModelVersions(connection, TARGET.name, ORGANISATION).get_active()
    assert left_out in {kind.name for kind in model.target.events}
    assert "Test drive missed" in {column.name for column in model.card.columns}


def test_the_page_shows_the_stores_ranking(dealership: Database, prepared: tuple[str, Demo]):
    expected = ranked(dealership)
    with served(dealership, prepared[1]) as address, httpx.Client(base_url=address, timeout=20) as client:
        answer = client.get("/leads.json", params={"limit": 200}).json()["leads"]
        page, report = client.get("/leads").text, client.get("/report")
    assert answer["total"] == len(expected) > 10
    shown = [(row["lead_key"], row["probability"], row["grade"], row["action"]) for row in answer["rows"]]
    assert shown == [(":".join(s.lead), s.probability, s.grade, s.action) for s in (each.score for each in expected)]
    first = answer["rows"][0]
    assert answer["simulated"]
    assert all(text in page for text in ("Simulated data", first["name"], first["subject"], first["action"]))
    assert all(reason["sentence"] for reason in first["reasons"][:3])
    assert report.status_code == 200
    assert TARGET.title in report.text


def test_reasons_add_up_and_are_in_the_words_of_the_business(dealership: Database):
    assert ranked(dealership)
    for each in ranked(dealership):
        score = each.score
        assert score.probability is not None
        margin = math.log(score.probability / (1 - score.probability))
        assert score.base + sum(reason.contribution for reason in score.reasons) == pytest.approx(margin, abs=1e-6)
        assert not any("typical" in reason.sentence for reason in score.reasons)


def test_a_second_run_doubles_nothing_and_scores_as_of_now(dealership: Database, prepared: tuple[str, Demo]):
    first = prepared[1]
    leads, versions = stored(dealership)
    second = prepare(dealership, later=HOUR)
    assert (first.shown_again, second.shown_again) == (False, True)
    assert stored(dealership) == (leads, versions)
    assert len(versions) == 1
    best = ranked(dealership)[0].score
    with dealership.transaction() as connection:
        history = ScoreRepository(connection, ORGANISATION).list_history(best.lead, TARGET.name)
    assert len(history) == 2
    assert history[0].as_of - history[1].as_of >= HOUR


@pytest.mark.parametrize(
    ("options", "later"),
    [
        (OPTIONS, timedelta(days=2)),
        (DemoOptions(500, 1, algorithms=OPTIONS.algorithms), HOUR),
        (DemoOptions(600, 2, algorithms=OPTIONS.algorithms), HOUR),
        (DemoOptions(600, 1, anew=True, algorithms=OPTIONS.algorithms), HOUR),
    ],
    ids=["another day", "other leads", "another seed", "asked for"],
)
def test_another_dealership_replaces_the_first_and_touches_nothing_else(dealership: Database, options, later):
    real = Lead("crm", "1", now(), now(), {"name": "Real"})
    with dealership.transaction() as connection:
        LeadRepository(connection).add_many([real])
    before, _ = stored(dealership)
    assert not prepare(dealership, options, later=later).shown_again
    leads, versions = stored(dealership)
    assert (len(leads), len(versions)) == (options.leads, 1)
    assert leads != before
    with dealership.transaction() as connection:
        assert LeadRepository(connection).list() == [real]


def test_an_interrupted_demo_is_begun_anew(database: Database, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("leadwise.app.demo.train", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare(database)
    assert not prepare(database).shown_again
    assert len(stored(database)[0]) == OPTIONS.leads


def test_the_model_is_told_from_chance_and_from_the_best_there_can_be(database: Database):
    quality = prepare(database, DemoOptions(1500, 3, algorithms=("logistic_regression",))).quality
    assert quality.auc is not None
    assert quality.best_auc is not None
    assert 0.65 < quality.auc < quality.best_auc < 0.9
    assert f"{quality.best_auc:.2f}" in quality.sentence
