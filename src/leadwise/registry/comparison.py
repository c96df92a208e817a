"""Two versions on the same leads: how good each is, and whom they see differently, and why."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadwise.domain.card import Metrics, ModelCard, Task
from leadwise.domain.frame import Floats
from leadwise.domain.score import Reason
from leadwise.domain.target import Target
from leadwise.features.history import definitions
from leadwise.models.margins import sigmoid
from leadwise.training.fitted_model import FittedModel
from leadwise.training.grading import grade_of
from leadwise.training.landmarks import AS_OF, EXTERNAL_ID, OUTCOME, SOURCE
from leadwise.training.metrics import conversion_metrics, value_metrics

MOVERS = 10
REASONS = 3
FEWEST_UNSEEN = 20
"""From so many leads that neither version learnt from, metrics are of those alone."""
NEWEST_SHARE = 0.2
HALF = 0.5


@dataclass(frozen=True)
class GradeChange:
    """How many leads the first version gives one grade, and the second the other."""

    before: str
    after: str
    leads: int


@dataclass(frozen=True)
class Mover:
    """A lead that the versions see differently.

    Args:
        lead: Its (source, external_id).
        before: Its probability (or value) by the first version.
        after: By the second.
        reasons: What the second version sees differently, the strongest first: `contribution` is by how much more the
            column raises the log-odds (or the value).
    """

    lead: tuple[str, str]
    before: float
    after: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Comparison:
    """Two versions on the same leads.

    Args:
        first: Its version.
        second: The other's.
        open_leads: How many open leads both scored.
        graded_otherwise: How many of them get another grade; 0 for value models, which have none.
        grade_changes: Which, the most frequent first.
        rank_correlation: Spearman's, of the two versions' scores of open leads; None where either has but one score.
        movers: Open leads whose score changed the most.
        known_leads: Rows of past leads, whose outcomes are known, that the metrics are of.
        unseen: Whether neither version can have learnt from those; if not, both look better than they are.
        first_metrics: On them; None where there are none.
        second_metrics: On them.
    """

    first: str
    second: str
    open_leads: int
    graded_otherwise: int
    grade_changes: tuple[GradeChange, ...]
    rank_correlation: float | None
    movers: tuple[Mover, ...]
    known_leads: int
    unseen: bool
    first_metrics: Metrics | None
    second_metrics: Metrics | None


def compare(
    first: FittedModel, second: FittedModel, target: Target, open_leads: pa.Table, past_leads: pa.Table
) -> Comparison:
    """What changes when the second version scores in place of the first.

    Args:
        first: For instance the active one.
        second: Of the same task.
        target: What both predict.
        open_leads: Features of open leads, with their `lead_source` and `lead_id`.
        past_leads: Features of past leads, oldest first, with `as_of` and `outcome`.
    """
    margins = [_margins(model, open_leads) for model in (first, second)]
    scores = [_scores(first.card.task, found) for found in margins]
    changes = _grade_changes(first, second, scores)
    unseen = unseen_by((first.card, second.card), past_leads, target.horizon_days)
    is_fair = unseen.num_rows >= FEWEST_UNSEEN
    known = unseen if is_fair else past_leads.slice(round(past_leads.num_rows * (1 - NEWEST_SHARE)))
    return Comparison(
        first=first.card.model_version,
        second=second.card.model_version,
        open_leads=open_leads.num_rows,
        graded_otherwise=sum(change.leads for change in changes),
        grade_changes=changes,
        rank_correlation=_rank_correlation(*scores),
        movers=_movers(first, second, target, open_leads, scores),
        known_leads=known.num_rows,
        unseen=is_fair,
        first_metrics=measure(first, known),
        second_metrics=measure(second, known),
    )


def unseen_by(cards: tuple[ModelCard, ...], past_leads: pa.Table, horizon_days: float) -> pa.Table:
    """The rows of past leads whose outcome was not settled when any of the models was made."""
    made_at = max(card.created_at for card in cards)
    settled = pa.scalar(made_at - timedelta(days=horizon_days), pa.timestamp("us", tz="UTC"))
    return past_leads.filter(pc.greater(past_leads[AS_OF], settled))


def measure(model: FittedModel, past_leads: pa.Table) -> Metrics | None:
    """The model's metrics on rows with an outcome; None where there are none."""
    if not past_leads.num_rows:
        return None
    outcome = np.asarray(pc.cast(past_leads[OUTCOME], pa.float64()).to_numpy(), dtype=np.float64)
    margins = _margins(model, past_leads)
    if model.card.task is Task.CONVERSION:
        threshold = HALF if model.card.threshold is None else model.card.threshold
        return conversion_metrics(outcome, sigmoid(margins), threshold, seed=0)
    assert model.intervals is not None
    return value_metrics(outcome, margins, *model.intervals.around(margins), seed=0)


