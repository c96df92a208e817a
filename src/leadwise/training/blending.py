"""Blending: the weights with which algorithms together do better than the best of them alone."""

from collections.abc import Sequence

import numpy as np

from leadwise.domain.card import Task
from leadwise.domain.frame import Floats
from leadwise.models.ensemble import Ensemble, Member
from leadwise.models.margins import sigmoid
from leadwise.training.competitors import RULES
from leadwise.training.metrics import row_losses
from leadwise.training.scalings import AS_IS, PlattScaling
from leadwise.training.validation import Contender

SMALLEST_WEIGHT = 0.1
"""A member with less is left out: it costs a fit and time in each score, and changes next to nothing."""
STEPS = 200
EQUAL = 3.0
"""How strongly equal weights are believed in, in nats of log-likelihood by which all weight on one of two falls behind:
few validation rows cannot tell good algorithms apart, and their mean is safer than a choice by chance."""
WORTH = 1.0
"""Each further member must gain this much log-likelihood on rows that were not fitted on (Akaike 1974)."""


def blend(contenders: Sequence[Contender], task: Task) -> Contender | None:
    """The most credible weighted sum of the contenders that learn; None where one of them alone, or rules, are better.

    Weights are chosen on the margins of validation rows, which no contender was fitted on. They are not negative and
    add up to 1 (Breiman 1996, Stacked Regressions); the fewer the rows, the nearer they are to equal.
    """
    learners = [contender for contender in contenders if contender.name != RULES]
    if len(learners) < 2:  # noqa: PLR2004 - one cannot be blended
        return None
    margins = np.column_stack([contender.margins for contender in learners])
    target = learners[0].targets
    weights = _weights(margins, target, task)
    chosen = np.flatnonzero(weights)
    blended = margins @ weights
    alone = min(learners, key=lambda contender: contender.loss)
    gain = _likelihood(blended, target, task) - _likelihood(alone.margins, target, task)
    gain += EQUAL * (len(chosen) - 1) - _disbelief(weights[chosen])
    if len(chosen) < 2 or gain <= WORTH * (len(chosen) - 1):  # noqa: PLR2004
        return None
    ensemble = _ensemble([learners[position] for position in chosen.tolist()], weights[chosen], blended, task)
    return ensemble if all(ensemble.loss <= other.loss for other in contenders if other.name == RULES) else None


def _disbelief(weights: Floats) -> float:
    """What these weights cost in nats, being unequal."""
    return float(EQUAL * len(weights) * np.sum((weights - 1 / len(weights)) ** 2))


def _ensemble(members: Sequence[Contender], weights: Floats, margins: Floats, task: Task) -> Contender:
    recipe = [_member(member, float(weight)) for member, weight in zip(members, weights, strict=True)]
    target = members[0].targets
    ends = np.cumsum([len(fold) for fold in members[0].raw])
    return Contender(
        name=Ensemble.name,
        model=Ensemble(task, recipe).with_models([member.model for member in members]),
        margins=margins,
        targets=target,
        scaling=AS_IS,
        loss=_loss(margins, target, task),
        fit_seconds=sum(member.fit_seconds for member in members),
        raw=tuple(np.split(margins, ends[:-1])) if len(ends) else (),
    )


def _member(contender: Contender, weight: float) -> Member:
    assert isinstance(contender.scaling, PlattScaling), "competitors are calibrated by a line"
    line, model = contender.scaling, contender.model
    return Member(model.name, weight, line.slope, line.intercept, model.settings)


def _weights(margins: Floats, target: Floats, task: Task) -> Floats:
    """The most credible weights; small ones are 0, the others shared out again until none is small."""
    kept = np.arange(margins.shape[1])
    while True:
        weights = _solve(margins[:, kept], target, task)
        if (weights >= SMALLEST_WEIGHT).all():
            break
        kept = kept[weights >= min(SMALLEST_WEIGHT, weights.max())]
    result = np.zeros(margins.shape[1])
    result[kept] = weights
    return result


def _solve(margins: Floats, target: Floats, task: Task) -> Floats:
    from scipy.optimize import LinearConstraint, minimize  # noqa: PLC0415 - heavy libraries load when used

    rows, members = len(target), margins.shape[1]
    # In these units, losses of all rows together are nats of log-likelihood.
    alone = [_loss(margins[:, member], target, task) for member in range(members)]
    unit = 1.0 if task is Task.CONVERSION else 2 * min(alone) or 1.0

    def loss(weights: Floats) -> float:
        return _loss(margins @ weights, target, task) / unit + _disbelief(weights) / rows

    def slope(weights: Floats) -> Floats:
        blended = margins @ weights
        pull = sigmoid(blended) - target if task is Task.CONVERSION else 2 * (blended - target) / unit
        return np.asarray((margins.T @ pull + 2 * EQUAL * (members * weights - 1)) / rows)

    solution = minimize(
        loss,
        np.full(members, 1 / members),
        jac=slope,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * members,
        constraints=LinearConstraint(np.ones((1, members)), 1.0, 1.0),
        options={"maxiter": STEPS},
    )
    weights = np.clip(np.asarray(solution.x, dtype=np.float64), 0, None)
    return np.asarray(weights / weights.sum())


def _loss(margins: Floats, target: Floats, task: Task) -> float:
    """Log loss in nats, or mean squared error."""
    return float(row_losses(task, target, margins).mean())


def _likelihood(margins: Floats, target: Floats, task: Task) -> float:
    """Log-likelihood of all rows; of amounts, that of normal errors."""
    loss, rows = _loss(margins, target, task), len(target)
    return -rows * loss if task is Task.CONVERSION else -0.5 * rows * float(np.log(max(loss, 1e-300)))
