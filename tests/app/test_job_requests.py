import pytest
from sqlalchemy import Connection

from leadwise.app.jobs.requests import REQUESTS, JobRequestError, UnknownTargetError, ask_for
from leadwise.app.jobs.work import WORK
from leadwise.app.jobs_text import _RESULTS
from leadwise.domain.job import JobKind


def test_a_target_goes_by_its_own_name_or_its_blueprint_s(connection: Connection):
    job = ask_for(connection, "default", JobKind.TRAIN, "marketplace-auto", {"budget_seconds": 5}, "anna")
    assert (job.target, job.request) == ("car_sold", {"budget_seconds": 5.0})
    assert ask_for(connection, "default", JobKind.SCORE, "car_sold", {}, "anna").target == "car_sold"


def test_a_target_that_nobody_predicts_is_missing(connection: Connection):
    with pytest.raises(UnknownTargetError, match=r"no target '\.\./etc'; name one of car_sold, converted"):
        ask_for(connection, "default", JobKind.TRAIN, "../etc", {}, "anna")


@pytest.mark.parametrize(
    ("kind", "request_", "place"),
    [
        (JobKind.TRAIN, {"budget": 5}, "budget"),
        (JobKind.TRAIN, {"budget_seconds": 0}, "budget_seconds"),
        (JobKind.TRAIN, {"seed": 2**40}, "seed"),
        (JobKind.SCORE, {"as_of": "2026-01-01T00:00:00"}, "as_of"),
        (JobKind.REFRESH, {"refresh": True}, "refresh"),
    ],
)
def test_a_request_that_cannot_be_used_is_refused_before_anyone_waits(connection, kind, request_, place):
    with pytest.raises(JobRequestError) as refused:
        ask_for(connection, "default", kind, "car_sold", request_, "anna")
    assert [where for where, _ in refused.value.mistakes] == [place]


def test_every_kind_of_job_can_be_asked_for_worked_on_and_told_of():
    assert set(REQUESTS) == set(WORK) == set(_RESULTS) == set(JobKind)
