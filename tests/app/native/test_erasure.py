"""Erasure over the native API beside other work."""

from pathlib import Path

from tests.app.serving import running

from leadwise.store.database import Database
from leadwise.training.feature_store.folders import open_folder

LEAD = {"source": "shop", "external_id": "L-1"}


def test_while_features_are_computed_nobody_is_erased(database: Database, own_data_folder: Path) -> None:
    snapshots = open_folder(str(own_data_folder / "feature-store"))
    with running(database) as client:
        client.post("/api/v2/leads", json={"leads": [LEAD | {"occurred_at": "2026-01-31T12:00:00Z"}]})
        with snapshots.held(alone=False, waiting=lambda: None):
            refused = client.post("/api/v2/erasures", json={"leads": [LEAD]})
        assert (refused.status_code, refused.json()["code"]) == (503, "refresh_at_work")
        assert int(refused.headers["Retry-After"]) > 0
        assert client.get("/api/v2/leads/shop/L-1").status_code == 200
        assert client.post("/api/v2/erasures", json={"leads": [LEAD]}).status_code == 200
        again = client.post("/api/v2/erasures", json={"leads": [LEAD]})
        assert again.json()["receipts"][0]["counts"]["leads"] == 1
        nobody = client.post("/api/v2/erasures", json={"leads": [LEAD | {"external_id": "nobody"}]})
        assert nobody.status_code == 404
