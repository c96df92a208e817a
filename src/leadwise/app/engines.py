"""What computes features, by the name that a user gives it."""

from leadwise.domain.errors import Invalid
from leadwise.features.engines import Engine
from leadwise.features.engines.duckdb import DuckDBEngine

ENGINES = {"duckdb": DuckDBEngine}


class UnknownEngineError(Invalid):
    """There is no engine of that name."""

    code = "unknown_engine"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"--engine or LEADWISE_ENGINE should be one of {', '.join(ENGINES)}, but is {name!r}; name one of these."
        )


def open_engine(name: str) -> Engine:
    """The engine of that name.

    Raises:
        UnknownEngineError: if there is none.

    >>> open_engine("abacus")
    Traceback (most recent call last):
    leadwise.app.engines.UnknownEngineError: --engine or LEADWISE_ENGINE should be one of duckdb, but is 'abacus'; ...
    """
    if name not in ENGINES:
        raise UnknownEngineError(name)
    return ENGINES[name]()
