"""One lead's features in the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC

from leadwise.app.console import console
from leadwise.app.lead_features import ExplainedFeature, ExplainedLead, Fact

SHOWN = 5
"""So many facts are printed for a feature; JSON has all."""


def show_lead(found: ExplainedLead) -> None:
    """Print each feature with its value, its sentence and the newest facts behind it."""
    out = console()
    out.print(
        f"{found.lead} of {found.source} as of {found.as_of.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC", soft_wrap=True
    )
    for name, feature in found.features.items():
        out.print(f"{name} = {_written(feature)}: {feature.sentence}", soft_wrap=True)
        for line in _facts(feature.facts):
            out.print(f"    {line}", soft_wrap=True)


def _written(feature: ExplainedFeature) -> str:
    if feature.value is None:
        return "-"
    return f"{feature.value:.6g}" if isinstance(feature.value, float) else str(feature.value)


def _told(value: str | float | Mapping[str, float]) -> str:
    """A fact's value; the numbers of an event one by one."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {number:,.10g}" for name, number in value.items())
    return str(value)


def _facts(facts: Sequence[Fact]) -> Iterator[str]:
    if len(facts) > SHOWN:
        yield f"({len(facts) - SHOWN:,} earlier ones)"
    for fact in facts[-SHOWN:]:
        value = "" if fact.value is None else f" {_told(fact.value)}"
        yield (
            f"{fact.occurred_at:%Y-%m-%d %H:%M:%S} {fact.kind}{value} (recorded {fact.recorded_at:%Y-%m-%d %H:%M:%S})"
        )
