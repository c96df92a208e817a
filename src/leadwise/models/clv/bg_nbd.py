"""BG/NBD: customers buy at random at a rate of their own, and after any purchase may be gone for good.

Purchases follow a Poisson process while a customer is active; rates are gamma distributed over customers (shape `r`,
rate `alpha`); after each purchase the customer leaves with a probability that is beta distributed (`a`, `b`).

Sources: Fader, Hardie and Lee 2005, "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model,
Marketing Science 24(2); Fader and Hardie 2008, Computing P(alive) Using the BG/NBD Model.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Floats
from leadwise.models.clv.beta_quadrature import beta_rule
from leadwise.models.clv.maximum_likelihood import maximise
from leadwise.models.clv.summary import PurchaseSummary

NAMES = ("r", "alpha", "a", "b")
STARTS = ((0.25, 0.2, 0.8, 2.5), (1.0, 1.0, 1.0, 1.0), (0.5, 0.05, 0.1, 5.0))
"""Times in mean ages: the first is the kind of customers that the paper has, the last hardly ever leave."""
BOUNDS = ((1e-3, 1e3), (1e-4, 1e4), (1e-4, 1e3), (1e-3, 1e4))


@dataclass(frozen=True)
class BgNbd:
    """A fitted BG/NBD.

    Args:
        r: Shape of the purchase rates over customers.
        alpha: Their rate parameter, in units of time: the mean rate is `r / alpha`.
        a: First parameter of the probability to leave after a purchase; its mean is `a / (a + b)`.
        b: The second one.
        log_likelihood: Of the customers that it was fitted on; depends on the unit of time.
        warning: A sentence where the parameters should not be relied on.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = float("nan")
    warning: str | None = None

    def probability_active(self, summary: PurchaseSummary) -> Floats:
        """Probability that a customer has not left, shape (customers,). Source: Fader and Hardie 2008.

        >>> cdnow = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> one = PurchaseSummary(np.array([2.0]), np.array([30.43]), np.array([38.86]), np.array([25.0]))
        >>> cdnow.probability_active(one).round(3).tolist()
        [0.727]
        """
        from scipy.special import expit  # noqa: PLC0415 - heavy libraries load when used

        active, gone = _branches(np.array([self.r, self.alpha, self.a, self.b]), summary)
        return np.asarray(expit(active - gone))

    def expected_purchases(self, summary: PurchaseSummary, horizon: float) -> Floats:
        """Expected purchases of each customer within the horizon, shape (customers,).

        Args:
            summary: The customers.
            horizon: A length of time, in the summary's unit.

        Source: equation 10 of the paper, where the hypergeometric function is replaced by the integral that it stands
        for, over the probability to leave: the function overflows for frequent buyers and cancels where `a` is near 1.
        The relative error is below 1e-9 for horizons up to ten times `alpha` + age.

        >>> cdnow = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> one = PurchaseSummary(np.array([2.0]), np.array([30.43]), np.array([38.86]), np.array([25.0]))
        >>> cdnow.expected_purchases(one, 39.0).round(3).tolist()
        [1.226]
        """
        expected = np.zeros(len(summary))
        for frequency in np.unique(summary.frequency):
            alike = summary.frequency == frequency
            ages, position = np.unique(summary.age[alike], return_inverse=True)
            expected[alike] = self._expected_if_active(float(frequency), ages, horizon)[position]
        return expected * self.probability_active(summary)

    def _expected_if_active(self, frequency: float, ages: Floats, horizon: float) -> Floats:
        """Of customers of these ages who are active: the mean of (1 - (1 + p y)^-(r + x)) / p over beta(a, b + x).

        `y` is the horizon by `alpha` + age; the term is (1 - exp(-rate p horizon)) / p, averaged over the rates.
        """
        leaves, weight = beta_rule(self.a, self.b + frequency)
        reach = horizon / (self.alpha + ages)
        decline = -np.expm1(-(self.r + frequency) * np.log1p(np.outer(reach, leaves)))
        return np.asarray(decline @ (weight / leaves))


