"""Calibration by segment: whether leads with one value of one column convert as often as their probabilities say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.card import SegmentCalibration
from leadwise.domain.column import Column, ColumnKind
from leadwise.domain.frame import Floats, Frame
from leadwise.training.calibration import leads, wilson_interval
from leadwise.training.metrics import log_loss

FEWEST_LEADS = 50
MOST_SEGMENTS = 60
MOST_PER_COLUMN = 12
FAMILY_LEVEL = 0.05
"""How often any segment at all is said to contradict its probabilities although all of them are right."""
USUAL_LEVEL = 0.05
SEGMENTED = {ColumnKind.CATEGORY, ColumnKind.CODE, ColumnKind.BOOLEAN}
NOT_GIVEN = "not given"
NAMED = 3


@dataclass(frozen=True)
class Leads:
    """Leads with what was promised and what happened. Shapes (leads,); a lead with several rows has their means.

    Args:
        probability: What the model said.
        converted: 1 or 0.
    """

    probability: Floats
    converted: Floats

    @classmethod
    def of(cls, probability: Floats, target: Floats, group: NDArray[np.int64] | None) -> "Leads":
        """Rows as leads: those of one group are one lead."""
        if group is None:
            return cls(probability, target)
        _, lead, rows = np.unique(group, return_inverse=True, return_counts=True)
        return cls(np.bincount(lead, probability) / rows, np.bincount(lead, target) / rows)

    def __len__(self) -> int:
        return len(self.probability)


def segment_calibration(
    frame: Frame,
    columns: Sequence[Column],
    probability: Floats,
    target: Floats,
    group: NDArray[np.int64] | None = None,
    declared: Sequence[str] = (),
) -> tuple[SegmentCalibration, ...]:
    """Each value that enough leads have, of columns that people compare by, and of the first others with such values.

    A value that all but a few leads have is left out: it says what the whole says.

    Args:
        frame: The rows' features.
        columns: Their columns, the most important first.
        probability: What the model said of the rows, shape (rows,).
        target: What happened: 1 won, 0 not.
        group: A label for each row: rows of one lead have the same; None: each row is a lead of its own.
        declared: Names of columns that come first, whether or not they are important.
    """
    columns = sorted(columns, key=lambda column: column.name not in declared)
    found: list[SegmentCalibration] = []
    total = len(Leads.of(probability, target, group))
    for column in columns:
        for value, rows in _values(frame, column):
            members = Leads.of(probability[rows], target[rows], group[rows] if group is not None else None)
            if FEWEST_LEADS <= len(members) <= total - FEWEST_LEADS:
                loss = log_loss(target[rows], probability[rows])
                told = {"log_loss": loss, "declared": column.name in declared}
                found.append(_segment(column.name, value, members).model_copy(update=told))
        if len(found) >= MOST_SEGMENTS:
            break
    return _judged(found[:MOST_SEGMENTS])


def tell_segments(segments: Sequence[SegmentCalibration]) -> str:
    """How many segments stray, how many would by chance, and which contradict their probabilities all the same.

    >>> tell_segments(())
    ''
    """
    if not segments:
        return ""
    astray = sum(segment.p_value < USUAL_LEVEL for segment in segments)
    by_chance = f"about {USUAL_LEVEL * len(segments):.0f}" if USUAL_LEVEL * len(segments) >= 1 else "fewer than 1"
    found = (
        f"{astray} of {len(segments)} segments with {FEWEST_LEADS} leads or more converted more or less often than "
        f"chance allows 19 times of 20; by chance alone {by_chance} would."
    )
    ranked = sorted(segments, key=lambda segment: segment.p_value)
    beyond = [f"{each.column} is {each.value}" for each in ranked if each.contradicts]
    if not beyond:
        return f"{found} None does so beyond chance."
    named = ", ".join(beyond[:NAMED]) + (f" and {len(beyond) - NAMED} more" if len(beyond) > NAMED else "")
    return f"{found} Beyond chance, so do not take the probabilities of such leads at their word: {named}."


def tell_untold(declared: Sequence[str], segments: Sequence[SegmentCalibration]) -> str:
    """Which of the columns that people compare by have no value with enough leads; empty if all have one.

    >>> tell_untold(["Industry"], ())
    'None of the values of Industry has 50 leads in the test, so nothing is told of them.'
    """
    untold = [name for name in declared if all(segment.column != name for segment in segments)]
    if not untold:
        return ""
    names = " and of ".join(untold)
    return f"None of the values of {names} has {FEWEST_LEADS} leads in the test, so nothing is told of them."


def _values(frame: Frame, column: Column) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """A column's most frequent values with the rows that have them; values seen once training was over are none."""
    if column.kind not in SEGMENTED or not column.parts:
        return
    position = next(at for at, feature in enumerate(frame.features) if feature.source == column.name)
    codes = frame.values[:, position]
    names = ("no", "yes") if column.kind is ColumnKind.BOOLEAN else column.levels
    code = np.where(np.isnan(codes), len(names) + 1, codes).astype(np.int64)
    counts = np.bincount(code, minlength=len(names) + 2)
    named = {**dict(enumerate(names)), len(names) + 1: NOT_GIVEN}
    for number in np.argsort(-counts, kind="stable")[:MOST_PER_COLUMN]:
        if int(number) in named:
            yield named[int(number)], np.flatnonzero(code == number)


