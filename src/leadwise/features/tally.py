"""The distinct texts of a column and how often each occurs: all that inference looks at."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.features.matching import Mask, pick
from leadwise.features.placeholders import are_placeholders
from leadwise.features.texts import Texts, WholeColumn, to_codes

_SAMPLE_TEXTS = 1_000
_PRIME = 1_000_003
_PLACE_VALUES = np.array([pow(257, place, _PRIME) for place in range(64)], dtype=np.int64)


@dataclass(frozen=True)
class Tally:
    """How often each text occurs in a column.

    Args:
        texts: The distinct texts that say something, in no particular order.
        counts: In how many rows each of them stands.
        placeholders: The texts that mean "not given", most frequent first.
        placeholder_counts: In how many rows each of those stands.
        rows: Of the whole column.
        nulls: Rows without any text.
    """

    texts: Texts
    counts: NDArray[np.int64]
    placeholders: tuple[str, ...]
    placeholder_counts: tuple[int, ...]
    rows: int
    nulls: int

    @property
    def given(self) -> int:
        """Rows that say something."""
        return int(self.counts.sum())

    @property
    def missing_share(self) -> float:
        """Share of rows that say nothing; 0 for a column without rows."""
        return (self.rows - self.given) / self.rows if self.rows else 0.0

    @cached_property
    def sample(self) -> "Tally":
        """The same with about a thousand of the texts, the frequent ones among them, whatever the order of rows."""
        if len(self.texts) <= 2 * _SAMPLE_TEXTS:
            return self
        drawn = _fingerprints(self.texts) % (len(self.texts) // _SAMPLE_TEXTS) == 0
        return self.only(drawn | (self.counts > self.given / _SAMPLE_TEXTS))

    def mostly(self, chosen: Mask, share: float) -> bool:
        """Whether the chosen texts fill at least that share of the rows that say something."""
        return bool(self.given) and bool(self.counts[chosen].sum() >= share * self.given)

    def only(self, chosen: Mask) -> "Tally":
        """The tally of the chosen texts; rows with another one say nothing."""
        return replace(self, texts=pick(self.texts, chosen), counts=self.counts[chosen])

    def commonest(self, chosen: Mask, limit: int) -> tuple[str, ...]:
        """The most frequent of the chosen texts, ties by text."""
        kept = self.only(chosen)
        return tuple(text for text, _ in _ranked(kept.texts, kept.counts, limit))

    def most_frequent(self) -> str | None:
        """The most frequent text, of equally frequent ones the first by text; None where there is none."""
        ranked = _ranked(self.texts, self.counts, 1)
        return ranked[0][0] if ranked else None

    def levels(self, limit: int) -> tuple[str, ...]:
        """The texts, placeholders among them, that stand in at least two rows, most frequent first."""
        repeated = self.counts > 1
        kept = self.only(repeated)
        ranked = _ranked(kept.texts, kept.counts, limit)
        ranked += [pair for pair in zip(self.placeholders, self.placeholder_counts, strict=True) if pair[1] > 1]
        return tuple(text for text, _ in sorted(ranked, key=_by_frequency)[:limit])


def tally(values: WholeColumn) -> Tally:
    """How often each text occurs in the column.

    >>> counted = tally(pa.array(["a", "N/A", "a", None]))
    >>> counted.given, counted.placeholders, counted.missing_share
    (2, ('N/A',), 0.5)
    """
    coded = to_codes(values)
    counts = coded.counts
    placeholder = are_placeholders(coded.texts)
    found = _ranked(pick(coded.texts, placeholder), counts[placeholder], len(counts))
    return Tally(
        texts=pick(coded.texts, ~placeholder),
        counts=counts[~placeholder],
        placeholders=tuple(text for text, _ in found),
        placeholder_counts=tuple(count for _, count in found),
        rows=len(values),
        nulls=len(values) - int(counts.sum()),
    )


def weighted_median(values: NDArray[np.float64], counts: NDArray[np.int64]) -> float | None:
    """The median of values that occur so often; None of none.

    >>> weighted_median(np.array([1.0, 5.0, 9.0]), np.array([1, 1, 2])), weighted_median(np.array([]), np.array([]))
    (7.0, None)
    """
    if not len(values):
        return None
    order = np.argsort(values)
    upto = np.cumsum(counts[order])
    rows = int(upto[-1])
    middle = np.searchsorted(upto, [(rows - 1) // 2, rows // 2], side="right")
    return float((values[order][middle] / 2).sum())  # halves: the sum of two may be more than a number holds


def _fingerprints(texts: Texts) -> NDArray[np.int64]:
    """A number per text that hangs on nothing but the text: its bytes as digits, modulo a prime."""
    content = texts.cast(pa.large_binary())
    buffers: Any = content.buffers()
    _, offsets, data = buffers
    starts = np.frombuffer(offsets, np.int64)[content.offset : content.offset + len(content) + 1]
    places = np.arange(starts[0], starts[-1]) - np.repeat(starts[:-1], np.diff(starts))
    weights = _PLACE_VALUES[places % len(_PLACE_VALUES)]
    digits = np.frombuffer(data, np.uint8)[starts[0] : starts[-1]] * weights
    sums: NDArray[np.int64] = np.add.reduceat(digits, starts[:-1] - starts[0])
    return sums % _PRIME


def _ranked(texts: Texts, counts: NDArray[np.int64], limit: int) -> list[tuple[str, int]]:
    """The most frequent texts with their counts, ties by text."""
    if len(counts) > limit:
        least = np.partition(counts, -limit)[-limit]  # ties at the limit stay, and are cut by text below
        texts, counts = pick(texts, counts >= least), counts[counts >= least]
    pairs = [(str(text), int(count)) for text, count in zip(texts.to_pylist(), counts, strict=True)]
    return sorted(pairs, key=_by_frequency)[:limit]


def _by_frequency(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]
