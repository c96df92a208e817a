"""`GET /api/predictions/seller`: what a client that knows the requirement document gets."""

import math
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text
from tests.app.seller.town import BLUEPRINT, HOSTILE, TARGET, SellerClient, Town, add_homes
from tests.app.serving import running

from leadwise.domain.access import Role
from leadwise.domain.clock import now
from leadwise.domain.lead import Event, Lead, Outcome
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.history import definitions
from leadwise.scoring.rules import POINTS_PER_NAT
from leadwise.store.api_keys import ApiKeyRepository
from leadwise.store.events import EventRepository
from leadwise.store.history import read_history
from leadwise.store.leads import LeadRepository
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.outcomes import OutcomeRepository
from leadwise.training.landmarks import EXTERNAL_ID, open_lead_table
from leadwise.web.api.seller.answers import SellerAnswer
from leadwise.web.api.seller.query import SellerFilters


@pytest.fixture(scope="module")
def service(town: Town):
    with running(town.database, is_open=False) as client:
        yield client


@pytest.fixture
def seller(service: httpx.Client, town: Town) -> SellerClient:
    return SellerClient(service, town.keys["town"])


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def test_each_open_home_is_listed_once_by_its_newest_score_the_likeliest_first(seller, town):
    page = seller.list(limit=1000)
    SellerAnswer.model_validate(page)
    found = {each["propertyId"]: each["probability"] for each in page["results"]}
    query = """
        SELECT external_id, probability FROM scores JOIN leads ON leads.id = lead_id
        WHERE scores.organisation_id = 'town' AND NOT EXISTS (SELECT FROM outcomes WHERE outcomes.lead_id = leads.id)
    """
    with town.database.transaction() as connection:
        stored = dict(map(tuple, connection.execute(text(query))))
    assert found == stored
    probabilities = [each["probability"] for each in page["results"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert [each["rank"] for each in page["results"]] == list(range(1, len(found) + 1))
    assert page["paging"] == {"next": None}
    assert (page["target"]["horizonDays"], page["modelVersion"]) == (365, page["results"][0]["modelVersion"])


def test_pages_follow_each_other_without_a_gap_even_while_homes_are_scored_again(seller, town):
    whole = [each["propertyId"] for each in seller.list(limit=1000)["results"]]
    seen, after = [], ""
    while True:
        page = seller.list(limit=70, after=after)
        seen += [each["propertyId"] for each in page["results"]]
        if page["paging"]["next"] is None:
            break
        after = page["paging"]["next"]["after"]
        with town.database.transaction() as connection:  # the last one seen is suddenly the least likely
            connection.execute(
                text("""
                INSERT INTO scores (organisation_id, lead_id, target, as_of, recorded_at, model_version, probability,
                    grade, action, base, reasons)
                SELECT organisation_id, id, :target, now(), now(), 'later', 0.0001, 'D', '', 0, '[]' FROM leads
                WHERE organisation_id = 'town' AND external_id = :home
                """),
                {"target": TARGET.name, "home": seen[-1]},
            )
    with town.database.transaction() as connection:
        connection.execute(text("DELETE FROM scores WHERE model_version = 'later'"))
    assert seen == whole


def test_model_and_rules_are_weighed_for_each_home_and_in_sum(seller):
    page = seller.list(limit=1000)
    for home in page["results"]:
        weights = home["attribution"]
        assert weights["model"] + weights["heuristic"] == pytest.approx(1)
        distances = abs(weights["modelLogOdds"]), abs(weights["heuristicLogOdds"])
        assert weights["model"] == pytest.approx(distances[0] / (sum(distances) or math.inf))
    whole = page["summary"]["attribution"]
    model = sum(abs(home["attribution"]["modelLogOdds"]) for home in page["results"])
    rules = sum(abs(home["attribution"]["heuristicLogOdds"]) for home in page["results"])
    assert rules > 0
    assert whole["model"] == pytest.approx(model / (model + rules))
    assert whole["model"] + whole["heuristic"] == pytest.approx(1)


def test_attribution_and_coverage_are_of_the_very_features_that_were_scored(seller, town):
    page = seller.list(limit=1000)
    as_of = datetime.fromisoformat(page["asOf"])
    with town.database.transaction() as connection:
        table = open_lead_table(TARGET, read_history(connection, "town", TARGET), DuckDBEngine(), as_of=as_of)
        query = "SELECT model_version, base FROM scores WHERE organisation_id = 'town'"
        bases = dict(map(tuple, connection.execute(text(query))))
    rows = {row[EXTERNAL_ID]: row for row in table.to_pylist()}
    names = [each.name for each in definitions(TARGET) if each.missing]
    for home in page["results"]:
        row = rows[home["propertyId"]]
        assert home["coverage"]["missing"] == [name for name in names if row[name] is None]
        assert home["coverage"]["share"] == pytest.approx(1 - len(home["coverage"]["missing"]) / len(names))
        assert home["attribution"]["heuristicLogOdds"] == pytest.approx(BLUEPRINT.points(row) / POINTS_PER_NAT)
        moved = logit(home["probability"]) - bases[home["modelVersion"]]
        assert home["attribution"]["modelLogOdds"] == pytest.approx(moved)
    for each in page["summary"]["coverage"]["features"]:
        given = sum(row[each["feature"]] is not None for row in rows.values())
        assert each["share"] == pytest.approx(given / len(rows)), each
    shares = [home["coverage"]["share"] for home in page["results"]]
    assert page["summary"]["coverage"]["share"] == pytest.approx(sum(shares) / len(shares))


@pytest.mark.parametrize("group", ["neighbourhood", "property_type", "grade", "age"])
def test_cohorts_hold_all_homes_once(seller, group):
    page = seller.list(limit=1000)
    cohorts = page["cohorts"][group]
    assert len(cohorts) > 1
    assert sum(each["count"] for each in cohorts) == page["summary"]["properties"]
    assert sum(each["share"] for each in cohorts) == pytest.approx(1)
    assert sum(each["expectedSales"] for each in cohorts) == pytest.approx(page["summary"]["expectedSales"])
    if group == "age":
        return
    for each in cohorts:
        homes = [h for h in page["results"] if (h["grade"] if group == "grade" else h["fields"][group]) == each["name"]]
        assert len(homes) == each["count"]
        assert each["meanProbability"] == pytest.approx(sum(h["probability"] for h in homes) / len(homes))


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"grade": ["A", "B"]}, lambda home: home["grade"] in "AB"),
        ({"minProbability": 0.05, "maxProbability": 0.2}, lambda home: 0.05 <= home["probability"] <= 0.2),
        ({"neighbourhood": "Harbor", "property_type": ["flat", "house"]},
         lambda home: home["fields"]["neighbourhood"] == "Harbor" and home["fields"]["property_type"] != "townhouse"),
        ({"search": "mAPLE"}, lambda home: "Maple" in home["address"]),
        ({"search": "P-0001"}, lambda home: "P-0001" in home["propertyId"]),
        ({"seenSince": (datetime.now(UTC) - timedelta(days=365)).date().isoformat()},
         lambda home: datetime.fromisoformat(home["seenSince"]) > datetime.now(UTC) - timedelta(days=366)),
    ],
)  # fmt: skip
def test_filters_leave_exactly_the_homes_for_which_they_hold(seller, filters, holds):
    whole = seller.list(limit=1000)["results"]
    expected = [home["propertyId"] for home in whole if holds(home)]
    page = seller.list(limit=1000, **filters)
    assert 0 < len(expected) < len(whole)
    assert [home["propertyId"] for home in page["results"]] == expected
    assert page["summary"]["properties"] == len(expected)
    export = seller.export(**filters).text.splitlines()
    assert len(export) == len(expected) + 1


