"""Trainings that a caller waits for: jobs, worked on in another process."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from leadwise.app.jobs.requests import ask_for, blueprint_of
from leadwise.domain.clock import now
from leadwise.domain.errors import Invalid, Unavailable
from leadwise.domain.job import Job, JobFailure, JobKind, JobState
from leadwise.store.database import Database
from leadwise.store.jobs import JobRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.organisations import OrganisationRepository

ASK_EVERY_SECONDS = 0.25
PATIENCE_SECONDS = 600.0
"""After so long a caller is told that the job goes on without them."""


class TrainingFailedError(Invalid):
    """A training ended without a model."""

    code = "training_failed"

    def __init__(self, failure: JobFailure) -> None:
        self.failure = failure
        super().__init__(failure.detail)


class TrainingGoesOnError(Unavailable):
    """A training takes longer than a caller should wait."""

    code = "training_goes_on"

    def __init__(self, job: UUID) -> None:
        self.job = job
        super().__init__(
            f"The training is not over after {PATIENCE_SECONDS:.0f} seconds; it goes on as job {job}. Check that a "
            "process works on jobs (leadwise serve starts one), and ask for the model's versions later."
        )


class JobTrainings:
    """Learns models in the process that works on jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count_past_leads(self, organisation: str, target: str) -> int:
        """How many leads there are to learn from."""
        return await asyncio.to_thread(self._count_past_leads, organisation, target)

    def _count_past_leads(self, organisation: str, target: str) -> int:
        predicted = blueprint_of(target).target
        with self._database.transaction(organisation) as connection:
            OrganisationRepository(connection).check(organisation)
            return LeadRepository(connection, organisation).count_past(
                predicted.entity, predicted.name, now() - predicted.horizon
            )

    async def train(
        self, organisation: str, target: str, request: Mapping[str, Any], by: str, kind: JobKind = JobKind.TRAIN
    ) -> Mapping[str, Any]:
        """Learn a model, wait for its end, and give what came of it."""
        job = await asyncio.to_thread(self._ask, organisation, target, request, by, kind)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while job.state in {JobState.WAITING, JobState.RUNNING}:
            if time.monotonic() > deadline:
                raise TrainingGoesOnError(job.id)
            await asyncio.sleep(ASK_EVERY_SECONDS)
            job = await asyncio.to_thread(self._get, organisation, job.id)
        if job.error is not None:
            raise TrainingFailedError(job.error)
        return job.result or {}

    def _ask(self, organisation: str, target: str, request: Mapping[str, Any], by: str, kind: JobKind) -> Job:
        with self._database.transaction(organisation) as connection:
            return ask_for(connection, organisation, kind, target, request, by)

    def _get(self, organisation: str, job: UUID) -> Job:
        with self._database.transaction(organisation) as connection:
            return JobRepository(connection, organisation).get(job)
