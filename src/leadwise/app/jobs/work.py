"""What is done in a job: one function per kind, given a target at work and what was asked for."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from leadwise.app.jobs.requests import OwnedTrainRequest, RefreshRequest, ScoreRequest, TrainRequest
from leadwise.app.owned.order import TrainingOrder
from leadwise.app.owned.training import train as train_for_user
from leadwise.app.target_scoring import OpenLeads, active_model, open_leads, store_scores
from leadwise.app.target_session import TargetSession
from leadwise.app.target_training import learn_target, measure_on_test_leads, store_model
from leadwise.domain.card import Metrics, ModelCard
from leadwise.domain.errors import LeadwiseError
from leadwise.domain.job import JobKind
from leadwise.monitoring.scores import score_drift
from leadwise.registry.gate import GateRules, figures_of, judge
from leadwise.registry.versions import ModelVersions
from leadwise.store.matured_scores import measure_matured_scores
from leadwise.store.organisations import OrganisationRepository
from leadwise.training.options import FitOptions

Result = dict[str, Any]
"""As JSON."""
MATURED_WITHIN = timedelta(days=90)
"""Scores are held against outcomes for so long after their horizon."""


def train(session: TargetSession, request: TrainRequest, requested_by: str) -> Result:
    """Learn a model, and let it score if the gate lets it pass.

    Returns:
        `version`, `activated` (whether it scores now), `reasons` (of the gate: `code`, `passed`, `sentence`), `metrics`
        by name, and `rows` that it learnt from.
    """
    if request.refresh:
        session.refresh(request.as_of)
    options = FitOptions(
        budget_seconds=request.budget_seconds,
        algorithms=request.algorithms,
        seed=request.seed,
        drop=request.drop,
        keep=request.keep,
    )
    model = learn_target(session, options)
    rules = GateRules(request.must_improve, request.least_rows, request.accepted_leaks)
    active, on_same = _active(session, model.card)
    verdict = judge(model.card, active, rules=rules, active_on_same=on_same)
    version = store_model(session, model, requested_by, activate=verdict.passed)
    return {
        "version": version,
        "activated": verdict.passed,
        "reasons": [asdict(reason) for reason in verdict.reasons],
        "metrics": figures_of(model.card),
        "rows": model.card.data.rows,
    }


def train_owned(session: TargetSession, request: OwnedTrainRequest, requested_by: str) -> Result:
    """Learn a model that belongs to a user, and let it answer.

    Returns:
        What `app.owned.training.train` tells.
    """
    order = TrainingOrder(organisation=session.organisation, ordered_by=requested_by, **dict(request))
    with session.progress() as progress:
        return train_for_user(session.database, session.engine, order, progress)


def refresh(session: TargetSession, request: RefreshRequest, requested_by: str) -> Result:  # noqa: ARG001
    """Compute the features of all leads anew.

    Returns:
        `as_of`, and `rows` by what they are of.
    """
    quality = session.refresh(request.as_of).model_dump(mode="json")
    return {"as_of": quality["as_of"], "rows": quality["rows"]}


def score(session: TargetSession, request: ScoreRequest, requested_by: str) -> Result:  # noqa: ARG001
    """Append a score of each open lead to the ledger.

    Returns:
        `version` that scored, `as_of`, how many `scores`, `drift` (how far they are from those that the model was
        tested on: population stability index, or null), and `calibration`: of `leads` whose score's horizon ended
        within 90 days before, the `expected` and the `observed` conversions (null where there are none); and `label`,
        by which `/metrics` names the organisation.
    """
    model = active_model(session)  # who cannot score need not wait for features
    if request.refresh:
        session.refresh(request.as_of)
    leads = open_leads(session, model)
    with session.database.transaction(session.organisation) as connection:
        stored = store_scores(session, connection, model, leads)
        result = {
            "version": model.card.model_version,
            "as_of": leads.as_of.isoformat(),
            "scores": stored.count,
            "drift": score_drift(model.card.reliability, stored.probabilities),
            "calibration": _calibration(connection, session.organisation, leads),
            "label": OrganisationRepository(connection).list_labels()[session.organisation],
        }
        session.finish(connection, result)  # a process that is killed from here on leaves nothing to be done again
    return result


WORK: Mapping[JobKind, Callable[[TargetSession, Any, str], Result]] = {
    JobKind.TRAIN: train,
    JobKind.TRAIN_OWNED: train_owned,
    JobKind.REFRESH: refresh,
    JobKind.SCORE: score,
}


def _calibration(connection: Connection, organisation: str, leads: OpenLeads) -> Result | None:
    target = leads.target
    found = measure_matured_scores(
        connection, organisation, target.name, horizon=target.horizon, within=MATURED_WITHIN, now=leads.as_of
    )
    return asdict(found) if found.leads else None


def _active(session: TargetSession, candidate: ModelCard) -> tuple[ModelCard | None, Metrics | None]:
    """The card of the model that scores now, and how it does on the candidate's test leads, if it can be said."""
    with session.database.transaction(session.organisation) as connection:
        versions = ModelVersions(connection, session.blueprint.target.name, session.organisation)
        card = versions.find_active_card()
        if card is None:
            return None, None
        try:
            model = versions.get_active()
        except LeadwiseError:  # one that cannot be used cannot be measured; its card tells how it did
            return card, None
    return card, measure_on_test_leads(session, model, candidate)
