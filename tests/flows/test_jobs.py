"""Jobs, worked on by real processes of their own."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.contracts.test_blueprint_flow import NOW, QUICK, Place

from leadwise.app.jobs import work
from leadwise.app.jobs.attempt import Attempts
from leadwise.app.jobs.requests import ask_for
from leadwise.app.settings import Settings
from leadwise.domain.job import Job, JobKind, JobState
from leadwise.registry.versions import ModelVersions
from leadwise.store.audit import AuditRepository
from leadwise.store.database import SERVICE_ROLE, Database, normalised_url, open_database
from leadwise.store.jobs import JobRepository
from leadwise.store.organisations import OrganisationRepository

AS_OF = f"{NOW}T00:00:00Z"
EARLIER = "2025-10-20T00:00:00Z"
WORKER = """
from leadwise.app.jobs.worker import Pace, run_worker
from leadwise.app.service.logs import set_up_logs
from leadwise.app.settings import Settings
set_up_logs("INFO")
run_worker(Settings(), Pace(heartbeat=0.3, silent=3, look=0.3, grace={grace}))
"""
SECONDS = 120
QUICKLY = {"as_of": AS_OF, "budget_seconds": 2, "algorithms": ["logistic_regression"]}


class House:
    """A place with leads of one target, and processes that work on its jobs."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.database = Database(normalised_url(place.environment["LEADWISE_DATABASE_URL"]))

    def ask(self, kind: JobKind, request: Mapping[str, Any]) -> Job:
        with self.database.transaction("default") as connection:
            return ask_for(connection, "default", kind, QUICK, request, "key-1")

    def get(self, job: Job) -> Job:
        with self.database.transaction("default") as connection:
            return JobRepository(connection).get(job.id)

    def wait(self, job: Job, until: Callable[[Job], bool]) -> Job:
        deadline = time.monotonic() + SECONDS
        while not until(found := self.get(job)):
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        return found

    def finish(self, job: Job) -> Job:
        return self.wait(job, lambda found: found.state in (JobState.DONE, JobState.FAILED))

    @contextmanager
    def worker(self, grace: float = 60) -> Iterator[subprocess.Popen[str]]:
        command = (sys.executable, "-c", WORKER.format(grace=grace))
        with (
            (self.place.folder / "worker.log").open("a") as log,
            subprocess.Popen(command, env=self.place.environment, stdout=log, stderr=log, text=True) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def log(self) -> str:
        return (self.place.folder / "worker.log").read_text()


@pytest.fixture
def empty_house(tmp_path: Path, empty_url: str) -> Iterator[House]:
    place = Place(tmp_path, empty_url)
    place.run("keys", "list")  # which migrates
    house = House(place)
    yield house
    house.database.close()


@pytest.fixture
def house(empty_house: House) -> House:
    empty_house.place.load(QUICK, 600)
    return empty_house


def is_at_work(job: Job) -> bool:
    """At work; what it does is on record twice a second at most, which a quick fit may be over before."""
    return job.state is JobState.RUNNING


def test_a_model_is_learnt_judged_put_to_work_and_scores_all_open_leads(house: House):
    with house.worker() as process:
        job = house.finish(house.ask(JobKind.TRAIN, QUICKLY))
        assert job.state is JobState.DONE, job.error
        assert job.result is not None
        result = job.result
        assert job.progress.done == job.progress.total > 5
        assert {"precision", "recall", "f1_score", "roc_auc", "accuracy"} <= set(result["metrics"])
        assert result["rows"] > 600
        assert result["activated"] == all(reason["passed"] for reason in result["reasons"])
        with house.database.transaction() as connection:
            versions = ModelVersions(connection, "car_sold")
            listed = versions.get(result["version"])
            assert listed.is_active == result["activated"]
            if not listed.is_active:
                versions.activate(listed.version, "key-1")
            actions = [(entry.action.value, entry.done_by) for entry in AuditRepository(connection).list(9)]
            assert actions == [("activate", "key-1"), ("train", "key-1")]

        again = house.finish(house.ask(JobKind.TRAIN, {**QUICKLY, "seed": 1, "must_improve": True, "refresh": False}))
        assert again.result is not None
        improved = {reason["code"]: reason["passed"] for reason in again.result["reasons"]}
        assert "improvement" in improved
        assert again.result["activated"] == all(improved.values())

        refreshed = house.finish(house.ask(JobKind.REFRESH, {"as_of": AS_OF}))
        assert refreshed.result is not None
        open_leads = refreshed.result["rows"]["open_leads"]
        earlier = house.finish(house.ask(JobKind.SCORE, {"as_of": EARLIER}))
        assert earlier.result is not None
        assert earlier.result["calibration"] is None  # nothing is known yet of what came of scores
        scored = house.finish(house.ask(JobKind.SCORE, {"as_of": AS_OF}))
        assert scored.result is not None
        assert scored.result["scores"] == open_leads > 0
        with house.database.transaction() as connection:
            stored = connection.scalar(text("SELECT count(*) FROM scores"))
            labels = OrganisationRepository(connection).list_labels()
        assert stored == open_leads + earlier.result["scores"]
        assert scored.result["label"] in labels.values()
        calibration = scored.result["calibration"]
        assert calibration["leads"] == earlier.result["scores"]
        assert 0 < calibration["observed"] < calibration["leads"] > calibration["expected"] > 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert "key-1" not in house.log()


def scoring(house: House, monkeypatch: pytest.MonkeyPatch) -> tuple[Job, Attempts]:
    """A job that scores, and what works on it in this process."""
    for name in ("LEADWISE_DATABASE_URL", "LEADWISE_DATA_FOLDER"):
        monkeypatch.setenv(name, house.place.environment[name])
    house.place.run("fit", "--target", QUICK, "--budget", 2)
    return house.ask(JobKind.SCORE, {"as_of": AS_OF}), Attempts(house.database, Settings(), threading.Event())


def count_scores(house: House) -> int:
    with house.database.transaction() as connection:
        return int(connection.execute(text("SELECT count(*) FROM scores")).scalar_one())


def test_a_process_that_dies_after_it_stored_scores_leaves_a_job_that_is_done(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    job, attempts = scoring(house, monkeypatch)

    def die(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(attempts, "_record", die)
    with pytest.raises(SystemExit):
        attempts.make(job.id)
    done = house.get(job)
    assert done.result is not None
    assert (done.state, count_scores(house)) == (JobState.DONE, done.result["scores"])


def test_an_attempt_that_was_believed_dead_stores_no_scores(house: House, monkeypatch: pytest.MonkeyPatch):
    job, attempts = scoring(house, monkeypatch)
    compute = work.store_scores
    roles = []

    def store_late(*arguments: Any) -> Any:
        roles.append(arguments[1].scalar(text("SELECT current_user")))
        with house.database.transaction() as connection:
            connection.execute(text("UPDATE jobs SET attempts = 2"))  # another process has begun it again
        return compute(*arguments)

    monkeypatch.setattr(work, "store_scores", store_late)
    attempts.make(job.id)
    assert (house.get(job).state, count_scores(house)) == (JobState.RUNNING, 0)
    assert roles == [SERVICE_ROLE]  # which sees one organisation


def test_a_job_whose_process_is_killed_is_begun_again_by_the_next(house: House):
    job = house.ask(JobKind.TRAIN, QUICKLY)
    with house.worker() as process:
        house.wait(job, is_at_work)
        process.send_signal(signal.SIGKILL)
    left = house.get(job)
    assert (left.state, left.attempts) == (JobState.RUNNING, 1)
    with house.worker():
        done = house.finish(job)
    assert (done.state, done.attempts) == (JobState.DONE, 2), done.error
    assert "was left by a process that ended, after attempt 1" in house.log()


def test_a_job_that_kills_its_process_each_time_fails_with_a_sentence(house: House):
    job = house.ask(JobKind.TRAIN, QUICKLY)
    for attempt in (1, 2, 3):
        with house.worker() as process:
            house.wait(job, lambda found, attempt=attempt: found.attempts == attempt and is_at_work(found))  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
    with house.worker():
        failed = house.finish(job)
        assert failed.error is not None
        assert (failed.state, failed.error.code) == (JobState.FAILED, "job_interrupted")
        assert "ended 3 times before it was done" in failed.error.detail
        assert house.finish(house.ask(JobKind.REFRESH, {"as_of": AS_OF})).state is JobState.DONE


def test_a_process_that_is_asked_to_stop_finishes_its_job(house: House):
    job = house.ask(JobKind.TRAIN, {"as_of": AS_OF, "budget_seconds": 6})
    with house.worker(grace=100) as process:
        house.wait(job, lambda found: found.progress.doing.startswith("fitting"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
    assert (house.get(job).state, house.get(job).attempts) == (JobState.DONE, 1)


def test_a_job_that_is_being_finished_is_not_begun_again_by_another_process(house: House):
    job = house.ask(JobKind.TRAIN, {"as_of": AS_OF, "budget_seconds": 9})
    with ExitStack() as stack:
        leaving = stack.enter_context(house.worker(grace=100))
        house.wait(job, lambda found: found.progress.doing.startswith("fitting"))
        stack.enter_context(house.worker())
        waiting = house.ask(JobKind.REFRESH, {"as_of": AS_OF})
        leaving.send_signal(signal.SIGTERM)
        done = house.finish(job)
        assert leaving.wait(60) == 0
        assert house.finish(waiting).state is JobState.DONE
    assert (done.state, done.attempts) == (JobState.DONE, 1)
    assert "was left" not in house.log()


def test_a_process_that_is_asked_to_stop_soon_hands_its_job_back(house: House):
    job = house.ask(JobKind.TRAIN, {"as_of": AS_OF, "budget_seconds": 60})
    with house.worker(grace=0.1) as process:
        house.wait(job, is_at_work)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    back = house.get(job)
    assert (back.state, back.attempts) == (JobState.WAITING, 0)
    with house.worker() as process:
        house.wait(job, lambda found: found.state is JobState.RUNNING)


def test_a_job_that_fails_says_why(empty_house: House):
    no_leads = empty_house.ask(JobKind.TRAIN, {})
    no_model = empty_house.ask(JobKind.SCORE, {})
    (empty_house.place.folder / "data").mkdir(exist_ok=True)
    with empty_house.worker():
        codes = [job.error.code for each in (no_leads, no_model) if (job := empty_house.finish(each)).error]
    assert codes == ["no_leads_stored", "no_active_model"]
    assert "Traceback" not in empty_house.log()


def test_what_nobody_expected_is_told_in_general_and_logged(empty_house: House):
    job = empty_house.ask(JobKind.REFRESH, {})
    with empty_house.database.transaction() as connection:  # as nobody does
        connection.execute(text("DROP VIEW field_statements"))
    with empty_house.worker():
        failed = empty_house.finish(job)
    assert failed.error is not None
    assert (failed.error.code, "the log" in failed.error.detail) == ("unexpected", True)
    assert "field_statements" not in failed.error.detail
    assert "Traceback" in empty_house.log()


def test_a_database_that_goes_away_and_comes_back_finds_the_process_working(data_folder: Path):
    environment = {**os.environ, "LEADWISE_DATA_FOLDER": str(data_folder)}
    environment.pop("LEADWISE_DATABASE_URL", None)
    command = (sys.executable, "-c", WORKER.format(grace=1))
    with (
        open_database(None, data_folder) as database,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process,
    ):
        try:
            for attempt in range(2):
                with database.transaction("default") as connection:
                    job = ask_for(connection, "default", JobKind.REFRESH, QUICK, {}, "me")
                deadline = time.monotonic() + SECONDS
                state = JobState.WAITING
                while state is not JobState.FAILED:  # there are no leads
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
                    with database.transaction() as connection:
                        state = JobRepository(connection).get(job.id).state
                if attempt == 0:
                    pid = int((data_folder / "postgresql").resolve().joinpath("postmaster.pid").read_text().split()[0])
                    os.kill(pid, signal.SIGQUIT)  # at once, with all connections
                    time.sleep(1)
            assert process.poll() is None
        finally:
            process.kill()
