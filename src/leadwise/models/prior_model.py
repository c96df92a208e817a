"""Another model's opinion of this table's leads: what outcomes of similar organisations taught it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
import orjson

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, FeatureKind, Floats, Frame
from leadwise.models.algorithm import Algorithm, Explanation, Parts

FOLDER = "prior/"
DESCRIPTION = "prior.json"


@dataclass(frozen=True)
class PriorModel:
    """A fitted algorithm that is asked about frames with other features than its own.

    Args:
        algorithm: The fitted algorithm.
        features: Those that it was fitted with.
        source: For each of them the position of the same feature in the frames to come; -1: they lack it.
        codes: For each of them its code for each code of theirs; empty for numbers.
        slope: Calibrates its margins.
        intercept: Calibrates its margins.
    """

    algorithm: Algorithm
    features: tuple[Feature, ...]
    source: tuple[int, ...]
    codes: tuple[tuple[int, ...], ...]
    slope: float
    intercept: float

    @classmethod
    def of(
        cls,
        algorithm: Algorithm,
        features: Sequence[Feature],
        others: Sequence[Feature],
        slope: float = 1.0,
        intercept: float = 0.0,
    ) -> Self:
        """The opinion on frames with other features; a feature is the same if name and kind are.

        >>> from leadwise.models.heuristic import Heuristic
        >>> hits, visits = Feature("hits", "hits"), Feature("visits", "visits")
        >>> rules = Heuristic(Task.CONVERSION).fit(Frame((visits,), np.arange(9.0).reshape(-1, 1)), np.zeros(0), seed=1)
        >>> PriorModel.of(rules, [visits], [hits, visits]).source
        (1,)
        """
        position = {(feature.name, feature.kind): index for index, feature in enumerate(others)}
        source = tuple(position.get((feature.name, feature.kind), -1) for feature in features)
        codes = tuple(
            _translate(others[index].levels, feature.levels) if index >= 0 and feature.is_category else ()
            for feature, index in zip(features, source, strict=True)
        )
        return cls(algorithm, tuple(features), source, codes, slope, intercept)

    def explain(self, frame: Frame) -> Explanation:
        """Calibrated contributions by the frame's features. What it says of features that the frame lacks is left out.

        Base and contributions add up to its calibrated margin, on average over the rows.
        """
        return self._translated(self.algorithm.explain(self._own(frame)), frame)

    def explain_row(self, frame: Frame) -> Explanation:
        """What `explain` gives for one row."""
        return self._translated(self.algorithm.explain_row(self._own(frame)), frame)

    def _translated(self, inner: Explanation, frame: Frame) -> Explanation:
        contributions = np.zeros(frame.values.shape)
        for index, position in enumerate(self.source):
            if position >= 0:
                contributions[:, position] += self.slope * inner.contributions[:, index]
        lacking = np.array(self.source, dtype=np.int64) < 0
        said = inner.base + inner.contributions[:, lacking].sum(axis=1)
        return Explanation(contributions, self.slope * float(said.mean()) + self.intercept)

    def save(self) -> Parts:
        """Its features as JSON, and the algorithm's own parts in a folder."""
        described = {
            "algorithm": self.algorithm.name,
            "settings": self.algorithm.settings,
            "features": [asdict(feature) for feature in self.features],
            **{name: getattr(self, name) for name in ("source", "codes", "slope", "intercept")},
        }
        parts = {FOLDER + name: content for name, content in self.algorithm.save().items()}
        return {DESCRIPTION: orjson.dumps(described), **parts}

    @classmethod
    def load(cls, task: Task, parts: Mapping[str, bytes]) -> Self:
        """The opinion as it was when saved. Raises as `Algorithm.load` does."""
        from leadwise.models.catalogue import get_algorithm  # noqa: PLC0415 - the catalogue reads this room's files

        described = orjson.loads(parts[DESCRIPTION])
        features = tuple(
            Feature(each["name"], each["source"], FeatureKind(each["kind"]), tuple(each["levels"]))
            for each in described["features"]
        )
        own = {name.removeprefix(FOLDER): content for name, content in parts.items() if name.startswith(FOLDER)}
        algorithm = get_algorithm(described["algorithm"], task).load(task, features, own)
        return cls(
            algorithm.with_settings(described["settings"]),
            features,
            tuple(described["source"]),
            tuple(tuple(codes) for codes in described["codes"]),
            described["slope"],
            described["intercept"],
        )

    def _own(self, frame: Frame) -> Frame:
        """The frame as the algorithm knows it; what it lacks is not given."""
        values = np.full((len(frame), len(self.features)), np.nan)
        for index, (position, codes) in enumerate(zip(self.source, self.codes, strict=True)):
            if position >= 0:
                values[:, index] = _recode(frame.values[:, position], codes)
        return Frame(self.features, values)


def _translate(levels: Sequence[str], known: Sequence[str]) -> tuple[int, ...]:
    """The known code of each level; "another value" has one too."""
    code = {level: index for index, level in enumerate(known)}
    return (*(code.get(level, len(known)) for level in levels), len(known))


def _recode(values: Floats, codes: tuple[int, ...]) -> Floats:
    if not codes:
        return values
    given = ~np.isnan(values)
    recoded = np.full(len(values), np.nan)
    recoded[given] = np.array(codes)[values[given].astype(np.int64)]
    return recoded
