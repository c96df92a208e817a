"""Versions of a target's model, for the command line: looked at, compared, put to work."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from pydantic import BaseModel

from leadwise.app.known_blueprints import find_blueprint
from leadwise.app.organisation_session import open_organisation
from leadwise.app.output import remark
from leadwise.app.target_session import TargetOptions, open_target
from leadwise.app.target_training import is_of_other_definitions, past_leads
from leadwise.blueprints.blueprint import BlueprintNotFoundError
from leadwise.domain.errors import Missing
from leadwise.registry.comparison import Comparison, compare
from leadwise.registry.gate import figures_of
from leadwise.registry.versions import ModelVersions, NoActiveModelError, Version


class VersionReport(BaseModel):
    """What `leadwise models list --json` says of a version."""

    version: str
    is_active: bool
    created_at: datetime
    activated_at: datetime | None
    activated_by: str | None
    has_file: bool
    algorithm: str
    rows: int
    metrics: dict[str, float | None]

    @classmethod
    def of(cls, version: Version) -> "VersionReport":
        """The report of a version."""
        card = version.card
        return cls(
            version=version.version,
            is_active=version.is_active,
            created_at=card.created_at,
            activated_at=version.activated_at,
            activated_by=version.activated_by,
            has_file=version.has_file,
            algorithm=card.algorithm,
            rows=card.data.rows,
            metrics=figures_of(card),
        )


class VersionsReport(BaseModel):
    """What `leadwise models list --json` says: the newest first."""

    target: str
    versions: list[VersionReport]


class NothingInProductionError(Missing):
    """No model scored at that instant."""

    code = "nothing_in_production"

    def __init__(self, target: str, as_of: datetime) -> None:
        self.target, self.as_of = target, as_of
        super().__init__(
            f"No model scored for {target!r} on {as_of:%Y-%m-%d %H:%M} UTC: the first was activated later, or none. "
            "Name a later instant."
        )


def target_name(text: str) -> str:
    """The target's name, given that or its blueprint's name or file.

    >>> target_name("marketplace-auto"), target_name("car_sold")
    ('car_sold', 'car_sold')
    """
    try:
        return find_blueprint(text).target.name
    except BlueprintNotFoundError:
        return text


@contextmanager
def open_versions(target: str, organisation: str) -> Iterator[ModelVersions]:
    """The versions of a target's model in the database of the settings, in one transaction.

    Raises:
        OrganisationNotFoundError: if there is no such organisation.
    """
    with open_organisation(organisation) as connection:
        yield ModelVersions(connection, target_name(target), organisation)


def version_to_show(versions: ModelVersions, target: str, version: str | None, as_of: datetime | None) -> Version:
    """The version of that name, else the one that scored at that instant, else the one that scores now.

    Raises:
        ModelNotFoundError: if there is none of that name.
        NothingInProductionError: if none scored then.
        NoActiveModelError: if none scores now.
    """
    if version is not None:
        return versions.get(version)
    if as_of is not None:
        found = versions.find_in_production(as_of)
        if found is None:
            raise NothingInProductionError(target_name(target), as_of)
        return versions.get(found.version)
    card = versions.find_active_card()
    if card is None:
        raise NoActiveModelError(target_name(target))
    return versions.get(card.model_version)


def compare_versions(options: TargetOptions, first: str, second: str | None) -> Comparison:
    """Two versions on the open and past leads of the newest snapshot, by its definitions of features.

    Args:
        options: The target.
        first: A version.
        second: The other; None: the active one.
    """
    with open_target(options) as session:
        with session.database.transaction() as connection:
            versions = ModelVersions(connection, session.blueprint.target.name, session.organisation)
            models = versions.get_model(first), versions.get_model(second) if second else versions.get_active()
        snapshot = session.snapshot()
        for model in models:
            if is_of_other_definitions(session, model):
                remark(
                    f"Version {model.card.model_version} was fitted when features were defined otherwise, and is shown "
                    "those of today: it may look worse here than it was."
                )
        return compare(*models, session.target, snapshot.features, past_leads(session))
