"""When leads convert, on later leads: ours against Kaplan-Meier and Cox (lifelines), in the same run.

uv run python benchmarks/time_to_convert.py [--out docs/results/time_to_convert.md]

The Olist funnel lies in ../shared/data (or LEADWISE_TEST_DATA). Leads first met from 2018-01-01 to 2018-04-14 are
learnt from with what was known at the end of that last day; those first met from 2018-04-15 on are the test, with all
that became of them. Ours is `leadwise fit` as a user calls it, and each of its models by itself.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter, KaplanMeierFitter
from quality import DATA

import leadwise
from leadwise.models.hazards.spans import Spans
from leadwise.training.time_metrics import ShareByAge, concordance, integrated_brier

HORIZONS = np.array([7.0, 30.0, 60.0, 90.0])
FIRST, CUT = "2018-01-01", "2018-04-15"
LAST_KNOWN = "2018-04-14"
FEWEST_PER_VALUE = 20
"""Cox gets a column for each landing page and origin with so many leads."""
SEGMENT = 50

Foretell = Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]


def leads() -> pd.DataFrame:
    """All leads from 2018 on, with the deal's attributes where there is one; a deal before its lead is no deal."""
    folder = DATA / "olist-funnel"
    met = pd.read_csv(folder / "olist_marketing_qualified_leads_dataset.csv", dtype=str)
    won = pd.read_csv(folder / "olist_closed_deals_dataset.csv", dtype=str)
    table = met.merge(won, on="mql_id", how="left").query("first_contact_date >= @FIRST")
    reversed_dates = table["won_date"].str[:10] < table["first_contact_date"]
    return table[~reversed_dates].reset_index(drop=True)


def spans_until(table: pd.DataFrame, until: pd.Timestamp) -> Spans:
    """How long each lead was watched until then."""
    met, won = pd.to_datetime(table["first_contact_date"]), pd.to_datetime(table["won_date"])
    converted = (won < until).to_numpy()
    end = won.where(converted, until)
    return Spans(((end - met).dt.total_seconds() / 86_400).to_numpy(), converted)


@dataclass(frozen=True)
class Ours:
    """`leadwise.fit`, with the named algorithms or with its own choice."""

    algorithms: tuple[str, ...] = ()

    def __call__(self, train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
        model = leadwise.fit(
            train,
            created="first_contact_date",
            converted_at="won_date",
            until=LAST_KNOWN,
            algorithms=self.algorithms,
        )
        scores = model.score(test)
        return np.asarray(scores[[f"probability_{days:g}_days" for days in HORIZONS]])


def kaplan_meier(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """lifelines' Kaplan-Meier: the same for every lead."""
    spans = spans_until(train, pd.Timestamp(CUT))
    curve = KaplanMeierFitter().fit(spans.days, spans.converted)
    return np.tile(1 - np.asarray(curve.predict(HORIZONS)), (len(test), 1))


@dataclass(frozen=True)
class Cox:
    """lifelines' Cox regression on one column per frequent landing page, origin and weekday."""

    penalizer: float

    def __call__(self, train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
        known = design(train)
        frequent = [name for name in known if known[name].sum() >= FEWEST_PER_VALUE]
        spans = spans_until(train, pd.Timestamp(CUT))
        fitted = CoxPHFitter(penalizer=self.penalizer).fit(
            known[frequent].assign(days=np.maximum(spans.days, 0.01), converted=spans.converted), "days", "converted"
        )
        asked = design(test).reindex(columns=frequent, fill_value=0.0)
        return 1 - np.asarray(fitted.predict_survival_function(asked, times=HORIZONS)).T


def design(table: pd.DataFrame) -> pd.DataFrame:
    """One column of 0 and 1 per value."""
    day = pd.to_datetime(table["first_contact_date"]).dt.day_name()
    return pd.get_dummies(table[["landing_page_id", "origin"]].fillna("not given").assign(day=day)).astype(float)


def competitors() -> dict[str, Foretell]:
    """Everybody, ours first."""
    return {
        "leadwise fit": Ours(),
        "leadwise, boosted hazards": Ours(("boosted_hazards",)),
        "leadwise, linear hazards": Ours(("linear_hazards",)),
        "Kaplan-Meier (lifelines)": kaplan_meier,
        "Cox, penalty 0.01 (lifelines)": Cox(0.01),
        "Cox, penalty 0.1 (lifelines)": Cox(0.1),
    }


def segment_gap(test: pd.DataFrame, spans: Spans, probability: np.ndarray) -> float:
    """Mean gap between foretold and Kaplan-Meier at 90 days over origins and landing pages of 50 leads or more."""
    gaps = []
    for column in ("origin", "landing_page_id"):
        for rows in test.groupby(column).indices.values():
            if len(rows) >= SEGMENT:
                seen = ShareByAge.of(spans.take(rows), HORIZONS[-1:]).share[0]
                gaps.append(abs(probability[rows, -1].mean() - seen))
    return float(np.mean(gaps))


def measure(name: str, foretell: Foretell, train: pd.DataFrame, test: pd.DataFrame, spans: Spans) -> list[str]:
    """A row of the table."""
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lifelines tells of columns of low variance
        probability = foretell(train, test)
    seconds = time.perf_counter() - started
    ranking = concordance(spans, probability[:, -1]) or 0.5
    error = integrated_brier(spans, probability, HORIZONS)
    means = [f"{mean:.1%}" for mean in probability.mean(axis=0)]
    gap = segment_gap(test, spans, probability)
    return [name, f"{ranking:.4f}", f"{error:.5f}", *means, f"{100 * gap:.1f}", f"{seconds:.1f}"]


def run() -> str:
    table = leads()
    late = table["first_contact_date"] >= CUT
    train, test = table[~late].reset_index(drop=True), table[late].reset_index(drop=True)
    spans = spans_until(test, pd.to_datetime(table["won_date"]).max() + pd.Timedelta(seconds=1))
    known = spans_until(train, pd.Timestamp(CUT))
    seen = ShareByAge.of(spans, HORIZONS).share
    cells = ["model", "Harrell's C", "integrated Brier", *(f"by {days:g} days" for days in HORIZONS)]
    cells += ["gap in segments, points", "seconds"]
    rows = [measure(name, foretell, train, test, spans) for name, foretell in competitors().items()]
    rows.append(["seen (Kaplan-Meier of the test)", "", "", *(f"{share:.1%}" for share in seen), "", ""])
    intro = (
        f"Olist: {len(train):,} leads first met from {FIRST} to {LAST_KNOWN}, of whom {known.converted.sum():,} had "
        f"converted by then, foretell {len(test):,} leads first met later, of whom {spans.converted.sum():,} did. "
        "Harrell's C by the probability within 90 days; integrated Brier score from 0 to 90 days (lower is better); "
        "mean probabilities by each age; mean gap at 90 days over origins and landing pages of 50 leads or more."
    )
    lines = ["| " + " | ".join(row) + " |" for row in (cells, ["---"] * len(cells), *rows)]
    return "\n".join([intro, "", *lines]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="Where the table goes besides standard output.")
    out = parser.parse_args().out
    text = run()
    print(text)
    if out:
        out.write_text(text)


if __name__ == "__main__":
    main()
