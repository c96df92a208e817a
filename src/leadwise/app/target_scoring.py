"""Scores of a target's open leads: into a file, and appended to those in the store."""

import pyarrow as pa

from leadwise.app.target_session import TargetSession
from leadwise.features.history import definitions
from leadwise.registry.versions import ModelVersions
from leadwise.scoring.open_leads import compute_scores
from leadwise.store.scores import ScoreRepository
from leadwise.training.feature_store.snapshot import Snapshot
from leadwise.training.fitted_model import FittedModel
from leadwise.training.landmarks import EXTERNAL_ID

SCORES_AT_ONCE = 5_000


def active_model(session: TargetSession) -> FittedModel:
    """The model that scores for the target now.

    Raises:
        NoActiveModelError: if there is none.
    """
    with session.database.transaction() as connection:
        return ModelVersions(connection, session.blueprint.target.name, session.organisation).get_active()


def rows_to_score(session: TargetSession, snapshot: Snapshot) -> pa.Table:
    """The open leads' features, with the identifier that scores name them by."""
    names = [each.name for each in definitions(session.blueprint.target)]
    return snapshot.features.select([EXTERNAL_ID, *names])


def store_scores(session: TargetSession, model: FittedModel, snapshot: Snapshot) -> int:
    """Append a score of each open lead, with all reasons in the words of the business; gives how many.

    A lead that was erased after the snapshot was read gets none.
    """
    target, organisation = session.blueprint.target, session.organisation
    total, stored = snapshot.features.num_rows, 0
    with session.database.transaction() as connection, session.progress() as progress:
        scores = ScoreRepository(connection, organisation)
        progress.start(total_steps=-(-total // SCORES_AT_ONCE))
        for start in range(0, total, SCORES_AT_ONCE):
            piece = snapshot.features.slice(start, SCORES_AT_ONCE)
            progress.step(f"storing scores {start + 1:,} to {start + piece.num_rows:,}")
            stored += scores.add_many(compute_scores(model, target, piece, snapshot.as_of)).added
        progress.finish()
    return stored
