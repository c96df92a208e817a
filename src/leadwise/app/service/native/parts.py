"""All parts that the native API asks, wired."""

from leadwise.app.service.native.administration import StoredAdministration
from leadwise.app.service.native.jobs import StoredJobs
from leadwise.app.service.native.kept_answers import StoredAnswers
from leadwise.app.service.native.models import StoredModels
from leadwise.app.service.native.records import StoredRecords
from leadwise.app.service.native.scores import StoredScores
from leadwise.app.service.native.targets import Targets
from leadwise.app.settings import Settings
from leadwise.scoring.active_models import ActiveModels
from leadwise.store.database import Database
from leadwise.training.feature_store.folders import open_folder
from leadwise.web.api.asks import Limits, Predictions
from leadwise.web.api.v2.asks import Native


def native_parts(database: Database, models: ActiveModels, predictions: Predictions, limits: Limits) -> Native:
    """The parts, which share a database, the models in memory, and the feature store of the settings.

    Args:
        database: Where everything is.
        models: What scores now.
        predictions: Scores what callers send.
        limits: What a caller may ask for.
    """
    targets, snapshots = Targets(), open_folder(Settings().feature_store_place)
    return Native(
        limits=limits,
        predictions=predictions,
        answers=StoredAnswers(database),
        records=StoredRecords(database),
        scores=StoredScores(database, models, targets),
        models=StoredModels(database, targets, snapshots),
        jobs=StoredJobs(database, targets),
        administration=StoredAdministration(database, snapshots),
    )
