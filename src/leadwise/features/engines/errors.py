"""What can go wrong in an engine."""

from leadwise.domain.errors import Unavailable


class EngineError(Unavailable):
    """The engine could not finish."""

    code = "engine_failed"

    def __init__(self, engine: str, reason: str) -> None:
        self.engine, self.reason = engine, reason
        super().__init__(
            f"The features were to be computed by {engine}, but it stopped: {reason.strip().splitlines()[0]} "
            "Free memory or disk space, or compute fewer leads at once, and try again."
        )
