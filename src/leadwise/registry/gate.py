"""The gate: whether a model may score in place of the one that does, and on what grounds, in sentences."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot

from leadwise.domain.card import Calibration, ConversionMetrics, Metrics, ModelCard, Task
from leadwise.domain.column import ColumnUse, Leak

LEAST_ROWS = 40
"""From so many past leads on, a model may replace another."""


@dataclass(frozen=True)
class Measured:
    """A metric that models are judged by.

    Args:
        name: In `ConversionMetrics` or `ValueMetrics`.
        title: For people.
        rising: Whether more is better.
        of_any_leads: Whether it can be compared between different leads: it does not depend on how many convert.
    """

    name: str
    title: str
    rising: bool
    of_any_leads: bool


MEASURED = {
    Task.CONVERSION: (
        Measured("roc_auc", "how well it ranks leads (ROC AUC)", rising=True, of_any_leads=True),
        Measured("log_loss", "how far its probabilities are off (log loss)", rising=False, of_any_leads=False),
    ),
    Task.VALUE: (
        Measured("rank_correlation", "how well it ranks by worth (rank correlation)", rising=True, of_any_leads=True),
        Measured("rmse", "how far its amounts are off (root mean squared error)", rising=False, of_any_leads=False),
    ),
}


@dataclass(frozen=True)
class GateRules:
    """What is asked of a candidate.

    Args:
        must_improve: Whether it must do better than the active model; else not worse, within noise, is enough.
        least_rows: How many past leads it must have learnt from.
        accepted_leaks: Columns that it may use although they look as if known only after the outcome.
    """

    must_improve: bool = False
    least_rows: int = LEAST_ROWS
    accepted_leaks: tuple[str, ...] = ()


@dataclass(frozen=True)
class GateReason:
    """One ground: a stable code, whether it speaks for the candidate, and a sentence."""

    code: str
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """Whether a model may be activated: all reasons must have passed."""

    reasons: tuple[GateReason, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against it."""
        return all(reason.passed for reason in self.reasons)


def judge(
    candidate: ModelCard,
    active: ModelCard | None,
    *,
    rules: GateRules | None = None,
    active_on_same: Metrics | None = None,
) -> Verdict:
    """Whether the candidate may score in place of the active model.

    Args:
        candidate: Its card.
        active: The card of the model that scores now; None if none does.
        rules: What is asked; None: the usual.
        active_on_same: The active model's metrics on the leads that the candidate was tested on, of which neither had
            learnt; None where there are no such leads, and metrics of different leads are compared.
    """
    rules = rules or GateRules()
    reasons = (
        _enough_data(candidate, rules.least_rows),
        *_metrics(candidate, active, active_on_same, rules),
        *_calibration(candidate, active),
        _leaks(candidate, rules.accepted_leaks),
    )
    return Verdict(reasons)


def _enough_data(card: ModelCard, least: int) -> GateReason:
    rows = card.data.rows
    if rows < least:
        sentence = f"At least {least:,} past leads are needed, but there are {rows:,}."
    elif _value(card.test, MEASURED[card.task][0]) is None:
        sentence = "The leads that it was tested on all ended alike, so nothing shows whether it tells them apart."
    else:
        return GateReason("enough_data", passed=True, sentence=f"It learnt from {rows:,} rows of past leads.")
    return GateReason("enough_data", passed=False, sentence=sentence)


def _metrics(
    candidate: ModelCard, active: ModelCard | None, active_on_same: Metrics | None, rules: GateRules
) -> Iterator[GateReason]:
    if active is None:
        yield GateReason("metrics", passed=True, sentence="No model scores yet, so there is none to be compared with.")
        return
    if active.task is not candidate.task:
        sentence = f"The active model predicts {active.task.value}, this one {candidate.task.value}."
        yield GateReason("metrics", passed=False, sentence=sentence)
        return
    gains = []
    for measured in MEASURED[candidate.task]:
        if active_on_same is not None or measured.of_any_leads:
            other = active_on_same or active.test
            noise = _noise(candidate.test, other, measured, same=active_on_same is not None)
            gain = _gain(candidate.test, other, measured)
            gains.append(gain)
            yield _compared(measured, candidate.test, other, gain, noise, same=active_on_same is not None)
    if rules.must_improve:
        known = [gain for gain in gains if gain is not None]
        better = any(gain > 0 for gain in known) and all(gain >= 0 for gain in known)
        sentence = "It is better than the active model." if better else "It is not better than the active model."
        yield GateReason("improvement", passed=better, sentence=sentence)


