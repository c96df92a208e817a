"""The open leads, scored by the active model and stored: each score with reasons in the words of the business."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from leadwise.domain.clock import now
from leadwise.domain.frame import Floats
from leadwise.domain.score import Reason, Score
from leadwise.domain.target import Target
from leadwise.features.engines import Engine
from leadwise.features.history import definitions
from leadwise.models.algorithm import Explanation
from leadwise.registry.versions import ModelVersions
from leadwise.scoring.changes import with_changes
from leadwise.scoring.reasons import strongest
from leadwise.scoring.requests import fingerprint
from leadwise.scoring.scorer import judge
from leadwise.store.history import read_history
from leadwise.store.results import AddResult
from leadwise.store.scores import ScoreRepository
from leadwise.store.tables import DEFAULT_ORGANISATION
from leadwise.training.fitted_model import FittedModel
from leadwise.training.landmarks import EXTERNAL_ID, SOURCE, open_lead_table

LeadWords = Mapping[str, str]
"""What sales reads of each column of one lead, by column name."""


def score_open_leads(
    connection: Connection,
    target: Target,
    as_of: datetime,
    engine: Engine,
    organisation: str = DEFAULT_ORGANISATION,
) -> AddResult:
    """Append a score as of an instant for each lead that was open then, by the model that is active now.

    Features are made by the target that is stored with the model, if one is, and come from the given engine. Each score
    says why it differs from the lead's one before.

    Raises:
        NoActiveModelError: if no model is active for the target.
    """
    model = ModelVersions(connection, target.name, organisation).get_active()
    target = model.target or target
    history = read_history(connection, organisation, target)
    table = open_lead_table(target, history, engine, as_of=as_of)
    scores = compute_scores(model, target, table, as_of)
    told = with_changes(connection, organisation, target, scores, table, engine)
    return ScoreRepository(connection, organisation).add_many(told)


def compute_scores(
    model: FittedModel, target: Target, table: pa.Table, as_of: datetime, explanation: Explanation | None = None
) -> list[Score]:
    """A score for each row of `open_lead_table`, in its order.

    All columns with a part in a score are among its reasons, so that they and `base` add up to its log-odds.
    `explanation` is what the model's `explain` gave for these rows, where the caller has it.
    """
    if not table.num_rows:
        return []
    explanation = explanation or model.explain(model.encode(table))
    found = judge(model, explanation.margins)
    rows = pa.table({name: found[name] for name in ("probability", "value", "grade", "action") if name in found})
    words, recorded_at = _in_words(target, table), now()
    inputs = table.select([column.name for column in model.columns if column.name in table.column_names]).to_pylist()
    return [
        Score(
            lead=(str(table[SOURCE][row]), str(table[EXTERNAL_ID][row])),
            target=target.name,
            as_of=as_of,
            recorded_at=recorded_at,
            model_version=model.card.model_version,
            probability=worth.get("probability"),
            value=worth.get("value"),
            grade=worth.get("grade"),
            action=worth["action"],
            base=explanation.base,
            reasons=_reasons(model, explanation.contributions[row], words[row]),
            inputs=fingerprint(inputs[row]),
        )
        for row, worth in enumerate(rows.to_pylist())
    ]


def _in_words(target: Target, table: pa.Table) -> list[LeadWords]:
    sentences = {
        column.name: [column.sentence(value) for value in table.column(column.name).to_pylist()]
        for column in definitions(target)
    }
    return [dict(zip(sentences, row, strict=True)) for row in zip(*sentences.values(), strict=True)]


def _reasons(model: FittedModel, contributions: Floats, words: LeadWords) -> tuple[Reason, ...]:
    """The reasons of one lead, the strongest first; columns that do not matter to it are left out."""
    order = strongest(contributions[np.newaxis], len(contributions))[0]
    names = [column.name for column in model.columns]
    return tuple(
        Reason(names[index], words[names[index]], float(contributions[index]))
        for index in order
        if contributions[index]
    )
