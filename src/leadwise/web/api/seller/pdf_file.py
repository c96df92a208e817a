"""Properties as PDF: a summary, cohorts, and a table of the likeliest, set by Typst."""

import threading
from collections.abc import Iterator, Sequence
from importlib import resources
from itertools import chain, islice
from typing import Any, Literal

import orjson

from leadwise.actions.cohorts import Cohort
from leadwise.actions.radar import RadarEntry, RadarFilter, RadarSummary
from leadwise.domain.target import Target
from leadwise.web.api.seller.shown import UNKNOWN, instant, percent, shown
from leadwise.web.api.sellers import SellerExport

MOST_ROWS = 1_000
"""Beyond, nobody reads a document; the file says that there are more, and CSV has all."""
REASONS = 2
_TITLES = {"grade": "Grade", "age": "Known to us for"}
_TEMPLATE = resources.files("leadwise.web").joinpath("templates", "seller.typ").read_bytes()
_setting = threading.Lock()
"""One document at a time: each takes all of a processor."""


def write_pdf(target: Target, export: SellerExport, wanted: RadarFilter) -> bytes:
    """The document: all that was asked for in numbers, and the likeliest of it home by home.

    Texts of properties go in as data, never as markup.
    """
    return set_pages(document_data(target, export, wanted), "pdf")[0]


def set_pages(data: dict[str, Any], form: Literal["pdf", "png"], *, pixels_per_inch: float = 100) -> list[bytes]:
    """The document's data, set: one PDF, or one PNG for each page."""
    given = {"data": orjson.dumps(data).decode()}
    with _setting:
        import typst  # noqa: PLC0415 - heavy libraries load when used

        found: Any = typst.compile(_TEMPLATE, format=form, ppi=pixels_per_inch, sys_inputs=given)
    return found if isinstance(found, list) else [found]


def document_data(target: Target, export: SellerExport, wanted: RadarFilter) -> dict[str, Any]:
    """What the template shows."""
    summary = export.summary
    entries = _likeliest(export.pieces)
    return {
        "title": "Likely sellers",
        "subtitle": _subtitle(target, summary),
        "filters": [shown(each) for each in _filters(target, wanted)],
        "footer": f"leadwise · model {summary.model_version}" if summary.model_version else "leadwise",
        "tiles": _tiles(target, summary),
        "cohorts": _cohorts(target, summary) if summary.count else [],
        "listed": _listed(len(entries), summary.count),
        "properties": [_property(entry) for entry in entries],
    }


def _likeliest(pieces: Iterator[tuple[RadarEntry, ...]]) -> list[RadarEntry]:
    return list(islice(chain.from_iterable(pieces), MOST_ROWS))


def _subtitle(target: Target, summary: RadarSummary) -> str:
    if summary.as_of is None:
        return f"{target.title}. No home with a score answers."
    return f"{target.title}, as of {instant(summary.as_of)}"


def _listed(listed: int, count: int) -> str:
    return "The homes" if listed == count else f"The {listed:,} likeliest of {count:,} homes"


def _filters(target: Target, wanted: RadarFilter) -> Iterator[str]:
    if wanted.grades:
        yield f"grade {' or '.join(wanted.grades)}"
    if wanted.minimum_probability > 0 or wanted.maximum_probability < 1:
        yield f"likely by {percent(wanted.minimum_probability)} to {percent(wanted.maximum_probability)}"
    for name, values in wanted.segments.items():
        yield f"{_title(target, name).lower()} {' or '.join(values)}"
    if wanted.search:
        yield f"with “{wanted.search}”"
    if wanted.seen_since is not None:
        yield f"on our books since {instant(wanted.seen_since)} or later"


def _tiles(target: Target, summary: RadarSummary) -> list[dict[str, str]]:
    mean, attribution, coverage = summary.mean_probability, summary.attribution, summary.mean_coverage
    tiles = [
        ("Open homes", f"{summary.count:,}", "that answer the filters"),
        ("Sales expected", f"{summary.expected:,.0f}", f"within {target.horizon_days} days"),
        ("Mean probability", percent(mean), _of_ten(mean)),
        ("Model : rules", _ratio(attribution.model) if attribution else UNKNOWN, "how far each moves these homes"),
        ("Known of them", percent(coverage), "of what could be known"),
    ]
    return [{"label": label, "value": value, "note": note} for label, value, note in tiles]


def _of_ten(mean: float | None) -> str:
    """A mean as people count."""
    if mean is None:
        return ""
    of = next((of for of in (10, 100, 1000) if mean * of >= 1), 1000)
    return f"about {mean * of:.0f} of {of:,} such homes are sold"


def _ratio(model: float) -> str:
    return f"{round(100 * model)} : {100 - round(100 * model)}"


def _cohorts(target: Target, summary: RadarSummary) -> list[dict[str, Any]]:
    return [
        {"title": _title(target, name), "rows": [_cohort(each) for each in found]}
        for name, found in summary.cohorts.items()
    ]


def _cohort(cohort: Cohort) -> dict[str, str]:
    return {
        "name": shown(cohort.name, 40),
        "count": f"{cohort.count:,}",
        "share": percent(cohort.share),
        "mean": percent(cohort.mean_probability),
        "expected": f"{cohort.expected:,.1f}",
    }


def _title(target: Target, name: str) -> str:
    return _TITLES.get(name) or next(field.title for field in target.fields if field.name == name)


def _property(entry: RadarEntry) -> dict[str, Any]:
    score, fields = entry.score, entry.fields
    about: Sequence[object] = [fields.get(name) for name in ("property_type", "neighbourhood", "owner")]
    speaking = [reason for reason in score.reasons if reason.contribution > 0] or score.reasons
    return {
        "rank": f"{entry.rank:,}",
        "address": shown(fields.get("address") or score.lead[1]),
        "about": shown(" · ".join(str(each) for each in about if each), 110),
        "percent": percent(score.probability),
        "probability": score.probability,
        "grade": score.grade or UNKNOWN,
        "reasons": [shown(reason.sentence, 120) for reason in speaking[:REASONS]],
        "action": score.action,
    }
