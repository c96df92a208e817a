"""leadwise as scikit-learn estimators: they take their place in pipelines, grids and cross-validation."""

from typing import Any, Self

import numpy as np
import pyarrow as pa
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from leadwise.app.frames import to_arrow
from leadwise.app.model import Model
from leadwise.domain.frame import Floats
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions

OUTCOME = "leadwise outcome"
"""The name under which `y` joins the columns of `X`."""


class _LeadEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators share: X as a table, y as its outcome."""

    def __init__(
        self,
        *,
        algorithms: tuple[str, ...] = (),
        budget: float = 60.0,
        seed: int = 0,
        ordered: bool = False,
        keep: tuple[str, ...] = (),
    ) -> None:
        self.algorithms = algorithms
        self.budget = budget
        self.seed = seed
        self.ordered = ordered
        self.keep = keep

    def _fit_table(self, table: pa.Table, outcome: Any, *, value: bool, won: str | None = None) -> Model:
        with_outcome = table.append_column(OUTCOME, pa.array(outcome))
        options = FitOptions(
            outcome=OUTCOME,
            won=won,
            value=value,
            ordered=self.ordered,
            keep=tuple(self.keep),
            algorithms=tuple(self.algorithms),
            budget_seconds=self.budget,
            seed=self.seed,
        )
        return Model(fit(with_outcome, options))

    def _table(self, features: Any, *, reset: bool) -> pa.Table:
        """X as an Arrow table; arrays get the columns x0, x1, ..."""
        if _is_frame(features):
            validate_data(self, features, reset=reset, skip_check_array=True)
            return to_arrow(features)
        array = validate_data(self, features, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
        return pa.table({f"x{index}": array[:, index] for index in range(array.shape[1])})

    def _margins(self, features: Any) -> Floats:
        check_is_fitted(self)
        table = self._table(features, reset=False)
        fitted = self.model_.fitted
        return np.asarray(fitted.margins(fitted.encode(table)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


class LeadClassifier(ClassifierMixin, _LeadEstimator):  # type: ignore[misc]
    """`leadwise.fit` for two classes; the greater one (in sorting order) counts as converted.

    Args:
        algorithms: Names of those that compete; empty: all.
        budget: Seconds.
        seed: The same seed gives the same model.
        ordered: Whether the rows are in time order.
        keep: Columns to use whatever the leak check says.

    Attributes:
        classes_: The two classes, in sorting order.
        model_: The fitted `leadwise.Model`, with `card` and `report`.

    >>> import numpy as np
    >>> visits = np.arange(60.0).reshape(-1, 1)
    >>> classifier = LeadClassifier(algorithms=("logistic_regression",)).fit(visits, visits[:, 0] % 40 > 20)
    >>> classifier.predict_proba(visits).shape
    (60, 2)
    """

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's names
        """Fit; y holds two classes."""
        table = self._table(X, reset=True)
        y = column_or_1d(_given(y), warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        self._check_length(table, y)
        self.classes_, code = np.unique(y, return_inverse=True)
        if len(self.classes_) > 2:  # noqa: PLR2004 - lead or no lead
            message = f"Only binary classification is supported. The type of the target is multiclass: {self.classes_}."
            raise ValueError(message)
        if len(self.classes_) < 2:  # noqa: PLR2004
            message = "LeadClassifier needs two classes, but the data have only one class."
            raise ValueError(message)
        self.model_ = self._fit_table(table, code, value=False)
        return self

    @staticmethod
    def _check_length(table: pa.Table, y: Any) -> None:
        if table.num_rows != len(y):
            message = f"X has {table.num_rows} rows, but y has {len(y)}."
            raise ValueError(message)

    def predict_proba(self, X: Any) -> Floats:  # noqa: N803
        """Calibrated probabilities of both classes, shape (rows, 2)."""
        from leadwise.models.margins import sigmoid  # noqa: PLC0415

        converted = sigmoid(self._margins(X))
        return np.column_stack([1 - converted, converted])

    def decision_function(self, X: Any) -> Floats:  # noqa: N803
        """Calibrated log-odds of the greater class, shape (rows,)."""
        return self._margins(X)

    def predict(self, X: Any) -> Any:  # noqa: N803
        """The likelier class of each row."""
        margins = self._margins(X)  # first, as it says so where nothing was fitted
        return self.classes_[(margins > 0).astype(int)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


class LeadRegressor(RegressorMixin, _LeadEstimator):  # type: ignore[misc]
    """`leadwise.fit` for amounts (customer lifetime value). Arguments and attributes are those of LeadClassifier.

    >>> import numpy as np
    >>> rooms = np.arange(60.0).reshape(-1, 1)
    >>> regressor = LeadRegressor(algorithms=("linear_regression",)).fit(rooms, 3 * rooms[:, 0])
    >>> regressor.predict(rooms).shape
    (60,)
    """

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's names
        """Fit; y holds amounts."""
        table = self._table(X, reset=True)
        amounts = column_or_1d(_given(y), warn=True).astype(np.float64)
        assert_all_finite(amounts, input_name="y")
        if table.num_rows != len(amounts):
            message = f"X has {table.num_rows} rows, but y has {len(amounts)}."
            raise ValueError(message)
        self.model_ = self._fit_table(table, amounts, value=True)
        return self

    def predict(self, X: Any) -> Floats:  # noqa: N803
        """Amounts, shape (rows,); none below 0 where none was."""
        margins = self._margins(X)
        return self.model_.fitted.amounts(margins)


def _given(y: Any) -> Any:
    if y is None:
        message = "This estimator requires y to be passed, but the target y is None."
        raise ValueError(message)
    return y


def _is_frame(features: Any) -> bool:
    return hasattr(features, "columns") or isinstance(features, pa.Table)
