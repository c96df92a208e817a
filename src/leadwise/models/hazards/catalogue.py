"""Which models of time to conversion there are, simple ones first."""

from leadwise.domain.errors import Missing
from leadwise.models.hazards.boosted_hazards import BoostedHazards
from leadwise.models.hazards.hazard_model import HazardModel
from leadwise.models.hazards.kaplan_meier import KaplanMeier
from leadwise.models.hazards.linear_hazards import LinearHazards

HAZARD_MODELS: dict[str, type[HazardModel]] = {
    model.name: model for model in (KaplanMeier, LinearHazards, BoostedHazards)
}


class UnknownHazardModelError(Missing):
    """No model of time to conversion has that name."""

    code = "unknown_hazard_model"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"There is no algorithm {name!r} for time to conversion; choose from {', '.join(HAZARD_MODELS)}."
        )


def get_hazard_model(name: str) -> type[HazardModel]:
    """The model of that name.

    Raises:
        UnknownHazardModelError: if there is none.

    >>> get_hazard_model("cox")
    Traceback (most recent call last):
    leadwise.models.hazards.catalogue.UnknownHazardModelError: There is no algorithm 'cox' for time to conversion;
    choose from kaplan_meier, linear_hazards, boosted_hazards.
    """
    if name not in HAZARD_MODELS:
        raise UnknownHazardModelError(name)
    return HAZARD_MODELS[name]
