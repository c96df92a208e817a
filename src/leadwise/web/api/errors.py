"""Why a request is turned away before any part of the service hears of it."""

from leadwise.domain.errors import Forbidden, Invalid, LeadwiseError, Unavailable


class KeyMissingError(Forbidden):
    """The request has no key."""

    code = "key_missing"
    status = 401
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012 - read by whoever answers, never changed

    def __init__(self) -> None:
        super().__init__(
            "A key is expected in the header Authorization (Bearer lw_...) or X-API-Key, but there is none. "
            "Make one with `leadwise keys add`, and send it along."
        )


class KeyRefusedError(Forbidden):
    """The key opens nothing."""

    code = "key_refused"
    status = 401
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__(
            "This key is unknown, revoked or has expired; ask an administrator of your organisation for a new one "
            "(leadwise keys add)."
        )


class BodyTooLargeError(Invalid):
    """The request's body is larger than what is read."""

    code = "body_too_large"
    status = 413

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"A body of at most {limit:,} bytes is read; send what you have in several requests.")


class BodyTooSlowError(LeadwiseError):
    """The request's body did not come in time."""

    code = "body_too_slow"
    status = 408

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"The body was expected within {seconds:g} seconds; send the request again, as a whole.")


class NotJsonError(Invalid):
    """The body is no JSON, or not the JSON that is expected."""

    code = "not_json"
    status = 400

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"A JSON object is expected as the body, but {reason}.")


class TooManyRowsError(Invalid):
    """More rows at once than are taken."""

    code = "too_many_rows"
    status = 413

    def __init__(self, rows: int, limit: int) -> None:
        self.rows, self.limit = rows, limit
        super().__init__(f"At most {limit:,} rows are taken in one request, but {rows:,} came; send them in several.")


class TooManyRequestsError(Unavailable):
    """A key asks more often than it may."""

    code = "too_many_requests"
    status = 429

    def __init__(self, per_minute: int, seconds: int) -> None:
        self.per_minute = per_minute
        self.headers = {"Retry-After": str(seconds)}
        super().__init__(
            f"This key may make {per_minute:,} requests a minute and has made them; wait {seconds} seconds, or send "
            "several rows in one request."
        )
