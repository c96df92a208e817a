"""The engine that settings name."""

from leadwise.app.settings import Settings
from leadwise.features.engines import Engine
from leadwise.features.engines.choice import get_engine


def engine_in_use(name: str | None = None) -> Engine:
    """The engine of this name, else of `LEADWISE_ENGINE`, with its settings.

    Raises:
        UnknownEngineError: if there is no such engine.

    >>> engine_in_use("spark-local").master
    'local[*]'
    """
    settings = Settings()
    return get_engine(name or settings.engine, settings.spark_folder, settings.spark_memory)
