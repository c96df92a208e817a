"""What became of every column of the table: used, left out, leaking, missing."""

from collections.abc import Sequence

from leadwise.domain.column import ColumnReport, ColumnUse, Leak
from leadwise.web import words
from leadwise.web.components.tables import Table, tabulate

_LEAKS = {
    Leak.LEAK: "Leaks",
    Leak.SUSPECT: "Suspect",
}
_USES = {
    ColumnUse.FEATURE: "Used",
    ColumnUse.ID: "Names the lead",
    ColumnUse.OUTCOME: "The outcome",
    ColumnUse.TIME: "Orders the rows",
    ColumnUse.DROPPED: "Left out",
}
_SHOWN_PLACEHOLDERS = 6


def leak_table(columns: Sequence[ColumnReport]) -> Table:
    """Columns known only after the outcome, or suspected of it, with the evidence."""
    found = sorted((each for each in columns if each.leak is not Leak.NONE), key=lambda each: each.leak is Leak.SUSPECT)
    rows = [(each.name, _LEAKS[each.leak], _USES[each.use], each.evidence) for each in found]
    return tabulate("Columns that may give the outcome away", ["Column", "Verdict", "What was done", "Evidence"], rows)


def missing_table(columns: Sequence[ColumnReport]) -> Table:
    """Columns with values that are not given, the emptiest first."""
    found = [each for each in columns if each.missing_share > 0 or each.missing_values]
    found.sort(key=lambda each: -each.missing_share)
    rows = [(each.name, words.percent(each.missing_share), _placeholders(each)) for each in found]
    headings = ["Column", "Not given", "Written as"]
    return tabulate("Columns in which values are not given", headings, rows, numeric=[1])


def fate_table(columns: Sequence[ColumnReport]) -> Table:
    """Every column: what it holds and what became of it."""
    rows = [(each.name, each.type.value, _USES[each.use], f"{each.distinct:,}", each.note) for each in columns]
    headings = ["Column", "Holds", "Use", "Distinct", "Why"]
    return tabulate("Every column of the table", headings, rows, numeric=[3])


def fate_sentence(columns: Sequence[ColumnReport]) -> str:
    """How many columns there are and what became of them.

    >>> fate_sentence([ColumnReport(name="Age", type="number", use="feature")])
    '1 column in the table: 1 used, 0 left out.'
    """
    used = sum(each.use in {ColumnUse.FEATURE, ColumnUse.TIME} for each in columns)
    dropped = sum(each.use is ColumnUse.DROPPED for each in columns)
    rest = len(columns) - used - dropped
    other = f" {rest} {'names' if rest == 1 else 'name'} the lead or the outcome." if rest else ""
    return f"{words.count(len(columns), 'column')} in the table: {used} used, {dropped} left out.{other}"


def _placeholders(column: ColumnReport) -> str:
    told = [f"“{value}”" for value in column.missing_values[:_SHOWN_PLACEHOLDERS]]
    more = len(column.missing_values) - len(told)
    return words.listed([*told, f"{more} more"] if more else told) or "left empty"
