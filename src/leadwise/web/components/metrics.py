"""Leaderboard and test metrics as tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from leadwise.domain.card import LeaderboardRow, Metrics, ModelCard, Task, settings_in_words
from leadwise.web import words
from leadwise.web.components.tables import Table, tabulate


@dataclass(frozen=True)
class Metric:
    """A metric and how to read it."""

    title: Annotated[str, "Its name."]
    meaning: Annotated[str, "How to read it, in a sentence."]


_CONVERSION = {
    "log_loss": Metric("Log loss", "Cost of wrong and over-sure probabilities; lower is better."),
    "roc_auc": Metric("ROC-AUC", "How often a converting lead is ranked before another; 0.5 is chance, 1 is perfect."),
    "average_precision": Metric("Average precision", "Precision averaged over all depths; the base rate is chance."),
    "brier": Metric("Brier score", "Mean squared error of the probabilities; lower is better."),
    "expected_calibration_error": Metric("Calibration error", "Mean gap between predicted and observed; 0 is perfect."),
    "precision": Metric("Precision", "Share of leads called a conversion that converted, at the threshold."),
    "recall": Metric("Recall", "Share of conversions that were called one, at the threshold."),
    "f1": Metric("F1", "Harmonic mean of precision and recall, at the threshold."),
    "accuracy": Metric("Accuracy", "Share of leads called rightly, at the threshold."),
    "lift_at_10": Metric("Lift at 10%", "Conversion rate among the best tenth, as a multiple of that of all."),
    "lift_at_20": Metric("Lift at 20%", "Conversion rate among the best fifth, as a multiple of that of all."),
}
_VALUE = {
    "mae": Metric("Mean absolute error", "By how much a prediction is off on average, in units of the outcome."),
    "rmse": Metric("Root mean squared error", "The same with large errors weighing more."),
    "mse": Metric("Mean squared error", "Its square."),
    "r2": Metric("R²", "Share of the differences that is explained; 0 is always saying the mean."),
    "rank_correlation": Metric("Rank correlation", "Whether the order is right (Spearman); 1 is perfect, 0 is chance."),
    "interval_coverage": Metric("Interval coverage", "Share of true values inside the given range; 0.8 is promised."),
}
_RANKED = {
    Task.CONVERSION: ("log_loss", "roc_auc", "average_precision", "brier"),
    Task.VALUE: ("mae", "rmse", "r2", "rank_correlation"),
}
_TESTED = 2


def leaderboard_table(card: ModelCard) -> Table:
    """Every algorithm with its validation and test metrics, the chosen one brought out."""
    known = _known(card)
    names = _RANKED[card.task]
    headings = ["Algorithm", *(known[name].title for name in names)]
    headings += [*(f"{known[name].title}, test" for name in names[:_TESTED]), "Fitted in", "Note"]
    rows = [_leaderboard_row(row, names) for row in card.leaderboard]
    chosen = next((at for at, row in enumerate(card.leaderboard) if row.chosen), None)
    caption = "Validation on folds that all algorithms share, then the test with 95% intervals"
    return tabulate(caption, headings, rows, numeric=range(1, len(headings) - 1), chosen=chosen)


def search_table(card: ModelCard) -> Table:
    """The settings that were tried; empty where there was no choice."""
    headings = ["Algorithm", "Settings", "Validation loss", "Fitted in", "Note"]
    rows = [
        (
            title(trial.algorithm),
            settings_in_words(trial.settings),
            words.number(trial.loss),
            words.duration(trial.fit_seconds),
            "competed" if trial.chosen else "",
        )
        for trial in card.search
    ]
    return tabulate("Settings that were tried on the validation folds", headings, rows, numeric=[2, 3])


def metrics_table(card: ModelCard) -> Table:
    """The chosen model's test metrics with intervals and how to read them."""
    shown = [(name, metric, getattr(card.test, name)) for name, metric in _known(card).items()]
    rows = [
        (metric.title, words.number(value), words.between(card.test.intervals.get(name)), metric.meaning)
        for name, metric, value in shown
    ]
    caption = f"The chosen model on {words.count(card.test.rows, 'test row')} that it had not seen"
    return tabulate(caption, ["Metric", "Test", "95% interval", "How to read it"], rows, numeric=[1, 2])


def _known(card: ModelCard) -> Mapping[str, Metric]:
    return _CONVERSION if card.task is Task.CONVERSION else _VALUE


def _leaderboard_row(row: LeaderboardRow, names: tuple[str, ...]) -> list[str]:
    validated = [words.number(_given(row, name)) for name in names]
    tested = [_with_interval(row.test, name) for name in names[:_TESTED]]
    note = words.listed(list(filter(None, ["chosen" if row.chosen else "", row.note])))
    return [title(row.algorithm), *validated, *tested, words.duration(row.fit_seconds), note]


def title(algorithm: str) -> str:
    """An algorithm's name for people.

    >>> title("gradient_boosting")
    'Gradient boosting'
    """
    return algorithm.replace("_", " ").capitalize()


def _given(row: LeaderboardRow, name: str) -> float | None:
    value = (row.model_extra or {}).get(name)
    return float(value) if isinstance(value, int | float) else None


def _with_interval(test: Metrics | None, name: str) -> str:
    if test is None:
        return words.DASH
    interval = test.intervals.get(name)
    told = words.number(getattr(test, name))
    return f"{told}\n{words.between(interval)}" if interval else told
