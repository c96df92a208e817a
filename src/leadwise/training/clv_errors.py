"""Why lifetime values cannot be forecast from transactions, as one class per cause."""

from collections.abc import Sequence

from leadwise.domain.errors import Conflict, Invalid

EXAMPLES_SHOWN = 3


class HorizonNotPositiveError(Invalid):
    """The time to look ahead is no length of time."""

    code = "horizon_not_positive"

    def __init__(self, horizon_days: int) -> None:
        self.horizon_days = horizon_days
        super().__init__(f"--horizon-days should be 1 or more, but is {horizon_days}; say how many days to look ahead.")


class HorizonTooLongError(Invalid):
    """The time to look ahead is beyond all reason."""

    code = "horizon_too_long"

    def __init__(self, horizon_days: int, longest_days: int) -> None:
        self.horizon_days, self.longest_days = horizon_days, longest_days
        super().__init__(
            f"--horizon-days should be {longest_days:,} at most, but is {horizon_days:,}; choose a shorter horizon."
        )


class UntilNotADayError(Invalid):
    """What should end the calibration period is no day."""

    code = "until_not_a_day"

    def __init__(self, until: str) -> None:
        self.until = until
        super().__init__(
            f"--until should be a day such as 2026-06-30, but is {until!r}; give the last day to learn from."
        )


class UntilTooEarlyError(Conflict):
    """The calibration period ends before anything was bought."""

    code = "until_too_early"

    def __init__(self, until: str, first: str) -> None:
        self.until, self.first = until, first
        super().__init__(
            f"--until {until} is before the first purchase, on {first}; there is nothing to learn from by then. "
            "Choose a later day."
        )


class TransactionsNotReadableError(Invalid):
    """A column of transactions holds too much that cannot be read."""

    code = "transactions_not_readable"

    def __init__(
        self, option: str, column: str, expected: str, unread: int, rows: int, examples: Sequence[str]
    ) -> None:
        self.option, self.column, self.unread, self.rows = option, column, unread, rows
        self.examples = tuple(examples)
        shown = f", such as {', '.join(map(repr, self.examples[:EXAMPLES_SHOWN]))}" if examples else ""
        super().__init__(
            f"{option} {column!r} should hold {expected}, but {unread:,} of {rows:,} rows hold none{shown}; "
            "name another column, or correct these rows."
        )


class TransactionTooLargeError(Invalid):
    """An amount is beyond all reason."""

    code = "transaction_too_large"

    def __init__(self, column: str, found: float, largest: float) -> None:
        self.column, self.found, self.largest = column, found, largest
        super().__init__(
            f"--amount {column!r} holds {found:.3g}, but at most {largest:.0e} can be reckoned with; "
            "correct that row, or leave it out."
        )


class NoPurchasesError(Invalid):
    """Nothing is left after refunds."""

    code = "no_purchases"

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__(
            f"--amount {column!r} holds refunds only: no amount is above 0. If expenses are written as negative "
            "amounts, turn their sign; else name another column."
        )


class TooFewCustomersError(Invalid):
    """There are not enough customers to learn how they differ."""

    code = "too_few_customers"

    def __init__(self, customers: int, needed: int, until: str) -> None:
        self.customers, self.needed, self.until = customers, needed, until
        number = "is 1 customer" if customers == 1 else f"are {customers} customers"
        super().__init__(
            f"By {until} there {number}, but it takes at least {needed} to learn how customers differ; "
            "give more transactions, and check that --customer names the column that tells customers apart."
        )


class NoRepeatPurchasesError(Invalid):
    """Too few customers came back and paid, so nothing says how often or for how much they would."""

    code = "no_repeat_purchases"

    def __init__(self, repeaters: int, needed: int, customers: int, until: str) -> None:
        self.repeaters, self.needed, self.customers, self.until = repeaters, needed, customers, until
        came = "1 came back and paid" if repeaters == 1 else f"{repeaters or 'none'} came back and paid"
        super().__init__(
            f"Of {customers:,} customers by {until}, {came} on a later day, but it takes at least {needed} to learn "
            "how often and for how much customers return; give a longer record, or a later --until."
        )
