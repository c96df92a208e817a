"""What can be predicted: the targets of the blueprints that are known."""

from collections.abc import Mapping
from functools import cached_property

from leadwise.app.jobs.requests import UnknownTargetError
from leadwise.app.known_blueprints import known_targets
from leadwise.blueprints.blueprint import Blueprint


class Targets:
    """Blueprints by the name of their target; read once, when the first is asked for."""

    def get(self, name: str) -> Blueprint:
        """The blueprint of a target.

        Raises:
            UnknownTargetError: if there is none of that name.
        """
        found = self.all.get(name)
        if found is None:
            raise UnknownTargetError(name[:100], tuple(sorted(self.all)))
        return found[1]

    @cached_property
    def all(self) -> Mapping[str, tuple[str, Blueprint]]:
        """By the target's name, the blueprint's name and the blueprint."""
        return known_targets()
