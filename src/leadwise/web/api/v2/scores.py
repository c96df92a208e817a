"""Scores over HTTP: of features that are sent, and of stored leads."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from leadwise.domain.prediction import Prediction
from leadwise.web.api import metrics
from leadwise.web.api.documenting import takes
from leadwise.web.api.v2.asks import Native, Scores, WantedScores
from leadwise.web.api.v2.paging import After, Limit, page, read_place
from leadwise.web.api.v2.routing import (
    AsOf,
    ExternalId,
    Reader,
    Responses,
    Scorer,
    Source,
    TargetName,
    check_rows,
    json_answer,
    native_router,
    sent,
    told,
)
from leadwise.web.api.v2.shapes.scores import (
    ExplanationAnswer,
    LeadScoresAnswer,
    PredictionAnswer,
    PredictionsAnswer,
    ScoreAnswer,
    ScoreLeadsRequest,
    ScoreRequest,
)
from leadwise.web.api.v2.shapes.words import Name, Page

GradeQuery = Annotated[Literal["A", "B", "C", "D"] | None, Query(description="Only leads of this grade.")]
SegmentQuery = Annotated[
    list[Name],
    Query(
        max_length=100,
        description="Only leads of this segment of the target, as NAME=VALUE. It may be repeated: any of the values of "
        "one name, and all of the names.",
        examples=[["make=Toyota"]],
    ),
]
CSV_CONTENT = {"text/csv": {"schema": {"type": "string"}, "example": '"lead_source","lead_id"\n"shop","L-1"\n'}}
CSV: Responses = {200: {"content": CSV_CONTENT, "description": "Rows as CSV, with a header."}}


def read_wanted(grade: GradeQuery = None, segment: SegmentQuery = [], as_of: AsOf = None) -> WantedScores:  # noqa: B006 - FastAPI copies it
    """Which leads' newest scores are asked for."""
    return WantedScores(grade, tuple(segment), as_of)


Wanted = Annotated[WantedScores, Depends(read_wanted)]


def router(native: Native) -> APIRouter:
    """Its routes."""
    routes = native_router(native, "Scores")
    _add_scoring(routes, native)
    _add_reading(routes, native.scores)
    return routes


def _add_scoring(routes: APIRouter, native: Native) -> None:
    @routes.post("/scores", response_model=PredictionsAnswer, openapi_extra=takes(ScoreRequest))
    async def score(caller: Scorer, wanted: Annotated[ScoreRequest, sent(ScoreRequest)]) -> Response:
        """Score features that are sent, by the model that is active now, or by rules where there is none."""
        check_rows(native, len(wanted.rows))
        said = await native.predictions.score(caller.organisation, wanted.target, wanted.rows)
        if said:
            metrics.predictions_of(said[0].model_version).inc(len(said))
        return told(PredictionsAnswer(predictions=[_prediction(each) for each in said]))

    @routes.post("/scores/leads", response_model=LeadScoresAnswer, openapi_extra=takes(ScoreLeadsRequest))
    def score_leads(caller: Scorer, wanted: Annotated[ScoreLeadsRequest, sent(ScoreLeadsRequest)]) -> Response:
        """Score stored leads now, by all that is known of them; the scores are appended to the ledger."""
        names = [(lead.source, lead.external_id) for lead in wanted.leads]
        found = native.scores.score_leads(caller.organisation, wanted.target, names)
        for each in found.scores:
            metrics.predictions_of(each.model_version).inc()
        return told(found)


def _add_reading(routes: APIRouter, ledger: Scores) -> None:
    @routes.get("/scores", response_model=Page[ScoreAnswer])
    def list_scores(
        caller: Reader,
        target: TargetName,
        wanted: Wanted,
        limit: Limit = 100,
        after: After = None,
    ) -> Response:
        """List each lead's newest score, the best first; with `as_of`, the one that was in force then.

        Pages of one list fit together also while leads are scored anew.
        """
        place = read_place(after, int, float, int)
        found = page(limit, lambda most: ledger.list_newest(caller.organisation, target, wanted, most, place))
        return json_answer(found)

    @routes.get("/scores/history", response_model=Page[ScoreAnswer])
    def list_history(
        caller: Reader,
        target: TargetName,
        source: Source,
        external_id: ExternalId,
        limit: Limit = 100,
        after: After = None,
        as_of: AsOf = None,
    ) -> Response:
        """List a lead's scores, the newest first; with `as_of`, the first is the one that was in force then."""
        place, lead = read_place(after, int), (source, external_id)
        found = page(limit, lambda most: ledger.list_history(caller.organisation, target, lead, most, place, as_of))
        return json_answer(found)

    @routes.get("/scores/explanation", response_model=ExplanationAnswer)
    def explain(
        caller: Reader, target: TargetName, source: Source, external_id: ExternalId, as_of: AsOf = None
    ) -> Response:
        """Explain a lead's newest score, or the one that was in force at an instant, down to single facts."""
        return told(ledger.explain(caller.organisation, target, (source, external_id), as_of))

    @routes.get("/scores/export", response_class=StreamingResponse, responses=CSV)
    def export(caller: Reader, target: TargetName, wanted: Wanted) -> StreamingResponse:
        """Export each lead's newest score as CSV, piece by piece; no cell can run as a formula in a spreadsheet."""
        pieces = ledger.export(caller, target, wanted)
        headers = {"Content-Disposition": 'attachment; filename="scores.csv"'}
        return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers=headers)


def _prediction(said: Prediction) -> PredictionAnswer:
    return PredictionAnswer.model_validate({name: getattr(said, name) for name in PredictionAnswer.model_fields})