def _segment(column: str, value: str, members: Leads) -> SegmentCalibration:
    count, expected, converted = len(members), float(members.probability.sum()), round(float(members.converted.sum()))
    who = f"{leads(count)} whose {column} is {value}"
    return SegmentCalibration(
        column=column,
        value=value,
        count=count,
        expected=expected,
        converted=converted,
        observed_interval=_interval(members, converted),
        p_value=_chance(members.probability, converted),
        contradicts=False,
        sentence=f"Of {who}, {converted:,} converted; {expected:,.0f} were expected.",
    )


def _interval(members: Leads, converted: int) -> tuple[float, float]:
    """Wilson's interval of the share that converted.

    Where some leads are near certain and others hopeless, their number of conversions varies less than that of leads
    which are all alike: it is as sure as that of so many more.
    """
    rows, mean = len(members), float(members.probability.mean())
    spread = float(np.mean(members.probability * (1 - members.probability)))
    as_sure_as = rows * max(1.0, mean * (1 - mean) / spread) if spread > 0 else float(rows)
    return wilson_interval(converted / rows * as_sure_as, as_sure_as)


def _chance(probability: Floats, converted: int) -> float:
    """How likely a count as far from the expected one is, or farther: two-sided, of independent leads.

    The count's distribution (Poisson binomial) is taken as the binomial with the same mean and variance (Ehm 1991),
    which is close in the tails too, where a normal one is not.
    """
    from scipy.special import betainc  # noqa: PLC0415 - heavy libraries load when used

    mean, squares = float(probability.sum()), float((probability**2).sum())
    if mean <= 0:
        return 1.0 if converted == 0 else 0.0
    trials = max(mean**2 / squares, converted + 1.0)
    share = min(mean / trials, 1.0)
    at_most = float(betainc(trials - converted, converted + 1.0, 1 - share))
    at_least = float(betainc(converted, trials - converted + 1.0, share)) if converted else 1.0
    return min(1.0, 2 * min(at_most, at_least))


def _judged(segments: Sequence[SegmentCalibration]) -> tuple[SegmentCalibration, ...]:
    """The segments, with those marked that stray beyond chance, however many were looked at (Holm 1979)."""
    order = np.argsort([segment.p_value for segment in segments], kind="stable")
    beyond = set()
    for rank, at in enumerate(order):
        if segments[at].p_value > FAMILY_LEVEL / (len(segments) - rank):
            break
        beyond.add(int(at))
    return tuple(segment.model_copy(update={"contradicts": at in beyond}) for at, segment in enumerate(segments))
