import re
from datetime import timedelta

import pytest
from tests.targets import a_target

from leadwise.actions.worklist import Worklist, WorklistQuery
from leadwise.domain.clock import now
from leadwise.domain.errors import Invalid
from leadwise.domain.lead import Lead, Outcome
from leadwise.domain.score import Reason, Score
from leadwise.domain.target import FieldKind, LeadField
from leadwise.store.database import Database
from leadwise.store.leads import LeadRepository
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.outcomes import OutcomeRepository
from leadwise.store.scores import ScoreRepository

CAR = LeadField(name="car", title="Car", kind=FieldKind.TEXT, missing="Names no car")
TARGET = a_target(segments=("car",), fields=(CAR,))
NOW = now()
DAY = timedelta(days=1)
NAMES = ("Çağla Öz", "100% Mint", "under_score", "Ann", "Bob")


def score(lead: str, probability: float, grade: str, age: timedelta = timedelta()) -> Score:
    reason = Reason("Replies", "Replied twice", 0.4)
    instant = NOW - age
    return Score(("web", lead), "sold", instant, instant, "abc", probability, None, grade, "Call", -1.0, (reason,))


@pytest.fixture
def worklist(database: Database) -> Worklist:
    leads = [
        Lead("web", str(at), NOW - DAY, NOW - DAY, {"name": name, "car": f"Car {at}"}) for at, name in enumerate(NAMES)
    ]
    with database.transaction() as connection:
        LeadRepository(connection).add_many(leads)
        ScoreRepository(connection).add_many(
            [score(str(at), 0.9 - at / 10, "AABCD"[at]) for at in range(len(NAMES))] + [score("4", 0.99, "A", DAY)]
        )
    return Worklist(database, TARGET, name_field="name", subject_field="car")


def names(worklist: Worklist, query: WorklistQuery) -> list[str]:
    return [entry.name for entry in worklist.list_page(query).entries]


def test_the_likeliest_lead_comes_first_by_its_newest_score(worklist: Worklist):
    page = worklist.list_page(WorklistQuery(10))
    assert [entry.name for entry in page.entries] == list(NAMES)
    assert (page.total, page.by_grade) == (5, {"A": 2, "B": 1, "C": 1, "D": 1})
    assert (page.entries[4].score.probability, page.entries[4].subject) == (0.5, "Car 4")
    assert page.model_version == "abc"


def test_pages_follow_each_other_and_end(worklist: Worklist):
    pages = [names(worklist, WorklistQuery(2, offset)) for offset in (0, 2, 4, 6)]
    assert pages == [list(NAMES[:2]), list(NAMES[2:4]), [NAMES[4]], []]


def test_a_grade_narrows_the_list_but_not_the_counts(worklist: Worklist):
    page = worklist.list_page(WorklistQuery(10, grade="A"))
    assert ([entry.name for entry in page.entries], page.total, page.by_grade["D"]) == (list(NAMES[:2]), 2, 1)


@pytest.mark.parametrize(("search", "found"), [("çAĞLA", 0), ("%", 1), ("_", 2), ("aNN", 3), ("\\", None)])
def test_a_search_takes_every_letter_at_its_word_whatever_its_case(worklist: Worklist, search, found):
    page = worklist.list_page(WorklistQuery(10, search=search))
    assert [entry.name for entry in page.entries] == ([] if found is None else [NAMES[found]])
    assert page.total == len(page.entries)


def test_leads_that_ended_or_grew_old_are_no_longer_listed(worklist: Worklist, database: Database):
    old = Lead("web", "old", NOW - 31 * DAY, NOW - 31 * DAY, {"name": "Old"})
    ended = Outcome("web", "0-end", ("web", "0"), "sold", won=True, value=None, occurred_at=NOW, recorded_at=NOW)
    with database.transaction() as connection:
        LeadRepository(connection).add_many([old])
        ScoreRepository(connection).add_many([score("old", 1.0, "A")])
        OutcomeRepository(connection).add_many([ended])
    assert names(worklist, WorklistQuery(10)) == list(NAMES[1:])


def test_segments_narrow_the_list_and_its_counts_by_what_leads_say_now(worklist: Worklist, database: Database):
    moved = Lead("web", "1", NOW - DAY, NOW, {"name": NAMES[1], "car": "Car 0"})
    with database.transaction() as connection:
        LeadRepository(connection).add_many([moved])
    page = worklist.list_page(WorklistQuery(10, segments=("car=Car 0", "car=Car 2")))
    assert [entry.name for entry in page.entries] == list(NAMES[:3])
    assert (page.total, page.by_grade) == (3, {"A": 2, "B": 1})
    assert page.values == {"car": {"Car 0": 2, "Car 2": 1, "Car 3": 1, "Car 4": 1}}


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        ("cars=Car 1", "'cars' is no segment of sold; did you mean 'car'?"),
        ("car=car1", "no lead has the car 'car1'; did you mean 'Car 1'"),
        ("car", "NAME=VALUE is expected"),
        ("car=", "NAME=VALUE is expected"),
    ],
)
def test_a_segment_that_is_not_there_is_refused_with_what_is_near(worklist: Worklist, segment: str, words: str):
    with pytest.raises(Invalid, match=re.escape(words)):
        worklist.list_page(WorklistQuery(10, segments=(segment,)))


def test_without_scores_there_is_an_empty_page(database: Database):
    page = Worklist(database, TARGET, name_field="name", subject_field="car").list_page(WorklistQuery(10))
    assert (page.entries, page.total, page.scored_at, page.model_version) == ((), 0, None, "")


def test_another_organisation_sees_none_of_it(worklist: Worklist, database: Database):
    assert names(worklist, WorklistQuery(1))
    with database.transaction() as connection:
        OrganisationRepository(connection).begin_anew("other", NOW)
    other = Worklist(database, TARGET, organisation="other", name_field="name", subject_field="car")
    assert other.list_page(WorklistQuery(10)).total == 0
