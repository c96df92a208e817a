"""Every way in which leadwise refuses, as one class per cause.

Five kinds (`Missing`, `Conflict`, `Invalid`, `Forbidden`, `Unavailable`) say what sort of trouble it is; each cause
is a class of one kind, with attributes and a stable `code`. A message says what was expected, what came, and the
next step. The command line prints the sentence and exits with 1; HTTP answers carry it as
`application/problem+json`.
"""

from typing import ClassVar


class LeadwiseError(Exception):
    """Anything that a user of leadwise can cause or mend; `str()` gives the sentence to show."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500


class Missing(LeadwiseError):
    """What was asked for is not there."""

    code = "missing"
    status = 404


class Conflict(LeadwiseError):
    """It is there, but in a state that does not allow this."""

    code = "conflict"
    status = 409


class Invalid(LeadwiseError):
    """The input cannot be used as it is."""

    code = "invalid"
    status = 422


class Forbidden(LeadwiseError):
    """The caller may not do this."""

    code = "forbidden"
    status = 403


class Unavailable(LeadwiseError):
    """A part that is needed is away for now; trying again later may help."""

    code = "unavailable"
    status = 503
