"""Why no time to conversion can be learnt, as one class per cause."""

from leadwise.domain.errors import Invalid


class NothingToLearnError(Invalid):
    """Neither an outcome nor the two dates were named."""

    code = "nothing_to_learn"

    def __init__(self) -> None:
        super().__init__(
            "It was not said what to learn; name --outcome COLUMN to learn whether leads convert, or --created COLUMN "
            "and --converted-at COLUMN to learn when."
        )


class DateMissingError(Invalid):
    """One of the two dates was named, the other one was not; or only what goes with them."""

    code = "date_missing"

    def __init__(self, named: str, missing: str) -> None:
        self.named, self.missing = named, missing
        super().__init__(f"{named} goes with {missing}, which was not named; name both, or leave {named} out.")


class NotWithDatesError(Invalid):
    """An option that says something else was given beside the two dates."""

    code = "not_with_dates"

    def __init__(self, option: str, why: str) -> None:
        self.option = option
        super().__init__(f"{option} does not go with --created and --converted-at: {why}; leave it out.")


class DatesNotUnderstoodError(Invalid):
    """A column that should hold dates holds something else."""

    code = "dates_not_understood"

    def __init__(self, option: str, name: str, example: str, share: float) -> None:
        self.option, self.name, self.example, self.share = option, name, example, share
        super().__init__(
            f"{option} {name!r} should hold dates, but {share:.0%} of what it holds are none (such as {example!r}); "
            "name another column, or write dates as 2026-12-31."
        )


class UntilNotUnderstoodError(Invalid):
    """--until is no date."""

    code = "until_not_understood"

    def __init__(self, until: str) -> None:
        self.until = until
        super().__init__(f"--until should be a date, but is {until!r}; write it as 2026-12-31.")


class DatesReversedError(Invalid):
    """Most conversions come before the creation of their lead."""

    code = "dates_reversed"

    def __init__(self, created: str, converted_at: str, before: int, conversions: int) -> None:
        self.created, self.converted_at, self.before, self.conversions = created, converted_at, before, conversions
        super().__init__(
            f"{before:,} of {conversions:,} dates in {converted_at!r} come before that in {created!r}; check whether "
            "--created and --converted-at were mixed up."
        )


class NotWatchedError(Invalid):
    """No lead was watched for long enough to see anything."""

    code = "not_watched"

    def __init__(self, leads: int, as_of: str) -> None:
        self.leads, self.as_of = leads, as_of
        found = "there was no lead" if not leads else f"none of {leads:,} was"
        super().__init__(
            f"To learn when leads convert some must have been watched for a day, but by {as_of} {found}; "
            "add older leads, or name a later --until."
        )


class CurvesNotRecalibratableError(Invalid):
    """A curve cannot be moved at one age alone."""

    code = "curves_not_recalibratable"

    def __init__(self) -> None:
        super().__init__(
            "Recalibration moves one probability of each lead, but this model gives a curve over time; "
            "fit it again on newer leads; those that are still open take part."
        )
