"""What a service refuses, as the error of its kind with the service's own sentence."""

from collections.abc import Mapping
from typing import Any

from leadwise.domain.errors import Conflict, Forbidden, Invalid, LeadwiseError, Missing, Unavailable


class ServiceError(LeadwiseError):
    """The service refused, or failed.

    Args:
        status: The HTTP status.
        problem: The answer: `detail`, `code`, and `errors` for input that cannot be used.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.http_status = status
        self.cause = str(problem.get("code", "error"))
        """The service's stable name of the cause."""
        self.errors = tuple((str(each["detail"]), str(each["pointer"])) for each in problem.get("errors", ()))
        super().__init__(str(problem.get("detail", f"The service answered with the status {status}.")))


class ServiceMissingError(ServiceError, Missing):
    """What was asked for is not there, or is another organisation's."""

    code = "service_missing"


class ServiceConflictError(ServiceError, Conflict):
    """It is there, but in a state that does not allow this."""

    code = "service_conflict"


class ServiceInvalidError(ServiceError, Invalid):
    """The request cannot be used; `errors` has each wrong part."""

    code = "service_invalid"


class ServiceForbiddenError(ServiceError, Forbidden):
    """The key may not do this, or is no key."""

    code = "service_forbidden"


class ServiceUnavailableError(ServiceError, Unavailable):
    """The service is away or busy, also after several attempts."""

    code = "service_unavailable"


class ServiceUnreachableError(Unavailable):
    """Nothing that answers is at the address."""

    code = "service_unreachable"

    def __init__(self, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(
            f"A leadwise service is expected at {url}, but it cannot be reached ({reason}). Check the address, and "
            "that `leadwise serve` runs there."
        )


class NotAServiceError(Invalid):
    """Something answers at the address, but not as leadwise does."""

    code = "not_a_service"

    def __init__(self, url: str, status: int) -> None:
        self.url, self.http_status = url, status
        super().__init__(
            f"A leadwise service is expected at {url}, but what answers there (status {status}) is none, or is another "
            "version. Check the address; it is that of the service, without a path."
        )


class JobFailedError(ServiceError, Conflict):
    """A job that was waited for failed."""

    code = "job_failed"


_KINDS: dict[int, type[ServiceError]] = {
    401: ServiceForbiddenError,
    403: ServiceForbiddenError,
    404: ServiceMissingError,
    409: ServiceConflictError,
    429: ServiceUnavailableError,
    502: ServiceUnavailableError,
    503: ServiceUnavailableError,
    504: ServiceUnavailableError,
}
_CLIENT_ERRORS = range(400, 500)


def error_of(status: int, problem: Mapping[str, Any]) -> ServiceError:
    """The error that an answer is.

    >>> error_of(404, {"detail": "There is no lead.", "code": "lead_not_found"})
    ServiceMissingError('There is no lead.')
    """
    kind = _KINDS.get(status, ServiceInvalidError if status in _CLIENT_ERRORS else ServiceError)
    return kind(status, problem)
