"""The two types of models that the prediction service has: what they predict, of what, and with which algorithms."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from leadwise.blueprints.blueprint import Blueprint, load_blueprint
from leadwise.domain.card import Task
from leadwise.domain.errors import Invalid
from leadwise.domain.target import LeadField, NamedFeature, Target
from leadwise.features.aspects import aspects


class UnknownModelTypeError(Invalid):
    """There is no such type of model."""

    code = "unknown_model_type"

    def __init__(self, given: str) -> None:
        self.given = given
        super().__init__(
            f"model_type should be one of {', '.join(MODEL_TYPES)}, but is {given[:60]!r}; name one of them."
        )


class UnfitAlgorithmError(Invalid):
    """The type of model is not learnt by that algorithm."""

    code = "unfit_algorithm"

    def __init__(self, given: str, model_type: str, algorithms: tuple[str, ...]) -> None:
        self.given, self.model_type = given, model_type
        super().__init__(
            f"The algorithm of a {model_type} model should be one of {', '.join(algorithms)}, but is {given[:60]!r}; "
            "name one of them."
        )


@dataclass(frozen=True)
class ModelType:
    """A type of model, in the words of a blueprint and under the names that callers use.

    Args:
        name: As callers call it.
        blueprint_name: Whose leads, events and outcomes it is learnt from.
        outcome: The column of rows that callers give in which the outcome stands, unless they say another.
        algorithms: Those that it can be learnt by.
        fields: By a caller's name of a column, the usual name of the feature that stands in it: what a field says.
        activity: The same for features of what happened since the lead arrived.
        only_fields: Whether a model has no activity among its features unless that is asked for.
        plain_rules: Signs of interest, for when no model can answer: (column, at least or exactly, points).
    """

    name: str
    blueprint_name: str
    outcome: str
    algorithms: tuple[str, ...]
    fields: Mapping[str, str]
    activity: Mapping[str, str]
    only_fields: bool
    plain_rules: tuple[tuple[str, float | str, int], ...] = ()

    @cached_property
    def blueprint(self) -> Blueprint:
        """The blueprint."""
        return load_blueprint(self.blueprint_name)

    @property
    def task(self) -> Task:
        """Conversion or value."""
        return self.blueprint.target.task

    @cached_property
    def columns(self) -> dict[str, str]:
        """All columns that stored leads give, and the usual name of the feature in each."""
        return {**self.fields, **self.activity}

    @cached_property
    def sources(self) -> dict[str, tuple[str, ...]]:
        """By field of a lead, the columns that are made of it; none of those that are never learnt from."""
        made: dict[str, list[str]] = {each.name: [] for each in self.blueprint.target.fields}
        own = {feature: column for column, feature in self.fields.items()}
        for aspect in aspects(self.blueprint.target):
            made[aspect.field.name].append(own[aspect.field.title + aspect.suffix])
        return {name: tuple(columns) for name, columns in made.items()}

    @cached_property
    def never_learnt(self) -> frozenset[str]:
        """Fields that are shown and never learnt from: who it is."""
        return frozenset(each.name for each in self._fields if not each.feature)

    @property
    def _fields(self) -> tuple[LeadField, ...]:
        return self.blueprint.target.fields

    def target(self, columns: tuple[str, ...]) -> Target:
        """The blueprint's target with the features of these columns, under their usual names.

        Where all of them are what fields say, past leads are looked at on arrival alone, as callers' leads are.
        """
        whole = self.blueprint.target
        # A caller's name may be that of a column beside the features, such as `lead_source`.
        named = tuple(NamedFeature(name=self.columns[name], of=self.columns[name]) for name in columns)
        on_arrival = not whole.calendar and not any(name in self.activity for name in columns)
        return whole.model_copy(update={"features": named, "ages_days": (0,) if on_arrival else whole.ages_days})

    def check_algorithm(self, name: str) -> str:
        """The algorithm's name as the house has it; hyphens, spaces and capitals make no difference.

        Raises:
            UnfitAlgorithmError: if such models are not learnt by it.
        """
        plain = name.strip().lower().replace("-", "_").replace(" ", "_")
        if plain not in self.algorithms:
            raise UnfitAlgorithmError(name, self.name, self.algorithms)
        return plain


LEAD_CONVERSION = ModelType(
    name="lead_conversion",
    blueprint_name="b2b-leads",
    outcome="converted",
    algorithms=("random_forest", "gradient_boosting", "logistic_regression", "neural_network"),
    fields={
        "lead_score": "Lead score",
        "engagement_score": "Engagement score",
        "company_size": "Company size",
        "job_title": "Job title: seniority",
        "email_domain": "Email: kind of address",
        "phone_valid": "Phone: valid",
        "phone_country": "Phone: country",
        "industry": "Industry",
        "lead_source": "Lead source",
        "company_age": "Founding date: days ago",
        "message_length": "First message: length",
    },
    activity={
        "days_since_arrival": "Days since arrival",
        "page_views": "Page views",
        "page_views_last_7_days": "Page views in the last 7 days",
        "emails_opened": "Emails opened",
        "emails_sent": "Our emails",
        "calls": "Our calls",
        "replies": "Replies",
        "meetings": "Meetings",
        "quotes": "Quotes",
    },
    only_fields=True,
    plain_rules=(
        ("lead_score", 80, 15),
        ("lead_score", 60, 15),
        ("engagement_score", 80, 10),
        ("engagement_score", 60, 10),
        ("company_size", 50, 10),
        ("job_title", "owner", 10),
        ("job_title", "executive", 10),
        ("job_title", "vice president", 10),
        ("job_title", "director", 5),
        ("email_domain", "business", 5),
        ("email_domain", "disposable", -30),
        ("email_domain", "invalid", -20),
        ("replies", 1, 15),
        ("meetings", 1, 25),
        ("quotes", 1, 30),
    ),
)
CUSTOMER_LIFETIME_VALUE = ModelType(
    name="customer_lifetime_value",
    blueprint_name="customer-value",
    outcome="lifetime_value",
    algorithms=("random_forest", "gradient_boosting", "linear_regression", "neural_network"),
    fields={
        "email_domain": "Email: kind of address",
        "country": "Country",
        "channel": "Channel",
        "age": "Age",
        "newsletter": "Gets the newsletter",
        "loyalty_card": "Has a loyalty card",
    },
    activity={
        "order_count": "Orders",
        "order_frequency": "Orders in the last 30 days",
        "total_spent": "Order amount",
        "average_order_value": "Order amount on average",
        "largest_order_value": "Order amount at most",
        "customer_tenure": "Days since arrival",
        "days_since_last_order": "Orders: days since the last",
        "visits_last_30_days": "Visits to the shop in the last 30 days",
        "newsletters_opened": "Newsletters opened",
        "returns": "Returns",
    },
    only_fields=False,
)
MODEL_TYPES: Mapping[str, ModelType] = {each.name: each for each in (LEAD_CONVERSION, CUSTOMER_LIFETIME_VALUE)}


def get_model_type(name: str) -> ModelType:
    """The type of models of that name.

    Raises:
        UnknownModelTypeError: if there is none.

    >>> get_model_type("churn")
    Traceback (most recent call last):
    leadwise.app.owned.model_types.UnknownModelTypeError: model_type should be one of lead_conversion,
    customer_lifetime_value, but is 'churn'; name one of them.
    """
    if name not in MODEL_TYPES:
        raise UnknownModelTypeError(name)
    return MODEL_TYPES[name]


@lru_cache(maxsize=1)
def all_names() -> dict[str, tuple[str, ...]]:
    """The columns of stored leads, by type of model."""
    return {each.name: tuple(each.columns) for each in MODEL_TYPES.values()}
