"""Whether texts are prose, identifiers, or codes padded with zeros."""

import numpy as np
import pyarrow.compute as pc

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
    words = np.average(pc.count_substring_regex(counted.texts, r"\S+"), weights=counted.counts)
    length = np.average(pc.utf8_length(counted.texts), weights=counted.counts)
    return bool(words >= _PROSE_WORDS or (length >= _PROSE_LENGTH and words > 1))


def looks_like_identifier(texts: Texts) -> bool:
    """Whether nearly all are one word with a digit or an @ in it, and no fraction.

    >>> import pyarrow as pa
    >>> looks_like_identifier(pa.array(["A-1001", "A-1002"])), looks_like_identifier(pa.array(["Pune", "Oslo"]))
    (True, False)
    """
    marked = pc.match_substring_regex(texts, r"^\S*[\d@]\S*$")
    number = pc.match_substring_regex(texts, r"^[-+]?\d*[.,]\d+(e[-+]?\d+)?$|[%\p{Sc}]|^[-+]\d+$|\d[:/]\d")
    likely = pc.and_not(marked, number)
    return bool(len(texts)) and pc.sum(likely).as_py() >= _IDENTIFIER_SHARE * len(texts)


def looks_like_padded_code(texts: Texts) -> bool:
    """Whether they are digits of one length, some with a zero in front: 01067 is a postcode, not a number.

    >>> import pyarrow as pa
    >>> looks_like_padded_code(pa.array(["01067", "80331"])), looks_like_padded_code(pa.array(["0", "10"]))
    (True, False)
    """
    if not pc.any(pc.match_substring_regex(texts, r"^0\d+$")).as_py():
        return False
    one_length = pc.count_distinct(pc.utf8_length(texts)).as_py() == 1
    return one_length and bool(pc.all(pc.match_substring_regex(texts, r"^\d+$")).as_py())
