"""What the native API needs from the rest of the house, as protocols: `app.service` provides it.

Wherever an organisation is named, what is another one's is not there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from leadwise.domain.access import Caller
from leadwise.domain.job import JobKind, JobState
from leadwise.web.api.asks import Limits, Predictions
from leadwise.web.api.v2.idempotency import KeptAnswers
from leadwise.web.api.v2.paging import Listed, Place
from leadwise.web.api.v2.shapes import administration as administrative
from leadwise.web.api.v2.shapes import jobs as job_shapes
from leadwise.web.api.v2.shapes import models as model_shapes
from leadwise.web.api.v2.shapes import records as record_shapes
from leadwise.web.api.v2.shapes import scores as score_shapes

Name = tuple[str, str]
"""A lead's (source, external_id)."""
OfLead = tuple[str | None, str | None]
"""What is wanted of a lead's source and external id; None: any."""


@dataclass(frozen=True)
class WantedScores:
    """Which leads' newest scores are wanted.

    Args:
        grade: Only leads of this grade; None: of any.
        segments: Only leads of these, each as NAME=VALUE.
        as_of: What was in force at that instant; None: what is now.
    """

    grade: str | None = None
    segments: tuple[str, ...] = ()
    as_of: datetime | None = None


class Records(Protocol):
    """Leads, events and outcomes."""

    def add_leads(self, organisation: str, records: Sequence[record_shapes.LeadRecord]) -> record_shapes.BatchAnswer:
        """Store leads; says what became of each."""

    def add_events(self, organisation: str, records: Sequence[record_shapes.EventRecord]) -> record_shapes.BatchAnswer:
        """Store events; says what became of each."""

    def add_outcomes(
        self, organisation: str, records: Sequence[record_shapes.OutcomeRecord]
    ) -> record_shapes.BatchAnswer:
        """Store outcomes; says what became of each."""

    def put_lead(self, organisation: str, record: record_shapes.LeadRecord) -> tuple[record_shapes.LeadAnswer, bool]:
        """Store a lead, or what is said of it; gives it as it is then, and whether it is new.

        Raises:
            Conflict: if it cannot be stored.
        """

    def get_lead(self, organisation: str, name: Name) -> record_shapes.LeadAnswer:
        """One lead.

        Raises:
            Missing: if it is not there.
        """

    def list_leads(
        self, organisation: str, limit: int, after: Place | None, source: str | None, entity: str | None
    ) -> Sequence[Listed[record_shapes.LeadAnswer]]:
        """Leads; a place is (number)."""

    def list_events(
        self, organisation: str, limit: int, after: Place | None, lead: OfLead, kind: str | None
    ) -> Sequence[Listed[record_shapes.EventAnswer]]:
        """Events; a place is (source, external_id)."""

    def list_outcomes(
        self, organisation: str, limit: int, after: Place | None, lead: OfLead, target: str | None
    ) -> Sequence[Listed[record_shapes.OutcomeAnswer]]:
        """Outcomes; a place is (number)."""


class Scores(Protocol):
    """The ledger of stored leads."""

    def score_leads(self, organisation: str, target: str, leads: Sequence[Name]) -> score_shapes.LeadScoresAnswer:
        """Score stored leads now, and append the scores.

        Raises:
            Missing: if there is no such target, or no model for it.
        """

    def list_newest(
        self, organisation: str, target: str, wanted: WantedScores, limit: int, after: Place | None
    ) -> Sequence[Listed[score_shapes.ScoreAnswer]]:
        """Each lead's newest score, the best first; a place is (newest row, worth, number of the lead).

        Raises:
            Missing: if segments of a target are wanted that there is not.
            Invalid: if there is no such segment.
        """

    def list_history(
        self, organisation: str, target: str, lead: Name, limit: int, after: Place | None, as_of: datetime | None
    ) -> Sequence[Listed[score_shapes.ScoreAnswer]]:
        """A lead's scores, the newest first; a place is (number).

        Raises:
            Missing: if there is no such lead.
        """

    def explain(
        self, organisation: str, target: str, lead: Name, as_of: datetime | None
    ) -> score_shapes.ExplanationAnswer:
        """The score of a lead that was in force, down to single facts.

        Raises:
            Missing: if there is none.
        """

    def export(self, caller: Caller, target: str, wanted: WantedScores) -> Iterator[bytes]:
        """Each lead's newest score as CSV, piece by piece. The audit names who asked.

        Raises:
            Missing, Invalid: as `list_newest`.
        """


