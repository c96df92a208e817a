"""The peers of `service.py`, run by the environment of the group `bench`: `service_peers.py fit|flask FOLDER`."""

import json
import pickle
import sys
from pathlib import Path


def fit(folder: Path) -> None:
    """A random forest with scikit-learn's own settings, pickled and as an MLflow model."""
    import mlflow.sklearn
    import pandas as pd
    from sklearn.ensemble import RandomForestClassifier

    given = json.loads((folder / "rows.json").read_text())
    forest = RandomForestClassifier(random_state=0).fit(pd.DataFrame(given["rows"]), given["won"])
    (folder / "forest.pickle").write_bytes(pickle.dumps(forest))
    mlflow.sklearn.save_model(forest, folder / "mlflow", serialization_format="cloudpickle")


def serve(folder: Path) -> None:
    """What such services look like: one row into a data frame, `predict_proba`, one number out."""
    import pandas as pd
    from flask import Flask, jsonify, request

    forest = pickle.loads((folder / "forest.pickle").read_bytes())  # noqa: S301 - that is what the peer does
    service = Flask("peer")

    def health() -> object:
        return jsonify(status="healthy")

    def predict() -> object:
        row = pd.DataFrame([request.get_json()["features"]])[list(forest.feature_names_in_)]
        probability = float(forest.predict_proba(row)[0, 1])
        return jsonify(prediction=int(probability >= 0.5), conversion_probability=probability)

    service.add_url_rule("/health", view_func=health)
    service.add_url_rule("/predict", view_func=predict, methods=["POST"])
    service.run(port=8732, threaded=True)


if __name__ == "__main__":
    {"fit": fit, "flask": serve}[sys.argv[1]](Path(sys.argv[2]))
