"""Scores of stored leads: out of the ledger, and made now."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Connection

from leadwise.app.service.native.explaining import explain
from leadwise.app.service.native.records import named
from leadwise.app.service.native.score_answers import CSV_SCHEMA, csv_table, score_answer
from leadwise.app.service.native.targets import Targets
from leadwise.connectors.tables.csv_stream import csv_pieces
from leadwise.domain.access import Caller
from leadwise.domain.clock import now
from leadwise.domain.history import MOMENTS, microseconds
from leadwise.domain.score import Score
from leadwise.domain.segments import read_segments
from leadwise.domain.target import Target
from leadwise.features.engines import Engine
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.history import compute
from leadwise.registry.versions import NoActiveModelError
from leadwise.scoring.active_models import ActiveModels
from leadwise.scoring.changes import with_changes
from leadwise.scoring.lead_history import read_leads
from leadwise.scoring.open_leads import compute_scores
from leadwise.scoring.requests import ModelScorer
from leadwise.store.audit import AuditAction, AuditRepository
from leadwise.store.database import Database
from leadwise.store.listing import LeadName, Listing
from leadwise.store.score_pages import LedgerRow, RankedAfter, ScoreFilter, ScorePages
from leadwise.store.scores import ScoreRepository
from leadwise.store.segments import SegmentRepository
from leadwise.training.fitted_model import FittedModel
from leadwise.training.landmarks import moment_table
from leadwise.training.stamps import whole
from leadwise.web.api.v2.asks import WantedScores
from leadwise.web.api.v2.paging import Listed, Place
from leadwise.web.api.v2.shapes.scores import ExplanationAnswer, LeadScoresAnswer, RejectedLead, ScoreAnswer

EXPORTED_AT_ONCE = 2_000


class StoredScores:
    """The ledger by organisation and target.

    Args:
        database: Where it is.
        models: What scores now.
        targets: What can be predicted.
    """

    def __init__(self, database: Database, models: ActiveModels, targets: Targets) -> None:
        self._database, self._models, self._targets = database, models, targets
        self._engine = DuckDBEngine()  # keeps the statements that it has run

    def score_leads(self, organisation: str, target: str, leads: Sequence[LeadName]) -> LeadScoresAnswer:
        """Score stored leads now, and append the scores."""
        shipped = self._targets.get(target).target
        model = self._model(organisation, target)
        with self._database.transaction(organisation) as connection:
            numbers = Listing(connection, organisation).find_numbers(leads, shipped.entity)
            known = sorted(set(numbers.values()))
            scores = _score(connection, organisation, model.target or shipped, model, known, self._engine)
            added = ScoreRepository(connection, organisation).add_many(scores)
        gone = {(rejection.source, rejection.external_id) for rejection in added.rejected}
        return LeadScoresAnswer(
            scores=[score_answer(score) for score in scores if score.lead not in gone],
            rejected=[
                RejectedLead(lead=named(lead), reason=f'There is no lead "{lead[1]}" from "{lead[0]}" to be scored.')
                for lead in dict.fromkeys(leads)
                if lead not in numbers or lead in gone
            ],
        )

    def list_newest(
        self, organisation: str, target: str, wanted: WantedScores, limit: int, after: Place | None
    ) -> Sequence[Listed[ScoreAnswer]]:
        """Each lead's newest score, the best first; a place is (newest row, worth, number of the lead)."""
        with self._database.transaction(organisation) as connection:
            pages = ScorePages(connection, organisation, target)
            until = pages.newest_id() if after is None else int(after[0])
            seen = None if after is None else RankedAfter(float(after[1]), int(after[2]))
            rows = pages.list_newest(
                limit, until=until, after=seen, wanted=self._filter(connection, organisation, target, wanted)
            )
        return [Listed((until, float(row.worth or 0.0), row.lead_id), score_answer(row.score)) for row in rows]

    def list_history(
        self, organisation: str, target: str, lead: LeadName, limit: int, after: Place | None, as_of: datetime | None
    ) -> Sequence[Listed[ScoreAnswer]]:
        """A lead's scores, the newest first; a place is (number)."""
        with self._database.transaction(organisation) as connection:
            Listing(connection, organisation).get_lead(lead)
            pages = ScorePages(connection, organisation, target)
            seen: LedgerRow | None = None if after is None else next(iter(pages.list_rows([int(after[0])])), None)
            rows = [] if after is not None and seen is None else pages.list_history(lead, limit, seen, as_of)
        return [Listed((row.id,), score_answer(row.score)) for row in rows]

    def explain(self, organisation: str, target: str, lead: LeadName, as_of: datetime | None) -> ExplanationAnswer:
        """The score of a lead that was in force, down to single facts."""
        shipped = self._targets.get(target).target
        scorer = self._models.get(organisation, target).scorer
        predicted = (scorer.model.target if isinstance(scorer, ModelScorer) else None) or shipped
        with self._database.transaction(organisation) as connection:
            return explain(connection, organisation, predicted, lead, as_of)

    def export(self, caller: Caller, target: str, wanted: WantedScores) -> Iterator[bytes]:
        """Each lead's newest score as CSV, piece by piece. The audit names who asked."""
        organisation = caller.organisation
        with self._database.transaction(organisation) as connection:
            pages = ScorePages(connection, organisation, target)
            ids = pages.list_newest_ids(pages.newest_id(), self._filter(connection, organisation, target, wanted))
            as_of = None if wanted.as_of is None else wanted.as_of.isoformat()
            asked = {"rows": len(ids), "grade": wanted.grade, "segments": list(wanted.segments), "as_of": as_of}
            AuditRepository(connection, organisation).add(AuditAction.EXPORT, target, caller.name, asked)
        return csv_pieces(CSV_SCHEMA, self._tables(organisation, target, ids))

    def _filter(self, connection: Connection, organisation: str, target: str, wanted: WantedScores) -> ScoreFilter:
        if not wanted.segments:
            return ScoreFilter(wanted.grade, None, wanted.as_of)
        predicted = self._targets.get(target).target
        segments = SegmentRepository(connection, organisation, predicted, wanted.as_of)
        return ScoreFilter(wanted.grade, segments.find_leads(read_segments(predicted, wanted.segments)), wanted.as_of)

    def _tables(self, organisation: str, target: str, ids: Sequence[int]) -> Iterator[pa.Table]:
        """The rows of these numbers; no transaction lasts longer than a piece."""
        for start in range(0, len(ids), EXPORTED_AT_ONCE):
            with self._database.transaction(organisation) as connection:
                pages = ScorePages(connection, organisation, target)
                rows = pages.list_rows(ids[start : start + EXPORTED_AT_ONCE])
            yield csv_table([row.score for row in rows])

    def _model(self, organisation: str, target: str) -> FittedModel:
        scorer = self._models.get(organisation, target).scorer
        if not isinstance(scorer, ModelScorer):
            raise NoActiveModelError(target)
        return scorer.model


def _score(
    connection: Connection,
    organisation: str,
    target: Target,
    model: FittedModel,
    leads: Sequence[int],
    engine: Engine,
) -> list[Score]:
    """A score of each of these leads, by all that is known of it now."""
    as_of = now()
    instant = microseconds(as_of)
    history = read_leads(connection, organisation, target, leads, [instant])
    lead, occurred_at, recorded_at = whole(history.leads, "lead", "occurred_at", "recorded_at")
    known = lead[(occurred_at <= instant) & (recorded_at <= instant)].tolist()
    moments = pa.table([known, [instant] * len(known)], schema=MOMENTS)
    features = compute(target, history, moments, engine).drop_columns(MOMENTS.names)
    table = moment_table(history, moments, features)
    return with_changes(connection, organisation, target, compute_scores(model, target, table, as_of), table, engine)
