"""The leak check: columns that are known only after the outcome, each with its evidence in a sentence.

A column is called a *leak*, and left out, only on evidence that an honest column hardly ever gives; what merely looks
odd is a *suspect*, kept and reported. The yardstick is odds: facts known beforehand may double or triple a lead's odds
of converting, but twenty times the odds of all leads, surely and not by chance, is the outcome itself in another dress.

The rarer outcome is the event that writes facts down (a deal, a cancellation): a column that is empty without it leaks,
however rarely it is filled. Values beside others (a stage among stages, a count above 0, a tick) must cover half of it.
The commoner outcome is what happens without an event, and honest facts can all but settle it: who is insured elsewhere
does not buy. So what is filled for it must cover three quarters of it, and its values are never more than suspects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.domain.column import Column, ColumnKind, Leak
from leadwise.domain.frame import Floats
from leadwise.features.placeholders import are_placeholders
from leadwise.features.texts import CodedColumn, WholeColumn, to_codes
from leadwise.training.leak_names import Telling, find_telling_name
from leadwise.training.leak_strength import (
    CHANCE,
    alone_auc,
    bins_of_numbers,
    group_counts,
    many_times_the_odds,
    numbers_of,
)

FEWEST = 10
"""Rows of each outcome that the check needs to say anything."""
SEPARATING_AUC = 0.97
STRIKING_AUC = 0.85
NAMED_LEAK_AUC = 0.75
NAMED_SUSPECT_AUC = 0.6
COVERED = 0.5
"""Share of the rarer outcome's rows that telling values must cover for a column to be a leak."""
COVERED_OF_COMMONER = 0.75
"""Share of the commoner outcome's rows that must be filled for a column to be a leak."""
COVERED_WHERE_UNSURE = 0.9
"""The same where the other outcome has some of the filled rows too: deals that were won too late to count."""
MEANING = 0.95
"""What is filled in means an outcome if at least this share of the rows had it: honest sources convert 85%."""
MOSTLY = 0.5
"""A smaller share of the filled rows says nothing, whatever the odds: where conversions are rare, odds are easy."""
SEEN = 0.02
"""Share of an outcome's rows from which on telling values are worth a report."""


@dataclass(frozen=True)
class Finding:
    """What the check says of one column.

    Args:
        leak: The verdict.
        evidence: Why, in a sentence; empty where there is nothing to say.
        by_filling: Whether it is the rows in which the column is filled that leak, more than its values.
    """

    leak: Leak
    evidence: str = ""
    by_filling: bool = False


NOTHING = Finding(Leak.NONE)


def find_leaks(
    table: pa.Table, columns: Sequence[Column], target: Floats, *, exempt: Sequence[str] = ()
) -> dict[str, Finding]:
    """A finding for each column.

    Args:
        table: The rows.
        columns: How its columns are read.
        target: 1 converted, 0 not (for amounts: whether there was any); NaN rows are left aside.
        exempt: Columns that are not judged: the outcome itself, and what orders the rows.
    """
    known = ~np.isnan(target)
    won = target[known] == 1
    if min(won.sum(), (~won).sum()) < FEWEST:
        return {column.name: NOTHING for column in columns}
    rows = np.flatnonzero(known)
    findings = {
        column.name: judge_column(table.column(column.name).take(rows), column, won)
        for column in columns
        if column.name not in exempt
    }
    findings |= _filled_with_leaks(table.take(rows), columns, findings)
    return {column.name: findings.get(column.name, NOTHING) for column in columns}


def judge_column(values: WholeColumn, column: Column, won: NDArray[np.bool_]) -> Finding:
    """The strongest finding on one column by itself."""
    coded = to_codes(values)
    given = _given(coded, column)
    groups = _groups(coded, column, won)
    auc = alone_auc(groups, won)
    checks = (
        _filled_for_one(given, won, beside_others=_is_tick(coded, given) or _counts_from_zero(coded, column)),
        _identifier(coded, column, won),
        _separates(auc),
        _telling_values(coded, column, won),
        _telling_name(find_telling_name(column.name), auc),
        _striking(auc),
    )
    found = [finding for finding in checks if finding is not None]
    leaks = [finding for finding in found if finding.leak is Leak.LEAK]
    return (leaks or found or [NOTHING])[0]


def _given(coded: CodedColumn, column: Column) -> NDArray[np.bool_]:
    """Which rows hold something. A number that is 0 in most rows counts as held only where it is not 0."""
    placeholder = are_placeholders(coded.texts)
    if _counts_from_zero(coded, column):
        placeholder = placeholder | _is_zero(coded)
    return np.append(~placeholder, False)[coded.codes]


