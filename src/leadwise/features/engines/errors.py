"""What can go wrong in an engine."""

from leadwise.domain.errors import Invalid, Unavailable


class EngineError(Unavailable):
    """The engine could not finish."""

    code = "engine_failed"

    def __init__(self, engine: str, reason: str) -> None:
        self.engine, self.reason = engine, reason
        super().__init__(
            f"The features were to be computed by {engine}, but it stopped: {reason.strip().splitlines()[0]} "
            "Free memory or disk space, or compute fewer leads at once, and try again."
        )


class UnknownEngineError(Invalid):
    """An engine was named that there is not."""

    code = "unknown_engine"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"The engine must be duckdb, spark-local or spark://HOST:PORT, but is {name!r}; "
            "set LEADWISE_ENGINE or --engine to one of them."
        )


class SparkMissingError(Unavailable):
    """Something that Spark needs is not installed."""

    code = "spark_missing"

    def __init__(self, what: str, step: str) -> None:
        self.what, self.step = what, step
        super().__init__(
            f"Engines on Spark need {what}, which is not on this machine: {step}, or use the engine duckdb."
        )


class SparkUnreachableError(Unavailable):
    """No Spark master answers, or it lets nothing run."""

    code = "spark_unreachable"

    def __init__(self, master: str, reason: str) -> None:
        self.master, self.reason = master, reason
        super().__init__(
            f"Spark at {master} did not answer: {reason}. Start a master with `spark-class "
            "org.apache.spark.deploy.master.Master` and workers for it, or use the engine spark-local or duckdb."
        )
