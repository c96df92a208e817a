"""Scores as the native API answers and exports them."""

from collections.abc import Sequence
from dataclasses import asdict

import pyarrow as pa

from leadwise.app.service.native.records import named
from leadwise.domain.score import Score
from leadwise.web.api.v2.shapes.scores import ChangeAnswer, ReasonAnswer, ScoreAnswer

EXPORTED_REASONS = 3
_TEXT: pa.DataType = pa.string()
_NUMBER: pa.DataType = pa.float64()
_STAMP: pa.DataType = pa.timestamp("s", tz="UTC")
CSV_SCHEMA = pa.schema(
    [
        ("lead_source", _TEXT),
        ("lead_id", _TEXT),
        ("as_of", _STAMP),
        ("probability", _NUMBER),
        ("value", _NUMBER),
        ("grade", _TEXT),
        ("action", _TEXT),
        *((f"reason_{place + 1}", _TEXT) for place in range(EXPORTED_REASONS)),
        ("model_version", _TEXT),
    ]
)


def score_answer(score: Score) -> ScoreAnswer:
    """A score of the ledger."""
    return ScoreAnswer(
        lead=named(score.lead),
        target=score.target,
        as_of=score.as_of,
        recorded_at=score.recorded_at,
        model_version=score.model_version,
        probability=score.probability,
        value=score.value,
        grade=score.grade,
        action=score.action,
        base=score.base,
        reasons=[ReasonAnswer(**asdict(reason)) for reason in score.reasons],
        inputs=score.inputs,
        change=None if score.change is None else ChangeAnswer.model_validate(asdict(score.change)),
    )


def csv_table(scores: Sequence[Score]) -> pa.Table:
    """Scores as rows of `CSV_SCHEMA`."""
    return pa.Table.from_pylist(
        [
            {
                "lead_source": score.lead[0],
                "lead_id": score.lead[1],
                "as_of": score.as_of,
                "probability": score.probability,
                "value": score.value,
                "grade": score.grade,
                "action": score.action,
                **{f"reason_{at + 1}": reason.sentence for at, reason in enumerate(score.reasons[:EXPORTED_REASONS])},
                "model_version": score.model_version,
            }
            for score in scores
        ],
        CSV_SCHEMA,
    )
