"""Versions of models and jobs of a service, as commands with `--server` show them: in the words of those without."""

from datetime import datetime
from itertools import islice

from pydantic import TypeAdapter

from leadwise.app.client.client import Client
from leadwise.app.remote import ServiceDestination, open_service
from leadwise.app.versions_session import NothingInProductionError, VersionReport, target_name
from leadwise.domain.card import ModelCard
from leadwise.domain.job import Job, JobState
from leadwise.registry.comparison import Comparison
from leadwise.registry.gate import Verdict, judge
from leadwise.registry.versions import NoActiveModelError
from leadwise.web.api.v2.shapes.jobs import JobAnswer

_COMPARISON = TypeAdapter(Comparison)
_JOB = TypeAdapter(Job)


def versions_at(server: str, target: str) -> list[VersionReport]:
    """The versions of a target's model, the newest first."""
    with open_service(server) as client:
        listed = list(client.models.walk(target_name(target)))
    return [VersionReport.model_validate(each.model_dump()) for each in listed]


def card_at(server: str, target: str, version: str | None, as_of: datetime | None) -> ModelCard:
    """The card of a version; else of the one that scored at an instant; else of the one that scores now.

    Raises:
        NothingInProductionError: if none scored then.
        NoActiveModelError: if none scores now.
    """
    with open_service(server) as client:
        version = version or client.models.in_production(target_name(target), as_of).version
        if version is not None:
            return _card(client, version)
    if as_of is not None:
        raise NothingInProductionError(target_name(target), as_of)
    raise NoActiveModelError(target_name(target))


def activate_at(server: str, target: str, version: str) -> Verdict:
    """What the gate thinks of a version, which scores from now on."""
    with open_service(server) as client:
        active = client.models.in_production(target_name(target)).version
        verdict = judge(_card(client, version), None if active is None else _card(client, active))
        client.models.activate(version)
    return verdict


def roll_back_at(server: str, target: str, version: str | None) -> str:
    """The version that scores from now on: the one named, or else the one before the active one."""
    with open_service(server) as client:
        return client.models.roll_back(target_name(target), version).version


def compare_at(server: str, target: str, first: str, second: str | None) -> Comparison:
    """Two versions on the same leads.

    Args:
        server: Where.
        target: What they predict.
        first: A version.
        second: The other; None: the active one.

    Raises:
        NoActiveModelError: if none is active.
    """
    with open_service(server) as client:
        second = second or client.models.in_production(target_name(target)).version
        if second is None:
            raise NoActiveModelError(target_name(target))
        found = client.models.compare(first, second).model_dump()
    for mover in found["movers"]:
        mover["lead"] = (mover["lead"]["source"], mover["lead"]["external_id"])
    return _COMPARISON.validate_python(found)


def jobs_at(server: str, state: JobState | None, limit: int) -> list[JobAnswer]:
    """Jobs, the newest first."""
    with open_service(server) as client:
        return list(islice(client.jobs.walk(state=state), limit))


def job_at(server: str, job: str) -> JobAnswer:
    """One job."""
    with open_service(server) as client:
        return client.jobs.get(job)


def as_jobs(answers: list[JobAnswer]) -> list[Job]:
    """Jobs as those of a database are shown."""
    of_key = {"organisation": ServiceDestination.organisation}
    return [_JOB.validate_python(each.model_dump() | of_key) for each in answers]


def _card(client: Client, version: str) -> ModelCard:
    return ModelCard.model_validate(client.models.get(version).card)
