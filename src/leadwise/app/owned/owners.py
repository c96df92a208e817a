"""Under which target's name the store has the models of an owner."""

import hashlib
from urllib.parse import quote

from leadwise.domain.errors import Invalid

LONGEST = 200
_BETWEEN = "@"
_DIGEST = "%sha256-"
"""What no escaped text begins with."""


class UnusableOwnerError(Invalid):
    """The text names nobody."""

    code = "unusable_user_id"

    def __init__(self, reason: str) -> None:
        super().__init__(f"user_id should be a text of 1 to {LONGEST} characters, but {reason}.")


def target_of(model_type: str, user_id: str) -> str:
    """The name of the target whose models are an owner's. What could be misread in it is escaped as in an address.

    Raises:
        UnusableOwnerError: if nobody can be called so.

    >>> target_of("lead_conversion", "user123"), target_of("lead_conversion", "a@b c")
    ('lead_conversion@user123', 'lead_conversion@a%40b%20c')
    >>> target_of("lead_conversion", "")
    Traceback (most recent call last):
    leadwise.app.owned.owners.UnusableOwnerError: user_id should be ..., but it is empty.
    """
    if not user_id.strip():
        reason = "it is empty"
        raise UnusableOwnerError(reason)
    if len(user_id) > LONGEST:
        reason = f"it has {len(user_id):,}"
        raise UnusableOwnerError(reason)
    name = quote(user_id, safe="", errors="replace")
    if len(name) > LONGEST:  # signs other than letters and digits count threefold and more
        name = _DIGEST + hashlib.sha256(user_id.encode("utf-8", "replace")).hexdigest()
    return f"{model_type}{_BETWEEN}{name}"


def model_type_of(target: str) -> str:
    """The type of an owner's model; of any other target its name."""
    return target.partition(_BETWEEN)[0]


def is_owned(target: str) -> bool:
    """Whether a target is a user's.

    >>> is_owned("lead_conversion@a%40b"), is_owned("car_sold")
    (True, False)
    """
    return _BETWEEN in target
