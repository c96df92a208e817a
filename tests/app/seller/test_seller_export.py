"""`GET /api/predictions/seller/export`: files that are whole, harmless, and do not fill the memory."""

import csv
import io
import re
import tracemalloc

import httpx
import pytest
from sqlalchemy import text
from tests.app.seller.town import HOSTILE, TARGET, SellerClient, Town, add_homes
from tests.app.serving import running

from leadwise.actions.radar import RadarFilter
from leadwise.app.service.sellers import LikelySellers
from leadwise.domain.access import Caller
from leadwise.store.organisations import OrganisationRepository
from leadwise.web.api.seller.csv_file import write_csv
from leadwise.web.api.seller.pdf_file import MOST_ROWS, document_data, set_pages

MANY = 5_000
FORMULA = re.compile(r"[=+\-@\t\r]")


@pytest.fixture(scope="module")
def service(town: Town):
    with running(town.database, is_open=False) as client:
        yield client


@pytest.fixture
def seller(service: httpx.Client, town: Town) -> SellerClient:
    return SellerClient(service, town.keys["town"])


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_csv_has_what_the_list_has_with_the_same_filters(seller):
    answer = seller.export(format="csv", grade="A", search="drive")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="likely-sellers-\d{4}-\d\d-\d\d\.csv"', answer.headers["Content-Disposition"]
    )
    page = seller.list(grade="A", search="drive", limit=1000)["results"]
    rows = rows_of(answer)
    assert [row["property_id"] for row in rows] == [home["propertyId"] for home in page]
    for row, home in zip(rows, page, strict=True):
        assert float(row["probability"]) == home["probability"]
        assert row["reason_1"] == home["reasons"][0]["sentence"]
        assert float(row["model_weight"]) + float(row["heuristic_weight"]) == pytest.approx(1)
        assert (row["owner_lives_there"], row["as_of"]) == (
            "yes" if home["fields"]["owner_lives_there"] else "no",
            home["asOf"],
        )


def test_no_cell_is_a_formula_and_numbers_stay_numbers(service, town):
    rows = rows_of(SellerClient(service, town.keys["hostile"]).export(format="csv"))
    assert len(rows) == len(HOSTILE)
    assert {row["gain"] for row in rows} == {"-3.5"}
    for row, name in zip(rows, HOSTILE, strict=True):
        assert row["address"] == (f"'{name}" if FORMULA.match(name) else name)
        for column, cell in row.items():
            assert column == "gain" or not FORMULA.match(cell), (column, cell)


def test_a_byte_order_mark_stands_there_where_it_is_asked_for(seller):
    assert seller.export(format="csv", bom="true").content.startswith(b'\xef\xbb\xbf"rank"')
    assert seller.export(format="csv").content.startswith(b'"rank"')


@pytest.mark.parametrize("form", ["csv", "pdf"])
@pytest.mark.parametrize("organisation", ["nobody", "one", "hostile"])
def test_a_file_is_whole_for_no_home_for_one_and_for_hostile_ones(service, town, organisation, form):
    answer = SellerClient(service, town.keys[organisation]).export(format=form)
    assert answer.status_code == 200
    if form == "csv":
        assert len(rows_of(answer)) == {"nobody": 0, "one": 1, "hostile": len(HOSTILE)}[organisation]
    else:
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
        assert b"%%EOF" in answer.content[-32:]


def test_an_unknown_kind_of_file_is_refused(seller):
    answer = seller.export(format="docx")
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert "format" in answer.json()["detail"]


def test_the_audit_says_who_took_files_away(seller, town):
    query = text("SELECT done_by, subject, details FROM audit WHERE action = 'export' ORDER BY id DESC LIMIT 1")
    seller.export(format="csv", grade="D", search="Maple")
    with town.database.transaction("town") as connection:
        row = connection.execute(query).one()
    assert "key" in row.done_by
    assert row.subject == TARGET.name
    assert row.details["to"] == "csv"
    assert "Maple" not in str(row.details)


def test_markup_in_a_name_is_never_run_and_pages_are_numbered(town):
    sellers = LikelySellers(town.database, None)
    found = sellers.export(Caller("hostile"), RadarFilter(), "pdf")
    data = document_data(sellers.target, found, RadarFilter(search="#panic()"))
    names = [each["address"] for each in data["properties"]]
    assert any(name.startswith("#panic(") for name in names)
    assert not any("\u202e" in name or "\n" in name for name in names)
    assert "#panic()" in data["filters"][0]
    assert data["listed"] == "The homes"
    pages = set_pages(data, "png", pixels_per_inch=30)
    assert len(pages) == 2
    assert all(page.startswith(b"\x89PNG") for page in pages)


@pytest.fixture(scope="module")
def crowd(town: Town) -> Town:
    homes = [(f"C-{at:05d}", {"address": f"Long Road {at}", "neighbourhood": "Harbor"}) for at in range(MANY)]
    with town.database.transaction() as connection:
        OrganisationRepository(connection).ensure("crowd")
    add_homes(town.database, "crowd", homes)
    return town


def test_a_document_of_many_homes_lists_the_likeliest_and_says_so(crowd):
    sellers = LikelySellers(crowd.database, None)
    data = document_data(sellers.target, sellers.export(Caller("crowd"), RadarFilter(), "pdf"), RadarFilter())
    assert (data["tiles"][0]["value"], len(data["properties"])) == ("5,000", MOST_ROWS)
    assert data["listed"] == "The 1,000 likeliest of 5,000 homes"


def test_csv_of_many_homes_goes_out_piece_by_piece_in_the_memory_of_one(crowd):
    sellers = LikelySellers(crowd.database, None)

    def peak(wanted: RadarFilter) -> tuple[int, int, int]:
        """Bytes in use at most while the file is written, its length, and its longest piece."""
        found = sellers.export(Caller("crowd"), wanted, "csv")
        tracemalloc.start()
        lengths = [len(piece) for piece in write_csv(sellers.target, found.pieces)]
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used, sum(lengths), max(lengths)

    peak(RadarFilter(search="Long Road 1"))  # what is loaded once
    few, few_bytes, _ = peak(RadarFilter(maximum_probability=0.9 - 0.8 * 0.8))
    many, many_bytes, piece = peak(RadarFilter())
    assert many_bytes > 4 * few_bytes
    assert piece < many_bytes / 8
    assert many < 1.5 * few
