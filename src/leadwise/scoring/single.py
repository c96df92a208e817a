"""The score of one lead in a fraction of a millisecond: what `scorer` gives for a table of this one row."""

from collections.abc import Mapping
from dataclasses import dataclass

from leadwise.domain.card import Task
from leadwise.domain.frame import Floats, Frame
from leadwise.domain.score import Reason
from leadwise.features.row_encoding import RowEncoder, cell_text
from leadwise.models.margins import sigmoid
from leadwise.scoring.reasons import CellSentences, strongest
from leadwise.training.fitted_model import FittedModel
from leadwise.training.intervals import ValueIntervals
from leadwise.training.score_intervals import ScoreIntervals


@dataclass(frozen=True)
class RowScore:
    """The score of one row, as of now.

    Args:
        id: The canonical text of the model's id column; None where there is none.
        probability: 0 to 1; None for a value model.
        probability_low: The conversion rate of leads with such a score lies between this and `probability_high` four
            times of five; None for a value model, and where the model file is older than this.
        probability_high: See there.
        value: Predicted amount, with an interval for four of five customers; None for a conversion model.
        value_low: Its lower end.
        value_high: Its upper end.
        grade: A to D; None for a value model.
        action: What to do next.
        base: Where the score starts, in log-odds (or value): base plus the contributions of all columns is the score.
        reasons: The strongest first; columns that change nothing are none.
        model_version: The model that gave it.
    """

    id: str | None
    probability: float | None
    probability_low: float | None
    probability_high: float | None
    value: float | None
    value_low: float | None
    value_high: float | None
    grade: str | None
    action: str
    base: float
    reasons: tuple[Reason, ...]
    model_version: str


class RowScorer:
    """Scores single rows by one model. Safe to share between threads."""

    def __init__(self, model: FittedModel) -> None:
        self._model = model
        self._encoder = RowEncoder(model.columns)
        self._features = model.features
        self._sentences = [CellSentences(column) for column in model.columns]

    def score(self, row: Mapping[str, object], *, reasons: int = 3, exact: bool = False) -> RowScore:
        """The score of a row.

        Args:
            row: Raw values by column name; an absent one counts as not given.
            reasons: How many reasons to give at most.
            exact: Whether contributions must be Shapley values, which take longer.
        """
        card = self._model.card
        explanation = self._model.explain_row(Frame(self._features, self._encoder.encode(row)[None]), exact=exact)
        contributions = explanation.contributions[0]
        margin = explanation.margins
        probability = value = low = high = grade = None
        rates: tuple[float | None, float | None] = (None, None)
        if card.task is Task.CONVERSION:
            probability = float(sigmoid(margin)[0])
            reached = next(grade for grade in card.grades if probability >= grade.minimum_probability)
            grade, action = reached.grade, reached.action
            if self._model.score_intervals is not None:
                rates = _ends(self._model.score_intervals, margin)
        else:
            assert self._model.intervals is not None
            amount = self._model.amounts(margin)
            value, (low, high) = float(amount[0]), _ends(self._model.intervals, amount)
            bands = card.value_bands
            action = next((band.action for band in bands if value >= band.minimum_value), bands[-1].action)
        return RowScore(
            id=cell_text(row.get(card.data.id_column)) if card.data.id_column is not None else None,
            probability=probability,
            probability_low=rates[0],
            probability_high=rates[1],
            value=value,
            value_low=low,
            value_high=high,
            grade=grade,
            action=action,
            base=explanation.base,
            reasons=self._reasons(row, contributions, reasons),
            model_version=card.model_version,
        )

    def _reasons(self, row: Mapping[str, object], contributions: Floats, most: int) -> tuple[Reason, ...]:
        columns = self._model.columns
        chosen = strongest(contributions[None], most)[0].tolist()
        return tuple(
            Reason(columns[at].name, self._sentences[at](row.get(columns[at].name)), float(contributions[at]))
            for at in chosen
            if contributions[at] != 0
        )


def _ends(intervals: ScoreIntervals | ValueIntervals, margin: Floats) -> tuple[float, float]:
    """Lower and upper end for one margin."""
    low, high = intervals.around(margin)
    return float(low[0]), float(high[0])
