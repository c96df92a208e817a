from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from leadwise.domain.job import JobFailure, JobKind, JobProgress, JobState
from leadwise.store.database import Database
from leadwise.store.job_queue import JobLostError, JobQueue
from leadwise.store.jobs import JobAtWorkError, JobNotFoundError, JobRepository

QUEUED = text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
TAKEN_BY_A_DEAD_WORKER = text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL")


def test_a_job_is_queued_in_the_transaction_that_records_it(database: Database):
    with database.transaction("default") as connection:  # as the service, which has no right to the queue's tables
        job = JobRepository(connection).add(JobKind.TRAIN, "car_sold", {"budget_seconds": 5}, "anna")
    assert (job.state, job.attempts, job.progress) == (JobState.WAITING, 0, JobProgress())
    with database.transaction() as connection:
        assert connection.scalar(QUEUED) == 1
        assert connection.scalar(text("SELECT args ->> 'job' FROM procrastinate_jobs")) == str(job.id)
        assert JobRepository(connection).get(job.id) == job


def test_a_job_that_is_rolled_back_is_not_queued(database: Database):
    with database.transaction() as connection:
        JobRepository(connection).add(JobKind.SCORE, "car_sold", {}, "anna")
        connection.get_transaction().rollback()  # type: ignore[union-attr]
    with database.transaction() as connection:
        assert connection.scalar(QUEUED) == 0


def test_a_second_job_of_the_same_kind_and_target_is_refused_and_told_of_the_first(connection: Connection):
    jobs, queue = JobRepository(connection), JobQueue(connection)
    first = jobs.add(JobKind.TRAIN, "car_sold", {}, "anna")
    with pytest.raises(JobAtWorkError, match=f"already: {first.id}"):
        jobs.add(JobKind.TRAIN, "car_sold", {}, "ben")
    begun = queue.start(first.id)
    assert begun is not None
    with pytest.raises(JobAtWorkError) as refused:
        jobs.add(JobKind.TRAIN, "car_sold", {}, "ben")
    assert refused.value.job == first.id
    jobs.add(JobKind.SCORE, "car_sold", {}, "ben")
    jobs.add(JobKind.TRAIN, "test_drive", {}, "ben")
    queue.finish(begun, {})
    assert jobs.add(JobKind.TRAIN, "car_sold", {}, "ben").id != first.id


def test_of_many_that_ask_at_once_one_gets_the_job(database: Database):
    def ask(_: int) -> object:
        try:
            with database.transaction("default") as connection:
                return JobRepository(connection).add(JobKind.TRAIN, "car_sold", {}, "anna").id
        except JobAtWorkError as refused:
            return refused.job

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


def test_jobs_of_another_organisation_are_not_there(database: Database):
    with database.transaction() as connection:
        connection.execute(text("INSERT INTO organisations (id) VALUES ('other')"))
        job = JobRepository(connection, "other").add(JobKind.TRAIN, "car_sold", {}, "anna")
    with database.transaction("default") as connection:
        jobs = JobRepository(connection)
        assert (jobs.find(job.id), jobs.list(10)) == (None, [])
        with pytest.raises(JobNotFoundError, match=f"no job {job.id}"):
            jobs.get(job.id)
        jobs.add(JobKind.TRAIN, "car_sold", {}, "ben")  # theirs does not stand in the way of ours


