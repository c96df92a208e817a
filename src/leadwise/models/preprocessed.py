"""Any algorithm behind preprocessing that was asked for by name."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import orjson

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.domain.preprocessing import read_preprocessing
from leadwise.models.algorithm import Algorithm, Explanation, Group, Parts, Settings
from leadwise.models.preprocessing.preprocessor import Preprocessor

DESCRIPTION = "preprocessing.json"
INNER = "inner/"
DEFAULT_ALGORITHM = {Task.CONVERSION: "logistic_regression", Task.VALUE: "linear_regression"}
DEFAULT_PREPROCESSING = {"missing_value_strategy": "median", "categorical_encoding": "one_hot"}


class Preprocessed(Algorithm):
    """An algorithm that is fitted on preprocessed features, with the preprocessing learnt from the same rows.

    Seen from outside it is an algorithm on the original features: its contributions are handed back to them. Each step
    keeps record of what its features were made of; what was made of several belongs to them in equal parts, as two
    factors have the same share in their product (they are symmetric in it, Shapley 1953).

    Its settings: `algorithm` (a name), `settings` (of that algorithm) and `preprocessing` (see `domain.preprocessing`).

    >>> from leadwise.domain.frame import Feature
    >>> visits = np.append(np.arange(59.0), np.nan).reshape(-1, 1)
    >>> frame = Frame((Feature("visits", "visits"),), visits)
    >>> model = Preprocessed(Task.CONVERSION).fit(frame, (visits[:, 0] > 30).astype(float), seed=1)
    >>> bool(model.predict(frame)[58] > model.predict(frame)[59] > model.predict(frame)[0])
    True
    """

    name = "preprocessed"
    competes = False

    preprocessor: Preprocessor
    shares: Floats
    """Of each feature that the inner algorithm sees, what belongs to each original feature."""

    def __init__(self, task: Task, settings: Settings | None = None) -> None:
        chosen = {"algorithm": DEFAULT_ALGORITHM[task], "settings": {}, "preprocessing": DEFAULT_PREPROCESSING}
        super().__init__(task, chosen | dict(settings or {}))
        self.inner = self._kind(self.settings["algorithm"])(task, self.settings["settings"])

    @property
    def tuned(self) -> Settings:
        """The inner algorithm's settings."""
        return self.inner.settings

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """What may be set of the inner algorithm."""
        return self.inner.SETTINGS

    def resettled(self, settings: Settings) -> Self:
        """The same preprocessing, unfitted, before the inner algorithm with other settings."""
        return type(self)(self.task, {**self.settings, "settings": self.inner.resettled(settings).settings})

    def fit(
        self, frame: Frame, target: Floats, *, seed: int, group: Group | None = None, weight: Floats | None = None
    ) -> Self:
        """Learn the preprocessing, then the algorithm behind it."""
        wanted = read_preprocessing(self.settings["preprocessing"])
        self._set(Preprocessor.fit(wanted, frame, target), frame.features)
        prepared = self.preprocessor.transform(frame)
        self.inner = self.inner.fit(prepared, target, seed=seed, group=group, weight=weight)
        return self

    def _set(self, preprocessor: Preprocessor, features: Sequence[Feature]) -> None:
        self.preprocessor, self.shares = preprocessor, preprocessor.shares(features)

    def predict(self, frame: Frame) -> Floats:
        """Margins, shape (rows,)."""
        return self.inner.predict(self.preprocessor.transform(frame))

    def explain(self, frame: Frame) -> Explanation:
        """The inner contributions, handed back to the original features."""
        return self._hand_back(self.inner.explain(self.preprocessor.transform(frame)))

    def explain_exactly(self, frame: Frame) -> Explanation:
        """The inner Shapley values, of the features that the inner algorithm sees, handed back."""
        return self._hand_back(self.inner.explain_exactly(self.preprocessor.transform(frame)))

    def explain_row(self, frame: Frame) -> Explanation:
        """What `explain` gives for one row, the inner algorithm in its own quick way."""
        return self._hand_back(self.inner.explain_row(self.preprocessor.transform(frame)))

    def _hand_back(self, inner: Explanation) -> Explanation:
        return Explanation(np.asarray(inner.contributions @ self.shares), inner.base)

    def save(self) -> Parts:
        """What the steps learnt as JSON, and the inner algorithm's parts."""
        described = {"algorithm": self.inner.name, "steps": self.preprocessor.to_json()}
        parts = {f"{INNER}{name}": content for name, content in self.inner.save().items()}
        return {DESCRIPTION: orjson.dumps(described), **parts}

    @classmethod
    def load(cls, task: Task, features: Sequence[Feature], parts: Mapping[str, bytes]) -> Self:
        """The model as it was when saved."""
        described = orjson.loads(parts[DESCRIPTION])
        model = cls(task, {"algorithm": described["algorithm"]})
        model._set(Preprocessor.from_json(described["steps"]), features)
        inner = {name.removeprefix(INNER): part for name, part in parts.items() if name.startswith(INNER)}
        seen = model.preprocessor.features(features)
        model.inner = type(model.inner).load(task, seen, inner)
        return model

    def with_settings(self, settings: Settings) -> Self:
        """This algorithm and the inner one, which remember with what they were fitted."""
        self.inner.with_settings(settings.get("settings", {}))
        return super().with_settings(settings)

    @staticmethod
    def _kind(name: str) -> type[Algorithm]:
        """An algorithm by name. Looked up late: the catalogue reads this file too."""
        from leadwise.models.catalogue import algorithms  # noqa: PLC0415

        return algorithms()[name]
