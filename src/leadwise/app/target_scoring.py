"""Scores of a target's open leads: into a file, and appended to those in the store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Connection

from leadwise.app.target_session import TargetSession
from leadwise.domain.segments import Segments
from leadwise.domain.target import Target
from leadwise.features.history import definitions
from leadwise.models.algorithm import Explanation
from leadwise.registry.versions import ModelVersions
from leadwise.scoring.changes import with_changes
from leadwise.scoring.open_leads import compute_scores
from leadwise.store.scores import ScoreRepository
from leadwise.store.segments import SegmentRepository
from leadwise.training.feature_store.refreshing import fingerprint
from leadwise.training.fitted_model import FittedModel
from leadwise.training.landmarks import EXTERNAL_ID, SOURCE, open_lead_table

SCORES_AT_ONCE = 5_000


@dataclass(frozen=True)
class OpenLeads:
    """The features of all leads that were open as of an instant (`landmarks.open_lead_table`), and what made them."""

    target: Target
    as_of: datetime
    features: pa.Table


def active_model(session: TargetSession) -> FittedModel:
    """The model that scores for the target now.

    Raises:
        NoActiveModelError: if there is none.
    """
    with session.database.transaction(session.organisation) as connection:
        return ModelVersions(connection, session.blueprint.target.name, session.organisation).get_active()


def open_leads(session: TargetSession, model: FittedModel) -> OpenLeads:
    """The open leads as of the newest snapshot, with features by the definitions that the model was fitted with."""
    snapshot = session.snapshot()
    target = model.target or session.target
    if fingerprint(target) == snapshot.fingerprint:
        return OpenLeads(target, snapshot.as_of, snapshot.features)
    session.say("Definitions have changed since the model was fitted, so its features are computed as they were then.")
    history = session.read(target=target)
    return OpenLeads(target, snapshot.as_of, open_lead_table(target, history, session.engine, as_of=snapshot.as_of))


def within(session: TargetSession, leads: OpenLeads, wanted: Segments) -> OpenLeads:
    """The open leads that are in all of these segments, by what was known of their fields as of the snapshot.

    Raises:
        UnknownSegmentValueError: if no lead has one of the values.
    """
    if not wanted:
        return leads
    with session.database.transaction(session.organisation) as connection:
        names = SegmentRepository(connection, session.organisation, leads.target, leads.as_of).find_names(wanted)
    pairs = zip(leads.features[SOURCE].to_pylist(), leads.features[EXTERNAL_ID].to_pylist(), strict=True)
    return replace(leads, features=leads.features.filter(pa.array([pair in names for pair in pairs], pa.bool_())))


def rows_to_score(leads: OpenLeads) -> pa.Table:
    """The open leads' features, with the identifier that scores name them by."""
    return leads.features.select([EXTERNAL_ID, *(each.name for each in definitions(leads.target))])


@dataclass(frozen=True)
class StoredScores:
    """How many were stored, and the probabilities that they say; none of a model of value."""

    count: int
    probabilities: tuple[float, ...]


def store_scores(
    session: TargetSession,
    connection: Connection,
    model: FittedModel,
    leads: OpenLeads,
    *,
    exact: bool = False,
    explained: Iterator[Explanation] | None = None,
    hear: Callable[[pa.Table, Explanation], None] | None = None,
) -> StoredScores:
    """Append a score of each open lead, with all reasons, and why it differs from the one before.

    A lead that was erased after the features were read gets none.

    Args:
        session: The target at work.
        connection: Whose transaction.
        model: What scores them.
        leads: The open leads.
        exact: Whether contributions must be Shapley values.
        explained: The explanations, `SCORES_AT_ONCE` rows at once, where they were made elsewhere.
        hear: Gets the rows piece by piece, as `rows_to_score` has them, with the model's explanation of them.
    """
    total, stored, rows = leads.features.num_rows, 0, rows_to_score(leads)
    probabilities: list[float] = []
    with session.progress() as progress:
        scores = ScoreRepository(connection, session.organisation)
        progress.start(total_steps=-(-total // SCORES_AT_ONCE))
        for start in range(0, total, SCORES_AT_ONCE):
            piece = leads.features.slice(start, SCORES_AT_ONCE)
            progress.step(f"scoring leads {start + 1:,} to {start + piece.num_rows:,}")
            explanation = next(explained) if explained else model.explain(model.encode(piece), exact=exact)
            if hear is not None:
                hear(rows.slice(start, SCORES_AT_ONCE), explanation)
            found = compute_scores(model, leads.target, piece, leads.as_of, explanation)
            told = with_changes(connection, session.organisation, leads.target, found, piece, session.engine)
            stored += scores.add_many(told).added
            probabilities += [each.probability for each in told if each.probability is not None]
        progress.finish()
    return StoredScores(stored, tuple(probabilities))