@given(
    stamps=st.lists(st.integers(0, 3), min_size=1, max_size=9),
    limit=st.integers(1, 4),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_show_each_job_once_the_newest_first(database: Database, stamps, limit):
    with database.transaction() as connection:
        connection.execute(text("DELETE FROM jobs"))
        for number, stamp in enumerate(stamps):  # several have the same stamp
            recorded_at = datetime(2026, 1, 1 + stamp, tzinfo=UTC)
            connection.execute(
                text(
                    "INSERT INTO jobs (organisation_id, kind, target, request, requested_by, recorded_at)"
                    " VALUES ('default', 'train', :target, '{}', 'anna', :recorded_at)"
                ),
                {"target": f"t{number}", "recorded_at": recorded_at},
            )
        jobs, seen, after = JobRepository(connection), [], None
        while page := jobs.list(limit, after):
            assert len(page) <= limit
            seen += page
            after = page[-1].recorded_at, page[-1].id
    assert sorted(job.target for job in seen) == sorted(f"t{number}" for number in range(len(stamps)))
    assert [job.recorded_at for job in seen] == sorted((job.recorded_at for job in seen), reverse=True)


def test_a_list_can_be_narrowed(connection: Connection):
    jobs, queue = JobRepository(connection), JobQueue(connection)
    train, score = (jobs.add(kind, "car_sold", {}, "anna") for kind in (JobKind.TRAIN, JobKind.SCORE))
    queue.start(score.id)
    assert [job.id for job in jobs.list(10, kind=JobKind.TRAIN)] == [train.id]
    assert [job.id for job in jobs.list(10, state=JobState.RUNNING)] == [score.id]
    assert jobs.list(10, target="test_drive") == []


def test_an_attempt_goes_from_waiting_to_done_and_tells_how_far_it_is(connection: Connection):
    jobs, queue = JobRepository(connection), JobQueue(connection)
    job = jobs.add(JobKind.TRAIN, "car_sold", {}, "anna")
    begun = queue.start(job.id)
    assert begun is not None
    assert (begun.state, begun.attempts) == (JobState.RUNNING, 1)
    assert queue.start(job.id) is None
    queue.report(begun, JobProgress(1, 5, "fitting"))
    assert jobs.get(job.id).progress == JobProgress(1, 5, "fitting")
    queue.finish(begun, {"version": "v1"})
    done = jobs.get(job.id)
    assert (done.state, done.result, done.error) == (JobState.DONE, {"version": "v1"}, None)
    assert done.finished_at is not None
    with pytest.raises(JobLostError):
        queue.fail(begun, JobFailure("late", "Too late."))


def test_a_job_whose_process_died_is_begun_again_three_times_at_most(connection: Connection):
    jobs, queue = JobRepository(connection), JobQueue(connection)
    job = jobs.add(JobKind.TRAIN, "car_sold", {}, "anna")
    for attempt in (1, 2):
        assert queue.start(job.id) is not None
        connection.execute(TAKEN_BY_A_DEAD_WORKER)
        queue.take_back(15, most_attempts=3)
        assert (jobs.get(job.id).state, jobs.get(job.id).attempts) == (JobState.WAITING, attempt)
        assert connection.scalar(QUEUED) == 1
    queue.start(job.id)
    connection.execute(TAKEN_BY_A_DEAD_WORKER)
    queue.take_back(15, most_attempts=3)
    failed = jobs.get(job.id)
    assert (failed.state, failed.error and failed.error.code) == (JobState.FAILED, "job_interrupted")
    assert "ended 3 times before it was done" in (failed.error.detail if failed.error else "")
    assert connection.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0


def test_a_process_that_was_believed_dead_cannot_write_into_the_attempt_after_it(connection: Connection):
    jobs, queue = JobRepository(connection), JobQueue(connection)
    first = queue.start(jobs.add(JobKind.TRAIN, "car_sold", {}, "anna").id)
    connection.execute(TAKEN_BY_A_DEAD_WORKER)
    queue.take_back(15, most_attempts=3)
    assert first is not None
    second = queue.start(first.id)
    assert second is not None
    for late in (lambda: queue.report(first, JobProgress(9, 9, "late")), lambda: queue.finish(first, {"late": True})):
        with pytest.raises(JobLostError):
            late()
    queue.finish(second, {})


def test_what_a_living_process_works_on_is_left_to_it(connection: Connection):
    queue = JobQueue(connection)
    job = JobRepository(connection).add(JobKind.TRAIN, "car_sold", {}, "anna")
    queue.start(job.id)
    worker = connection.scalar(text("SELECT procrastinate_register_worker_v1()"))
    connection.execute(text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :worker"), {"worker": worker})
    assert queue.take_back(15, most_attempts=3) == []
    assert queue.measure(15).workers == 1
    connection.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'"))
    assert [found.id for found in queue.take_back(15, most_attempts=3)] == [job.id]
    assert queue.measure(15).workers == 0


@pytest.mark.parametrize("state", ["done", "failed", "gone"])
def test_a_process_that_died_after_the_job_was_over_leaves_nothing_to_do(connection: Connection, state):
    jobs, queue = JobRepository(connection), JobQueue(connection)
    begun = queue.start(jobs.add(JobKind.TRAIN, "car_sold", {}, "anna").id)
    assert begun is not None
    if state == "done":
        queue.finish(begun, {})
    elif state == "failed":
        queue.fail(begun, JobFailure("x", "y"))
    else:
        connection.execute(text("DELETE FROM jobs"))
    connection.execute(TAKEN_BY_A_DEAD_WORKER)
    assert queue.take_back(15, most_attempts=3) == []
    assert connection.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0
    assert [job.state.value for job in jobs.list(10)] == ([] if state == "gone" else [state])


def test_a_job_that_is_handed_back_has_not_been_begun(connection: Connection):
    jobs, queue = JobRepository(connection), JobQueue(connection)
    begun = queue.start(jobs.add(JobKind.TRAIN, "car_sold", {}, "anna").id)
    assert begun is not None
    assert queue.measure(15).running == 1
    queue.hand_back(begun)
    back = jobs.get(begun.id)
    assert (back.state, back.attempts, back.started_at) == (JobState.WAITING, 0, None)
    measured = queue.measure(15)
    assert (measured.waiting, measured.running) == (1, 0)
    assert measured.oldest_seconds is not None
    assert 0 <= measured.oldest_seconds < 60


def test_a_job_that_nobody_recorded_is_not_begun(connection: Connection):
    assert JobQueue(connection).start(uuid4()) is None
