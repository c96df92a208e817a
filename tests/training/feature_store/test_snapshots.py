"""Snapshots: what is taken over is what would be computed, and whatever happens, one whole snapshot is in force."""

import json
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadwise.blueprints.blueprint import load_blueprint
from leadwise.blueprints.simulator import Simulation, simulate
from leadwise.domain.history import History
from leadwise.domain.lead import Event
from leadwise.domain.target import FIELD_CHANGED, Target
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.records import history_of
from leadwise.training.feature_store.digests import digests
from leadwise.training.feature_store.erasing import erase_leads
from leadwise.training.feature_store.errors import DamagedSnapshotError, NoSnapshotError, StoreNotReachedError
from leadwise.training.feature_store.folders import Folder, LocalFolder, open_folder
from leadwise.training.feature_store.quality import Quality
from leadwise.training.feature_store.refreshing import DIGEST, make, refresh
from leadwise.training.feature_store.snapshot import KEPT, LATEST, Shelf
from leadwise.training.landmarks import EXTERNAL_ID, SOURCE, landmarks

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ENGINE = DuckDBEngine()
TARGET = load_blueprint("marketplace-auto").target
WORLD = simulate(load_blueprint("marketplace-auto"), leads=150, seed=3, now=NOW)


def history(world: Simulation = WORLD) -> History:
    return history_of(TARGET, world.leads, world.events, world.outcomes)


def taken(shelf: Shelf, known: History, as_of: datetime = NOW, target: Target = TARGET) -> Quality:
    made_at = datetime.now(UTC)
    return refresh(shelf, target, known, ENGINE, organisation="default", as_of=as_of, made_at=made_at)


def waiting() -> None:
    raise AssertionError


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(LocalFolder(tmp_path / "store" / "car_sold"))


def test_the_newest_snapshot_has_open_leads_and_training_rows_and_says_how_good_they_are(shelf):
    with pytest.raises(NoSnapshotError, match="features refresh"):
        shelf.get()
    quality = taken(shelf, history())
    found = shelf.get()
    assert (found.features.num_rows, found.training.num_rows) == (quality.rows.open_leads, quality.rows.training)
    assert quality.rows.taken_over == 0
    assert quality.rows.computed == quality.rows.training > 0
    assert shelf.folder.names() == [found.name, LATEST]
    written = Quality.model_validate_json(shelf.folder.find(f"{found.name}/quality.json") or b"")
    assert written == quality
    replies = written.features["Buyer replies"]
    values = found.features["Buyer replies"].to_numpy()
    assert (replies.completeness, replies.mean, replies.maximum) == (1.0, pytest.approx(values.mean()), values.max())
    assert written.freshness["events"].hours_ago is not None
    assert not json.loads(written.model_dump_json())["comparison"]


def edited(draw: st.DrawFn) -> Simulation:
    """The world as it may look a while later: facts came late, are backdated, changed, gone, or are of new leads."""
    events = list(WORLD.events)
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(events) - 1))
        late = timedelta(days=draw(st.integers(-40, 40)))
        match draw(st.sampled_from(["drop", "shift", "record late", "add"])):
            case "drop":
                del events[place]
            case "shift":
                events[place] = replace(events[place], occurred_at=events[place].occurred_at + late)
            case "record late":
                events[place] = replace(events[place], recorded_at=events[place].recorded_at + abs(late))
            case "add":
                events.append(replace(events[place], external_id=f"new-{len(events)}"))
    outcomes = WORLD.outcomes[draw(st.integers(0, 20)) :]
    leads = WORLD.leads[draw(st.integers(0, 5)) :]
    names = {(lead.source, lead.external_id) for lead in leads}
    kept = [event for event in events if event.lead in names]
    return replace(WORLD, leads=leads, events=kept, outcomes=[each for each in outcomes if each.lead in names])


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_taking_rows_over_gives_what_computing_all_of_them_gives(tmp_path_factory, data):
    shelf = Shelf(LocalFolder(tmp_path_factory.mktemp("store")))
    before = NOW - data.draw(st.integers(0, 60)) * DAY
    taken(shelf, history(), before)
    later = history(data.draw(st.composite(edited)()))
    quality = taken(shelf, later)
    anew = make(TARGET, later, ENGINE, NOW, None)
    found = shelf.get()
    assert found.training.equals(anew.training)
    assert found.features.equals(anew.features)
    assert quality.rows.taken_over > 0


def test_only_rows_of_leads_of_which_something_was_known_otherwise_are_computed_again(shelf):
    first = taken(shelf, history())
    assert taken(shelf, history()).rows.taken_over == first.rows.training
    lead = next(each for each in WORLD.leads if each.occurred_at < NOW - 100 * DAY)
    backdated = Event(
        "late", "1", (lead.source, lead.external_id), "test_drive_booked", lead.occurred_at, lead.recorded_at, {}
    )
    quality = taken(shelf, history(replace(WORLD, events=[*WORLD.events, backdated])))
    assert 0 < quality.rows.computed <= len(TARGET.ages_days)
    told = replace(backdated, external_id="2", recorded_at=NOW - DAY)
    later = taken(shelf, history(replace(WORLD, events=[*WORLD.events, backdated, told])))
    assert later.rows.computed == 0  # nobody knew of it at any landmark