def log_likelihoods(parameters: Floats, summary: PurchaseSummary) -> Floats:
    """Each customer's log-likelihood, shape (customers,). Source: equation 6, in logarithms throughout.

    Args:
        parameters: r, alpha, a, b.
        summary: The customers.
    """
    from scipy.special import gammaln  # noqa: PLC0415 - heavy libraries load when used

    r, alpha, a, b = parameters
    bought = summary.frequency
    rate = gammaln(r + bought) - gammaln(r) + r * np.log(alpha)
    stays = gammaln(a + b) + gammaln(b + bought) - gammaln(b) - gammaln(a + b + bought)
    return np.asarray(rate + stays + np.logaddexp(*_branches(parameters, summary)))


def _branches(parameters: Floats, summary: PurchaseSummary) -> tuple[Floats, Floats]:
    """Logarithms of what "still active" and "gone since the last purchase" add; a one-time buyer cannot have left."""
    r, alpha, a, b = parameters
    bought = summary.frequency
    active = -(r + bought) * np.log(alpha + summary.age)
    denominator = np.where(summary.has_repeated, b + bought - 1, 1.0)
    gone = np.log(a) - np.log(denominator) - (r + bought) * np.log(alpha + summary.recency)
    return active, np.where(summary.has_repeated, gone, -np.inf)


def slopes(parameters: Floats, summary: PurchaseSummary) -> Floats:
    """Derivative of each customer's log-likelihood by each parameter, shape (4, customers)."""
    from scipy.special import expit, psi  # noqa: PLC0415 - heavy libraries load when used

    r, alpha, a, b = parameters
    bought = summary.frequency
    to_now, to_last = alpha + summary.age, alpha + summary.recency
    active, gone = _branches(parameters, summary)
    alive = expit(active - gone)
    left = np.where(summary.has_repeated, 1 - alive, 0.0)
    stays = psi(a + b) - psi(a + b + bought)
    denominator = np.where(summary.has_repeated, b + bought - 1, 1.0)
    by_r = psi(r + bought) - psi(r) + np.log(alpha) - alive * np.log(to_now) - left * np.log(to_last)
    by_alpha = r / alpha - (r + bought) * (alive / to_now + left / to_last)
    by_b = stays + psi(b + bought) - psi(b) - left / denominator
    return np.stack([by_r, by_alpha, stays + left / a, by_b])


def fit_bg_nbd(summary: PurchaseSummary) -> BgNbd:
    """The BG/NBD under which these customers are likeliest.

    >>> fit = fit_bg_nbd(PurchaseSummary(*np.array([[0, 1, 3], [0, 4, 30], [39, 38, 37], [0, 9, 9]], dtype=float)))
    >>> fit.log_likelihood > -20
    True
    """
    scale = float(summary.age.mean()) or 1.0
    distinct, counts = _distinct(summary, scale)

    def likelihood(parameters: Floats) -> tuple[float, Floats]:
        value = counts @ log_likelihoods(parameters, distinct) / len(summary)
        return float(value), slopes(parameters, distinct) @ counts / len(summary)

    best = maximise(likelihood, NAMES, STARTS, BOUNDS)
    r, alpha, a, b = best.parameters
    found = np.array([r, alpha * scale, a, b])
    total = float(log_likelihoods(found, summary).sum())
    return BgNbd(r, alpha * scale, a, b, total, best.warning("BG/NBD"))


def _distinct(summary: PurchaseSummary, scale: float) -> tuple[PurchaseSummary, NDArray[np.int64]]:
    """The distinct histories, with times in units of `scale`, and how many customers have each."""
    rows = np.stack([summary.frequency, summary.recency, summary.age])
    (frequency, recency, age), counts = np.unique(rows, axis=1, return_counts=True)
    return PurchaseSummary(frequency, recency / scale, age / scale, np.zeros_like(age)), counts
