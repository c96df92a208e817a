"""What every model card says of how its model came to be."""

import platform
from importlib.metadata import version
from typing import Any

from leadwise.domain.clock import now
from leadwise.training.options import FitOptions

FORMAT_VERSION = 1
SOFTWARE = ("leadwise", "lightgbm", "numpy", "scikit-learn", "scipy", "pyarrow")


def origin(options: FitOptions, training_seconds: float) -> dict[str, Any]:
    """Fields of a `ModelCard`: when, with what software, and from what seed and budget its model was made just now.

    >>> origin(FitOptions(seed=7, budget_seconds=60), training_seconds=12.3456)["training_seconds"]
    12.346
    """
    return {
        "format_version": FORMAT_VERSION,
        "leadwise_version": version("leadwise"),
        "created_at": now(),
        "training_seconds": round(training_seconds, 3),
        "budget_seconds": options.budget_seconds,
        "seed": options.seed,
        "software": {"python": platform.python_version(), **{name: version(name) for name in SOFTWARE}},
    }
