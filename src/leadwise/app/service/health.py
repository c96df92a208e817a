"""How the service does, part by part."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from leadwise.domain.errors import LeadwiseError
from leadwise.scoring.active_models import ActiveModels
from leadwise.scoring.watch import Watch
from leadwise.store.database import Database
from leadwise.store.job_queue import JobQueue
from leadwise.store.ledger import MOST_WAITING, LedgerWriter
from leadwise.store.organisations import OrganisationRepository
from leadwise.web.api import metrics
from leadwise.web.api.asks import PartHealth, Watched, Work

SILENT_SECONDS = 15.0
"""A process that works on jobs and gave no sign of life for so long is taken for dead."""
MOST_WATCHED = 500
"""So many targets of organisations are told of, those that were scored last: each is four series of numbers."""
_SCORED = text("""
SELECT extract(epoch FROM now() - max(finished_at))::float8 FROM jobs WHERE kind = 'score' AND state = 'done'
""")
# What the newest scoring of each target found, as long as the model that gave it is active.
_WATCHED = text("""
SELECT scored.organisation_id, scored.target, result FROM (
    SELECT DISTINCT ON (organisation_id, target) organisation_id, target, result, finished_at
    FROM jobs WHERE kind = 'score' AND state = 'done'
    ORDER BY organisation_id, target, finished_at DESC
) AS scored
WHERE result ->> 'version' = (
    SELECT version FROM activations
    WHERE activations.organisation_id = scored.organisation_id AND activations.target = scored.target
    ORDER BY id DESC LIMIT 1
)
ORDER BY finished_at DESC LIMIT :most
""").bindparams(most=MOST_WATCHED)


class ServiceHealth:
    """How the database, the models and the ledger of this process do."""

    def __init__(self, database: Database, models: ActiveModels, ledger: LedgerWriter, watch: Watch) -> None:
        self._database, self._models, self._ledger, self._watch = database, models, ledger, watch

    def check(self) -> Sequence[PartHealth]:
        """How each part does now."""
        troubles = self._models.troubles()
        waiting = self._ledger.waiting
        metrics.LEDGER_WAITING.set(waiting)
        return [
            self._ask_database(),
            PartHealth("models", ready=True, detail=" ".join(troubles.values())),
            PartHealth("ledger", waiting < MOST_WAITING, f"{waiting:,} scores wait to be written."),
        ]

    def _ask_database(self) -> PartHealth:
        try:
            with self._database.transaction() as connection:
                connection.execute(text("SELECT 1"))
        except LeadwiseError as error:
            return PartHealth("database", ready=False, detail=str(error))
        return PartHealth("database", ready=True)

    def degraded(self) -> Sequence[str]:
        """What works less well than it should."""
        troubles = list(self._models.troubles().values())
        return [*([self._watch.trouble] if self._watch.trouble else []), *troubles]

    def measure_work(self) -> Work | None:
        """What the database knows of jobs; None while it is away."""
        try:
            with self._database.transaction() as connection:
                queue = JobQueue(connection).measure(SILENT_SECONDS)
                scoring_age = connection.scalar(_SCORED)
                labels = OrganisationRepository(connection).list_labels()
                watched = [_watched(row, labels[row.organisation_id]) for row in connection.execute(_WATCHED)]
        except LeadwiseError:
            return None
        return Work(
            waiting=queue.waiting,
            running=queue.running,
            oldest_seconds=queue.oldest_seconds or 0.0,
            workers=queue.workers,
            scoring_age_seconds=scoring_age,
            watched=watched,
        )

    def active_version(self, organisation: str, target: str) -> str:
        """What answers for an organisation and a target; empty if nobody asked yet."""
        active = self._models.find(organisation, target)
        return active.scorer.version if active else ""


def _watched(row: Row[Any], label: str) -> Watched:
    result = row.result
    matured = result.get("calibration") or {"leads": 0, "expected": 0.0, "observed": 0}
    return Watched(label, target=row.target, version=result["version"], drift=result.get("drift"), **matured)
