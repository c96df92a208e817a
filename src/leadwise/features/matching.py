"""Arrow's text functions on arrays of texts, answered as numpy masks and numbers. Null counts as no, and as NaN.

Arrow's own types differ for each width of string; here every array of strings is `Texts`.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from leadwise.features.texts import Texts

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
pc: Any = pyarrow.compute


def matches(texts: Texts, pattern: str) -> Mask:
    r"""Which texts contain the regular expression (RE2 syntax).

    >>> matches(pa.array(["a1", None, "b"]), r"\d").tolist()
    [True, False, False]
    """
    return as_mask(pc.match_substring_regex(texts, pattern))


def is_any_of(texts: Texts, words: Iterable[str]) -> Mask:
    """Which texts are one of the words."""
    return as_mask(pc.is_in(texts, value_set=pa.array(sorted(words), texts.type)))


def positions(texts: Texts, words: Iterable[str]) -> Floats:
    """The position of each text among the words, NaN where it is none of them.

    >>> positions(pa.array(["b", "x"]), ("a", "b")).tolist()
    [1.0, nan]
    """
    return as_floats(pc.index_in(texts, value_set=pa.array(list(words), texts.type)))


def lowered(texts: Texts) -> Texts:
    """The texts in small letters."""
    lower: Texts = pc.utf8_lower(texts)
    return lower


def trimmed(texts: Texts) -> Texts:
    """The texts without the spaces around them."""
    result: Texts = pc.utf8_trim_whitespace(texts)
    return result


def replaced(texts: Texts, pattern: str, replacement: str) -> Texts:
    """The texts with each match of the regular expression replaced."""
    result: Texts = pc.replace_substring_regex(texts, pattern, replacement)
    return result


def extracted(texts: Texts, pattern: str) -> dict[str, Texts]:
    r"""What the named groups of a regular expression catch; null in every group where it does not match.

    >>> {name: part.to_pylist() for name, part in extracted(pa.array(["a1", "-"]), r"(?P<letter>[a-z])\d").items()}
    {'letter': ['a', None]}
    """
    groups = pc.extract_regex(texts, pattern)
    return {field.name: pc.struct_field(groups, field.name) for field in groups.type}


def lengths(texts: Texts) -> Floats:
    """How many characters each text has."""
    return as_floats(pc.utf8_length(texts))


def word_counts(texts: Texts) -> Floats:
    """How many words each text has.

    >>> word_counts(pa.array(["two words", "one"])).tolist()
    [2.0, 1.0]
    """
    return as_floats(pc.count_substring_regex(texts, r"\S+"))


def as_mask(flags: Any) -> Mask:
    """Arrow's flags as a numpy mask."""
    return np.asarray(pc.fill_null(flags, pa.scalar(value=False)).to_numpy(zero_copy_only=False), dtype=np.bool_)


def as_floats(values: Any) -> Floats:
    """Arrow's numbers, or texts that are plain numbers, as a numpy array of our own to change."""
    plain = values.cast(pa.float64(), safe=False)
    array = plain.to_numpy() if isinstance(plain, pa.ChunkedArray) else plain.to_numpy(zero_copy_only=False)
    return np.array(array, dtype=np.float64)


def pick(texts: Texts, rows: Mask | np.ndarray[tuple[int], np.dtype[np.intp]]) -> Texts:
    """The texts in those rows: a mask or positions."""
    places: Any = pa.array(rows)
    return texts.filter(places) if rows.dtype == np.bool_ else texts.take(places)
