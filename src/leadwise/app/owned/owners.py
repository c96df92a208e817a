"""Under which target's name the store has the models of an owner."""

from urllib.parse import quote, unquote

from leadwise.domain.errors import Invalid

LONGEST = 200
_BETWEEN = "@"


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
    name = quote(user_id, safe="", errors="replace")
    if len(name) > LONGEST:
        reason = f"it has {len(user_id):,}" + (
            " (signs other than letters and digits count threefold)" * (len(name) > len(user_id))
        )
        raise UnusableOwnerError(reason)
    return f"{model_type}{_BETWEEN}{name}"


def model_type_of(target: str) -> str:
    """The type of an owner's model; of any other target its name."""
    return target.partition(_BETWEEN)[0]


def owner_of(target: str) -> str:
    """Whose target it is; empty if nobody's.

    >>> owner_of("lead_conversion@a%40b"), owner_of("car_sold")
    ('a@b', '')
    """
    return unquote(target.partition(_BETWEEN)[2])