def _compared(
    measured: Measured, mine: Metrics, other: Metrics, gain: float | None, noise: float, *, same: bool
) -> GateReason:
    code = f"metric_{measured.name}"
    if gain is None:
        sentence = (
            f"Nothing shows {measured.title}: one of the models has no such figure. That is no ground against it."
        )
        return GateReason(code, passed=True, sentence=sentence)
    passed = gain >= -noise
    figures = f"{_value(mine, measured):.4g} against {_value(other, measured):.4g}"
    where = "on the same leads" if same else "each on its own newest leads"
    compared = "not worse than" if gain >= 0 else "within noise of" if passed else "worse, beyond noise, than"
    start = measured.title[0].upper() + measured.title[1:]
    return GateReason(code, passed, f"{start} is {compared} the active model: {figures}, {where}.")


def _calibration(candidate: ModelCard, active: ModelCard | None) -> Iterator[GateReason]:
    if candidate.task is Task.VALUE:
        return
    if candidate.calibration is not None:
        yield GateReason("calibration", candidate.calibration.passed, candidate.calibration.sentence)
        return
    tested = _passed(None if active is None else active.calibration)
    sentence = "There are too few outcomes to test whether its probabilities hold."
    more = " Those of the active model were tested, and hold." if tested else ""
    yield GateReason("calibration", not tested, sentence + more)


def _passed(calibration: Calibration | None) -> bool:
    return calibration is not None and calibration.passed


def _leaks(card: ModelCard, accepted: tuple[str, ...]) -> GateReason:
    used = [column.name for column in card.columns if column.leak is Leak.LEAK and column.use is ColumnUse.FEATURE]
    refused = [name for name in used if name not in accepted]
    if refused:
        sentence = f"Nobody has accepted that it uses what looks as if known only afterwards: {', '.join(refused)}."
    elif used:
        sentence = f"It was accepted that it uses what looks as if known only afterwards: {', '.join(used)}."
    else:
        sentence = "It uses nothing that looks as if known only after the outcome."
    return GateReason("leaks", not refused, sentence)


def _value(metrics: Metrics, measured: Measured) -> float | None:
    value: float | None = getattr(metrics, measured.name)
    return value


def _gain(mine: Metrics, other: Metrics, measured: Measured) -> float | None:
    """By how much the first is better; None where one is not known."""
    first, second = _value(mine, measured), _value(other, measured)
    if first is None or second is None:
        return None
    return first - second if measured.rising else second - first


def _noise(mine: Metrics, other: Metrics, measured: Measured, *, same: bool) -> float:
    """How much worse is still chance: half the width of the 95% interval; of both, where they are of different leads.

    On the same leads chance moves both alike, so that one interval is more than enough.
    """
    half = _half_width(mine, measured)
    return half if same else hypot(half, _half_width(other, measured))


def _half_width(metrics: Metrics, measured: Measured) -> float:
    low, high = metrics.intervals.get(measured.name, (0.0, 0.0))
    return (high - low) / 2


def figures_of(card: ModelCard) -> dict[str, float | None]:
    """The test metrics that people ask for by name: precision, recall, f1_score, roc_auc, accuracy, and more."""
    metrics = card.test
    if isinstance(metrics, ConversionMetrics):
        names = ("precision", "recall", "roc_auc", "accuracy", "log_loss", "brier", "average_precision")
        return {**{name: getattr(metrics, name) for name in names}, "f1_score": metrics.f1}
    return {name: getattr(metrics, name) for name in ("rmse", "mae", "r2", "rank_correlation", "interval_coverage")}
