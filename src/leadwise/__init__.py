"""leadwise says for every lead how likely it is to convert, why, and what to do next.

```
import leadwise

model = leadwise.fit(frame, outcome="Converted")
model.score(frame)
model.card
model.report("report.html")
```
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadwise.app.client.client import Client
    from leadwise.app.estimator import LeadClassifier, LeadRegressor
    from leadwise.app.model import Model, check, fit, load
    from leadwise.app.preprocessing import preprocess

__all__ = ["Client", "LeadClassifier", "LeadRegressor", "Model", "check", "fit", "load", "preprocess"]

_HOMES = {
    "Client": "leadwise.app.client.client",
    "LeadClassifier": "leadwise.app.estimator",
    "LeadRegressor": "leadwise.app.estimator",
    "Model": "leadwise.app.model",
    "check": "leadwise.app.model",
    "fit": "leadwise.app.model",
    "load": "leadwise.app.model",
    "preprocess": "leadwise.app.preprocessing",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is asked for: `import leadwise` alone takes no time."""
    if name not in _HOMES:
        message = f"module 'leadwise' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
