"""The part of the card that says when leads convert, as text for a terminal."""

from rich.console import Console

from leadwise.app.output import number, percent, plain_table, short_name
from leadwise.domain.time_to_convert import AgeCheck, TimeToConvert

SEGMENTS_SHOWN = 12


def show_times(out: Console, told: TimeToConvert) -> None:
    """Print what was watched, whether the curves held, overall and by segment."""
    out.print("\nWhen leads convert", style="bold")
    median = f"; half of all leads convert within {told.median_days:.0f} days" if told.median_days is not None else ""
    out.print(
        f"Until {told.as_of:%Y-%m-%d}, {told.converted:,} of {told.leads:,} leads converted; {told.open:,} are still "
        f"open and count for the time they were watched{median}."
    )
    out.print(told.sentence)
    _show_comparisons(out, told)
    out.print(f"\nExpected and seen (Kaplan-Meier, 95% interval) on {'test' if told.tested_from else 'all'} leads")
    ages = [check.days for check in told.overall]
    table = plain_table("leads", ">rows", *(f">{age:g} days" for age in ages))
    table.add_row("all", "", *_cells(told.overall))
    for segment in sorted(told.segments, key=lambda each: -each.leads)[:SEGMENTS_SHOWN]:
        name = f"{short_name(segment.column)}: {short_name(segment.value)}"
        cells = _cells(segment.ages)
        table.add_row(name, f"{segment.leads:,}", *cells, *[""] * (len(ages) - len(cells)))
    out.print(table)


def _show_comparisons(out: Console, told: TimeToConvert) -> None:
    table = plain_table("model", ">log-likelihood", ">Harrell's C", ">integrated Brier")
    for row in told.comparisons:
        cells = (number(row.log_likelihood), number(row.concordance), number(row.integrated_brier))
        table.add_row(f"{'* ' if row.chosen else '  '}{row.algorithm}", *cells)
    out.print(table)


def _cells(checks: tuple[AgeCheck, ...]) -> list[str]:
    return [
        f"{percent(check.predicted)}, {percent(check.observed)} "
        f"({percent(check.observed_interval[0])} to {percent(check.observed_interval[1])})"
        for check in checks
    ]
