"""What commands do with `--server`: a service does the work, the terminal shows how far it is."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pyarrow as pa

from leadwise.app.client.client import Client
from leadwise.app.output import remark
from leadwise.app.progress import make_progress
from leadwise.app.settings import Settings
from leadwise.connectors.records.mapping import RecordKind
from leadwise.connectors.whole_file import whole_file, writing
from leadwise.domain.card import ModelCard
from leadwise.domain.errors import Conflict
from leadwise.store.results import AddResult, Rejection
from leadwise.training.options import FitOptions
from leadwise.web.api.v2.shapes.jobs import JobAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leadwise.web.api.v2.shapes.records import BatchAnswer

AT_ONCE = 5_000


class NotActivatedError(Conflict):
    """A model was trained and stored, but does not score."""

    code = "not_activated"

    def __init__(self, version: str, reasons: list[str]) -> None:
        self.version, self.reasons = version, tuple(reasons)
        super().__init__(
            f"Version {version} is stored, but does not score, as something speaks against it: {' '.join(reasons)} To "
            f"let it score nevertheless, POST /api/v2/models/{version}/activate."
        )


class ServiceDestination:
    """A service that records are sent to; the key says whose they are."""

    organisation = "of the key"

    def __init__(self, client: Client) -> None:
        self._client = client

    def begin(self) -> None:
        """See that the service answers, and knows the key."""
        self._client.targets.list()

    def store(self, kind: RecordKind, table: pa.Table) -> AddResult:
        """Send a table; rejections say which row it was, from 1."""
        add: Mapping[RecordKind, Callable[[list[dict[str, object]]], BatchAnswer]] = {
            RecordKind.LEADS: self._client.leads.add,
            RecordKind.EVENTS: self._client.events.add,
            RecordKind.OUTCOMES: self._client.outcomes.add,
        }
        total = AddResult(added=0, unchanged=0)
        for start in range(0, table.num_rows, AT_ONCE):
            found = add[kind]([_record(row) for row in table.slice(start, AT_ONCE).to_pylist()])
            rejected = tuple(
                Rejection(each.source, each.external_id, each.reason, start + at)
                for at, each in enumerate(found.results, 1)
                if each.status == "rejected"
            )
            total = AddResult(
                total.added + found.added,
                total.unchanged + found.unchanged,
                total.changed + found.changed,
                total.rejected + rejected,
            )
        return total

    def end(self, kind: RecordKind) -> None:
        """Nothing to do: a service runs long enough for its database to look at its tables by itself."""


def open_service(url: str) -> Client:
    """A client of the service at an address, with the key of the settings (LEADWISE_KEY)."""
    key = Settings().key
    return Client(url, None if key is None else key.get_secret_value())


def train_at(server: str, target: str, options: FitOptions) -> ModelCard:
    """The card of a model that a service trained; it scores from now on.

    Raises:
        NotActivatedError: if it does not, with the reasons.
        JobFailedError: if no model could be trained.
    """
    with open_service(server) as client:
        job = client.models.train(
            target,
            budget_seconds=options.budget_seconds,
            algorithms=list(options.algorithms),
            seed=options.seed,
            drop=list(options.drop),
            keep=list(options.keep),
        )
        result = _wait(client, job).result or {}
        card = ModelCard.model_validate(client.models.get(result["version"]).card)
    if not result["activated"]:
        reasons = [reason["sentence"] for reason in result["reasons"] if not reason["passed"]]
        raise NotActivatedError(result["version"], reasons)
    return card


def score_at(server: str, target: str, out: Path, segments: Sequence[str]) -> None:
    """Have a service score all open leads, and write their newest scores as CSV, or those of some segments."""
    with open_service(server) as client:
        result = _wait(client, client.jobs.score(target)).result or {}
        with whole_file(out) as file, writing(out):
            for piece in client.scores.export(target, segments=segments):
                file.write(piece)
    remark(f"Version {result['version']} scored {result['scores']:,} open leads; the newest scores are in {out}.")


def _wait(client: Client, job: JobAnswer) -> JobAnswer:
    """The job when it is done, with a bar until then; a new bar where there turns out to be more to do."""
    total, steps = 0, 0
    with ExitStack() as stack:
        for found in client.jobs.follow(job.id):
            if found.progress.total != total:
                stack.close()
                total, steps = found.progress.total, 0
                progress = make_progress()
                stack.enter_context(progress)
                progress.start(total_steps=total)
            for _ in range(min(found.progress.done + 1, total) - steps):
                progress.step(found.progress.doing)
            steps = max(steps, min(found.progress.done + 1, total))
    return client.jobs.wait(job.id)


def _record(row: dict[str, object]) -> dict[str, object]:
    """A row of the importers' tables as the API takes it."""
    record = {name: value for name, value in row.items() if value is not None}
    if isinstance(fields := record.get("fields"), str):
        record["fields"] = orjson.loads(fields)
    if "lead_external_id" in record:
        record["lead"] = {"source": record.pop("lead_source"), "external_id": record.pop("lead_external_id")}
    return record
