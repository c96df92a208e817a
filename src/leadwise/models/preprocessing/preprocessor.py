"""The steps that were asked for, learnt one after another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.domain.preprocessing import Derivation, Encoding, Preprocessing
from leadwise.models.preprocessing.derived import Interactions, LogFeatures, TimeFeatures
from leadwise.models.preprocessing.encoded import Labels, OneHot
from leadwise.models.preprocessing.filling import FilledValues
from leadwise.models.preprocessing.scaled import Scaled
from leadwise.models.preprocessing.selected import Selected
from leadwise.models.preprocessing.step import Step

STEPS: Mapping[str, type[Step]] = {
    kind.__name__: kind
    for kind in (TimeFeatures, LogFeatures, FilledValues, OneHot, Labels, Scaled, Interactions, Selected)
}


@dataclass(frozen=True)
class Preprocessor:
    """Steps that have learnt from the rows of one frame, and treat any other like them.

    >>> from leadwise.domain.preprocessing import MissingValues, Scaling
    >>> frame = Frame((Feature("visits", "visits"),), np.array([[1.0], [3.0], [np.nan]]))
    >>> wanted = Preprocessing(missing_value_strategy=MissingValues.MEAN, feature_scaling=Scaling.MIN_MAX)
    >>> Preprocessor.fit(wanted, frame, None).transform(frame).values.tolist()
    [[0.0], [1.0], [0.5]]
    """

    steps: tuple[Step, ...]

    @classmethod
    def fit(cls, wanted: Preprocessing, frame: Frame, target: Floats | None) -> Self:
        """Learn the steps from these rows and no others.

        Args:
            wanted: Which steps.
            frame: Features.
            target: 1 and 0, or amounts; None where there is none, and then nothing can be selected.
        """
        steps: list[Step] = []

        def learn(step: Step) -> None:
            nonlocal frame
            steps.append(step)
            frame = step.transform(frame)

        if Derivation.TIME in wanted.feature_engineering:
            learn(TimeFeatures())
        if Derivation.LOG in wanted.feature_engineering:
            learn(LogFeatures.fit(frame))
        if wanted.missing_value_strategy is not None:
            learn(FilledValues.fit(frame, wanted))
        if wanted.feature_scaling is not None:
            learn(Scaled.fit(frame, wanted.feature_scaling))
        if wanted.categorical_encoding is not None:
            learn(OneHot.fit(frame) if wanted.categorical_encoding is Encoding.ONE_HOT else Labels())
        if Derivation.INTERACTIONS in wanted.feature_engineering:
            learn(Interactions.fit(frame, target))
        if wanted.feature_selection is not None:
            assert target is not None, "features are selected by what they tell of the target"
            learn(Selected.fit(frame, target, wanted))
        return cls(tuple(steps))

    def transform(self, frame: Frame) -> Frame:
        """These rows after all steps."""
        for step in self.steps:
            frame = step.transform(frame)
        return frame

    def features(self, features: Sequence[Feature]) -> tuple[Feature, ...]:
        """What becomes of these features."""
        return self.transform(Frame(tuple(features), np.zeros((0, len(features))))).features

    def shares(self, features: Sequence[Feature]) -> Floats:
        """How much of each feature that comes out belongs to each that goes in, shape (out, in); rows add up to 1.

        A feature that was made of several belongs to them in equal parts.
        """
        frame = Frame(tuple(features), np.zeros((0, len(features))))
        shares = np.eye(len(features))
        for step in self.steps:
            parents = step.parents(frame.features)
            made_of = np.zeros((len(parents), len(shares)))
            for index, positions in enumerate(parents):
                made_of[index, list(positions)] = 1 / len(positions)
            shares = made_of @ shares
            frame = step.transform(frame)
        return shares

    def to_json(self) -> list[dict[str, Any]]:
        """Plain values for a model file."""
        return [step.to_json() for step in self.steps]

    @classmethod
    def from_json(cls, content: Sequence[Mapping[str, Any]]) -> Self:
        """The preprocessor that `to_json` described."""
        return cls(tuple(_load_step(described) for described in content))


def _load_step(described: Mapping[str, Any]) -> Step:
    fields = {name: _tupled(value) for name, value in described.items() if name != "step"}
    return STEPS[described["step"]](**fields)


def _tupled(value: Any) -> Any:
    return tuple(_tupled(each) for each in value) if isinstance(value, list) else value
