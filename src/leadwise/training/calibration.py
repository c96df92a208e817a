"""Whether probabilities held: what became of leads by their probability, and a test of all of them together."""

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.card import Calibration, Interval, ReliabilityBand
from leadwise.domain.frame import Floats
from leadwise.models.algorithm import counted_by_group
from leadwise.models.margins import sigmoid
from leadwise.training.scaling_choice import likelihood, method_of
from leadwise.training.scaling_fits import fit_platt
from leadwise.training.scalings import PlattScaling, Scaling

BANDS = 10
Z95 = 1.959964
PASS_LEVEL = 0.01
EN_DASH = "\N{EN DASH}"


def reliability_table(target: Floats, probability: Floats) -> tuple[ReliabilityBand, ...]:
    """What became of the rows in each tenth of probability; bands without rows are left out."""
    band = np.minimum((probability * BANDS).astype(np.int64), BANDS - 1)
    return tuple(
        _band(number / BANDS, (number + 1) / BANDS, target[band == number], probability[band == number])
        for number in np.unique(band)
    )


def _band(low: float, high: float, target: Floats, probability: Floats) -> ReliabilityBand:
    won, rows = int(target.sum()), len(target)
    return ReliabilityBand(
        low=low,
        high=high,
        count=rows,
        predicted=float(probability.mean()),
        observed=won / rows,
        observed_interval=wilson_interval(won, rows),
        sentence=f"Of {leads(rows)} scored {100 * low:.0f}{EN_DASH}{high:.0%}, {won:,} converted.",
    )


def leads(number: int) -> str:
    """A count of leads, in words.

    >>> leads(1), leads(1532)
    ('1 lead', '1,532 leads')
    """
    return "1 lead" if number == 1 else f"{number:,} leads"


def wilson_interval(won: float, rows: float) -> Interval:
    """95% interval of a rate (Wilson 1927).

    >>> tuple(round(end, 3) for end in wilson_interval(8, 10))
    (0.49, 0.943)
    """
    rate, square = won / rows, Z95**2
    centre = (rate + square / (2 * rows)) / (1 + square / rows)
    half = Z95 * np.sqrt(rate * (1 - rate) / rows + square / (4 * rows**2)) / (1 + square / rows)
    return float(max(centre - half, 0.0)), float(min(centre + half, 1.0))


def check_calibration(
    target: Floats,
    margin: Floats,
    scaling: Scaling,
    *,
    group: NDArray[np.int64] | None = None,
    held_out: bool = True,
) -> Calibration:
    """Whether rows contradict the calibrated log-odds.

    A line through them, `a * margin + b`, is compared with the promised `a = 1, b = 0` by a likelihood ratio with two
    degrees of freedom (Cox 1958; Miller et al. 1991).

    Args:
        target: 1 won, 0 not.
        margin: Calibrated log-odds.
        scaling: What calibrated them.
        group: A label for each row. Rows of one lead tell of one outcome, so together they count as one.
        held_out: Whether the model had not seen the rows.
    """
    from scipy.stats import chi2  # noqa: PLC0415 - heavy libraries load when used

    weight = counted_by_group(group, len(target))
    fitted = fit_platt(margin, target, weight).apply(margin)
    gain = likelihood(target, fitted, weight) - likelihood(target, margin, weight)
    p_value = float(chi2.sf(2 * gain, df=2))
    passed = p_value >= PASS_LEVEL
    expected, won = sigmoid(margin).sum(), target.sum()
    verdict = (
        "the probabilities can be taken at their word" if passed else "do not take the probabilities at their word"
    )
    return Calibration(
        method=method_of(scaling),
        slope=scaling.slope if isinstance(scaling, PlattScaling) else None,
        intercept=scaling.intercept if isinstance(scaling, PlattScaling) else None,
        passed=passed,
        p_value=min(p_value, 1.0),
        sentence=(
            f"On {len(target):,} {'rows' if group is not None else 'leads'} that the model had "
            f"{'not ' if held_out else ''}seen, it expected {expected:,.0f} conversions and {won:,.0f} happened: "
            f"{verdict}."
        ),
    )
