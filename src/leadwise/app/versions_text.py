"""Versions and their comparison, for people at a terminal."""

from leadwise.app.console import console, plain_table
from leadwise.app.output import number, percent
from leadwise.app.versions_session import VersionReport
from leadwise.domain.card import ConversionMetrics, Task
from leadwise.registry.comparison import Comparison, Mover
from leadwise.registry.gate import MEASURED, Verdict


def show_versions(reports: list[VersionReport]) -> None:
    """A table of versions, the newest first."""
    table = plain_table("version", "", "fitted", "activated", "by", "algorithm", ">rows", ">ranking")
    for report in reports:
        state = "active" if report.is_active else "" if report.has_file else "removed"
        activated = "" if report.activated_at is None else f"{report.activated_at:%Y-%m-%d %H:%M}"
        ranking = report.metrics.get("roc_auc", report.metrics.get("rank_correlation"))
        table.add_row(
            report.version,
            state,
            f"{report.created_at:%Y-%m-%d %H:%M}",
            activated,
            report.activated_by or "",
            report.algorithm,
            f"{report.rows:,}",
            number(ranking),
        )
    console().print(table)


def show_verdict(verdict: Verdict) -> None:
    """The gate's reasons, those against first."""
    for reason in sorted(verdict.reasons, key=lambda each: each.passed):
        console().print(f"{'+' if reason.passed else '-'} {reason.sentence}")


def show_comparison(found: Comparison) -> None:
    """How two versions differ."""
    out = console()
    out.print(f"{found.first} against {found.second}, on {found.open_leads:,} open leads.")
    if found.rank_correlation is not None:
        out.print(f"They rank leads alike by {found.rank_correlation:.2f} (1: the same order, 0: nothing in common).")
    if found.grade_changes:
        changes = ", ".join(f"{each.before} to {each.after} {each.leads:,}" for each in found.grade_changes)
        out.print(f"{found.graded_otherwise:,} leads change grade: {changes}.")
    else:
        out.print("No lead changes grade.")
    _show_metrics(found)
    for mover in found.movers:
        out.print(_mover(mover, of_amounts=not isinstance(found.first_metrics, ConversionMetrics)))


def _show_metrics(found: Comparison) -> None:
    if found.first_metrics is None or found.second_metrics is None:
        console().print("No past leads are stored whose outcomes are known, so nothing shows which one is better.")
        return
    learnt = "" if found.unseen else " They may have learnt from some of these, so both look better than they are."
    console().print(f"On {found.known_leads:,} rows of past leads:{learnt}")
    table = plain_table("metric", f">{found.first}", f">{found.second}")
    task = Task.CONVERSION if isinstance(found.first_metrics, ConversionMetrics) else Task.VALUE
    for measured in MEASURED[task]:
        figures = (number(getattr(metrics, measured.name)) for metrics in (found.first_metrics, found.second_metrics))
        table.add_row(measured.title, *figures)
    console().print(table)


def _mover(mover: Mover, *, of_amounts: bool) -> str:
    before, after = (number(value) if of_amounts else percent(value) for value in (mover.before, mover.after))
    why = "; ".join(reason.sentence for reason in mover.reasons)
    return f"{mover.lead[1]} ({mover.lead[0]}): {before} to {after}. {why}"
