"""Gamma-Gamma: every customer's purchases scatter about a mean of their own, and these means over customers.

Amounts are gamma distributed (shape `p`) with a scale of the customer's own, which is inverse gamma distributed
(shape `q`, scale `gamma`). How much a customer spends is taken to be independent of how often.

Source: Fader and Hardie 2013, The Gamma-Gamma Model of Monetary Value; Fader, Hardie and Lee 2005, RFM and CLV.
"""

from dataclasses import dataclass

import numpy as np

from leadwise.domain.frame import Floats
from leadwise.models.clv.maximum_likelihood import maximise
from leadwise.models.clv.summary import PurchaseSummary

NAMES = ("p", "q", "gamma")
STARTS = ((6.0, 4.0, 0.5), (1.0, 2.0, 1.0), (2.0, 10.0, 5.0))
"""Amounts in units of their mean."""
BOUNDS = ((1e-2, 1e4), (1.01, 1e4), (1e-4, 1e5))
"""`q` stays above 1, where the mean over customers exists."""


@dataclass(frozen=True)
class GammaGamma:
    """A fitted Gamma-Gamma.

    Args:
        p: Shape of a customer's amounts: the larger, the more alike they are.
        q: Shape of the scales over customers.
        gamma: Their scale, in units of money.
        warning: A sentence where the parameters should not be relied on.
    """

    p: float
    q: float
    gamma: float
    warning: str | None = None

    def expected_value(self, summary: PurchaseSummary) -> Floats:
        """Expected amount of each customer's next purchases, shape (customers,). Source: equation 5.

        It lies between the customer's own mean and that of all, the closer to the former the more purchases there are.

        >>> cdnow = GammaGamma(p=6.25, q=3.74, gamma=15.44)
        >>> two = PurchaseSummary(*np.array([[0, 2], [0, 30], [39, 39], [0, 22.35]], dtype=float))
        >>> cdnow.expected_value(two).round(2).tolist()
        [35.22, 24.66]
        """
        total = summary.frequency * summary.mean_value
        return np.asarray(self.p * (self.gamma + total) / (self.p * summary.frequency + self.q - 1))


def log_likelihoods(parameters: Floats, frequency: Floats, value: Floats) -> Floats:
    """Each customer's log-likelihood, shape (customers,). Source: equation 1a.

    Args:
        parameters: p, q, gamma.
        frequency: Repeat purchases, above 0.
        value: Their mean amount, above 0.
    """
    from scipy.special import gammaln  # noqa: PLC0415 - heavy libraries load when used

    p, q, gamma = parameters
    shape = p * frequency
    constants = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(gamma)
    powers = (shape - 1) * np.log(value) + shape * np.log(frequency)
    return np.asarray(constants + powers - (shape + q) * np.log(gamma + frequency * value))


def slopes(parameters: Floats, frequency: Floats, value: Floats) -> Floats:
    """Derivative of each customer's log-likelihood by each parameter, shape (3, customers)."""
    from scipy.special import psi  # noqa: PLC0415 - heavy libraries load when used

    p, q, gamma = parameters
    shape, total = p * frequency, gamma + frequency * value
    by_p = frequency * (psi(shape + q) - psi(shape) + np.log(value * frequency) - np.log(total))
    by_q = psi(shape + q) - psi(q) + np.log(gamma) - np.log(total)
    return np.stack([by_p, by_q, q / gamma - (shape + q) / total])


def fit_gamma_gamma(summary: PurchaseSummary) -> GammaGamma:
    """The Gamma-Gamma under which the amounts of those who came back and paid are likeliest; there must be some.

    >>> many = PurchaseSummary(*np.array([[2, 3, 1, 4], [1, 1, 1, 1], [2, 2, 2, 2], [10, 20, 40, 15]], dtype=float))
    >>> bool(10 < fit_gamma_gamma(many).expected_value(many)[1] < 40)
    True
    """
    paid = summary.has_repeated & (summary.mean_value > 0)
    frequency, scale = summary.frequency[paid], float(summary.mean_value[paid].mean())
    value = summary.mean_value[paid] / scale

    def likelihood(parameters: Floats) -> tuple[float, Floats]:
        each = log_likelihoods(parameters, frequency, value)
        return float(each.mean()), slopes(parameters, frequency, value).mean(axis=1)

    best = maximise(likelihood, NAMES, STARTS, BOUNDS)
    p, q, gamma = best.parameters
    return GammaGamma(p, q, gamma * scale, best.warning("Gamma-Gamma"))
