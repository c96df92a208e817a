"""Jobs, for people at a terminal."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from leadwise.app.console import console, plain_table
from leadwise.app.organisation_session import open_organisation
from leadwise.domain.job import Job, JobKind, JobState
from leadwise.store.jobs import JobRepository

Result = Mapping[str, Any]


@contextmanager
def open_jobs(organisation: str) -> Iterator[JobRepository]:
    """The jobs of an organisation in the database of the settings, in one transaction.

    Raises:
        OrganisationNotFoundError: if there is no such organisation.
    """
    with open_organisation(organisation) as connection:
        yield JobRepository(connection, organisation)


def show_jobs(jobs: list[Job]) -> None:
    """A table of jobs."""
    table = plain_table("job", "kind", "target", "state", "asked for", "what became of it")
    table.columns[0].no_wrap = True
    for job in jobs:
        table.add_row(str(job.id), job.kind, job.target, job.state, _minute(job.recorded_at), _outcome(job))
    console().print(table)


def show_job(job: Job) -> None:
    """All that is known of a job."""
    out = console()
    out.print(
        f"{job.kind} {job.target}, asked for by {job.requested_by} on {_minute(job.recorded_at)} UTC: {job.state}"
    )
    if job.attempts > 1:
        out.print(f"It was begun {job.attempts} times.")
    if job.started_at is not None:
        out.print(
            f"Begun {_minute(job.started_at)}" + (f", ended {_minute(job.finished_at)}" if job.finished_at else "")
        )
    out.print(_outcome(job))
    for reason in (job.result or {}).get("reasons", ()):
        out.print(f"{'+' if reason['passed'] else '-'} {reason['sentence']}")


def _outcome(job: Job) -> str:
    """What came of it in a few words; while it runs, how far it is."""
    if job.error is not None:
        return job.error.detail
    if job.state is JobState.RUNNING:
        return f"{job.progress.done} of {job.progress.total}: {job.progress.doing}"
    return "" if job.result is None else _RESULTS[job.kind](job.result)


def _learnt(result: Result) -> str:
    return f"version {result['version']} {'scores' if result['activated'] else 'was not let pass'}"


def _learnt_for_user(result: Result) -> str:
    return f"version {result['model_version']} of {result['user_id']} scores"


def _refreshed(result: Result) -> str:
    return f"features of {result['rows']['open_leads']:,} open leads"


def _scored(result: Result) -> str:
    return f"{result['scores']:,} scores by version {result['version']}"


_RESULTS = {
    JobKind.TRAIN: _learnt,
    JobKind.TRAIN_OWNED: _learnt_for_user,
    JobKind.REFRESH: _refreshed,
    JobKind.SCORE: _scored,
}


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"
