"""A table of leads with two dates, prepared: who was watched for how long, and which columns may tell them apart."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from leadwise.domain.column import Column, ColumnKind, ColumnReport, ColumnUse
from leadwise.domain.frame import Frame
from leadwise.features.columns import infer_column
from leadwise.features.encoding import encode
from leadwise.models.hazards.person_periods import PersonPeriods
from leadwise.models.hazards.spans import ages_until
from leadwise.training.budget import affordable_rows, readable_rows
from leadwise.training.errors import ColumnNotFoundError, ColumnRoleConflictError
from leadwise.training.options import FitOptions
from leadwise.training.preparation import PreparedTable, prepare
from leadwise.training.time_errors import DateMissingError, NothingToLearnError, NotWatchedError, NotWithDatesError
from leadwise.training.timeline import Timeline, day_text, read_timeline

CELLS_PER_CELL = 6
"""A lead stands in several stages of age, and trees are grown slowly: it takes as long as so many rows."""
YEARS_OF_MONTHS = 2.0
"""A month that came but once is a clock: months tell something from this many years on."""
UNRECORDED = 10.0
"""So many conversions that should have come before the first one say that they were not recorded then."""


@dataclass(frozen=True)
class TimeMaterial:
    """What models of time to conversion learn from.

    Args:
        prepared: The table, its columns and what became of them.
        timeline: The leads, in the order of their creation.
        frame: Their features, in the same order.
        warnings: What the user should know.
    """

    prepared: PreparedTable
    timeline: Timeline
    frame: Frame
    warnings: tuple[str, ...]


def check_dates(options: FitOptions) -> None:
    """Whether the options say what to learn.

    Raises:
        NothingToLearnError, DateMissingError, NotWithDatesError: if they do not, or say two things.
    """
    named = {"--created": options.created, "--converted-at": options.converted_at}
    missing = [option for option, name in named.items() if not name]
    if missing == list(named):
        if options.until is not None:
            raise DateMissingError("--until", "--created and --converted-at")
        if not options.outcome:
            raise NothingToLearnError
    elif missing:
        (present,) = named.keys() - set(missing)
        raise DateMissingError(present, missing[0])
    else:
        _check_alone(options)


def _check_alone(options: FitOptions) -> None:
    others = {
        "--value": (options.value, "they say when leads convert, not what they are worth"),
        "--won": (options.won is not None, "a lead converted where its date is given"),
        "--time": (options.time_column is not None, "leads are ordered by their creation"),
        "--ordered": (options.ordered, "leads are ordered by their creation"),
        "--prior": (options.prior is not None, "models of time lean on no other"),
        "--search": (options.search is not None, "models of time have nothing to set"),
        "preprocessing by name": (bool(options.preprocessing), "models of time prepare columns by themselves"),
        "--group": (options.group_column is not None, "each row is a lead of its own"),
    }
    for option, (given, why) in others.items():
        if given:
            raise NotWithDatesError(option, why)


def gather(table: pa.Table, options: FitOptions) -> TimeMaterial:
    """The leads to learn from, as many as the budget buys.

    Raises:
        NotWatchedError: if none was watched for a day.
        ColumnNotFoundError and its kin: if options do not fit the table.
    """
    _check_roles(table, options)
    timeline = read_timeline(table, options)
    if np.floor(timeline.observed_days) < 1:
        raise NotWatchedError(len(timeline), day_text(timeline.as_of))
    warnings = [*timeline.notes, *_unrecorded(timeline)]
    timeline, said = _afford(timeline, readable_rows(table.num_columns, options.budget_seconds), options)
    drawn = table.take(np.sort(timeline.rows))
    timeline = replace(timeline, rows=np.searchsorted(np.sort(timeline.rows), timeline.rows))
    prepared = _prepare(drawn, timeline, options)
    features = max(sum(len(column.parts) for column in prepared.columns), 1)
    timeline, more = _afford(timeline, affordable_rows(CELLS_PER_CELL * features, options.budget_seconds), options)
    frame = encode(drawn.take(timeline.rows), prepared.columns)
    return TimeMaterial(prepared, timeline, frame, (*warnings, *said[:1], *more[:1], *prepared.warnings))


def _check_roles(table: pa.Table, options: FitOptions) -> None:
    if options.outcome and options.outcome not in table.column_names:
        raise ColumnNotFoundError("--outcome", options.outcome, table.column_names)
    for name in options.keep:
        if name == options.outcome:
            raise ColumnRoleConflictError(name, "the outcome", "--keep")


def _afford(timeline: Timeline, limit: int, options: FitOptions) -> tuple[Timeline, list[str]]:
    """As many leads as can be afforded, at random: old ones tell of late conversions, new ones of today."""
    if len(timeline) <= limit:
        return timeline, []
    chosen = np.sort(np.random.default_rng(options.seed).choice(len(timeline), limit, replace=False))
    warning = (
        f"Learnt from {limit:,} of {len(timeline):,} leads, drawn at random, which is what a budget of "
        f"{options.budget_seconds:g} seconds buys; a larger --budget uses more."
    )
    return timeline.take(chosen), [warning]


def _unrecorded(timeline: Timeline) -> Iterator[str]:
    """A warning where conversions seem not to have been recorded from the beginning on."""
    if np.isnan(timeline.converted).all():
        return
    first = float(np.nanmin(timeline.converted))
    unseen = timeline.known_at(np.nextafter(first, -np.inf))
    if not len(unseen):
        return
    ages = ages_until(timeline.observed_days)
    hazards = PersonPeriods.of(timeline.spans, ages).hazards
    expected = np.interp(unseen.watched, ages, np.append(0.0, np.cumsum(hazards))).sum()
    if expected > UNRECORDED:
        yield (
            f"No lead is known to have converted before {day_text(first)}, though some {expected:.0f} should have. If "
            "conversions were not recorded until then, leave out the leads created earlier: they look slower than they "
            "were."
        )


def _prepare(table: pa.Table, timeline: Timeline, options: FitOptions) -> PreparedTable:
    """The table with the usual leak check against who converted; leads too young to tell are left out of that check."""
    created, converted_at = str(options.created), str(options.converted_at)
    position = table.column_names.index(converted_at)
    happened = pa.array(_happened(timeline, table.num_rows), pa.string())
    beside = (options.outcome,) if options.outcome not in {"", converted_at, created} else ()
    ordering = (
        created if infer_column(created, table.column(created)).kind is ColumnKind.DATE else None
    )  # not if all same
    asked = replace(options, outcome=converted_at, time_column=ordering, drop=(*options.drop, *beside), algorithms=())
    prepared = prepare(table.set_column(position, converted_at, happened), asked)
    columns = tuple(_without_clock(column, timeline, created) for column in prepared.columns)
    dates = infer_column(converted_at, table.column(converted_at))
    reports = tuple(_of_endings(report, dates, options) for report in prepared.reports)
    return replace(prepared, table=table, columns=tuple(column for column in columns if column.parts), reports=reports)


def _happened(timeline: Timeline, rows: int) -> list[str | None]:
    """By row of the table, whether the lead converted, be it later; None where it is too young to tell.

    Too young is an open lead of less than the age by which half of the converted ones had converted.
    """
    spans = timeline.spans
    usual = float(np.median(spans.days[spans.converted])) if spans.converted.any() else 0.0
    told: list[str | None] = [None] * rows
    for row, days, converts in zip(timeline.rows, spans.days, timeline.ever, strict=True):
        told[row] = "1" if converts else "0" if days >= usual else None
    return told


def _without_clock(column: Column, timeline: Timeline, created: str) -> Column:
    """The day of the week and the hour come back, a month only after a year."""
    years = (timeline.created[-1] - timeline.created[0]) / 365.25
    if column.name != created or years >= YEARS_OF_MONTHS:
        return column
    return column.model_copy(update={"parts": tuple(part for part in column.parts if part != "month")})


def _of_endings(report: ColumnReport, dates: Column, options: FitOptions) -> ColumnReport:
    """The report, where it is on a column that says how leads ended."""
    if report.name == options.converted_at:
        found = {name: getattr(dates, name) for name in ("missing_share", "missing_values", "distinct")}
        note = "It says when a lead converted; empty means not yet."
        return report.model_copy(update={"type": dates.kind, "note": note, **found})
    if report.name == options.outcome:
        return report.model_copy(
            update={"use": ColumnUse.OUTCOME, "note": "It says how a lead ended; the dates decide."}
        )
    return report
