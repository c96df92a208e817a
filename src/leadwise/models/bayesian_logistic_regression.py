"""Bayesian logistic regression: it begins with what is believed beforehand, and lets outcomes take over smoothly."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Self

import numpy as np
import orjson
from numpy.typing import NDArray

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.algorithm import Algorithm, Explanation, Group, Parts, counted, counted_by_group, threads_for
from leadwise.models.arrays import dump_array, load_array
from leadwise.models.design_matrix import DesignMatrix
from leadwise.models.design_row import DesignRow
from leadwise.models.heuristic import Heuristic
from leadwise.models.laplace import Observations, posterior
from leadwise.models.margins import shift_to_expect, sigmoid
from leadwise.models.prior_model import DESCRIPTION, PriorModel

USUAL_INTERCEPT, INTERCEPT_SPREAD = -2.2, 1.0
"""One lead in ten converts, give or take: two of three organisations lie between 4 and 23 of 100."""
TRUST_IN_RULES, TRUST_IN_MODEL, TRUST_SPREAD = 0.5, 1.0, 0.5
"""How far rules, or another model, are believed at first, and how sure that is."""
TRUST_SPREAD_BY_FEATURE = 0.3
"""How far the trust in what is said of one feature may lie from that in all of it."""
SCALES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Standard deviations that weights may have; which of them fit the data is learnt too."""
TYPICAL_SCALE = 0.6
"""The belief in a scale falls by a factor of e with each such step: most columns of most tables say little."""
NUMBER_SPREAD, LEVEL_SPREAD = 1.0, 2.0
"""Of a standardised hinge's weight and of a value's log-odds, in units of the scale: a number has four hinges that move
together; a value's own log-odds, so that a rare one is not believed to matter more."""
RARE = 2
"""A category's value needs this many rows: the prior keeps in bounds what so few can say."""
ROWS_TO_CHOOSE_ON = 3_000
"""More rows do not change which scales fit, only how long it takes to find out."""
NEGLIGIBLE = 0.01
"""A scale less probable than this is left out of the average."""
ROUNDING = 1e-9


