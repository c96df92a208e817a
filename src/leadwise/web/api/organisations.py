"""Whose data a request is about."""

from leadwise.domain.access import Caller
from leadwise.domain.errors import Missing


class OrganisationHiddenError(Missing):
    """The organisation is another one than the key's: as if it were not there."""

    code = "organisation_not_yours"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f'There is no organisation "{name[:100]}" for this key; use its own, or leave the name out.')


def organisation_of(caller: Caller, named: str) -> str:
    """The organisation that a caller means; their own if they name none.

    Raises:
        OrganisationHiddenError: if a key names another one than its own.

    >>> organisation_of(Caller("acme", key="1"), ""), organisation_of(Caller("default"), "acme")
    ('acme', 'acme')
    >>> organisation_of(Caller("acme", key="1"), "other")
    Traceback (most recent call last):
    leadwise.web.api.organisations.OrganisationHiddenError: There is no organisation "other" for this key; ...
    """
    if not named or named == caller.organisation:
        return caller.organisation
    if caller.key or not named.isprintable():  # no organisation has such a name
        raise OrganisationHiddenError(named)
    return named
