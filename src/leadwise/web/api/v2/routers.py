"""All routes of the native API."""

from fastapi import APIRouter

from leadwise.web.api.v2 import (
    audit,
    erasure,
    events,
    feedback,
    jobs,
    keys,
    leads,
    models,
    outcomes,
    scores,
    targets,
)
from leadwise.web.api.v2.asks import Native

SUBJECTS = (leads, events, outcomes, targets, models, scores, jobs, feedback, keys, erasure, audit)


def router(native: Native) -> APIRouter:
    """Its routes."""
    routes = APIRouter()
    for subject in SUBJECTS:
        routes.include_router(subject.router(native))
    return routes