class BayesianLogisticRegression(Algorithm):
    """The prior's log-odds, feature by feature as far as it can be trusted, plus a weight for each hinge and value.

    The prior is the rules, or another model (`with_prior`). What it says of each feature is a column whose weight is
    believed to be near one common trust, which is learnt; all other weights are believed to be near 0. How near is
    learnt too: posteriors for several scales are averaged by their evidence, and weights that few outcomes leave
    uncertain are moderated. So without outcomes the prior speaks, and with many it is forgotten.

    Source: MacKay 1992, The evidence framework applied to classification networks; Gelman et al. 2008, A weakly
    informative default prior distribution for logistic regression. Laplace's approximation throughout.

    >>> visits = np.arange(12.0).reshape(-1, 1)
    >>> frame = Frame((Feature("visits", "visits"),), visits)
    >>> model = BayesianLogisticRegression(Task.CONVERSION).fit(frame, (visits[:, 0] > 5).astype(float), seed=1)
    >>> bool(model.predict(frame)[11] > 0 > model.predict(frame)[0])
    True
    """

    name = "bayesian_logistic_regression"
    takes_preprocessing = False
    tasks = frozenset({Task.CONVERSION})

    prior: Heuristic | PriorModel | None = None
    """None: nothing is fitted yet, and rules will be made."""
    matrix: DesignMatrix
    weights: Floats
    """By column of the standardised matrix."""
    trust: Floats
    """By feature, how far the prior's contribution is believed."""
    centre: Floats
    """By feature, the prior's mean contribution."""
    intercept: float

    def with_prior(self, prior: PriorModel | None) -> Self:
        """The algorithm with another model in place of the rules; None: with rules."""
        self.prior = prior
        return self

    def unfitted(self) -> Self:
        """The same settings and the same model as a prior; rules are made anew."""
        return super().unfitted().with_prior(self.prior if isinstance(self.prior, PriorModel) else None)

    def fit(
        self, frame: Frame, target: Floats, *, seed: int, group: Group | None = None, weight: Floats | None = None
    ) -> Self:
        """Fit weights and trust; targets are 0 and 1, and may all be the same. Rows of one lead count as one."""
        from threadpoolctl import threadpool_limits  # noqa: PLC0415 - heavy libraries load when used

        believed, offset, spoken = self._believe(frame)
        known = ~np.isnan(target)
        self.matrix = DesignMatrix.fit(frame, np.where(known, target, 0.0), rare=RARE)
        counts = known * counted(weight, len(target)) * counted_by_group(group, len(target))
        seen = Observations(np.where(known, target, 0.0), offset, counts)
        columns = self.matrix.transform(frame) * self._spread()
        with threadpool_limits(threads_for(columns)):
            moved, weights = _average(believed, columns, seen, seed)
        self.intercept += INTERCEPT_SPREAD * float(moved[0])
        self.trust[spoken] += TRUST_SPREAD * moved[1] + TRUST_SPREAD_BY_FEATURE * moved[2:]
        self.weights = weights * self._spread()
        return self

    def _believe(self, frame: Frame) -> tuple[Floats, Floats, NDArray[np.intp]]:
        """What is believed before any outcome: columns of deviations, margins, and the features that are spoken of."""
        if not isinstance(self.prior, PriorModel):
            self.prior = Heuristic(self.task).fit(frame, np.zeros(0), seed=0)
        opinion = self.prior.explain(frame)
        self.centre = opinion.contributions.mean(axis=0)
        points = opinion.contributions - self.centre
        total = points.sum(axis=1)
        spoken = np.flatnonzero(np.abs(points).max(axis=0) > ROUNDING)
        is_model = isinstance(self.prior, PriorModel)
        trust = TRUST_IN_MODEL if is_model else TRUST_IN_RULES
        self.trust = np.full(len(frame.features), trust)
        self.intercept = opinion.base + float(self.centre.sum()) if is_model else USUAL_INTERCEPT
        level = np.full(len(frame), INTERCEPT_SPREAD)
        believed = np.column_stack([level, TRUST_SPREAD * total, TRUST_SPREAD_BY_FEATURE * points[:, spoken]])
        return believed, self.intercept + trust * total, spoken

    def predict(self, frame: Frame) -> Floats:
        """Margins, shape (rows,)."""
        return np.asarray(
            self.intercept + self._points(frame).sum(axis=1) + self.matrix.transform(frame) @ self.weights
        )

    def explain(self, frame: Frame) -> Explanation:
        """Each feature's trusted points and weighted columns; both are centred, so the base is the intercept."""
        learnt = self.matrix.per_feature(self.matrix.transform(frame) * self.weights, len(frame.features))
        return Explanation(self._points(frame) + learnt, self.intercept)

    @cached_property
    def _row(self) -> DesignRow:
        return DesignRow.of(self.matrix)

    def explain_row(self, frame: Frame) -> Explanation:
        """What `explain` gives for one row."""
        assert self.prior is not None
        learnt = self._row.per_feature(self._row.transform(frame.values[0]) * self.weights, len(frame.features))
        return Explanation(self._trusted(self.prior.explain_row(frame)) + learnt, self.intercept)

    def save(self) -> Parts:
        """The matrix as JSON, the numbers as arrays (the last of the weights is the intercept), and the prior."""
        assert self.prior is not None
        return {
            "matrix.json": orjson.dumps(self.matrix.to_json()),
            "weights.npy": dump_array(np.append(self.weights, self.intercept)),
            "trust.npy": dump_array(np.stack([self.trust, self.centre])),
            **self.prior.save(),
        }

    @classmethod
    def load(cls, task: Task, features: Sequence[Feature], parts: Mapping[str, bytes]) -> Self:
        """The model as it was when saved."""
        model = cls(task)
        weights = load_array(parts["weights.npy"])
        model.matrix = DesignMatrix.from_json(orjson.loads(parts["matrix.json"]))
        model.weights, model.intercept = weights[:-1], float(weights[-1])
        model.trust, model.centre = load_array(parts["trust.npy"])
        is_model = DESCRIPTION in parts
        model.prior = PriorModel.load(task, parts) if is_model else Heuristic.load(task, features, parts)
        return model

    def _points(self, frame: Frame) -> Floats:
        """What the prior says of each feature, centred, as far as it is trusted."""
        assert self.prior is not None
        return self._trusted(self.prior.explain(frame))

    def _trusted(self, said: Explanation) -> Floats:
        return np.asarray((said.contributions - self.centre) * self.trust)

    def _spread(self) -> Floats:
        """By column, the spread that its weight is believed to have, in units of the scale."""
        return np.where(self.matrix.is_level, LEVEL_SPREAD * np.array(self.matrix.scale), NUMBER_SPREAD)


def _average(believed: Floats, columns: Floats, seen: Observations, seed: int) -> tuple[Floats, Floats]:
    """Coefficients of both kinds of columns, averaged over the scales of the second kind by how probable each is.

    Being uncertain they are moderated, all but the first, the level, which keeps the expected conversions as they were.
    """
    width, found = believed.shape[1], np.zeros(believed.shape[1] + columns.shape[1])
    moderation = 0.0
    for scale, share in _probable_scales(believed, columns, seen, seed).items():
        fitted = posterior(np.hstack([believed, scale * columns]), seen)
        found += share * np.append(fitted.mode[:width], scale * fitted.mode[width:])
        moderation += share * fitted.moderation
    level, effects = believed[:, 0], believed[:, 1:] @ found[1:width] + columns @ found[width:]
    expected = float(seen.weight @ sigmoid(seen.offset + found[0] * level + effects))
    settled = seen.offset + found[0] * level + moderation * effects
    found[1:] *= moderation
    found[0] += shift_to_expect(expected, settled, seen.weight) / INTERCEPT_SPREAD
    return found[:width], found[width:]


def _probable_scales(believed: Floats, columns: Floats, seen: Observations, seed: int) -> dict[float, float]:
    """The posterior probability of each scale that is not negligible; judged by a part of very many rows."""
    if len(columns) > ROWS_TO_CHOOSE_ON:
        rows = np.random.default_rng(seed).choice(len(columns), ROWS_TO_CHOOSE_ON, replace=False)
        believed, columns, seen = believed[rows], columns[rows], seen.take(rows)
    scales = np.array(SCALES)
    log_evidence = [posterior(np.hstack([believed, scale * columns]), seen).log_evidence for scale in SCALES]
    score = np.array(log_evidence) - scales / TYPICAL_SCALE
    share = np.exp(score - score.max())
    share[share < NEGLIGIBLE * share.sum()] = 0
    share /= share.sum()
    return {scale: float(part) for scale, part in zip(SCALES, share, strict=True) if part}
