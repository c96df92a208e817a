"""A small neural network on scaled numbers and one-hot values."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import Any, ClassVar, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.algorithm import TREND, Algorithm, Explanation, Group, Parts, Settings, threads_for
from leadwise.models.arrays import dump_array, load_array
from leadwise.models.design_matrix import DesignMatrix
from leadwise.models.design_row import DesignRow
from leadwise.models.present import with_moment
from leadwise.models.shapley import Coalitions, shapley_values

NETWORKS = 3
WARNINGS = Lock()
"""What is done with warnings is the same for all threads; networks take turns at changing it."""
ENOUGH_TO_HOLD_OUT = 300
"""From this many rows on, a part of them says when to stop; below it the number of passes is fixed and small."""


@dataclass(frozen=True)
class Network:
    """One hidden layer of rectified units. Shapes: (columns, units), (units,), (units,), ()."""

    into: Floats
    into_bias: Floats
    out: Floats
    out_bias: float

    def predict(self, columns: Floats) -> Floats:
        """Raw outputs, shape (rows,)."""
        return np.maximum(columns @ self.into + self.into_bias, 0) @ self.out + self.out_bias

    def settled(self, taken: NDArray[np.bool_], constants: Floats) -> "Network":
        """The network without those of its inputs, which are these constants in all rows to come."""
        return replace(self, into=self.into[~taken], into_bias=self.into_bias + constants @ self.into[taken])

    def explain(self, columns: Floats) -> Floats:
        """Contributions of columns against the average row (all zeros), shape (rows, columns).

        A unit passes on the share of its change that its change of input explains: the rescale rule of DeepLIFT
        (Shrikumar et al. 2017, equation 7), which adds up exactly.
        """
        change_in = columns @ self.into
        change_out = np.maximum(change_in + self.into_bias, 0) - np.maximum(self.into_bias, 0)
        still = np.abs(change_in) < 1e-12  # noqa: PLR2004 - nothing to divide by
        share = np.where(still, self.into_bias > 0, change_out / np.where(still, 1.0, change_in))
        return np.asarray(columns * ((share * self.out) @ self.into.T))


class NeuralNetwork(Algorithm):
    """The mean of three networks of one hidden layer, each from its own random start.

    Source: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, chapter 11; Kingma and Ba 2015, Adam.

    >>> from leadwise.domain.frame import Feature
    >>> visits = np.arange(60.0).reshape(-1, 1)
    >>> frame = Frame((Feature("visits", "visits"),), visits)
    >>> model = NeuralNetwork(Task.CONVERSION).fit(frame, (visits[:, 0] > 30).astype(float), seed=1)
    >>> bool(model.predict(frame)[59] > model.predict(frame)[0])
    True
    """

    name = "neural_network"
    SETTINGS: ClassVar = {
        "units": (24, 8, 64),
        "penalty": (1.0, 0.1, 10.0),
        "learning_rate": (0.003, 0.001, 0.01),
        **TREND,
    }

    matrix: DesignMatrix
    networks: list[Network]
    scale: tuple[float, float]
    """Margins are `scale[0] + scale[1] * output`."""

    def fit(
        self, frame: Frame, target: Floats, *, seed: int, group: Group | None = None, weight: Floats | None = None
    ) -> Self:
        """Fit the networks; targets are 0 and 1, or amounts."""
        from threadpoolctl import threadpool_limits  # noqa: PLC0415 - heavy libraries load when used

        moment = len(frame.features)
        frame = with_moment(frame) if self.settings["trend"] else frame
        self.matrix = DesignMatrix.fit(frame, target)
        columns = self._columns(frame)
        deviation = float(target.std()) or 1.0
        self.scale = (0.0, 1.0) if self.task is Task.CONVERSION else (float(target.mean()), deviation)
        scaled = target if self.task is Task.CONVERSION else (target - self.scale[0]) / self.scale[1]
        parameters = _parameters(self.settings, len(target), grouped=group is not None)
        with threadpool_limits(threads_for(columns)):
            self.networks = [
                _fit_network(self.task, columns, scaled, weight, parameters | {"random_state": seed + start})
                for start in range(NETWORKS)
            ]
        if self.settings["trend"]:
            self.matrix, taken, constants = self.matrix.at_present(moment)
            self.networks = [network.settled(taken, constants) for network in self.networks]
        return self

    def _columns(self, frame: Frame) -> Floats:
        """The design matrix; a network needs one column at least."""
        columns = self.matrix.transform(frame)
        return columns if columns.shape[1] else np.zeros((len(frame), 1))

    def predict(self, frame: Frame) -> Floats:
        """Margins, shape (rows,)."""
        columns = self._columns(frame)
        mean = np.mean([network.predict(columns) for network in self.networks], axis=0)
        return np.asarray(self.scale[0] + self.scale[1] * mean)

    @cached_property
    def _wide(self) -> Network:
        """The mean of the networks as one network with the units of all, without the column that stands in for none."""
        kept = len(self.matrix.kept)
        return Network(
            np.hstack([network.into[:kept] for network in self.networks]),
            np.concatenate([network.into_bias for network in self.networks]),
            np.concatenate([network.out for network in self.networks]) / len(self.networks),
            float(np.mean([network.out_bias for network in self.networks])),
        )

    @cached_property
    def _row(self) -> DesignRow:
        return DesignRow.of(self.matrix)

    @cached_property
    def _base(self) -> float:
        """The margin of the average row."""
        return self.scale[0] + self.scale[1] * float(self._wide.predict(np.zeros((1, len(self.matrix.kept))))[0])

    def explain(self, frame: Frame) -> Explanation:
        """Mean contributions of the networks, summed by feature."""
        by_column = self.scale[1] * self._wide.explain(self.matrix.transform(frame))
        return Explanation(self.matrix.per_feature(by_column, len(frame.features)), self._base)

    def explain_row(self, frame: Frame) -> Explanation:
        """What `explain` gives for one row."""
        by_column = self.scale[1] * self._wide.explain(self._row.transform(frame.values[0])[None])
        return Explanation(self._row.per_feature(by_column[0], len(frame.features)), self._base)

    def explain_exactly(self, frame: Frame) -> Explanation:
        """Shapley values against the average row: an unknown feature is at its mean in every column of the matrix.

        All coalitions are looked at where few features matter; orders are drawn where more do (`shapley.py`).
        """
        wide, values = self._wide, np.zeros((len(frame), len(frame.features)))
        for row, columns in enumerate(self.matrix.transform(frame)):
            moves = np.zeros((len(frame.features), len(wide.into_bias)))  # how far each feature moves each unit
            np.add.at(moves, self.matrix.owner, columns[:, None] * wide.into)
            players = np.flatnonzero(moves.any(axis=1))
            moves = moves[players]

            def worth(known: Coalitions, moves: Floats = moves) -> Floats:
                return np.asarray(np.maximum(known.astype(np.float64) @ moves + wide.into_bias, 0) @ wide.out)

            values[row, players] = shapley_values(worth, len(players))
        return Explanation(self.scale[1] * values, self._base)

    def save(self) -> Parts:
        """The matrix and the scale as JSON, each layer as an array."""
        parts = {"network.json": orjson.dumps({"matrix": self.matrix.to_json(), "scale": self.scale})}
        for number, network in enumerate(self.networks):
            parts[f"into-{number}.npy"] = dump_array(np.vstack([network.into, network.into_bias]))
            parts[f"out-{number}.npy"] = dump_array(np.append(network.out, network.out_bias))
        return parts

    @classmethod
    def load(cls, task: Task, features: Sequence[Feature], parts: Mapping[str, bytes]) -> Self:
        """The model as it was when saved."""
        del features  # the design matrix knows its columns by position
        model = cls(task)
        described = orjson.loads(parts["network.json"])
        model.matrix, model.scale = DesignMatrix.from_json(described["matrix"]), tuple(described["scale"])
        model.networks = []
        for number in range(NETWORKS):
            into, out = load_array(parts[f"into-{number}.npy"]), load_array(parts[f"out-{number}.npy"])
            model.networks.append(Network(into[:-1], into[-1], out[:-1], float(out[-1])))
        return model


def _fit_network(
    task: Task, columns: Floats, target: Floats, weight: Floats | None, parameters: dict[str, Any]
) -> Network:
    """One network from one random start."""
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: PLC0415

    estimator = MLPClassifier if task is Task.CONVERSION else MLPRegressor
    with WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopping early is what is wanted here
        fitted = estimator(**parameters).fit(columns, target, sample_weight=weight)
    (into, out), (into_bias, out_bias) = fitted.coefs_, fitted.intercepts_
    return Network(into, into_bias, out[:, 0], float(out_bias[0]))


def _parameters(settings: Settings, rows: int, *, grouped: bool) -> dict[str, Any]:
    """By default small steps and a strong penalty: tables of leads are small and noisy.

    Rows are held out one by one, which says nothing where several are of one lead: then the passes are few and fixed.
    """
    hold_out = rows >= ENOUGH_TO_HOLD_OUT and not grouped
    return {
        "hidden_layer_sizes": (settings["units"],),
        "alpha": settings["penalty"],
        "learning_rate_init": settings["learning_rate"],
        "batch_size": min(rows, max(8, min(rows // 30, 512))),
        "early_stopping": hold_out,
        "validation_fraction": 0.15,
        "n_iter_no_change": 5,
        "max_iter": 60 if hold_out else 10 if grouped else 20,
    }
