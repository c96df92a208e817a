"""The report on a model: one self-contained page, made from the card alone."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from leadwise.domain.card import ModelCard, Task
from leadwise.domain.errors import Missing
from leadwise.web.components import columns, effects, figures, metrics, origin
from leadwise.web.components.alerts import Alert, find_alerts
from leadwise.web.components.tables import Figure, Table
from leadwise.web.components.times import Times, describe_times
from leadwise.web.components.verdict import Verdict, judge
from leadwise.web.sources import Sources
from leadwise.web.templating import render

PATH = "/report"


class NoReportError(Missing):
    """There is no model to report on."""

    code = "no_report"

    def __init__(self) -> None:
        super().__init__("There is no model to report on yet. Fit one with `leadwise fit`, then look here again.")


@dataclass(frozen=True)
class ReportContext:
    """What report.html reads."""

    card: Annotated[ModelCard, "The card itself."]
    conversion: Annotated[bool, "Whether it predicts conversion; otherwise value."]
    served: Annotated[bool, "Whether it stands on a server beside the leads, or is a file of its own."]
    alerts: Annotated[tuple[Alert, ...], "What to know before believing the rest; the gravest first."]
    verdict: Annotated[Verdict, "How good the model is, in words."]
    drivers: Annotated[tuple[effects.Driver, ...], "The strongest columns, in words."]
    leaderboard: Annotated[Table, "Every algorithm."]
    search: Annotated[Table, "The settings that were tried; empty where there was no choice."]
    test_metrics: Annotated[Table, "The chosen one's test result."]
    times: Annotated[Times | None, "When leads convert; None for models that say whether."]
    reliability: Annotated[Figure | None, "Predicted against observed; None for value models."]
    segments: Annotated[Table, "What became of leads by segment."]
    gain: Annotated[tuple[Figure, ...], "Gain and lift."]
    roc: Annotated[Figure | None, "The ROC curve; None for value models."]
    effect_figures: Annotated[tuple[Figure, ...], "A chart for each of the strongest columns."]
    effect_table: Annotated[Table, "All columns by strength."]
    leaks: Annotated[Table, "Columns that may give the outcome away."]
    missing: Annotated[Table, "Columns with values that are not given."]
    fates: Annotated[Table, "Every column and what became of it."]
    fate_sentence: Annotated[str, "How many columns were used and left out."]
    data: Annotated[origin.Pairs, "The table and its split."]
    making: Annotated[origin.Pairs, "How the model was made."]


def render_report(card: ModelCard, *, served: bool = False) -> str:
    """The report as one HTML document that needs no network and no script.

    Args:
        card: What is reported on; nothing else is read.
        served: Whether it stands on a server beside the leads, and may link to them.
    """
    return render("report.html", context(card, served=served))


def context(card: ModelCard, *, served: bool = False) -> ReportContext:
    """Everything that the report shows."""
    return ReportContext(
        card=card,
        conversion=card.task is Task.CONVERSION,
        served=served,
        alerts=find_alerts(card),
        verdict=judge(card),
        drivers=effects.find_drivers(card),
        leaderboard=metrics.leaderboard_table(card),
        search=metrics.search_table(card),
        test_metrics=metrics.metrics_table(card),
        times=describe_times(card),
        reliability=figures.reliability_figure(card.reliability),
        segments=figures.segment_table(card.segments),
        gain=figures.gain_figures(card),
        roc=figures.roc_figure(card),
        effect_figures=effects.effect_figures(card),
        effect_table=effects.effect_table(card),
        leaks=columns.leak_table(card.columns),
        missing=columns.missing_table(card.columns),
        fates=columns.fate_table(card.columns),
        fate_sentence=columns.fate_sentence(card.columns),
        data=origin.describe_data(card.data),
        making=origin.describe_making(card),
    )


def router(sources: Sources) -> APIRouter:
    """The report on the model that scored the leads, and its card."""
    routes = APIRouter()
    report = _LastReport()

    @routes.api_route(PATH, methods=["GET", "HEAD"], include_in_schema=False)
    def show() -> HTMLResponse:
        return HTMLResponse(report.render(_get_card(sources)))

    @routes.get(f"{PATH}.json", tags=["model"])
    def get_card() -> ModelCard:
        """The card of the model that scored the leads."""
        return _get_card(sources)

    return routes


class _LastReport:
    """Keeps the newest report: drawing its charts takes half a second, and a card hardly ever changes."""

    def __init__(self) -> None:
        self._made: tuple[ModelCard, str] | None = None

    def render(self, card: ModelCard) -> str:
        """The report on this card, drawn only if the last one was on another."""
        made = self._made
        if made is None or made[0] != card:
            made = self._made = (card, render_report(card, served=True))
        return made[1]


def _get_card(sources: Sources) -> ModelCard:
    if sources.cards is None:
        raise NoReportError
    return sources.cards.get_card()
