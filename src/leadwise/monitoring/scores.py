"""Whether the scores of open leads are spread as those were that the model was tested on."""

from collections.abc import Sequence

from leadwise.domain.card import ReliabilityBand
from leadwise.monitoring.stability import FEWEST, Shape

FEWEST_BANDS = 2


def score_drift(tested: Sequence[ReliabilityBand], probabilities: Sequence[float]) -> float | None:
    """The population stability index of probabilities over the bands of a model's card; None where it says nothing.

    >>> band = ReliabilityBand.model_construct
    >>> tested = [band(low=0.0, count=300), band(low=0.5, count=100)]
    >>> round(score_drift(tested, [0.2] * 150 + [0.7] * 50), 6), round(score_drift(tested, [0.7] * 200), 2)
    (0.0, 7.73)
    >>> score_drift(tested, [0.7] * 5)
    """
    rows = sum(band.count for band in tested)
    if len(tested) < FEWEST_BANDS or len(probabilities) < FEWEST:
        return None
    edges = tuple(band.low for band in tested[1:])
    return Shape(edges=edges, shares=(*(band.count / rows for band in tested), 0.0)).psi(probabilities)
