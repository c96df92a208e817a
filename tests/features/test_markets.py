"""The market of a price: whose prices are in it, and when they were known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.targets import a_target

from leadwise.domain.history import MOMENTS, microseconds
from leadwise.domain.lead import Event, Lead
from leadwise.domain.target import FIELD_CHANGED, FieldKind, LeadField
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.evidence import evidence
from leadwise.features.history import compute, describe
from leadwise.features.markets import FEWEST_PRICES, with_medians
from leadwise.features.records import history_of

ENGINE = DuckDBEngine()
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY = timedelta(days=1)
FEATURE = "Price: against its market"
TARGET = a_target(
    fields=(
        LeadField(name="make", title="Make", kind=FieldKind.TEXT, missing="No make"),
        LeadField(name="model", title="Model", kind=FieldKind.TEXT, missing="No model"),
        LeadField(name="price", title="Price", kind=FieldKind.NUMBER, market=("make", "model"), missing="No price"),
    )
)


def lead(number: int, price: object, at: datetime = START, late: timedelta = 0 * DAY, **fields: object) -> Lead:
    said = {"make": "Ford", "model": "Focus", "price": price} | fields
    return Lead("crm", str(number), at, at + late, said)


def changed(number: int, field: str, value: object, at: datetime) -> Event:
    return Event(
        "crm", f"{number} {field} {at}", ("crm", str(number)), FIELD_CHANGED, at, at, {"field": field, "value": value}
    )


FIVE = [lead(number, 100 * number) for number in range(1, 6)]


def against(leads: list[Lead], events: list[Event], as_of: datetime, number: int = 0) -> object:
    """The feature of the lead that is `number` in order of arrival."""
    moment = pa.table([[number], [microseconds(as_of)]], schema=MOMENTS)
    return compute(TARGET, history_of(TARGET, leads, events), moment, ENGINE)[FEATURE][0].as_py()


def test_a_price_is_divided_by_the_median_of_its_market():
    assert against(FIVE, [], START + DAY) == pytest.approx(100 / 300)
    assert against([*FIVE, lead(6, 1000)], [], START + DAY, 5) == pytest.approx(1000 / 350)


@pytest.mark.parametrize(
    "other",
    [{"make": "Opel"}, {"model": None}, {"model": "focus"}, {"price": None}, {"price": "on request"}, {"price": -5}],
)
def test_a_market_has_the_prices_of_leads_that_agree_in_all_of_its_fields(other):
    assert against([*FIVE, lead(6, **({"price": 9000} | other))], [], START + DAY) == pytest.approx(100 / 300)


def test_a_market_of_few_prices_has_no_median():
    assert len(FIVE) == FEWEST_PRICES
    assert against(FIVE[1:], [], START + DAY) is None
    assert against(FIVE, [], START + timedelta(hours=1)) is None  # as of the beginning of the day, nobody was there
    assert "fewer than 5 prices" in describe(TARGET, FEATURE, None)


def test_a_lead_has_one_price_and_it_is_the_latest():
    again = [changed(5, "price", 900 + hour, START + timedelta(hours=hour)) for hour in range(4)]
    assert against(FIVE, again, START + DAY) == pytest.approx(100 / 300)
    cheaper = [changed(5, "price", 50, START + timedelta(hours=2))]
    assert against(FIVE, cheaper, START + DAY) == pytest.approx(100 / 200)


def test_a_lead_whose_model_becomes_known_or_changes_belongs_to_the_market_from_then_on():
    moved = [changed(5, "model", "Fiesta", START + 3 * DAY)]
    assert against(FIVE, moved, START + 2 * DAY) == pytest.approx(100 / 300)
    assert against(FIVE, moved, START + 4 * DAY) is None
    sixth = [*FIVE, lead(6, 1000, model="Fiesta")]
    assert against(sixth, moved, START + 4 * DAY) is None
    assert against(sixth, [changed(6, "model", "Focus", START + DAY)], START + 4 * DAY) == pytest.approx(100 / 350)


def test_prices_leave_the_market_after_180_days():
    later = [lead(number, 100 * number, START + 20 * DAY) for number in range(6, 12)]
    assert against(FIVE + later, [], START + 179 * DAY) == pytest.approx(100 / 600)
    assert against(FIVE + later, [], START + 182 * DAY) == pytest.approx(100 / 850)
    assert against(FIVE + later, [], START + 400 * DAY) is None


def test_a_price_that_is_delivered_late_counts_from_when_it_was_known():
    late = [*FIVE, lead(6, 1000, late=9 * DAY)]
    assert against(late, [], START + 8 * DAY) == pytest.approx(100 / 300)
    assert against(late, [], START + 10 * DAY) == pytest.approx(100 / 350)


hours = st.integers(0, 24 * 12).map(lambda hour: START + timedelta(hours=hour))
others = st.builds(
    Event,
    source=st.just("crm"),
    external_id=st.uuids().map(str),
    lead=st.integers(1, 6).map(lambda number: ("crm", str(number))),
    kind=st.just(FIELD_CHANGED),
    occurred_at=hours,
    recorded_at=hours,
    fields=st.one_of(
        st.fixed_dictionaries({"field": st.just("price"), "value": st.sampled_from([50, 700, None])}),
        st.fixed_dictionaries({"field": st.just("model"), "value": st.sampled_from(["Focus", "Fiesta"])}),
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(others, max_size=10), hours)
def test_what_others_say_later_changes_no_market(said, as_of):
    leads = [*FIVE, lead(6, 600)]
    known = [each for each in said if max(each.occurred_at, each.recorded_at) <= as_of]
    assert against(leads, said, as_of + DAY) == against(leads, [*reversed(said)], as_of + DAY)
    assert against(leads, said, as_of) == against(leads, known, as_of)


@settings(max_examples=40, deadline=None)
@given(st.lists(others, max_size=10), hours)
def test_a_market_is_what_looking_at_each_lead_by_itself_gives(said, as_of):
    """The same by plain means: the last known word on each field of each lead, at the beginning of the day."""
    leads = [*FIVE, lead(6, 600)]
    day = as_of.replace(hour=0)
    history = history_of(TARGET, leads, said)
    prices = {}
    for number in range(6):
        known = [
            row
            for row in history.statements.to_pylist()
            if row["lead"] == number and max(row["occurred_at"], row["recorded_at"]) <= microseconds(day)
        ]
        last = {
            row["field"]: row
            for row in sorted(known, key=lambda row: (row["occurred_at"], row["recorded_at"], row["position"]))
        }
        if last and last["price"]["number"] is not None:
            prices.setdefault(last["model"]["text"], []).append(last["price"]["number"])
    moments = pa.table([list(range(6)), [microseconds(as_of)] * 6], schema=MOMENTS)
    found = with_medians(TARGET, history, moments, ENGINE).to_pylist()
    for row in found:
        said_now = [
            each
            for each in history.statements.to_pylist()
            if each["lead"] == row["lead"]
            and each["field"] == "model"
            and max(each["occurred_at"], each["recorded_at"]) <= row["as_of"]
        ]
        model = max(said_now, key=lambda each: (each["occurred_at"], each["recorded_at"], each["position"]))["text"]
        mine = sorted(prices.get(model, []))
        half = len(mine) // 2
        median = None if len(mine) < FEWEST_PRICES else (mine[half] + mine[~half]) / 2
        assert (row["prices_0"], row["median_0"]) == (len(mine), median)


def test_what_a_price_was_compared_with_can_be_shown():
    history = history_of(TARGET, FIVE, [])
    as_of = START + DAY
    behind = evidence(TARGET, history, 0, microseconds(as_of))[FEATURE]
    assert (behind.market.median, behind.market.prices) == (300, 5)
    assert behind.market.as_of == microseconds(as_of.replace(hour=0))
    price = history.statements.to_pylist()[behind.statements[0]]
    assert (price["field"], price["number"]) == ("price", 100)
    assert evidence(TARGET, replace(history), 0, microseconds(START))[FEATURE].market is None
    assert describe(TARGET, FEATURE, 1 / 3) == "Price is 67% below the median of the same Make and Model"
    assert describe(TARGET, FEATURE, 1.0) == "Price is the median of the same Make and Model"
