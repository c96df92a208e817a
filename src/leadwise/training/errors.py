"""Why a model cannot be fitted, as one class per cause."""

import difflib
from collections.abc import Sequence

from leadwise.domain.errors import Conflict, Invalid, Missing

VALUES_SHOWN = 6


class ColumnNotFoundError(Missing):
    """The table has no such column; the nearest names are offered."""

    code = "column_not_found"

    def __init__(self, option: str, name: str, columns: Sequence[str]) -> None:
        self.option, self.name, self.columns = option, name, tuple(columns)
        folded = {column.casefold().strip(): column for column in reversed(columns)}
        wanted = name.casefold().strip()
        close = [wanted] if wanted in folded else difflib.get_close_matches(wanted, folded, n=3, cutoff=0.5)
        nearest = [folded[key] for key in close]
        advice = f"did you mean {' or '.join(map(repr, nearest))}?" if nearest else f"it has {_listed(columns)}."
        super().__init__(f"{option} names the column {name!r}, which the table does not have; {advice}")


class OutcomeNotUnderstoodError(Invalid):
    """It is not clear which of the outcome's values mean converted."""

    code = "outcome_not_understood"

    def __init__(self, name: str, values: Sequence[str], *, numeric: bool) -> None:
        self.name, self.values = name, tuple(values)
        amount = ", or --value if it is an amount" if numeric else ""
        super().__init__(
            f"The outcome {name!r} should say yes or no, but holds {len(values)} values: {_listed(values)}. "
            f"Say which one means converted with --won VALUE{amount}."
        )


class WonValueNotFoundError(Missing):
    """No row has the value that means converted."""

    code = "won_value_not_found"

    def __init__(self, name: str, won: str, values: Sequence[str]) -> None:
        self.name, self.won, self.values = name, won, tuple(values)
        super().__init__(f"No row of {name!r} holds --won {won!r}; its values are {_listed(values)}.")


class NoOutcomeError(Invalid):
    """The outcome is empty in every row."""

    code = "no_outcome"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"The outcome {name!r} is empty in every row, so there is nothing to learn from; "
            "give a table in which at least some leads have ended."
        )


class OutcomeNotAnAmountError(Invalid):
    """--value was asked for, but the outcome holds no amounts."""

    code = "outcome_not_an_amount"

    def __init__(self, name: str, kind: str) -> None:
        self.name, self.kind = name, kind
        super().__init__(
            f"--value needs an outcome of amounts, but {name!r} holds {kind} values; "
            "name a column of numbers, or leave --value out."
        )


class AmountTooLargeError(Invalid):
    """An amount is beyond all reason."""

    code = "amount_too_large"

    def __init__(self, name: str, found: float, largest: float) -> None:
        self.name, self.found, self.largest = name, found, largest
        super().__init__(
            f"The outcome {name!r} holds an amount of {found:.3g}, but at most {largest:.0e} can be learnt from; "
            "correct that row, or leave it out."
        )


class TooFewRowsError(Invalid):
    """There is no row at all."""

    code = "too_few_rows"

    def __init__(self) -> None:
        super().__init__("The table has no rows, but needs at least one; add leads, with or without an outcome.")


class PriorForAmountsError(Invalid):
    """A prior was given for a model of amounts."""

    code = "prior_for_amounts"

    def __init__(self) -> None:
        super().__init__("--prior serves models of conversion, but --value asks for one of amounts; leave one out.")


class PriorWithPreprocessingError(Invalid):
    """A prior and preprocessing by name exclude each other."""

    code = "prior_with_preprocessing"

    def __init__(self) -> None:
        super().__init__(
            "--prior reads columns as its model does, so preprocessing by name cannot be added; leave one of them out."
        )


class PriorOfAnotherKindError(Invalid):
    """The prior predicts something else."""

    code = "prior_of_another_kind"

    def __init__(self, model_version: str, predicts: str) -> None:
        self.model_version, self.predicts = model_version, predicts
        super().__init__(
            f"--prior should be a model of whether leads convert, but model {model_version} predicts {predicts}; "
            "give one that was fitted with --outcome, and without --value."
        )


class NothingInCommonError(Invalid):
    """The prior knows none of the table's columns."""

    code = "nothing_in_common"

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        super().__init__(
            f"The model given as --prior knows none of the table's columns; it knows {_listed(columns)}. "
            "Rename the table's columns after them, or leave --prior out."
        )


class ColumnRoleConflictError(Invalid):
    """One column is given two roles that exclude each other."""

    code = "column_role_conflict"

    def __init__(self, name: str, first: str, second: str) -> None:
        self.name, self.first, self.second = name, first, second
        super().__init__(f"The column {name!r} cannot be both {first} and {second}; name it once.")


class NotRecalibratableError(Invalid):
    """Amounts have no probabilities that could be moved."""

    code = "not_recalibratable"

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome
        super().__init__(
            f"Recalibration moves probabilities of conversion, but this model predicts the amount {outcome!r}; "
            "fit it again on newer customers."
        )


class NoKnownColumnError(Invalid):
    """The table has nothing that the model scores by."""

    code = "no_known_column"

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        super().__init__(
            f"The table has none of the columns that the model scores by ({_listed(columns)}); "
            "give leads in the form in which they are scored, with their outcomes."
        )


class AlreadyLearntFromError(Conflict):
    """The table is the one that the model was fitted on."""

    code = "already_learnt_from"

    def __init__(self) -> None:
        super().__init__(
            "The model was fitted on this very table, so it cannot show how its probabilities did on other leads; "
            "give leads that ended later."
        )


class TimeNotUnderstoodError(Invalid):
    """The time column cannot order the rows."""

    code = "time_not_understood"

    def __init__(self, name: str, kind: str) -> None:
        self.name, self.kind = name, kind
        super().__init__(
            f"--time {name!r} should hold dates or growing numbers, but holds {kind} values; "
            "name another column, or say --ordered if the rows are already in time order."
        )


def _listed(values: Sequence[str]) -> str:
    shown = ", ".join(repr(value) for value in values[:VALUES_SHOWN])
    return f"{shown} and {len(values) - VALUES_SHOWN} more" if len(values) > VALUES_SHOWN else shown