def test_rows_whose_market_moved_are_computed_again(shelf):
    fields = [each.model_copy(update={"market": ("asks_financing",) if each.market else ()}) for each in TARGET.fields]
    target = TARGET.model_copy(update={"fields": tuple(fields)})
    first = taken(shelf, history(), target=target)
    assert taken(shelf, history(), target=target).rows.computed == 0
    chosen = [each for each in WORLD.leads if each.occurred_at < NOW - 100 * DAY][::5]
    cheaper = [
        Event("late", lead.external_id, (lead.source, lead.external_id), FIELD_CHANGED, later, later, price)
        for lead in chosen
        for later, price in [(lead.recorded_at + timedelta(hours=1), {"field": "asking_price", "value": 1})]
    ]
    known = history(replace(WORLD, events=[*WORLD.events, *cheaper]))
    quality = taken(shelf, known, target=target)
    assert len(chosen) * len(TARGET.ages_days) < quality.rows.computed < first.rows.training
    assert shelf.get().training.equals(make(target, known, ENGINE, NOW, None).training)


def test_a_digest_does_not_depend_on_the_order_of_rows_or_the_numbers_of_leads():
    known = history()
    moments = landmarks(TARGET, known, NOW)
    expected = digests(known, moments).to_pylist()
    assert len(set(expected)) == len(expected)
    other = {name: getattr(known, name) for name in ("leads", "statements", "events", "outcomes")}
    draw = np.random.default_rng(1)
    for name, table in other.items():
        mixed = table.take(draw.permutation(table.num_rows))
        other[name] = mixed.set_column(0, "lead", pa.array(mixed["lead"].to_numpy() * 7 + 5))
    renumbered = moments.set_column(0, "lead", pa.array(moments["lead"].to_numpy() * 7 + 5))
    assert digests(History(**other), renumbered).to_pylist() == expected


def test_another_definition_computes_everything_anew(shelf):
    first = taken(shelf, history())
    fewer = TARGET.model_copy(update={"events": TARGET.events[:-1]})
    known = history_of(fewer, WORLD.leads, WORLD.events, WORLD.outcomes)
    quality = taken(shelf, known, target=fewer)
    assert (quality.rows.taken_over, quality.fingerprint == first.fingerprint) == (0, False)
    assert quality.comparison is not None
    assert not quality.comparison.same_definitions
    assert quality.comparison.vanished_features
    (left_out,) = quality.found_kinds
    assert left_out == TARGET.events[-1].name  # its events are still there, and get words of their own
    assert all(name.startswith("Test drive missed") for name in quality.comparison.new_features)


def test_kinds_that_were_found_stay_as_long_as_the_blueprint_does_not_name_them(shelf):
    fewer = TARGET.model_copy(update={"events": TARGET.events[:-1]})
    known = history_of(fewer, WORLD.leads, WORLD.events, WORLD.outcomes)
    first = taken(shelf, known, target=fewer)
    assert shelf.get().found_kinds == first.found_kinds == (TARGET.events[-1].name,)
    none = [event for event in WORLD.events if event.kind not in first.found_kinds]
    again = taken(shelf, history_of(fewer, WORLD.leads, none, WORLD.outcomes), target=fewer)
    assert (again.found_kinds, again.fingerprint) == (first.found_kinds, first.fingerprint)
    assert taken(shelf, history()).found_kinds == ()


def test_a_snapshot_says_what_moved_since_the_one_before(shelf):
    taken(shelf, history(), NOW - 60 * DAY)
    comparison = taken(shelf, history()).comparison
    assert comparison is not None
    assert comparison.new_leads > 0
    assert comparison.vanished_leads > 0
    busier = [replace(event, external_id=f"{event.external_id}-{copy}") for event in WORLD.events for copy in range(9)]
    comparison = taken(shelf, history(replace(WORLD, events=busier))).comparison
    assert comparison is not None
    assert (comparison.new_leads, comparison.vanished_leads) == (0, 0)
    moved = comparison.moved["Buyer replies"].mean_moved_by
    assert moved is not None
    assert moved > 1


def test_an_erased_lead_is_in_no_snapshot_that_is_kept(tmp_path):
    store = LocalFolder(tmp_path / "store")
    for name, days in (("car_sold", 40), ("car_sold", 0), ("other", 0), ("car_sold@elsewhere", 0)):
        taken(Shelf(store.below(name)), history(), NOW - days * DAY)
    past = store.below("car_sold")
    name = Shelf(past).get().training[EXTERNAL_ID][0].as_py()
    source = WORLD.leads[0].source
    gone = erase_leads(store, "default", [(source, name)])
    assert gone > 0
    for shelf_name in ("car_sold", "other"):
        shelf = Shelf(store.below(shelf_name))
        for snapshot in shelf.list():
            for table in ("features.parquet", "training.parquet"):
                assert name not in shelf.read(snapshot, table)[EXTERNAL_ID].to_pylist()
    assert name in Shelf(store.below("car_sold@elsewhere")).get().training[EXTERNAL_ID].to_pylist()
    assert erase_leads(store, "default", [(source, name)]) == 0
    assert Shelf(past).get().training.column_names[:2] == [SOURCE, EXTERNAL_ID]


