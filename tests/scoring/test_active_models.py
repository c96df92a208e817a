"""What answers in a process follows what is activated, for however many organisations."""

from sqlalchemy import event
from tests.app.serving import activate, small_model

from leadwise.app.service.wiring import Rules
from leadwise.scoring.active_models import ActiveModels
from leadwise.store.database import Database
from leadwise.store.organisations import OrganisationRepository

ORGANISATIONS = [f"shop {number}" for number in range(20)]


def test_a_look_after_an_activation_asks_for_what_changed_alone(database: Database):
    with database.transaction() as connection:
        for name in ORGANISATIONS:
            OrganisationRepository(connection).ensure(name)
    models = ActiveModels(database, Rules())
    before = {name: models.get(name, "converted") for name in ORGANISATIONS}
    version = activate(database, small_model(), "shop 7")

    asked = []
    note = lambda *call: asked.append(call)  # noqa: E731 - the same one is to be removed
    event.listen(database.engine, "before_cursor_execute", note)
    models.refresh()
    event.remove(database.engine, "before_cursor_execute", note)

    after = {name: models.find(name, "converted") for name in ORGANISATIONS}
    assert after["shop 7"] is not None
    assert after["shop 7"].version == after["shop 7"].scorer.version == version
    assert [name for name in ORGANISATIONS if after[name] is not before[name]] == ["shop 7"]
    assert 0 < len(asked) < len(ORGANISATIONS)
