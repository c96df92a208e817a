"""Who calls, and what they may do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from leadwise.domain.errors import Forbidden

KEY_PREFIX = "lw"
"""What every key begins with: `lw_<id>_<secret>`."""


class Role(StrEnum):
    """What a key may be used for. Each role stands alone, but for `admin`, which may do everything."""

    READ = "read"
    """Read leads, scores, models, reports."""
    SCORE = "score"
    """Send leads, events and outcomes, and ask for scores."""
    TRAIN = "train"
    """Train, activate and roll back models."""
    ADMIN = "admin"
    """All of it, and keys, erasure and the audit log."""


class RoleMissingError(Forbidden):
    """The key is good, but not for this."""

    code = "role_missing"

    def __init__(self, needed: Role, roles: Iterable[Role]) -> None:
        self.needed, self.roles = needed, frozenset(roles)
        held = ", ".join(sorted(self.roles)) or "none"
        super().__init__(
            f"This needs a key with the role {needed}, but the key has: {held}. Ask an administrator of your "
            f"organisation for one (leadwise keys add --role {needed})."
        )


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Args:
        organisation: Whose data they see.
        roles: What they may do.
        key: The public part of their key; empty where the service is open.
        name: Who they are in the audit log.

    >>> Caller("acme", frozenset({Role.READ})).check(Role.TRAIN)
    Traceback (most recent call last):
    leadwise.domain.access.RoleMissingError: This needs a key with the role train, but the key has: read. ...
    """

    organisation: str
    roles: frozenset[Role] = field(default_factory=frozenset)
    key: str = ""
    name: str = "anyone"

    def check(self, needed: Role) -> None:
        """Make sure that they may do what needs this role.

        Raises:
            RoleMissingError: if not.
        """
        if needed not in self.roles and Role.ADMIN not in self.roles:
            raise RoleMissingError(needed, self.roles)