def test_old_snapshots_go_when_there_are_too_many(shelf):
    small = history(replace(WORLD, leads=WORLD.leads[-20:], events=[], outcomes=[]))
    for _ in range(KEPT + 2):
        taken(shelf, small)
    assert len(shelf.list()) == KEPT
    assert shelf.get().name == shelf.list()[-1]


@pytest.mark.parametrize("place", ["memory://features/{}", "file://{}"])
def test_snapshots_live_behind_urls_too(tmp_path, place):
    store: Folder = open_folder(place.format(tmp_path))
    shelf = Shelf(store.below("car_sold"))
    first = taken(shelf, history(), NOW - 30 * DAY)
    second = taken(shelf, history())
    assert 0 < second.rows.taken_over <= first.rows.training
    assert shelf.get().training.equals(make(TARGET, history(), ENGINE, NOW, None).training)
    assert erase_leads(store, "default", [(WORLD.leads[0].source, WORLD.leads[0].external_id)]) > 0
    assert store.names() == ["car_sold"]


def test_what_was_edited_is_told_and_not_believed(shelf):
    taken(shelf, history())
    folder = Path(shelf.folder.where) / shelf.get().name
    (folder / "training.parquet").write_bytes(b"PAR1")
    with pytest.raises(DamagedSnapshotError, match=r"training\.parquet cannot be read"):
        shelf.get()
    (folder / "training.parquet").unlink()
    with pytest.raises(DamagedSnapshotError, match=r"training\.parquet is not there"):
        shelf.get()
    (folder.parent / LATEST).write_text("{}")
    with pytest.raises(DamagedSnapshotError, match=r"latest\.json"):
        shelf.get()


def in_a_child(work: Callable[[], None]) -> multiprocessing.Process:
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    return process


def test_a_full_disk_leaves_the_snapshot_before_in_force(shelf):
    taken(shelf, history(), NOW - 30 * DAY)
    before = shelf.get()
    made = make(TARGET, history(), ENGINE, NOW, None)
    quality = Quality.model_validate_json(shelf.folder.find(f"{before.name}/quality.json") or b"")

    def fail() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        try:
            shelf.publish(quality, made.features, made.training)
        except StoreNotReachedError as error:
            os._exit(7 if "previous snapshot stays" in str(error) else 1)

    process = in_a_child(fail)
    process.join(60)
    assert process.exitcode == 7
    assert shelf.get().name == before.name
    assert sorted(each.name for each in Path(shelf.folder.where).iterdir()) == [before.name, LATEST]


def test_a_kill_at_any_moment_leaves_a_whole_snapshot_and_the_next_run_cleans_up(shelf):
    taken(shelf, history(), NOW - 30 * DAY)
    made = make(TARGET, history(), ENGINE, NOW, None)
    quality = Quality.model_validate_json(shelf.folder.find(f"{shelf.get().name}/quality.json") or b"")

    def publish_for_ever() -> None:
        while True:
            shelf.publish(quality, made.features, made.training)

    draw = np.random.default_rng(4)
    for _ in range(12):
        process = in_a_child(publish_for_ever)
        time.sleep(float(draw.uniform(0.02, 0.25)))
        process.kill()
        process.join()
        found = shelf.get()
        assert found.training.column_names == [*made.training.column_names]
        assert found.features.num_rows in {made.features.num_rows, quality.rows.open_leads}
    taken(shelf, history())
    left = [*Path(shelf.folder.where).glob("**/.*.part")]
    assert not left
    assert shelf.list()[-1] == shelf.get().name


def test_what_never_came_into_force_is_removed(shelf):
    taken(shelf, history())
    folder = Path(shelf.folder.where)
    half = folder / "29990101T000000000000Z"
    half.mkdir()
    (folder / ".29990101T000000000001Z.part").mkdir()
    (folder / shelf.get().name / ".training.parquet.part").write_bytes(b"half")
    taken(shelf, history())
    assert not half.exists()
    assert not [*folder.glob("**/.*.part")]


def test_a_folder_that_is_held_alone_is_waited_for(tmp_path):
    folder, said = LocalFolder(tmp_path / "a"), []
    with folder.held(alone=False, waiting=waiting), folder.held(alone=False, waiting=waiting):
        pass

    def hold() -> None:
        with folder.held(alone=True, waiting=waiting):
            time.sleep(1)

    process = in_a_child(hold)
    time.sleep(0.3)
    started = time.monotonic()
    with folder.held(alone=True, waiting=lambda: said.append("busy")):
        assert time.monotonic() - started > 0.3
    process.join()
    assert said == ["busy"]


def test_the_digest_is_kept_beside_the_rows(shelf):
    taken(shelf, history())
    assert shelf.get().training[DIGEST].type == pa.uint64()