def test_empty_filters_of_a_form_narrow_nothing(seller):
    whole = seller.list()["summary"]
    empty = dict.fromkeys(("grade", "minProbability", "neighbourhood", "search", "seenSince", "after"), "")
    assert seller.list(**empty)["summary"] == whole


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ({"grade": "E"}, "grade"),
        ({"minProbability": "much"}, "minProbability"),
        ({"minProbability": 1.5}, "minProbability"),
        ({"maxProbability": "nan"}, "maxProbability"),
        ({"minProbability": 0.5, "maxProbability": 0.4}, "maxProbability (0.4)"),
        ({"seenSince": "yesterday"}, "seenSince"),
        ({"seenSince": "2026-01-01T10:00:00"}, "zone"),
        ({"seenSince": "0001-01-01T00:00:00+23:59"}, "seenSince"),
        ({"limit": 0}, "limit"),
        ({"limit": 10**6}, "limit"),
        ({"after": "tomorrow"}, "paging.next.after"),
        ({"after": "W10"}, "paging.next.after"),
        ({"neighborhood": "Harbor"}, "neighborhood"),
        ({"search": "a\x00b"}, "search"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_by_name(seller, filters, named):
    answer = seller.get(**filters)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert named in answer.json()["detail"]
    assert answer.json()["errors"][0]["pointer"].startswith("#/query/")


def test_the_filters_are_the_segments_of_the_blueprint():
    names = {field.alias or name for name, field in SellerFilters.model_fields.items()}
    assert set(TARGET.segments) <= names


def test_an_organisation_without_homes_gets_an_empty_page(service, town):
    page = SellerClient(service, town.keys["nobody"]).list()
    assert (page["results"], page["paging"]["next"], page["modelVersion"]) == ([], None, None)
    assert page["summary"] == {
        "properties": 0, "expectedSales": 0, "meanProbability": None, "attribution": None,
        "coverage": {"share": None, "features": []},
    }  # fmt: skip
    assert all(each == [] for each in page["cohorts"].values())


def test_one_home_is_a_page_and_a_cohort_of_one(service, town):
    page = SellerClient(service, town.keys["one"]).list()
    (home,) = page["results"]
    assert (home["propertyId"], home["address"], home["fields"]["gain"]) == ("P-1", "Maple Drive 1", 160)
    assert home["attribution"]["heuristicLogOdds"] == pytest.approx(10 / POINTS_PER_NAT)  # its value against the price
    assert page["cohorts"]["property_type"][0]["name"] == "not given"
    assert page["cohorts"]["neighbourhood"][0]["count"] == 1


def test_fields_that_a_file_said_in_texts_are_numbers_and_truth_values(service, town):
    fields = {"gain": "-3.5", "listed_before": "Yes", "owner_lives_there": "false", "bedrooms": "several", "owner": "7"}
    with town.database.transaction() as connection:
        OrganisationRepository(connection).ensure("file")
        key = ApiKeyRepository(connection, "file").add("test", [Role.READ], "test")[1]
    add_homes(town.database, "file", [("F-1", fields)])
    client = SellerClient(service, key)
    (home,) = client.list()["results"]
    assert {name: home["fields"][name] for name in fields} == {
        "gain": -3.5, "listed_before": True, "owner_lives_there": False, "bedrooms": "several", "owner": "7"
    }  # fmt: skip
    assert home["fields"]["address"] is None
    row = client.export().text.splitlines()[1]
    assert ',-3.5,"no","yes",' in row


def test_hostile_names_are_text_and_nothing_else(service, town):
    page = SellerClient(service, town.keys["hostile"]).list()
    assert [home["address"] for home in page["results"]] == list(HOSTILE)


def test_nothing_of_another_organisation_is_seen_whatever_is_asked(service, seller, town):
    others = {each["propertyId"] for each in SellerClient(service, town.keys["hostile"]).list()["results"]}
    mine = SellerClient(service, town.keys["one"]).list(limit=1000)
    assert others.isdisjoint(each["propertyId"] for each in mine["results"])
    after = seller.list(limit=1)["paging"]["next"]["after"]
    stolen = SellerClient(service, town.keys["one"]).list(after=after)["results"]
    assert {each["propertyId"] for each in stolen} <= {"P-1"}
    assert SellerClient(service, town.keys["one"]).list(search="H-0")["summary"]["properties"] == 0


def test_a_key_without_the_role_is_refused_and_so_is_none(service, town):
    train, read = town.key("town", Role.TRAIN), town.key("town", Role.READ)
    assert SellerClient(service, train).get().status_code == 403
    assert SellerClient(service, train).export().status_code == 403
    assert SellerClient(service, read).get().status_code == 200
    assert SellerClient(service, read).push(["P-1"]).status_code == 403
    assert service.get("/api/predictions/seller").status_code == 401


def test_a_home_that_was_sold_moved_or_changed_is_shown_as_it_is_now(service, town):
    seller, at = SellerClient(service, town.keys["other"]), now()
    sold, changed, *_ = (each for each in seller.list(limit=1000)["results"])
    lead = changed["source"], changed["propertyId"]
    with town.database.transaction() as connection:
        ended = sold["source"], sold["propertyId"]
        gone = Outcome("register", "end", ended, TARGET.name, won=True, value=1.0, occurred_at=at, recorded_at=at)
        OutcomeRepository(connection, "other").add_many([gone])
        said = {"field": "neighbourhood", "value": "New Quarter"}
        EventRepository(connection, "other").add_many([Event("register", "move", lead, "field_changed", at, at, said)])
        fields = {"owner": "New Owner"}
        LeadRepository(connection, "other").add_many([Lead(*lead, at, at, fields, entity="property")])
    page = seller.list(limit=1000)
    assert sold["propertyId"] not in {each["propertyId"] for each in page["results"]}
    (home,) = seller.list(neighbourhood="New Quarter", search="new owner")["results"]
    assert home["propertyId"] == changed["propertyId"]
    assert home["fields"]["address"] == changed["fields"]["address"]
