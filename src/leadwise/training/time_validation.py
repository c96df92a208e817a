"""Models of time to conversion on the same leads: fitted with what was known, judged by what came."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from leadwise.domain.frame import Frame
from leadwise.domain.time_to_convert import HORIZONS
from leadwise.models.hazards.catalogue import get_hazard_model
from leadwise.models.hazards.hazard_model import HazardModel
from leadwise.models.hazards.spans import ages_until
from leadwise.training.time_checks import Foretold
from leadwise.training.time_cuts import Cut
from leadwise.training.time_metrics import log_likelihoods
from leadwise.training.timeline import Timeline

WORTH = 1.0
"""A model takes the place of a simpler one if it gains this much log-likelihood, in nats, over all validation leads."""


@dataclass(frozen=True)
class TimeContender:
    """One model's validation.

    Args:
        name: Its name.
        log_likelihood: Of all validation leads, in nats; 0 where there are none.
        leads: How many there were.
        fit_seconds: Of its validation fits together.
    """

    name: str
    log_likelihood: float
    leads: int
    fit_seconds: float


def fit_hazards(name: str, frame: Frame, timeline: Timeline, *, seed: int) -> HazardModel:
    """The model of that name, fitted on what the timeline tells.

    Args:
        name: A hazard model.
        frame: Features of the timeline's leads.
        timeline: At least one of its leads was watched for a day.
        seed: For everything left to chance.
    """
    observed = float(np.floor(timeline.observed_days))
    horizon = max((float(days) for days in HORIZONS if days <= observed), default=observed)
    return get_hazard_model(name)(ages_until(observed), horizon).fit(frame, timeline.spans, seed=seed)


def validate_hazards(
    name: str, frame: Frame, cuts: Sequence[Cut], *, seed: int, report: Callable[[str], None]
) -> TimeContender:
    """The model at each cut.

    Args:
        name: A hazard model.
        frame: Features of all leads, in the order of their creation.
        cuts: Where to cut; each cut's leads are the first ones of the frame.
        seed: For everything left to chance.
        report: Hears what begins now.
    """
    started, total, leads = time.perf_counter(), 0.0, 0
    for number, cut in enumerate(cuts, start=1):
        report(f"fitting {name.replace('_', ' ')}, cut {number} of {len(cuts)}")
        learnt, asked = len(cut.before), len(cut.after)
        model = fit_hazards(name, frame.take(slice(0, learnt)), cut.before, seed=seed)
        cumulative = model.cumulative(frame.take(slice(learnt, learnt + asked)))
        total += float(log_likelihoods(cut.after.spans, cumulative, model.ages).sum())
        leads += asked
    return TimeContender(name, total, leads, time.perf_counter() - started)


def choose(contenders: Sequence[TimeContender]) -> TimeContender:
    """The best by likelihood, with the benefit of the doubt for simpler ones, which come first.

    >>> simple, rich = TimeContender("kaplan_meier", -100.0, 9, 0.1), TimeContender("boosted_hazards", -99.5, 9, 0.1)
    >>> choose([simple, rich]).name
    'kaplan_meier'
    """
    best = contenders[0]
    for contender in contenders[1:]:
        if contender.log_likelihood > best.log_likelihood + WORTH:
            best = contender
    return best


def foretell(model: HazardModel, frame: Frame, timeline: Timeline, days: float) -> Foretold:
    """What the model says of leads up to an age, beside what became of them."""
    ages = ages_until(days)[1:]
    cumulative = model.cumulative(frame)[:, np.searchsorted(model.ages, ages) - 1]
    return Foretold(ages, np.asarray(-np.expm1(-cumulative)), timeline.spans, timeline.watched)