def _counts_from_zero(coded: CodedColumn, column: Column) -> bool:
    """Whether it holds numbers, 0 in most rows."""
    if column.kind not in {ColumnKind.NUMBER, ColumnKind.MONEY, ColumnKind.PERCENTAGE}:
        return False
    return bool(coded.counts[_is_zero(coded)].sum() > len(coded.codes) / 2)


def _is_zero(coded: CodedColumn) -> NDArray[np.bool_]:
    return np.array([text == "0" for text in coded.texts.to_pylist()], dtype=np.bool_)


def _is_tick(coded: CodedColumn, given: NDArray[np.bool_]) -> bool:
    """Whether all filled rows hold the same: an empty row then says no, and is not empty at all."""
    return np.unique(coded.codes[given]).size == 1


def _groups(coded: CodedColumn, column: Column, won: NDArray[np.bool_]) -> NDArray[np.int64]:
    """A group for each row: its value, or the range that its number falls into; "not given" is a group too."""
    if column.kind in {ColumnKind.CATEGORY, ColumnKind.CODE, ColumnKind.BOOLEAN, ColumnKind.CONSTANT, ColumnKind.EMPTY}:
        return coded.codes + 1
    numbers = numbers_of(coded, column)
    if np.isnan(numbers).all():
        return (coded.codes >= 0).astype(np.int64)
    return bins_of_numbers(numbers, len(won))


def _filled_for_one(given: NDArray[np.bool_], won: NDArray[np.bool_], *, beside_others: bool) -> Finding | None:
    """Filled almost only for one outcome.

    Args:
        given: The filled rows.
        won: The converted rows.
        beside_others: Whether the other rows hold something too: a 0, or a box that was not ticked.
    """
    filled, hits = int(given.sum()), int(won[given].sum())
    if filled in {0, len(given)}:
        return None
    rate = float(won.mean())
    needed = _cover_that_leaks(hits, filled, rate, beside_others=beside_others)
    if needed is not None:
        evidence = (
            f"Filled almost only for converted leads: {hits:,} of the {filled:,} filled rows converted, "
            f"against {rate:.0%} of all."
        )
        return Finding(Leak.LEAK if hits >= needed * won.sum() else Leak.SUSPECT, evidence, by_filling=True)
    lost = filled - hits
    needed = _cover_that_leaks(lost, filled, 1 - rate, beside_others=beside_others)
    if needed is not None:
        evidence = f"Filled almost only for leads that did not convert: {lost:,} of {filled:,} filled rows."
        return Finding(Leak.LEAK if lost >= needed * (~won).sum() else Leak.SUSPECT, evidence, by_filling=True)
    return None


def _cover_that_leaks(hits: int, filled: int, rate: float, *, beside_others: bool) -> float | None:
    """The share of an outcome that must be filled for a leak; None if its rows hardly stand out among the filled.

    Args:
        hits: Filled rows with the outcome.
        filled: Filled rows.
        rate: Share of all rows with the outcome.
        beside_others: Whether the other rows hold something too.
    """
    if not many_times_the_odds(hits, filled, rate, at_least=MOSTLY):
        return None
    if rate > 0.5:  # noqa: PLR2004 - the commoner outcome
        return COVERED_OF_COMMONER
    if hits < MEANING * filled:
        return COVERED_WHERE_UNSURE
    return COVERED if beside_others else 0.0


def _filled_with_leaks(
    table: pa.Table, columns: Sequence[Column], findings: Mapping[str, Finding]
) -> dict[str, Finding]:
    """Columns that are filled only in rows in which a column is filled whose filling leaks.

    So a deal's rarely filled attributes go where its date goes, though they are too few to show it by themselves.
    """
    by_name = {column.name: column for column in columns}
    given = {
        name: _given(to_codes(table.column(name)), by_name[name])
        for name, finding in findings.items()
        if finding.by_filling or (finding.leak is not Leak.LEAK and _may_be_empty(by_name[name]))
    }
    leaks = [name for name in given if findings[name].by_filling and findings[name].leak is Leak.LEAK]
    found = {}
    for name in given.keys() - leaks:
        cover = next((leak for leak in leaks if _nested(given[name], given[leak])), None)
        if cover is not None:
            evidence = f"Filled only in rows in which {cover!r} is filled, which happens almost only with one outcome."
            found[name] = Finding(Leak.LEAK, evidence)
    return found


