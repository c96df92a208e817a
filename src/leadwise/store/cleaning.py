"""Values that PostgreSQL cannot hold: found before they break a batch of good rows.

PostgreSQL's text has no NUL character and no half of a surrogate pair, its JSON no NaN and no infinity. In fields, the
characters become U+FFFD, the sign for what cannot be shown, and the numbers become null, "not given". In an identifier
nothing is replaced, since two identifiers could become one: such a row is rejected.
"""

import json
import math
from typing import Any

import orjson

LONGEST_NAME = 500
"""Characters. An index of PostgreSQL holds 2,700 bytes for the organisation, source and identifier together."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class UnusableValueError(ValueError):
    """A value that cannot be stored; `str()` is the reason, a sentence. It never leaves the room."""


def json_text(value: object) -> str:
    r"""JSON that PostgreSQL can hold.

    Raises:
        UnusableValueError: if it holds something that is no JSON value.

    >>> json_text({"note": "caf\u00e9\x00", "price": float("nan")})
    '{"note":"café�","price":null}'
    >>> json_text({"colour": {"red"}})
    Traceback (most recent call last):
    leadwise.store.cleaning.UnusableValueError: Its fields cannot be written as JSON: ...
    """
    try:
        encoded = orjson.dumps(value)  # writes NaN and infinity as null
    except orjson.JSONEncodeError:
        return _slow_json_text(value)
    # An escaped backslash before u0000 looks the same; the slow way tells them apart.
    return _slow_json_text(value) if rb"\u0000" in encoded else encoded.decode()


def _slow_json_text(value: object) -> str:
    try:
        return json.dumps(_cleaned(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        reason = f"Its fields cannot be written as JSON: {error}."
        raise UnusableValueError(reason) from None


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return cleaned_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value


def cleaned_text(value: str) -> str:
    """Text that PostgreSQL can hold."""
    return value.replace("\x00", REPLACEMENT).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def check_name(what: str, name: str) -> str:
    """The name itself, if it can be stored and looked up exactly as it is.

    Raises:
        UnusableValueError: if it is empty, too long, or has a character that cannot be stored.

    >>> check_name("external_id", "")
    Traceback (most recent call last):
    leadwise.store.cleaning.UnusableValueError: Its external_id is empty.
    """
    if not name:
        reason = f"Its {what} is empty."
    elif len(name) > LONGEST_NAME:
        reason = f"Its {what} has {len(name):,} characters; at most {LONGEST_NAME} can be stored."
    elif cleaned_text(name) != name:
        reason = f"Its {what} has a character that cannot be stored."
    else:
        return name
    raise UnusableValueError(reason)
