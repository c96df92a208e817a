"""The part of the card that says when leads convert, as text for a terminal."""

from rich.console import Console

from leadwise.app.console import plain_table
from leadwise.app.output import number, percent, short_name
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
    out.print(f"\nExpected and seen (Kaplan-Meier) on {'test' if told.tested_from else 'all'} leads")
    table = plain_table("leads", ">number", ">days", ">expected", ">seen", ">from", ">to")
    for check in told.overall:
        table.add_row("all", "", f"{check.days:g}", *_cells(check))
    for segment in sorted(told.segments, key=lambda each: -each.leads)[:SEGMENTS_SHOWN]:
        for check in segment.ages[-1:]:
            name = short_name(f"{segment.column}: {segment.value}")
            table.add_row(name, f"{segment.leads:,}", f"{check.days:g}", *_cells(check))
    out.print(table)


def _show_comparisons(out: Console, told: TimeToConvert) -> None:
    table = plain_table("model", ">log-likelihood", ">Harrell's C", ">integrated Brier")
    for row in told.comparisons:
        cells = (number(row.log_likelihood), number(row.concordance), number(row.integrated_brier))
        table.add_row(f"{'* ' if row.chosen else '  '}{row.algorithm}", *cells)
    out.print(table)


def _cells(check: AgeCheck) -> list[str]:
    low, high = check.observed_interval
    return [percent(share) for share in (check.predicted, check.observed, low, high)]