def _may_be_empty(column: Column) -> bool:
    return 0 < column.missing_share < 1 and column.kind is not ColumnKind.EMPTY


def _nested(inner: NDArray[np.bool_], outer: NDArray[np.bool_]) -> bool:
    """Whether all of `inner` lies in `outer`, and not by chance."""
    if not inner.any() or (inner & ~outer).any():
        return False
    return bool(inner.sum() * np.log(outer.mean()) < np.log(CHANCE))


def _identifier(coded: CodedColumn, column: Column, won: NDArray[np.bool_]) -> Finding | None:
    """An identifier whose letters or length say how it ended."""
    if column.kind is not ColumnKind.ID:
        return None
    texts = [str(text) for text in coded.texts.to_pylist()]
    for what, keys in (
        ("beginning", [_leading_letters(text) for text in texts]),
        ("ending", [_leading_letters(text[::-1]) for text in texts]),
        ("length", [str(len(text)) for text in texts]),
    ):
        _, code = np.unique(np.array([*keys, ""]), return_inverse=True)
        auc = alone_auc(code[coded.codes], won)
        if auc >= SEPARATING_AUC:
            return Finding(Leak.LEAK, f"The {what} of the identifier tells how the lead ended (AUC {auc:.2f} alone).")
    return None


def _leading_letters(text: str) -> str:
    return text[: next((place for place, letter in enumerate(text) if not letter.isalpha()), len(text))][:3]


def _separates(auc: float) -> Finding | None:
    """One column alone separates the outcomes."""
    if auc < SEPARATING_AUC:
        return None
    return Finding(Leak.LEAK, f"This column alone separates the outcomes (AUC {auc:.3f}); no honest column does.")


def _striking(auc: float) -> Finding | None:
    """One column alone goes further than honest columns do."""
    if auc < STRIKING_AUC:
        return None
    return Finding(Leak.SUSPECT, f"This column alone goes very far (AUC {auc:.2f}); check that it is known beforehand.")


def _telling_values(coded: CodedColumn, column: Column, won: NDArray[np.bool_]) -> Finding | None:
    """Values that appear with one outcome only."""
    if column.kind not in {ColumnKind.CATEGORY, ColumnKind.CODE, ColumnKind.BOOLEAN}:
        return None
    counts, converted = group_counts(coded.codes + 1, won)
    rate = float(won.mean())
    of_winners = many_times_the_odds(converted, counts, rate)
    of_losers = many_times_the_odds(counts - converted, counts, 1 - rate)
    covered_won = float(converted[of_winners].sum() / won.sum())
    covered_lost = float((counts - converted)[of_losers].sum() / (~won).sum())
    example = _example(coded, np.where(of_winners | of_losers, counts, 0), counts, converted)
    rarer, what, of_rarer = (
        (converted, "conversion", of_winners)
        if rate <= 0.5  # noqa: PLR2004 - the half
        else (counts - converted, "a lost lead", of_losers)
    )
    meaning = of_rarer & (rarer >= MEANING * counts)
    covered = float(rarer[meaning].sum() / rarer.sum())
    if covered >= COVERED:
        example = _example(coded, np.where(meaning, counts, 0), counts, converted)
        return Finding(Leak.LEAK, f"Values that mean {what} cover {covered:.0%} of such rows: {example}.")
    if max(covered_won, covered_lost) >= SEEN:
        return Finding(Leak.SUSPECT, f"Some values occur almost with one outcome only: {example}.")
    return None


def _example(
    coded: CodedColumn, telling: NDArray[np.int64], counts: NDArray[np.int64], converted: NDArray[np.int64]
) -> str:
    """The largest telling value, in words."""
    largest = int(telling.argmax())
    text = repr(str(coded.texts[largest - 1].as_py())) if largest else "'not given'"
    return f"{text} converted in {int(converted[largest]):,} of {int(counts[largest]):,} rows"


def _telling_name(telling: Telling | None, auc: float) -> Finding | None:
    """A name that tells, on a column that has to do with the outcome."""
    if telling is None or (auc < NAMED_SUSPECT_AUC and not telling.plain):
        return None
    if auc < NAMED_SUSPECT_AUC:
        return Finding(Leak.SUSPECT, telling.sentence)
    leak = Leak.LEAK if telling.decisive and auc >= NAMED_LEAK_AUC else Leak.SUSPECT
    return Finding(leak, f"{telling.sentence} It goes far alone (AUC {auc:.2f}).")
