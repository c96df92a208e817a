"""Whether the service is alive, whether it is ready, and its numbers."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from leadwise.web.api import metrics
from leadwise.web.api.asks import Service
from leadwise.web.api.body import answer
from leadwise.web.api.lead_scoring import TARGET


class HealthAnswer(BaseModel):
    """Alive: this process answers. `degraded` means that it answers less well than it should."""

    status: str = Field(description="healthy or degraded.", examples=["healthy"])
    timestamp: str = Field(examples=["2024-01-15T14:30:22.123456"])
    model_version: str | None = Field(
        description="What answers for the organisation `default`.", examples=["72cf245e8871"]
    )
    problems: list[str] = []


class Part(BaseModel):
    """One part of the service."""

    name: str
    ready: bool
    detail: str = ""


class ReadyAnswer(BaseModel):
    """Ready: requests can be answered."""

    ready: bool
    parts: list[Part]


def router(service: Service) -> APIRouter:
    """Its routes."""
    routes = APIRouter(tags=["Operation"])

    @routes.get("/health", response_model=HealthAnswer)
    async def health(_: Request) -> Response:
        """Say whether this process is alive."""
        problems = list(service.health.degraded())
        return answer(
            {
                "status": "degraded" if problems else "healthy",
                "timestamp": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds"),
                "model_version": service.health.active_version("default", TARGET) or None,
                "problems": problems,
            }
        )

    @routes.get("/ready", response_model=ReadyAnswer, responses={503: {"model": ReadyAnswer}})
    def ready() -> Response:
        """Say whether requests can be answered: the database, the models, the ledger, the jobs."""
        parts = service.health.check()
        well = all(part.ready for part in parts)
        found = [{"name": part.name, "ready": part.ready, "detail": part.detail} for part in parts]
        return answer({"ready": well, "parts": found}, 200 if well else 503, None if well else {"Retry-After": "5"})

    @routes.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    def numbers() -> Response:
        """Give the numbers for Prometheus."""
        return Response(metrics.exposition(service.health.measure_work()), media_type=metrics.MEDIA_TYPE)

    return routes
