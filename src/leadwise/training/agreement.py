"""How close a model's everyday contributions come to Shapley values, measured on rows of the test set."""

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.card import ReasonAgreement
from leadwise.domain.frame import Floats, Frame
from leadwise.training.fitted_model import FittedModel

LEAST_CORRELATION = 0.95
"""Below it the approximation is not used."""
FEWEST_ROWS, MOST_ROWS = 40, 200
ROWS_PER_SECOND_OF_BUDGET = 3
"""Shapley values of a large ensemble take some 20 ms a row, so that this is about a twentieth of the budget."""
SAME_WITHIN = 1e-9


def measure_agreement(model: FittedModel, frame: Frame, budget_seconds: float) -> ReasonAgreement:
    """The agreement on rows that are spread evenly over the frame; so many as the budget allows.

    Args:
        model: The model, set to everyday contributions.
        frame: Rows to explain, in their order.
        budget_seconds: What fitting may take as a whole.
    """
    most = int(np.clip(budget_seconds * ROWS_PER_SECOND_OF_BUDGET, FEWEST_ROWS, MOST_ROWS))
    sample = frame.take(np.unique(np.linspace(0, len(frame) - 1, most).astype(np.intp)))
    everyday = model.explain(sample).contributions
    exact = model.explain(sample, exact=True).contributions
    by_column = {
        column.name: correlation(everyday[:, index], exact[:, index]) for index, column in enumerate(model.columns)
    }
    overall = correlation(everyday, exact)
    agreement = ReasonAgreement(
        rows=len(sample),
        correlation=overall,
        by_column=by_column,
        same_strongest=float(np.mean(_strongest(everyday) == _strongest(exact))),
        exact_by_default=overall < LEAST_CORRELATION,
        sentence="",
    )
    same = bool(np.allclose(everyday, exact, rtol=0, atol=SAME_WITHIN * max(1.0, float(np.abs(exact).max(initial=0)))))
    return agreement.model_copy(update={"sentence": _sentence(agreement, same=same)})


def correlation(everyday: Floats, exact: Floats) -> float:
    """Pearson's correlation of all entries; 1 where the two are the same, 0 where only one of them varies.

    >>> correlation(np.zeros(3), np.zeros(3)), correlation(np.zeros(3), np.arange(3.0))
    (1.0, 0.0)
    """
    if np.array_equal(everyday, exact):
        return 1.0
    moved, other = everyday - everyday.mean(), exact - exact.mean()
    scale = float(np.sqrt((moved**2).sum() * (other**2).sum()))
    return float((moved * other).sum() / scale) if scale else 0.0


def _strongest(contributions: Floats) -> NDArray[np.intp]:
    """Each row's strongest column; 0 where there is no column."""
    return np.abs(contributions).argmax(axis=1) if contributions.size else np.zeros(len(contributions), dtype=np.intp)


def _sentence(agreement: ReasonAgreement, *, same: bool) -> str:
    if same:
        return "Contributions are exact Shapley values: what a column adds does not depend on the others."
    rows = "1 test row" if agreement.rows == 1 else f"{agreement.rows:,} test rows"
    measured = (
        f"on {rows} they correlate {agreement.correlation:.3f} with exact Shapley values, and the strongest reason is "
        f"the same for {agreement.same_strongest:.0%} of rows"
    )
    if agreement.exact_by_default:
        return (
            f"Contributions are exact Shapley values, because the fast approximation is too far off: {measured} "
            f"({LEAST_CORRELATION} is asked for)."
        )
    return f"Contributions are a fast approximation: {measured}. `leadwise score --exact` gives the exact ones."