def _margins(model: FittedModel, table: pa.Table) -> Floats:
    return model.margins(model.encode(table)) if table.num_rows else np.zeros(0)


def _scores(task: Task, margins: Floats) -> Floats:
    return sigmoid(margins) if task is Task.CONVERSION else margins


def _grade_changes(first: FittedModel, second: FittedModel, scores: list[Floats]) -> tuple[GradeChange, ...]:
    if not (first.card.grades and second.card.grades):
        return ()
    before, after = (
        grade_of(found, {grade.grade: grade.minimum_probability for grade in model.card.grades}).tolist()
        for model, found in zip((first, second), scores, strict=True)
    )
    counts: dict[tuple[str, str], int] = {}
    for pair in zip(before, after, strict=True):
        if pair[0] != pair[1]:
            counts[pair] = counts.get(pair, 0) + 1
    return tuple(GradeChange(*pair, count) for pair, count in sorted(counts.items(), key=lambda item: (-item[1], item)))


def _rank_correlation(before: Floats, after: Floats) -> float | None:
    from scipy.stats import spearmanr  # noqa: PLC0415 - heavy libraries load when used

    if len(before) < 2 or np.ptp(before) == 0 or np.ptp(after) == 0:  # noqa: PLR2004 - one lead has no rank
        return None
    return float(spearmanr(before, after).statistic)


def _movers(
    first: FittedModel, second: FittedModel, target: Target, leads: pa.Table, scores: list[Floats]
) -> tuple[Mover, ...]:
    before, after = scores
    moved = np.argsort(-np.abs(after - before), kind="stable")[:MOVERS]
    moved = moved[after[moved] != before[moved]]
    if not len(moved):
        return ()
    rows = leads.take(pa.array(moved))
    reasons = _differences(first, second, target, rows)
    return tuple(
        Mover(
            lead=(str(rows[SOURCE][row]), str(rows[EXTERNAL_ID][row])),
            before=float(before[place]),
            after=float(after[place]),
            reasons=reasons[row],
        )
        for row, place in enumerate(moved)
    )


def _differences(first: FittedModel, second: FittedModel, target: Target, rows: pa.Table) -> list[tuple[Reason, ...]]:
    """By row, the columns whose contributions differ the most."""
    by_name = {column.name: column for column in definitions(target)}
    names = [name for name in by_name if name in rows.column_names]
    difference = _by_column(second, rows, names) - _by_column(first, rows, names)
    order = np.argsort(-np.abs(difference), axis=1, kind="stable")[:, :REASONS]
    return [
        tuple(
            Reason(
                names[place],
                by_name[names[place]].sentence(rows[names[place]][row].as_py()),
                float(difference[row, place]),
            )
            for place in order[row]
            if difference[row, place]
        )
        for row in range(rows.num_rows)
    ]


def _by_column(model: FittedModel, rows: pa.Table, names: list[str]) -> Floats:
    """Contributions, shape (rows, names); 0 of columns that the model does not know."""
    contributions = model.explain(model.encode(rows)).contributions
    place = {column.name: index for index, column in enumerate(model.columns)}
    found = np.zeros((rows.num_rows, len(names)))
    for index, name in enumerate(names):
        if name in place:
            found[:, index] = contributions[:, place[name]]
    return found
