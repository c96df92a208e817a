"""The application: every part of the API behind one guard."""

from collections.abc import Callable, Mapping
from importlib.metadata import version

import orjson
from fastapi import APIRouter, FastAPI, Request, Response

from leadwise.web import problems
from leadwise.web.api import docs, health, lead_scoring, lead_scoring_models, prediction, web_application
from leadwise.web.api.asks import Service
from leadwise.web.api.guard import Guard
from leadwise.web.api.openapi import describe
from leadwise.web.api.seller import routes as seller
from leadwise.web.api.v2 import routers as v2
from leadwise.web.api.v2.asks import Native
from leadwise.web.problems import Problem, problem_json
from leadwise.web.root_path import RootPath

PUBLIC = ("/health", "/ready", "/metrics", "/docs", "/openapi.json")
"""What answers without a key: nothing of it tells of anybody."""
PROBES = frozenset({"/health", "/ready", "/metrics"})
"""What asks these asks again and again; nobody wants a trace of it."""
NOWHERE = "There is nothing at {{path}}. What there is stands at {prefix}/docs."
ROUTERS: tuple[Callable[[Service], APIRouter], ...] = (
    health.router,
    lead_scoring.router,
    lead_scoring_models.router,
    prediction.router,
    web_application.router,
)

Shape = Callable[[Problem], Mapping[str, object]]
SHAPES: dict[str, Shape] = {
    "/api/v1/": lambda problem: {"error": problem.detail, "status": "error", "code": problem.code},
    "/api/ml/": lambda problem: {"error": problem.detail, "detail": problem.detail, "code": problem.code},
    **dict.fromkeys(
        ("/predict", "/train", "/models/", "/insights/", "/preprocess"),
        lambda problem: {"detail": problem.detail, "code": problem.code},
    ),
}
"""How the older dialects write errors, by the beginning of their paths."""


def create_api(service: Service, native: Native, root_path: str = "") -> FastAPI:
    """The application that answers for a service.

    Args:
        service: What all dialects ask.
        native: What the native API asks besides.
        root_path: The path ("/leadwise") below which a proxy offers it; empty: none.
    """
    application = FastAPI(
        title="leadwise",
        version=version("leadwise"),
        summary="Says for every lead how likely it is to convert, why, and what to do next.",
        servers=[{"url": root_path}] if root_path else None,
        docs_url=None,
        redoc_url=None,
        # Spans of requests, once the process has a provider of traces (`app.tracing`); FastAPI sets up nothing itself.
        telemetry={
            "auto_configure": False,
            "logs": False,
            "metrics": False,
            "operation_spans": False,
            "exclude": lambda scope: scope["path"] in PROBES,
        },
    )
    problems.install(application, answer_problem, NOWHERE.format(prefix=root_path))
    for router in ROUTERS:
        application.include_router(router(service))
    application.include_router(seller.router(service, native.answers))
    application.include_router(v2.router(native))
    describe(application, SHAPES)
    docs.install(application)
    application.add_middleware(
        Guard,
        callers=service.callers,
        limits=service.limits,
        public=PUBLIC,
        refuse=lambda request, error: answer_problem(
            request, problems.problem_of(request, error), problems.headers_of(request, error)
        ),
    )
    if root_path:
        application.add_middleware(RootPath, prefix=root_path)
    return application


def answer_problem(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as problem+json, or as the older dialects write it."""
    path = request.url.path
    shape = next((shape for prefix, shape in SHAPES.items() if path.startswith(prefix)), None)
    if shape is None:
        return Response(problem_json(problem), problem.status, headers, "application/problem+json")
    return Response(orjson.dumps(shape(problem)), problem.status, headers, "application/json")
