"""Whether texts are prose, identifiers, or codes padded with zeros."""

import numpy as np

from leadwise.features.matching import lengths, matches, word_counts
from leadwise.features.tally import Tally
from leadwise.features.texts import Texts

_PROSE_WORDS = 3.0
_PROSE_LENGTH = 60.0
_PROSE_SHARE = 0.5
_IDENTIFIER_SHARE = 0.9


def is_free_text(counted: Tally) -> bool:
    """Whether most rows have words of their own: several words, and half of the rows unlike any other."""
    if len(counted.texts) < _PROSE_SHARE * counted.given or not counted.given:
        return False
    words = np.average(word_counts(counted.texts), weights=counted.counts)
    length = np.average(lengths(counted.texts), weights=counted.counts)
    return bool(words >= _PROSE_WORDS or (length >= _PROSE_LENGTH and words > 1))


def looks_like_identifier(texts: Texts) -> bool:
    """Whether nearly all are one word with a digit or an @ in it, and no fraction.

    >>> import pyarrow as pa
    >>> looks_like_identifier(pa.array(["A-1001", "A-1002"])), looks_like_identifier(pa.array(["Pune", "Oslo"]))
    (True, False)
    """
    marked = matches(texts, r"^\S*[\d@]\S*$")
    other = matches(texts, r"^[-+]?\d*[.,]\d+(e[-+]?\d+)?$|[%\p{Sc}]|^[-+]\d+$|\d[:/]\d")
    return bool(np.sum(marked & ~other) >= _IDENTIFIER_SHARE * len(texts) > 0)


def looks_like_padded_code(texts: Texts) -> bool:
    """Whether they are digits of one length, some with a zero in front: 01067 is a postcode, not a number.

    >>> import pyarrow as pa
    >>> looks_like_padded_code(pa.array(["01067", "80331"])), looks_like_padded_code(pa.array(["0", "10"]))
    (True, False)
    """
    if not matches(texts, r"^0\d+$").any():
        return False
    return bool(np.ptp(lengths(texts)) == 0 and matches(texts, r"^\d+$").all())
