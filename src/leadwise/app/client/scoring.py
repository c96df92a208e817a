"""Scores of a service."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from leadwise.app.client.pages import walk
from leadwise.app.client.transport import Transport
from leadwise.domain.clock import in_utc
from leadwise.web.api.v2.shapes.scores import (
    ExplanationAnswer,
    LeadScoresAnswer,
    PredictionAnswer,
    PredictionsAnswer,
    ScoreAnswer,
)

ROWS_AT_ONCE = 5_000


class Scores:
    """Scores of features that are sent, and of stored leads."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def predict(self, target: str, rows: Sequence[Mapping[str, Any]]) -> list[PredictionAnswer]:
        """A prediction for each row of features, in their order."""
        found: list[PredictionAnswer] = []
        for start in range(0, len(rows), ROWS_AT_ONCE):
            body = {"target": target, "rows": [dict(row) for row in rows[start : start + ROWS_AT_ONCE]]}
            answer = self._transport.post("/api/v2/scores", body)
            found += PredictionsAnswer.model_validate_json(answer.content).predictions
        return found

    def score_leads(self, target: str, leads: Sequence[tuple[str, str]]) -> LeadScoresAnswer:
        """Score up to 1,000 stored leads, given their (source, external_id), now."""
        named = [{"source": source, "external_id": external_id} for source, external_id in leads]
        answer = self._transport.post("/api/v2/scores/leads", {"target": target, "leads": named})
        return LeadScoresAnswer.model_validate_json(answer.content)

    def walk(
        self, target: str, *, grade: str | None = None, segments: Sequence[str] = (), as_of: datetime | None = None
    ) -> Iterator[ScoreAnswer]:
        """Each lead's newest score, the best first; with `as_of`, the one that was in force then.

        Args:
            target: What is predicted.
            grade: Only leads of this grade.
            segments: Only leads of these segments, each as NAME=VALUE: any of the values of one name, all of the names.
            as_of: An instant.
        """
        asked = _wanted(target, grade, segments, as_of)
        return walk(self._transport, "/api/v2/scores", ScoreAnswer, **asked)

    def history(
        self, target: str, source: str, external_id: str, *, as_of: datetime | None = None
    ) -> Iterator[ScoreAnswer]:
        """A lead's scores, the newest first; with `as_of`, the first is the one that was in force then."""
        asked = {"target": target, "source": source, "external_id": external_id, "as_of": _stamp(as_of)}
        return walk(self._transport, "/api/v2/scores/history", ScoreAnswer, **asked)

    def explain(
        self, target: str, source: str, external_id: str, *, as_of: datetime | None = None
    ) -> ExplanationAnswer:
        """A lead's newest score, or the one that was in force at an instant, down to single facts."""
        asked = {"target": target, "source": source, "external_id": external_id, "as_of": _stamp(as_of)}
        answer = self._transport.get("/api/v2/scores/explanation", **asked)
        return ExplanationAnswer.model_validate_json(answer.content)

    def export(
        self, target: str, *, grade: str | None = None, segments: Sequence[str] = (), as_of: datetime | None = None
    ) -> Iterator[bytes]:
        """Each lead's newest score as CSV, piece by piece; narrowed as in `walk`."""
        asked = _wanted(target, grade, segments, as_of)
        with self._transport.stream("/api/v2/scores/export", **asked) as answer:
            yield from answer.iter_bytes()


def _wanted(target: str, grade: str | None, segments: Sequence[str], as_of: datetime | None) -> dict[str, Any]:
    return {"target": target, "grade": grade, "segment": list(segments), "as_of": _stamp(as_of)}


def _stamp(instant: datetime | None) -> str | None:
    return None if instant is None else in_utc("as_of", instant).isoformat()
