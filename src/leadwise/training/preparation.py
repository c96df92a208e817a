"""From a raw table to features and a target: what each column is for, what leaks, what is left out and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.domain.card import CheckReport, Task
from leadwise.domain.column import Column, ColumnKind, ColumnReport, ColumnUse, Leak
from leadwise.domain.frame import Floats
from leadwise.features.columns import infer_column, infer_columns
from leadwise.features.encoding import to_numbers
from leadwise.features.texts import to_codes
from leadwise.training.budget import readable_rows
from leadwise.training.competitors import ENOUGH_OUTCOMES, Rung, competitors, rung
from leadwise.training.errors import (
    ColumnNotFoundError,
    ColumnRoleConflictError,
    NoOutcomeError,
    TimeNotUnderstoodError,
)
from leadwise.training.leaks import Finding, find_leaks
from leadwise.training.options import FitOptions
from leadwise.training.outcome import OutcomeTarget, read_outcome
from leadwise.training.row_order import choose_rows, oldest_first, read_time

EXPLAINED = {
    ColumnKind.ID: "It identifies the row and says nothing by itself.",
    ColumnKind.CONSTANT: "It is the same in every row.",
    ColumnKind.EMPTY: "It is empty in every row.",
}
TWICE_EACH_MONTH_DAYS = 730
LEAK_CHECK_ROWS = 200_000
"""So many rows show every leak that matters."""


@dataclass(frozen=True)
class PreparedTable:
    """A table that is understood.

    Args:
        table: As it came.
        target: The outcome of each row.
        columns: The columns that give features, in the order of their names, so that the order in the file is nothing.
        reports: What became of each column, in the file's order.
        id_column: What identifies a row; None: its number.
        time: By row, what orders it (NaN: unknown); None if time is not known.
        group: By row, a label that keeps rows together; None: each by itself.
        warnings: What the user should know.
    """

    table: pa.Table
    target: OutcomeTarget
    columns: tuple[Column, ...]
    reports: tuple[ColumnReport, ...]
    id_column: str | None
    time: Floats | None
    group: NDArray[np.int64] | None
    warnings: tuple[str, ...]


def prepare(table: pa.Table, options: FitOptions) -> PreparedTable:
    """The table as something to learn from.

    Raises:
        ColumnNotFoundError, ColumnRoleConflictError, TimeNotUnderstoodError: if options do not fit the table.
        NoOutcomeError and its kin: if the outcome cannot be read.
    """
    _check_roles(table, options)
    target = _read_target(table, options)
    columns = infer_columns(table)
    by_name = {column.name: column for column in columns}
    exempt = [
        name for name in (options.outcome, options.time_column, options.group_column, options.as_of_column) if name
    ]
    group = to_codes(table.column(options.group_column)).codes if options.group_column else None
    findings = _find_leaks(table, columns, target, exempt, group)
    id_column = options.id_column or _first_identifier(columns, table.num_rows, options)
    reports = tuple(_report(column, findings[column.name], options, id_column) for column in columns)
    used = {report.name for report in reports if report.use in {ColumnUse.FEATURE, ColumnUse.TIME}}
    features = tuple(_as_feature(by_name[name], table, options) for name in sorted(used))
    features = tuple(column for column in features if column.parts)
    time = _time(table, by_name, options)
    return PreparedTable(
        table=table,
        target=target,
        columns=features,
        reports=reports,
        id_column=id_column,
        time=time,
        group=group,
        warnings=(*_warnings(target, reports, options), *_about_time(time, options), *_about_features(features)),
    )


def leave_out(prepared: PreparedTable, names: Sequence[str], note: str) -> PreparedTable:
    """The table without these features; their reports say why."""
    reports = tuple(
        report.model_copy(update={"use": ColumnUse.DROPPED, "note": note}) if report.name in names else report
        for report in prepared.reports
    )
    kept = tuple(column for column in prepared.columns if column.name not in names)
    return replace(prepared, columns=kept, reports=reports)


def draw(table: pa.Table, options: FitOptions) -> tuple[pa.Table, list[str]]:
    """As many rows as can be looked at closely within the budget, and what is to be said of the others.

    Rows without an outcome go first, then the oldest where time is known, else some at random. A table that is not too
    large comes back as it is. Raises as `prepare` does.
    """
    _check_roles(table, options)
    limit = readable_rows(table.num_columns, options.budget_seconds)
    if table.num_rows <= limit:
        return table, []
    rows, which = _read_target(table, options).learnable, "every one that has an outcome"
    if len(rows) > limit:
        time = _order(table, options)
        newest = time is not None and options.newest_first
        rows = np.sort(choose_rows(oldest_first(rows, time), limit, timed=newest, seed=options.seed))
        which = "the newest" if time is not None else "drawn at random"
    sentence = f"Looked at {len(rows):,} of {table.num_rows:,} rows, {which}; the others would take too long."
    return table.take(rows), [sentence]


def check(table: pa.Table, options: FitOptions) -> CheckReport:
    """What is in the table, what is wrong with it, and what leaks. Raises as `prepare` does."""
    drawn, warnings = draw(table, options)
    prepared = prepare(drawn, options)
    known = prepared.target.values[prepared.target.known]
    return CheckReport(
        rows=table.num_rows,
        outcome=options.outcome,
        won=prepared.target.won,
        base_rate=float(known.mean()) if prepared.target.task is Task.CONVERSION and known.size else None,
        columns=prepared.reports,
        algorithms=competitors(options, known),
        warnings=(*warnings, *prepared.warnings, *_few_outcomes(prepared.target)),
    )


def _check_roles(table: pa.Table, options: FitOptions) -> None:
    roles = [
        ("--outcome", options.outcome),
        *(("--id", name) for name in [options.id_column] if name),
        *(("--time", name) for name in [options.time_column] if name),
        *(("--group", name) for name in [options.group_column] if name),
        *(("as_of_column", name) for name in [options.as_of_column] if name),
        *(("--drop", name) for name in options.drop),
        *(("--keep", name) for name in options.keep),
    ]
    for option, name in roles:
        if name not in table.column_names:
            raise ColumnNotFoundError(option, name, table.column_names)
    for option, name in roles[1:]:
        if name == options.outcome:
            raise ColumnRoleConflictError(name, "the outcome", option)
    for name in options.keep:
        if name in options.drop:
            raise ColumnRoleConflictError(name, "--drop", "--keep")


def _read_target(table: pa.Table, options: FitOptions) -> OutcomeTarget:
    """The outcome; of leads of which none has ended yet, all unknown. An amount must be known of some."""
    try:
        return read_outcome(table, options.outcome, won=options.won, value=options.value)
    except NoOutcomeError:
        if options.value:
            raise
        return OutcomeTarget(Task.CONVERSION, np.full(table.num_rows, np.nan), options.won)


def _happened(target: OutcomeTarget) -> Floats:
    """1 where there was a conversion, or any amount; for amounts that are never 0, where it is above the median."""
    if target.task is Task.CONVERSION:
        return target.values
    known = target.values[target.known]
    line = 0.0 if (known <= 0).any() else float(np.median(known))
    return np.where(target.known, (target.values > line).astype(np.float64), np.nan)


def _first_identifier(columns: Sequence[Column], rows: int, options: FitOptions) -> str | None:
    names = (
        column.name
        for column in columns
        if column.kind is ColumnKind.ID and column.distinct == rows and column.name != options.outcome
    )
    return next(names, None)


def _report(column: Column, finding: Finding, options: FitOptions, id_column: str | None) -> ColumnReport:
    use, note = _use(column, finding, options, id_column)
    return ColumnReport(
        name=column.name,
        type=column.kind,
        use=use,
        leak=finding.leak,
        evidence=finding.evidence,
        note=note,
        missing_share=column.missing_share,
        missing_values=column.missing_values,
        distinct=column.distinct,
    )


def _use(column: Column, finding: Finding, options: FitOptions, id_column: str | None) -> tuple[ColumnUse, str]:
    """What becomes of a column, and why."""
    roles = {
        options.outcome: (ColumnUse.OUTCOME, ""),
        options.group_column: (ColumnUse.DROPPED, "It keeps rows of one lead together and is no feature."),
        options.as_of_column: (ColumnUse.DROPPED, "It says when each row is looked at, and is no feature."),
        options.time_column: (ColumnUse.TIME, "It orders the rows; only its calendar parts are features."),
        id_column: (ColumnUse.ID, "It names the row in the scores."),
    }
    if column.name in roles:
        return roles[column.name]
    if column.name in options.drop:
        return ColumnUse.DROPPED, "Left out because you asked for it."
    if column.kind in EXPLAINED:
        return ColumnUse.DROPPED, EXPLAINED[column.kind]
    if finding.leak is Leak.LEAK and column.name not in options.keep:
        return ColumnUse.DROPPED, "Left out because it leaks; --keep uses it all the same."
    if finding.leak is Leak.LEAK:
        return ColumnUse.FEATURE, "It leaks, and is used because you asked for it."
    return ColumnUse.FEATURE, ""


def _as_feature(column: Column, table: pa.Table, options: FitOptions) -> Column:
    """The column as a feature: where time is known, the day itself is a clock that never comes back.

    So is the month, until each was seen twice.
    """
    timed = bool(options.time_column) or options.ordered
    if column.name == options.time_column and column.kind is not ColumnKind.DATE:
        return column.model_copy(update={"parts": ()})
    if timed and column.kind is ColumnKind.DATE:
        days = to_numbers(table.column(column.name), column)
        clocks = {"day"} if np.ptp(days[~np.isnan(days)]) >= TWICE_EACH_MONTH_DAYS else {"day", "month"}
        return column.model_copy(update={"parts": tuple(part for part in column.parts if part not in clocks)})
    return column


def _find_leaks(
    table: pa.Table,
    columns: Sequence[Column],
    target: OutcomeTarget,
    exempt: Sequence[str],
    group: NDArray[np.int64] | None,
) -> dict[str, Finding]:
    """What leaks, by the rows with an outcome; by some of them where there are very many.

    Of a group the first row alone: in further rows of one lead, whatever names the lead would seem to tell its outcome.
    """
    happened, known = _happened(target), np.flatnonzero(target.known)
    if group is not None:
        known = np.sort(known[np.unique(group[known], return_index=True)[1]])
        table, happened, known = table.take(known), happened[known], np.arange(len(known))
    if len(known) > LEAK_CHECK_ROWS:
        rows = choose_rows(known, LEAK_CHECK_ROWS, timed=False, seed=0)
        table, happened = table.take(rows), happened[rows]
    return find_leaks(table, columns, happened, exempt=exempt)


def _order(table: pa.Table, options: FitOptions) -> Floats | None:
    """By row, what orders it, before all columns are known."""
    name = options.time_column
    by_name = {name: infer_column(name, table.column(name))} if name else {}
    return _time(table, by_name, options)


def _time(table: pa.Table, by_name: Mapping[str, Column], options: FitOptions) -> Floats | None:
    if options.time_column is None:
        return np.arange(table.num_rows, dtype=np.float64) if options.ordered else None
    column = by_name[options.time_column]
    if column.kind is ColumnKind.CONSTANT:
        return None
    time = read_time(table, column)
    if time is None:
        raise TimeNotUnderstoodError(column.name, column.kind)
    return time


def _warnings(target: OutcomeTarget, reports: Sequence[ColumnReport], options: FitOptions) -> Iterator[str]:
    unknown = int((~target.known).sum())
    left_aside = 0 < unknown < len(target.values)
    if left_aside and options.converted_at is None:  # with dates, those without an outcome yet are learnt from too
        rows = "1 row has" if unknown == 1 else f"{unknown:,} rows have"
        yield f"{rows} no outcome yet, and {'was' if unknown == 1 else 'were'} left aside."
    left_out = [report.name for report in reports if report.leak is Leak.LEAK and report.use is ColumnUse.DROPPED]
    if left_out:
        yield f"Left out because they are known only after the outcome: {', '.join(left_out)}."
    kept = [report.name for report in reports if report.leak is Leak.LEAK and report.use is ColumnUse.FEATURE]
    if kept:
        yield f"Used although they look as if known only after the outcome: {', '.join(kept)}. Scores may be too good."
    suspects = [report.name for report in reports if report.leak is Leak.SUSPECT and report.use is ColumnUse.FEATURE]
    if suspects:
        yield f"Check that these are known before the outcome: {', '.join(suspects)}."


def _few_outcomes(target: OutcomeTarget) -> Iterator[str]:
    """What to say before anyone waits for a model of rules."""
    if target.task is Task.VALUE:
        return
    step = rung(target.task, target.values)
    if step is not Rung.ENOUGH:
        won, lost = int((target.values == 1).sum()), int((target.values == 0).sum())
        made = "be made of rules" if step is Rung.RULES else "lean on rules"
        yield (
            f"{won:,} {'lead' if won == 1 else 'leads'} converted and {lost:,} did not; a model of this table would "
            f"{made}, and leaks are hard to find. From {ENOUGH_OUTCOMES} of each on, algorithms compete: "
            "add more leads that have ended."
        )


def _about_time(time: Floats | None, options: FitOptions) -> Iterator[str]:
    if time is None and options.time_column:
        yield f"{options.time_column!r} is the same in every row and orders nothing, so rows are split at random."
    unknown = 0 if time is None else int(np.isnan(time).sum())
    if unknown:
        rows = "1 row holds" if unknown == 1 else f"{unknown:,} rows hold"
        yield f"{rows} no time in {options.time_column!r}, and count as the oldest."


def _about_features(features: Sequence[Column]) -> Iterator[str]:
    if not features:
        yield (
            "No column is left to tell leads apart, so every lead gets the same score; "
            "add columns on what is known of a lead, or overrule the leak check with --keep."
        )
