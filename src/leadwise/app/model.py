"""leadwise in Python: fit a frame, score a frame."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from leadwise.app.frames import from_arrow, to_arrow
from leadwise.connectors.whole_file import write_whole
from leadwise.domain.card import CheckReport, ModelCard
from leadwise.domain.choices import read_choice
from leadwise.domain.preprocessing import read_preprocessing
from leadwise.domain.progress import Progress
from leadwise.registry.model_file import read_model_file, write_model_file
from leadwise.scoring.scorer import score_in_batches, score_table
from leadwise.scoring.single import RowScore, RowScorer
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit as fit_table
from leadwise.training.options import DEFAULT_BUDGET_SECONDS, FitOptions, SearchStyle
from leadwise.training.preparation import check as check_table
from leadwise.training.recalibration import recalibrate


class Model:
    """A fitted model: scores frames, tells about itself, saves itself.

    Args:
        fitted: What fitting or a model file gave; use `leadwise.fit` or `leadwise.load`.
    """

    def __init__(self, fitted: FittedModel) -> None:
        self.fitted = fitted

    def __repr__(self) -> str:
        return f"Model({self.card.task}, {self.card.algorithm}, version {self.card.model_version})"

    @property
    def card(self) -> ModelCard:
        """Everything to know of the model; `card.model_dump()` for plain values."""
        return self.fitted.card

    def score(self, frame: Any, *, reasons: int = 3, exact: bool = False) -> Any:
        """Scores of the frame's rows, in its order, as the same kind of frame.

        Columns: `id, probability, grade, action` (or `id, value, value_low, value_high, action`), then
        `reason_1, contribution_1` and so on, `model_version`; of a conversion model also `probability_low,
        probability_high`, between which four of five conversion rates of such leads lie; of a model of time to
        conversion `probability_7_days` and so on with `median_days`.

        Args:
            frame: pandas, polars or Arrow, a dict of columns, or a file's path.
            reasons: How many reasons to give.
            exact: Whether contributions must be Shapley values, which take longer; `card.reasons` says how far the
                everyday ones are from them.
        """
        table = to_arrow(frame)
        pieces = list(score_in_batches(self.fitted, table, reasons=reasons, exact=exact))
        scores = pa.concat_tables(pieces) if pieces else score_table(self.fitted, table, reasons=reasons)
        return from_arrow(scores, like=frame)

    def recalibrate(self, frame: Any, *, outcome: str, won: str | None = None) -> "Model":
        """The model with its probabilities moved to what happened since it was fitted; itself, if that gains nothing.

        The new card's last of `recalibrations` says on what grounds.

        Args:
            frame: Leads that have ended since, with their outcomes.
            outcome: The column that says how each ended.
            won: The outcome value that means converted; None: that of the fitting.

        Raises:
            leadwise.domain.errors.LeadwiseError: with a sentence that says what to do.
        """
        found = recalibrate(self.fitted, to_arrow(frame), outcome, won=won)
        return Model(found.model) if found.report.changed else self

    def score_one(self, row: Mapping[str, object], *, reasons: int = 3, exact: bool = False) -> RowScore:
        """The score of one lead: what `score` gives for a frame of this row, some fifty times as fast.

        Args:
            row: Raw values by column name, as they come (numbers or texts); an absent one counts as not given.
            reasons: How many reasons to give at most.
            exact: Whether contributions must be Shapley values, which take longer.
        """
        return self._row_scorer.score(row, reasons=reasons, exact=exact)

    @cached_property
    def _row_scorer(self) -> RowScorer:
        return RowScorer(self.fitted)

    def save(self, path: str | Path) -> None:
        """Write the model file, whole or not at all."""
        write_model_file(self.fitted, Path(path))

    def report(self, path: str | Path) -> None:
        """Write the report: one HTML file that needs no network."""
        from leadwise.web.pages.report import render_report  # noqa: PLC0415 - charts load when used

        write_whole(Path(path), render_report(self.card).encode("utf-8"))


def fit(  # noqa: PLR0913 - keyword only, each with a default, as users of such libraries expect
    frame: Any,
    *,
    outcome: str | None = None,
    won: str | None = None,
    value: bool = False,
    created: str | None = None,
    converted_at: str | None = None,
    until: str | None = None,
    id: str | None = None,  # noqa: A002 - the same word as on the command line
    time: str | None = None,
    ordered: bool = False,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    algorithms: Sequence[str] = (),
    budget: float = DEFAULT_BUDGET_SECONDS,
    seed: int = 0,
    prior: "str | Path | Model | None" = None,
    search: str | None = None,
    search_trials: int | None = None,
    preprocessing: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Model:
    """The best model of a frame that the budget buys.

    Args:
        frame: pandas, polars or Arrow, a dict of columns, or a file's path.
        outcome: The column that says how each lead ended, or what it was worth; not needed with two dates.
        won: The outcome value that means converted; None: yes, true, 1, won and the like.
        value: Whether the outcome is an amount (customer lifetime value).
        created: The column that says when each lead was created: with the next one, learns when leads convert.
        converted_at: The column that says when it converted; empty where it has not yet.
        until: The last day that the two dates tell of; None: the latest one in them.
        id: The column that names a row.
        time: The column that orders the rows: then the newest part is the test set.
        ordered: Whether the rows are in time order already.
        drop: Columns to leave out.
        keep: Columns to use whatever the leak check says.
        algorithms: Names of those that compete; empty: all.
        budget: Seconds.
        seed: The same seed gives the same model.
        prior: A conversion model of similar leads, or its file, to lean on where outcomes are few; None: rules.
        search: "grid" or "randomised": further settings of each algorithm are tried.
        search_trials: How many settings of each algorithm at most; None: ten.
        preprocessing: Steps by name, as `leadwise.preprocess` takes them; None: each algorithm prepares by itself.
        progress: Hears of the steps.

    Raises:
        leadwise.domain.errors.LeadwiseError: with a sentence that says what to do.
    """
    options = FitOptions(
        outcome=outcome or "",
        won=won,
        value=value,
        created=created,
        converted_at=converted_at,
        until=until,
        id_column=id,
        time_column=time,
        ordered=ordered,
        drop=tuple(drop),
        keep=tuple(keep),
        algorithms=tuple(algorithms),
        budget_seconds=budget,
        seed=seed,
        prior=prior.fitted if isinstance(prior, Model) else read_model_file(Path(prior)) if prior is not None else None,
        search=read_choice(SearchStyle, search, "search") if search is not None else None,
        search_trials=search_trials,
        preprocessing=read_preprocessing(preprocessing or {}),
    )
    return Model(fit_table(to_arrow(frame), options, progress))


def load(path: str | Path) -> Model:
    """The model in a file.

    Raises:
        leadwise.domain.errors.LeadwiseError: if the file is absent, damaged, newer, or something else.
    """
    return Model(read_model_file(Path(path)))


def check(frame: Any, *, outcome: str, won: str | None = None, value: bool = False) -> CheckReport:
    """What is in a frame, what is wrong with it, and what leaks."""
    return check_table(to_arrow(frame), FitOptions(outcome=outcome, won=won, value=value))
