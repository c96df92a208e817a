"""Whether a blueprint speaks of features that its leads have: what the file alone cannot tell."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from leadwise.blueprints.blueprint import BlueprintError, BlueprintSource, read_blueprint
from leadwise.blueprints.mistakes import limited, lines_by_location, nearest_line
from leadwise.domain.target import Target
from leadwise.features.history import FeaturesOfOneNameError, definitions


def find_mistakes(name_or_path: str | Path) -> tuple[str, ...]:
    """One sentence for each thing to mend in a blueprint; none if it can be used.

    Raises:
        BlueprintNotFoundError: if there is no such blueprint.
    """
    try:
        source = read_blueprint(name_or_path)
    except BlueprintError as error:
        return error.mistakes
    return limited(list(feature_mistakes(source)))


def feature_mistakes(source: BlueprintSource) -> Iterator[str]:
    """One sentence for each feature that is named and does not exist, or would have a name that is taken."""
    blueprint, lines = source.blueprint, lines_by_location(source.text)
    try:
        usual = _names(blueprint.target.model_copy(update={"features": ()}))
    except FeaturesOfOneNameError as error:
        yield f"{nearest_line(('target',), lines)}{error}"
        return
    own = [feature.name for feature in blueprint.target.features]
    for position, feature in enumerate(blueprint.target.features):
        place = ("target", "features", position)
        if feature.of not in usual:
            yield f"{nearest_line((*place, 'of'), lines)}there is no feature {feature.of!r}{_meant(feature.of, usual)}"
        if feature.name in own[:position]:
            yield f"{nearest_line((*place, 'name'), lines)}two features are called {feature.name!r}; rename one"
    columns = own or usual
    for position, rule in enumerate(blueprint.rules):
        if rule.column not in columns:
            where = nearest_line(("rules", position, "column"), lines)
            yield f"{where}there is no feature {rule.column!r}{_meant(rule.column, columns)}"


def _names(target: Target) -> list[str]:
    return [each.name for each in definitions(target)]


def _meant(name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(names)}"
