"""Yes and no, as people and databases write them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from leadwise.features.texts import Texts

YES = frozenset({
    "yes", "y", "true", "t", "1", "on", "x", "✓", "checked", "ja", "wahr", "oui", "vrai", "si", "sí", "sim", "da", "tak",
})  # fmt: skip
NO = frozenset({
    "no", "n", "false", "f", "0", "off", "unchecked", "nein", "falsch", "non", "faux", "não", "nao", "nie", "nee",
})  # fmt: skip


def yes_texts(texts: Texts) -> tuple[str, ...] | None:
    """The casefolded texts that mean yes, sorted; None where some text is neither a yes nor a no.

    >>> yes_texts(pa.array(["Yes", "No", "TRUE"]))
    ('true', 'yes')
    >>> yes_texts(pa.array(["m", "f"]))
    """
    if len(texts) > 2 * len(YES):
        return None
    words = {str(text).casefold() for text in texts.to_pylist()}
    return tuple(sorted(words & YES)) if words <= YES | NO else None


def parse_booleans(texts: Texts, yes: tuple[str, ...]) -> NDArray[np.float64]:
    """1 for yes, 0 for no, NaN for anything else.

    >>> parse_booleans(pa.array(["Yes", "no", "maybe"]), ("yes",)).tolist()
    [1.0, 0.0, nan]
    """
    lowered = pc.utf8_lower(texts)
    is_yes = pc.is_in(lowered, value_set=pa.array(sorted({*yes, *YES}), texts.type))
    is_no = pc.is_in(lowered, value_set=pa.array(sorted(NO - set(yes)), texts.type))
    return np.where(is_yes, 1.0, np.where(is_no, 0.0, np.nan))