class Models(Protocol):
    """Targets, and the versions of their models."""

    def list_targets(self, organisation: str) -> Sequence[model_shapes.TargetAnswer]:
        """What can be predicted."""

    def get_target(self, organisation: str, name: str) -> model_shapes.TargetDetail:
        """One target.

        Raises:
            Missing: if there is none of that name.
        """

    def list_versions(
        self, organisation: str, target: str, limit: int, after: Place | None
    ) -> Sequence[Listed[model_shapes.VersionAnswer]]:
        """Versions, the newest first; a place is (stored at, version)."""

    def get_version(self, organisation: str, version: str) -> model_shapes.VersionDetail:
        """One version with its card.

        Raises:
            Missing: if there is none.
        """

    def activate(self, caller: Caller, version: str) -> model_shapes.ActiveAnswer:
        """Let a version score from now on.

        Raises:
            Missing: if there is none, or its file was removed.
        """

    def roll_back(self, caller: Caller, target: str, to: str | None) -> model_shapes.ActiveAnswer:
        """Let an earlier version score again.

        Raises:
            Missing: if there is no such version.
            Conflict: if none scored before.
        """

    def compare(self, organisation: str, first: str, second: str) -> model_shapes.ComparisonAnswer:
        """Two versions on the same leads.

        Raises:
            Missing: if one is not there.
            Conflict: if they are of two targets.
        """

    def in_production(self, organisation: str, target: str, at: datetime) -> model_shapes.InProductionAnswer:
        """Which version scored at an instant."""


class Jobs(Protocol):
    """Work that takes longer than a request may wait for."""

    def train(self, caller: Caller, request: model_shapes.TrainModelRequest) -> job_shapes.JobAnswer:
        """A new job that trains a model.

        Raises:
            Missing: if there is no such target.
            Conflict: if one is being trained already.
        """

    def add(self, caller: Caller, request: job_shapes.JobRequest) -> job_shapes.JobAnswer:
        """A new job. Raises as `train` does."""

    def get(self, organisation: str, job: str) -> job_shapes.JobAnswer:
        """One job.

        Raises:
            Missing: if there is none.
        """

    def list(
        self,
        organisation: str,
        limit: int,
        after: Place | None,
        kind: JobKind | None,
        target: str | None,
        state: JobState | None,
    ) -> Sequence[Listed[job_shapes.JobAnswer]]:
        """Jobs, the newest first; a place is (recorded at, id)."""


class Administration(Protocol):
    """Feedback, keys, erasure, the audit."""

    def add_feedback(self, caller: Caller, request: administrative.FeedbackRequest) -> administrative.FeedbackAnswer:
        """Put feedback on record.

        Raises:
            Missing: if there is no such lead.
        """

    def get_feedback(self, organisation: str, feedback_id: int) -> administrative.FeedbackAnswer:
        """One feedback.

        Raises:
            Missing: if there is none.
        """

    def list_feedback(
        self, organisation: str, limit: int, after: Place | None, target: str | None, lead: OfLead
    ) -> Sequence[Listed[administrative.FeedbackAnswer]]:
        """Feedback, the newest first; a place is (number)."""

    def add_key(self, caller: Caller, request: administrative.KeyRequest) -> administrative.NewKeyAnswer:
        """A new key."""

    def rotate_key(self, caller: Caller, key_id: str, hours: float) -> administrative.NewKeyAnswer:
        """A new key in place of another, which opens for some hours yet.

        Raises:
            Missing: if there is none.
        """

    def revoke_key(self, caller: Caller, key_id: str) -> administrative.KeyAnswer:
        """Let a key open nothing from now on. Raises as `rotate_key` does."""

    def get_key(self, organisation: str, key_id: str) -> administrative.KeyAnswer:
        """One key. Raises as `rotate_key` does."""

    def list_keys(self, organisation: str) -> Sequence[administrative.KeyAnswer]:
        """All keys, the newest first."""

    def erase(self, caller: Caller, leads: Sequence[Name]) -> administrative.ErasedAnswer:
        """Erase leads everywhere, all or none.

        Raises:
            Missing: if one of them is not there and never was erased.
        """

    def list_audit(
        self, organisation: str, limit: int, after: Place | None, action: str | None
    ) -> Sequence[Listed[administrative.AuditAnswer]]:
        """What was done, the newest first; a place is (number)."""


@dataclass(frozen=True)
class Native:
    """All parts that the native API asks."""

    limits: Limits
    predictions: Predictions
    answers: KeptAnswers
    records: Records
    scores: Scores
    models: Models
    jobs: Jobs
    administration: Administration
