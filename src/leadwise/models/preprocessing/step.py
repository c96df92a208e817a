"""What every step of preprocessing offers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from leadwise.domain.frame import Feature, Frame

Parents = list[tuple[int, ...]]
"""For each feature that a step gives, the positions of those that it was made of."""


@dataclass(frozen=True)
class Step(ABC):
    """A step that has learnt all that it needs; its fields are plain values that JSON can hold."""

    @abstractmethod
    def transform(self, frame: Frame) -> Frame:
        """These rows as the step leaves them; each row is treated by itself."""

    def parents(self, features: Sequence[Feature]) -> Parents:
        """Where each feature comes from; by default a step changes values and leaves features in their places."""
        return [(index,) for index in range(len(features))]

    def to_json(self) -> dict[str, Any]:
        """Its name and what it learnt."""
        return {"step": type(self).__name__, **asdict(self)}


def numbers(features: Sequence[Feature]) -> list[int]:
    """Positions of the features that are numbers.

    >>> numbers([Feature("visits", "visits")])
    [0]
    """
    return [index for index, feature in enumerate(features) if not feature.is_category]
