"""The target that most tests are about; each says what it adds."""

from typing import Any

from leadwise.domain.target import Target


def a_target(**more: Any) -> Target:
    """Whether a lead buys within 60 days, looked at on arrival."""
    usual = {"name": "sold", "title": "Buys", "entity": "lead", "horizon_days": 60, "open_days": 30, "ages_days": (0,)}
    return Target(**usual | more)
