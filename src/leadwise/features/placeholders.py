"""Values that mean "not given": texts such as "Select" and "N/A", and numbers such as -1 where it is no number."""

from typing import Any

import numpy as np
import pyarrow.compute
from numpy.typing import NDArray

from leadwise.features.matching import Floats, Mask, is_any_of, lowered
from leadwise.features.texts import Texts

PLACEHOLDERS = frozenset({
    "select", "please select", "select one", "choose", "please choose", "unknown", "unspecified", "undefined",
    "not specified", "not given", "not available", "not applicable", "not provided", "not set", "no data",
    "missing", "n/a", "na", "n.a.", "n.a", "n/d", "#n/a", "#na", "#null!", "#value!", "#ref!", "#div/0!", "<na>",
    "<null>", "(null)", "null", "nil", "none", "nan", "nat", "-", "--", "---", "?", "??", ".", "..", "_", "tbd",
    "blank", "(blank)", "empty", "keine angabe", "k.a.", "unbekannt", "bitte wählen", "inconnu", "desconocido",
    "inf", "-inf", "infinity",
})  # fmt: skip
"""In small letters, without dots of omission at the end ("Select..." is "select")."""

_SENTINEL_SHARE = 0.01
_SENTINEL_COMPANY = 5  # with fewer other values, -1 may be a score (-1, 0, 1)
pc: Any = pyarrow.compute


def are_placeholders(texts: Texts) -> Mask:
    """Which of the texts mean "not given".

    >>> import pyarrow as pa
    >>> are_placeholders(pa.array(["Select...", "N/A", "Selected", "no"])).tolist()
    [True, True, False, False]
    """
    lower = lowered(texts)
    return is_any_of(lower, PLACEHOLDERS) | is_any_of(pc.utf8_rtrim(lower, characters=".… "), PLACEHOLDERS)


def has_sentinel(numbers: Floats, counts: NDArray[np.int64]) -> bool:
    """Whether -1 stands for "not given" among these distinct numbers.

    It does where it is the only negative number, more frequent than its neighbours 0 and 1, and there are enough other
    numbers for it not to be a score between -1 and 1.

    >>> days = np.array([-1.0, 0, 1, 90, 180, 360, 720])
    >>> has_sentinel(days, np.array([500, 1, 3, 9, 20, 7, 2]))
    True
    >>> has_sentinel(np.array([-1.0, 0, 1]), np.array([50, 20, 30]))
    False
    """
    negative = numbers < 0
    if not np.all(numbers[negative] == -1) or not negative.any() or len(numbers) <= _SENTINEL_COMPANY:
        return False
    frequency = int(counts[negative].sum())
    neighbours = counts[(numbers == 0) | (numbers == 1)]
    return frequency >= _SENTINEL_SHARE * counts.sum() and bool(np.all(frequency > neighbours))
