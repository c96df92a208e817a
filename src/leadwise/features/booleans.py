"""Yes and no, as people and databases write them."""

import numpy as np

from leadwise.features.matching import Floats, is_any_of, lowered
from leadwise.features.texts import Texts

YES = frozenset({
    "yes", "y", "true", "t", "1", "on", "x", "✓", "checked", "ja", "wahr", "oui", "vrai", "si", "sí", "sim", "da",
    "tak",
})  # fmt: skip
NO = frozenset({
    "no", "n", "false", "f", "0", "off", "unchecked", "nein", "falsch", "non", "faux", "não", "nao", "nie", "nee",
})  # fmt: skip


def yes_texts(texts: Texts) -> tuple[str, ...] | None:
    """The texts that mean yes, in small letters and sorted; None where some text is neither a yes nor a no.

    >>> import pyarrow as pa
    >>> yes_texts(pa.array(["Yes", "No", "TRUE"]))
    ('true', 'yes')
    >>> yes_texts(pa.array(["m", "f"]))
    """
    if len(texts) > len(YES) + len(NO):
        return None
    words = {str(word) for word in lowered(texts).to_pylist()}
    return tuple(sorted(words & YES)) if words <= YES | NO else None


def parse_booleans(texts: Texts, yes: tuple[str, ...]) -> Floats:
    """1 for yes, 0 for no, NaN for anything else.

    >>> import pyarrow as pa
    >>> parse_booleans(pa.array(["Yes", "no", "maybe"]), ("yes",)).tolist()
    [1.0, 0.0, nan]
    """
    words = lowered(texts)
    return np.where(is_any_of(words, {*yes, *YES}), 1.0, np.where(is_any_of(words, NO - set(yes)), 0.0, np.nan))
