"""What a user might take instead of leadwise, as its documentation shows it, on the same rows and for the same time.

A contestant takes a case's older rows and seconds, and gives the probability of conversion of each later row. Strings
are categories, dates are numbers of days: what each of them takes without further work.
"""

import tempfile
import warnings

import numpy as np
import pandas as pd

CORES = 2
SEED = 0


def features(train: pd.DataFrame, test: pd.DataFrame, outcome: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Older and later rows without the outcome; categories have the same levels in both."""
    both = pd.concat([train, test]).drop(columns=outcome).reset_index(drop=True)
    for name in both.columns:
        if pd.api.types.is_datetime64_any_dtype(both[name]):
            both[name] = (both[name] - pd.Timestamp("2000-01-01")) / pd.Timedelta(days=1)
        elif not pd.api.types.is_numeric_dtype(both[name]):
            both[name] = both[name].astype("category")
    return both[: len(train)], both[len(train) :].reset_index(drop=True)


def base_rate(train: pd.DataFrame, test: pd.DataFrame, outcome: str, budget: float) -> np.ndarray:
    del budget
    return np.full(len(test), train[outcome].mean())


def lightgbm_defaults(train: pd.DataFrame, test: pd.DataFrame, outcome: str, budget: float) -> np.ndarray:
    import lightgbm

    del budget  # its defaults know of none
    older, later = features(train, test, outcome)
    model = lightgbm.LGBMClassifier(verbose=-1, n_jobs=CORES).fit(older, train[outcome])
    return np.asarray(model.predict_proba(later)[:, 1])


def catboost_defaults(train: pd.DataFrame, test: pd.DataFrame, outcome: str, budget: float) -> np.ndarray:
    import catboost

    del budget
    older, later = features(train, test, outcome)
    names = list(older.select_dtypes("category").columns)
    older, later = (
        frame.assign(**{name: frame[name].astype(object).fillna("").astype(str) for name in names})
        for frame in (older, later)
    )
    model = catboost.CatBoostClassifier(
        verbose=0, thread_count=CORES, random_seed=SEED, cat_features=names, allow_writing_files=False
    )
    return np.asarray(model.fit(older, train[outcome]).predict_proba(later)[:, 1])


def explainable_boosting(train: pd.DataFrame, test: pd.DataFrame, outcome: str, budget: float) -> np.ndarray:
    from interpret.glassbox import ExplainableBoostingClassifier

    del budget
    older, later = features(train, test, outcome)
    names = older.select_dtypes("category").columns
    older, later = (frame.assign(**{name: frame[name].astype(object) for name in names}) for frame in (older, later))
    model = ExplainableBoostingClassifier(n_jobs=CORES, random_state=SEED).fit(older, train[outcome])
    return np.asarray(model.predict_proba(later)[:, 1])


def flaml(train: pd.DataFrame, test: pd.DataFrame, outcome: str, budget: float) -> np.ndarray:
    from flaml import AutoML

    older, later = features(train, test, outcome)
    model = AutoML()
    model.fit(
        older,
        train[outcome],
        task="classification",
        metric="log_loss",
        time_budget=budget,
        n_jobs=CORES,
        seed=SEED,
        verbose=0,
        log_file_name="",
    )
    return np.asarray(model.predict_proba(later)[:, 1])


def autogluon(train: pd.DataFrame, test: pd.DataFrame, outcome: str, budget: float) -> np.ndarray:
    from autogluon.tabular import TabularPredictor

    with tempfile.TemporaryDirectory() as folder:
        predictor = TabularPredictor(outcome, eval_metric="log_loss", path=folder, verbosity=0)
        predictor.fit(train.reset_index(drop=True), time_limit=budget, presets="medium_quality", num_cpus=CORES)
        return np.asarray(predictor.predict_proba(test.drop(columns=outcome).reset_index(drop=True))[1])


def h2o(train: pd.DataFrame, test: pd.DataFrame, outcome: str, budget: float) -> np.ndarray:
    import h2o as server
    from h2o.automl import H2OAutoML

    older, later = features(train, test, outcome)
    names = list(older.select_dtypes("category").columns)
    types = dict.fromkeys(names, "enum") | {outcome: "enum"}
    older, later = (frame.assign(**{name: frame[name].astype(object) for name in names}) for frame in (older, later))
    server.init(nthreads=CORES, max_mem_size="6G", log_level="FATA")
    server.no_progress()
    try:
        frame = server.H2OFrame(older.assign(**{outcome: train[outcome].to_numpy()}), column_types=types)
        model = H2OAutoML(max_runtime_secs=int(budget), seed=SEED, stopping_metric="logloss", sort_metric="logloss")
        model.train(y=outcome, training_frame=frame)
        newer = server.H2OFrame(later, column_types=dict.fromkeys(names, "enum"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(model.leader.predict(newer)["p1"].as_data_frame())[:, 0]
    finally:
        server.cluster().shutdown()
