import pytest
from sqlalchemy import Connection, text

from leadwise.store.audit import AuditAction, AuditRepository
from leadwise.store.database import Database


def test_entries_come_the_newest_first_page_by_page(connection: Connection):
    audit = AuditRepository(connection)
    for number in range(5):
        audit.add(AuditAction.TRAIN, f"t{number}", "anna", {"rows": number})
    audit.add(AuditAction.EXPORT, "leads", "ben")
    first = audit.list(2)
    assert [(entry.subject, entry.done_by) for entry in first] == [("leads", "ben"), ("t4", "anna")]
    assert [entry.subject for entry in audit.list(10, after=first[-1].id)] == ["t3", "t2", "t1", "t0"]
    assert audit.list(10, action=AuditAction.TRAIN)[0].details == {"rows": 4}


def test_what_was_done_cannot_be_changed_or_seen_by_others(database: Database):
    with database.transaction("default") as connection:
        AuditRepository(connection).add(AuditAction.ACTIVATE, "v1", "anna")
    with database.transaction() as connection:
        connection.execute(text("INSERT INTO organisations (id) VALUES ('other')"))
        assert AuditRepository(connection, "other").list(10) == []
    with pytest.raises(Exception, match="audit"), database.transaction() as connection:
        connection.execute(text("UPDATE audit SET done_by = 'ben'"))
    with pytest.raises(Exception, match="permission denied"), database.transaction("default") as connection:
        connection.execute(text("DELETE FROM audit"))
