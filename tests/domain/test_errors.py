"""Every way to refuse has a kind, a code of its own, and a sentence."""

import importlib
import pkgutil

import leadwise
from leadwise.domain.errors import Conflict, Forbidden, Invalid, LeadwiseError, Missing, Unavailable

KINDS = {Missing: 404, Conflict: 409, Invalid: 422, Forbidden: 403, Unavailable: 503}


def causes() -> list[type[LeadwiseError]]:
    for module in pkgutil.walk_packages(leadwise.__path__, "leadwise."):
        if "migrations" not in module.name and "__main__" not in module.name:
            importlib.import_module(module.name)
    found, waiting = [], list(KINDS)
    while waiting:
        below = waiting.pop().__subclasses__()
        found += below
        waiting += below
    return found


def test_each_cause_has_a_code_of_its_own_and_the_status_of_its_kind():
    found = causes()
    assert len(found) >= 30
    codes = [cause.code for cause in found]
    assert sorted(codes) == sorted(set(codes))
    for cause in found:
        kind = next(kind for kind in KINDS if issubclass(cause, kind))
        # What HTTP itself has a status for is refused before any kind of ours applies.
        assert cause.status == KINDS[kind] or cause.__module__.startswith("leadwise.web.api.")
        assert cause.code not in {each.code for each in KINDS}
        assert cause.__doc__
