"""`leadwise jobs`: what was asked for, and what became of it."""

from typing import Annotated, Any
from uuid import UUID

import typer

from leadwise.app.commands import arguments as take

group = typer.Typer(no_args_is_help=True, help="Look at jobs: trainings, refreshes and scorings that were asked for.")

State = Annotated[str | None, typer.Option(help="Only those that are waiting, running, done or failed.")]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=1_000)]


@group.command("list")
def list_all(
    organisation: take.Organisation = "default",
    state: State = None,
    limit: Limit = 20,
    server: take.Server = None,
    as_json: take.AsJson = False,
) -> None:
    """List jobs, the newest first."""
    from pydantic import RootModel

    from leadwise.app.jobs_text import open_jobs, show_jobs
    from leadwise.app.output import print_json
    from leadwise.domain.choices import read_choice
    from leadwise.domain.job import JobState

    wanted = None if state is None else read_choice(JobState, state, "--state")
    if server is not None:
        from leadwise.app.remote_versions import as_jobs, jobs_at

        take.refuse_organisation_with_server(organisation)
        answers = jobs_at(server, wanted, limit)
        jobs, document = as_jobs(answers), RootModel[list[Any]](answers)
    else:
        with open_jobs(organisation) as repository:
            jobs = repository.list(limit, state=wanted)
        document = RootModel[list[Any]](jobs)
    if as_json:
        print_json(document)
    else:
        show_jobs(jobs)


@group.command()
def show(
    job: Annotated[UUID, typer.Argument(help="A job's id.")],
    organisation: take.Organisation = "default",
    server: take.Server = None,
    as_json: take.AsJson = False,
) -> None:
    """Show a job: how far it is, what came of it, or why it failed."""
    from pydantic import RootModel

    from leadwise.app.jobs_text import open_jobs, show_job
    from leadwise.app.output import print_json

    if server is not None:
        from leadwise.app.remote_versions import as_jobs, job_at

        take.refuse_organisation_with_server(organisation)
        answer = job_at(server, str(job))
        (found,), document = as_jobs([answer]), RootModel[Any](answer)
    else:
        with open_jobs(organisation) as repository:
            found = repository.get(job)
        document = RootModel[Any](found)
    if as_json:
        print_json(document)
    else:
        show_job(found)
