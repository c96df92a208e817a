"""Cards and leads as training and scoring make them, for tests of pages."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from leadwise.domain.card import (
    Calibration,
    ConversionMetrics,
    DataDescription,
    EffectPoint,
    FeatureEffect,
    GainPoint,
    Grade,
    LeaderboardRow,
    ModelCard,
    Recalibration,
    ReliabilityBand,
    RocPoint,
    SegmentCalibration,
    Task,
    ValueBand,
    ValueMetrics,
)
from leadwise.domain.column import ColumnKind, ColumnReport, ColumnUse, Leak
from leadwise.domain.errors import Missing, Unavailable
from leadwise.domain.score import Reason
from leadwise.domain.time_to_convert import AgeCheck, SegmentCheck, TimeComparison, TimeToConvert
from leadwise.web.sources import GradeCount, LeadList, LeadQuery, LeadRow, SegmentChoice

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

HOSTILE = (
    "<script>alert(1)</script>",
    "'; DROP TABLE leads; --",
    '"><img src=http://example.invalid/x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "اسم العميل المحتمل",
    "\u202eright to left override",
    "😀🚗👩‍👩‍👧",
    "</style></svg><style>*{display:none}",
    "bell\x07and\x00nul\ufffe",
    "W" * 500,
    " ".join(["many words"] * 50),
)

_EFFECTS: tuple[tuple[str, float, str, tuple[tuple[str, float, int], ...]], ...] = (
    (
        "Total Time Spent on Website",
        0.914,
        "The longer somebody stays on the website, the higher the score; from 900 on it hardly rises any more.",
        (
            ("not given", -0.31, 14),
            ("0", -0.52, 412),
            ("1 to 120", -0.94, 301),
            ("121 to 400", -0.33, 398),
            ("401 to 900", 0.62, 340),
            ("901 to 1,400", 1.41, 262),
            ("more than 1,400", 1.63, 121),
        ),
    ),
    (
        "What is your current occupation",
        0.633,
        "“Working Professional” raises the score most; not giving it lowers it most.",
        (
            ("Working Professional", 2.12, 143),
            ("Housewife", 1.40, 4),
            ("Unemployed", 0.21, 1098),
            ("Student", 0.05, 42),
            ("not given", -0.99, 561),
        ),
    ),
    (
        "Lead Origin",
        0.541,
        "“Lead Add Form” raises the score most; “API” lowers it most.",
        (("Lead Add Form", 2.31, 151), ("Landing Page Submission", -0.08, 977), ("API", -0.24, 712)),
    ),
    (
        "Last Notable Activity",
        0.388,
        "“SMS Sent” raises the score most; “Olark Chat Conversation” lowers it most.",
        (("SMS Sent", 1.12, 434), ("Email Opened", 0.03, 566), ("Modified", -0.51, 681)),
    ),
    (
        "Do Not Email",
        0.201,
        "“Yes” lowers the score.",
        (("No", 0.06, 1702), ("Yes", -1.32, 146)),
    ),
    (
        "Page Views Per Visit",
        0.097,
        "Between 2 and 4 the score is highest; the effect is small.",
        (("0", -0.05, 420), ("1 to 2", 0.06, 810), ("more than 4", -0.12, 190)),
    ),
    ("Lead Source", 0.083, "“Welingak Website” raises the score most.", (("Welingak Website", 1.1, 28),)),
    ("City", 0.021, "It hardly matters.", ()),
)


def make_card(**changes: Any) -> ModelCard:
    """A card of a good conversion model."""
    given: dict[str, Any] = {
        "format_version": 1,
        "leadwise_version": "0.1.0",
        "model_version": "3f2a9c41d07b",
        "task": Task.CONVERSION,
        "created_at": MONDAY,
        "training_seconds": 48.2,
        "budget_seconds": 60.0,
        "seed": 7,
        "software": {"lightgbm": "4.7.0", "numpy": "2.4.1", "python": "3.11.7", "scikit-learn": "1.9.0"},
        "data": make_data(),
        "columns": make_columns(),
        "algorithm": "gradient_boosting",
        "leaderboard": make_leaderboard(),
        "test": make_metrics(),
        "base": -0.412,
        "threshold": 0.412,
        "calibration": make_calibration(passed=True),
        "reliability": make_bands(),
        "segments": make_segments(),
        "segments_sentence": "1 of 2 segments with 50 leads or more strayed. Beyond chance: Lead Origin is API.",
        "grades": make_grades(),
        "gain": make_gain(),
        "roc": make_roc(),
        "effects": make_effects(),
    }
    return ModelCard(**given | changes)


def make_data(**changes: Any) -> DataDescription:
    given: dict[str, Any] = {
        "fingerprint": "9c1f" * 16,
        "rows": 9240,
        "train_rows": 7392,
        "test_rows": 1848,
        "outcome": "Converted",
        "won": "1",
        "base_rate": 0.385,
        "id_column": "Prospect ID",
        "time_column": "Lead Number",
        "time_ordered": True,
        "split": "The newest fifth is the test set. Validation: each of 5 folds is newer than what it was fitted on.",
    }
    return DataDescription(**given | changes)


def make_columns() -> tuple[ColumnReport, ...]:
    def column(name: str, kind: str, use: str = "feature", **more: Any) -> ColumnReport:
        return ColumnReport(name=name, type=ColumnKind(kind), use=ColumnUse(use), **more)

    tags = "“Will revert after reading the email” appears with conversions only (2,072 rows, 97% converted)."
    return (
        column("Prospect ID", "id", "id", distinct=9240, note="Different in each row."),
        column("Lead Number", "number", "time", distinct=9240),
        column("Converted", "boolean", "outcome", distinct=2),
        column("Tags", "category", "dropped", distinct=26, missing_share=0.36, leak=Leak.LEAK, evidence=tags),
        column("Lead Quality", "category", distinct=5, missing_share=0.52, leak=Leak.SUSPECT, evidence="Filled late."),
        column("Magazine", "constant", "dropped", distinct=1, note="The same value in every row."),
        column("Total Time Spent on Website", "number", distinct=1731),
        column("Specialization", "category", distinct=18, missing_share=0.366, missing_values=("Select", "N/A")),
        column("City", "category", distinct=6, missing_share=0.397, missing_values=("Select",)),
        column("TotalVisits", "number", distinct=41, missing_share=0.015),
        column("What is your current occupation", "category", distinct=6, missing_share=0.29),
    )


def make_metrics(**changes: Any) -> ConversionMetrics:
    given: dict[str, Any] = {
        "log_loss": 0.3871,
        "roc_auc": 0.9021,
        "average_precision": 0.8624,
        "brier": 0.1213,
        "expected_calibration_error": 0.0184,
        "precision": 0.791,
        "recall": 0.823,
        "f1": 0.8067,
        "accuracy": 0.838,
        "lift_at_10": 2.41,
        "lift_at_20": 2.33,
        "rows": 1848,
        "intervals": {"log_loss": (0.3655, 0.4102), "roc_auc": (0.887, 0.916), "brier": (0.113, 0.13)},
    }
    return ConversionMetrics(**given | changes)


def make_leaderboard() -> tuple[LeaderboardRow, ...]:
    found = [
        ("gradient_boosting", 0.3812, 0.9101, 12.4),
        ("random_forest", 0.3937, 0.9044, 9.1),
        ("neural_network", 0.4021, 0.8987, 14.7),
        ("logistic_regression", 0.4103, 0.8921, 1.9),
        ("heuristic", 0.6622, 0.7203, 0.04),
    ]
    return tuple(
        LeaderboardRow.model_validate(
            {
                "algorithm": name,
                "chosen": name == "gradient_boosting",
                "fit_seconds": seconds,
                "note": "needs no data" if name == "heuristic" else "",
                "test": make_metrics(log_loss=loss + 0.006, roc_auc=auc - 0.008),
                "log_loss": loss,
                "roc_auc": auc,
                "average_precision": auc - 0.04,
                "brier": loss / 3.1,
            }
        )
        for name, loss, auc, seconds in found
    )


def make_calibration(*, passed: bool) -> Calibration:
    held = "Predicted and observed shares agree on the test set, as far as 1,848 leads can tell."
    failed = "Leads scored around 70% converted only 48 times of 100 on the test set."
    return Calibration(
        method="Platt",
        slope=1.04 if passed else 0.61,
        intercept=0.02,
        passed=passed,
        p_value=0.41 if passed else 0.0001,
        sentence=held if passed else failed,
    )


def make_bands(shift: float = 0.0) -> tuple[ReliabilityBand, ...]:
    counts = (512, 231, 142, 118, 97, 104, 92, 121, 163, 268)
    return tuple(_band(at, rows, shift) for at, rows in enumerate(counts))


def _band(at: int, rows: int, shift: float) -> ReliabilityBand:
    low, high, predicted = at / 10, (at + 1) / 10, at / 10 + 0.048
    converted = round(rows * min(max(predicted + shift + 0.02 * math.sin(at), 0), 1))
    observed, reach = converted / rows, 1.96 * 0.45 / math.sqrt(rows)
    return ReliabilityBand(
        low=low,
        high=high,
        count=rows,
        predicted=predicted,
        observed=observed,
        observed_interval=(max(0, observed - reach), min(1, observed + reach)),
        sentence=f"Of {rows} leads scored {low:.0%} to {high:.0%}, {converted} converted.",
    )


def make_segments() -> tuple[SegmentCalibration, ...]:
    found = [
        ("Lead Origin", "API", 712, 214.3, 291, (0.374, 0.446), 0.00002, True, 0.6113),
        ("Do Not Email", "Yes", 146, 24.0, 22, (0.102, 0.218), 0.71, False, None),
    ]
    names = ("column", "value", "count", "expected", "converted", "observed_interval", "p_value", "contradicts",
             "log_loss")  # fmt: skip
    told = [dict(zip(names, values, strict=True)) for values in found]
    return tuple(SegmentCalibration.model_validate({**each, "sentence": _tell(each)}) for each in told)


def _tell(segment: dict[str, Any]) -> str:
    who = f"Of {segment['count']} leads whose {segment['column']} is {segment['value']}"
    return f"{who}, {segment['converted']} converted; {segment['expected']:.0f} were expected."


def make_recalibration() -> Recalibration:
    return Recalibration(
        at=MONDAY,
        changed=True,
        from_version="0a1b2c3d4e5f",
        model_version="3f2a9c41d07b",
        rows=900,
        rows_without_outcome=12,
        missing_columns=(),
        slope=1.0,
        intercept=-0.4,
        happened=211,
        expected_before=280.0,
        expected_after=212.3,
        judged_rows=450,
        log_loss_before=0.41,
        log_loss_after=0.4,
        sentence="900 leads have ended, 280 conversions were expected of them and 211 happened.",
    )


def make_grades() -> tuple[Grade, ...]:
    found = [
        ("A", 0.75, 402, 0.217, 0.884, "Call within the hour."),
        ("B", 0.45, 391, 0.212, 0.612, "Call today."),
        ("C", 0.15, 452, 0.245, 0.264, "Write, then call this week."),
        ("D", 0.0, 603, 0.326, 0.041, "Keep in the newsletter; do not call."),
    ]
    names = ("grade", "minimum_probability", "count", "share", "observed", "action")
    return tuple(Grade.model_validate(dict(zip(names, values, strict=True))) for values in found)


def make_value_bands() -> tuple[ValueBand, ...]:
    bands = ((2400.0, "Call today."), (900.0, "Write this week."), (0.0, "Leave in the newsletter."))
    return tuple(ValueBand(minimum_value=low, action=action) for low, action in bands)


def make_gain() -> tuple[GainPoint, ...]:
    shares = [at / 50 for at in range(1, 51)]
    captured = [min(1.0, 1 - (1 - share) ** 2.9) for share in shares]
    return tuple(GainPoint(share=x, captured=y, lift=y / x) for x, y in zip(shares, captured, strict=True))


def make_roc() -> tuple[RocPoint, ...]:
    rates = [at / 100 for at in range(101)]
    return tuple(RocPoint(false_positive_rate=x, true_positive_rate=1 - (1 - x) ** 7) for x in rates)


def make_effects() -> tuple[FeatureEffect, ...]:
    return tuple(
        FeatureEffect(column=column, importance=importance, sentence=sentence, points=make_points(points))
        for column, importance, sentence, points in _EFFECTS
    )


def make_points(points: Sequence[tuple[str, float, int]]) -> tuple[EffectPoint, ...]:
    return tuple(EffectPoint(label=label, contribution=part, count=rows) for label, part, rows in points)


def make_failed_card() -> ModelCard:
    """A card whose calibration did not hold in the test."""
    return make_card(
        calibration=make_calibration(passed=False),
        reliability=make_bands(shift=-0.16),
        warnings=("Only 212 conversions in the test set: intervals are wide.",),
    )


def make_value_card() -> ModelCard:
    """A card of a model of customer lifetime value."""
    test = {"mse": 812_331.0, "mae": 412.7, "r2": 0.412, "rmse": 901.3, "rank_correlation": 0.641}
    metrics = ValueMetrics(
        **test, interval_coverage=0.783, rows=1848, intervals={"mae": (391.2, 436.0), "rank_correlation": (0.61, 0.67)}
    )
    names = ("gradient_boosting", "random_forest", "linear_regression")
    rows = [
        {"algorithm": name, "chosen": not at, "fit_seconds": 4.2, "test": metrics, **test, "mae": 412.7 + 20 * at}
        for at, name in enumerate(names)
    ]
    return make_card(
        task=Task.VALUE,
        data=make_data(outcome="Lifetime value", won=None, base_rate=None, mean_value=1_284.5),
        test=metrics,
        leaderboard=tuple(LeaderboardRow.model_validate(row) for row in rows),
        base=1_250.0,
        value_bands=make_value_bands(),
        threshold=None,
        calibration=None,
        reliability=(),
        segments=(),
        segments_sentence="",
        grades=(),
        roc=(),
    )


def make_wide_card(width: int = 300) -> ModelCard:
    """A card of a table with very many columns."""
    names = [f"survey_answer_{at:03}" for at in range(width)]
    effects = [
        FeatureEffect(
            column=name,
            importance=1 / (at + 1),
            sentence=f"Higher {name} raises the score.",
            points=make_points([("low", -0.4, 900), ("high", 0.4, 900)]),
        )
        for at, name in enumerate(names)
    ]
    columns = [
        ColumnReport(name=name, type=ColumnKind.NUMBER, use=ColumnUse.FEATURE, distinct=99, missing_share=at / width)
        for at, name in enumerate(names)
    ]
    warnings = tuple(f"{name} is given in few rows." for name in names[:40])
    return make_card(columns=tuple(columns), effects=tuple(effects), warnings=warnings)


def make_hostile_card() -> ModelCard:
    """A card of a table whose names and values attack the page."""
    effects = [
        FeatureEffect(
            column=name,
            importance=1.0,
            sentence=f"“{name}” raises the score.",
            points=make_points([(name, 0.4, 9), (name, -0.3, 1), (HOSTILE[0], 0.1, 3)]),
        )
        for name in HOSTILE
    ]
    columns = [
        ColumnReport(
            name=name,
            type=ColumnKind.CATEGORY,
            use=ColumnUse.FEATURE,
            leak=Leak.LEAK,
            evidence=f"“{name}” appears with one outcome only.",
            note=name,
            missing_share=0.2,
            missing_values=(name,),
        )
        for name in HOSTILE
    ]
    data = make_data(outcome=HOSTILE[2], won=HOSTILE[0], id_column=HOSTILE[9], split=HOSTILE[0])
    segment = make_segments()[0]
    segments = tuple(segment.model_copy(update={"column": name, "value": name, "sentence": name}) for name in HOSTILE)
    return make_card(
        effects=tuple(effects),
        segments=segments,
        segments_sentence=HOSTILE[0],
        columns=tuple(columns),
        data=data,
        warnings=HOSTILE,
    )


_NAMES = ("Maria Keller", "Jonas Lindqvist", "Aïcha Benali", "Tom O'Brien", "Wei Zhang", "Zoë van den Berg")
_VEHICLES = ("2019 Toyota Camry", "2021 Ford F-150", "2018 Honda CR-V", "2022 Tesla Model 3", "2016 BMW 320i")
_REASONS = (
    Reason("replies", "Replied 3 times this week (typical: 0)", 1.21),
    Reason("test_drive", "Asked for a test drive", 0.83),
    Reason("phone", "Gave no phone number", -0.42),
    Reason("distance", "Lives 210 km away (typical: 24 km)", -0.61),
    Reason("finance", "Asked about financing", 0.37),
)
_ACTIONS = {
    "A": "Call within the hour and offer a test drive.",
    "B": "Call today.",
    "C": "Send the price and two similar cars.",
    "D": "Leave in the newsletter.",
}


def make_time_card() -> ModelCard:
    """A card that says when leads convert, with a name and a value that nobody would wish for."""
    ages = tuple(
        AgeCheck(days=days, predicted=share, observed=share * 0.9, observed_interval=(share * 0.8, share * 1.1))
        for days, share in ((1, 0.01), (7, 0.05), (30, 0.09), (60, 0.11), (90, 0.12))
    )
    segments = tuple(
        SegmentCheck(column=column, value=value, leads=leads, ages=ages[1:])
        for column, value, leads in (("Origin", "social", 210), ("Origin", "direct", 90), (HOSTILE[0], HOSTILE[2], 50))
    )
    comparisons = (
        TimeComparison(
            algorithm="kaplan_meier", chosen=False, log_likelihood=-0.39, concordance=0.5, integrated_brier=0.066
        ),
        TimeComparison(
            algorithm="boosted_hazards", chosen=True, log_likelihood=-0.37, concordance=0.67, integrated_brier=0.063
        ),
    )
    told = TimeToConvert(
        created_column="Met",
        converted_column="Won",
        as_of=MONDAY,
        leads=5_997,
        converted=780,
        open=5_217,
        observed_days=317,
        horizons=(7, 30, 60, 90),
        probability_days=90,
        median_days=41.5,
        tested_from=MONDAY - timedelta(days=120),
        tested_days=90,
        comparisons=comparisons,
        curve=ages,
        overall=ages[1:],
        segments=segments,
        sentence="Of 1,278 leads it expected 12.0% to convert within 90 days and 10.8% did.",
    )
    return make_card().model_copy(update={"time_to_convert": told, "algorithm": "boosted_hazards"})


def make_lead(at: int, total: int, **changes: Any) -> LeadRow:
    """The lead at that rank, from 0."""
    probability = 0.93 * (1 - at / total) ** 1.6 + 0.004
    grade = next(grade for grade, low in (("A", 0.6), ("B", 0.3), ("C", 0.1), ("D", 0.0)) if probability >= low)
    given: dict[str, Any] = {
        "lead_key": f"marketplace/{at:05}",
        "name": f"{_NAMES[at % 6]}{'' if at < 6 else f' {at + 1}'}",
        "subject": _VEHICLES[at % 5],
        "probability": probability,
        "grade": grade,
        "reasons": tuple(_REASONS[(at + step) % 5] for step in range(3)),
        "action": _ACTIONS[grade],
        "arrived_at": MONDAY - timedelta(hours=7 * (at % 40)),
        "source": "Marketplace",
    }
    return LeadRow(**given | changes)


class Leads:
    """So many leads, held in memory."""

    def __init__(self, total: int, *, simulated: bool = False, name: str | None = None) -> None:
        changes = {} if name is None else {"name": name, "subject": name, "action": name, "source": name}
        if name is not None:
            changes["reasons"] = (Reason(name, name, 0.4),)
        self._all = [make_lead(at, total, **changes) for at in range(total)]
        self._simulated = simulated

    def list_leads(self, query: LeadQuery) -> LeadList:
        named = [lead for lead in self._all if query.search.casefold() in lead.name.casefold()]
        vehicles = sorted({lead.subject for lead in self._all})
        named = [lead for lead in named if lead.subject in (query.chosen("vehicle") or vehicles)]
        found = [lead for lead in named if query.grade in {None, lead.grade}]
        observed = dict(zip("ABCD", (0.72, 0.41, 0.18, 0.03), strict=True))
        held = [GradeCount(grade, sum(lead.grade == grade for lead in named), observed[grade]) for grade in observed]
        return LeadList(
            rows=tuple(found[query.offset : query.offset + query.limit]),
            total=len(found),
            organisation="Harbour Street Motors",
            target_title="Car sold",
            subject_title="Vehicle",
            model_version="3f2a9c41d07b" if self._all else "",
            scored_at=MONDAY if self._all else None,
            base_rate=0.21 if self._all else None,
            simulated=self._simulated,
            grades=tuple(held),
            segments=(SegmentChoice("vehicle", "Vehicle", tuple(vehicles), rarer=len(self._all) // 100),),
        )


class Away:
    """A store that does not answer."""

    def list_leads(self, query: LeadQuery) -> LeadList:
        del query
        message = "The database at localhost:5432 does not answer; start it, or wait a minute and try again."
        raise Unavailable(message)


class Broken:
    """A source with a fault of our own."""

    def list_leads(self, query: LeadQuery) -> LeadList:
        raise RuntimeError(f"secret detail about {query}")  # noqa: TRY003, EM102 - must not reach the page


class Cards:
    """A card, or none."""

    def __init__(self, card: ModelCard | None) -> None:
        self._card = card

    def get_card(self) -> ModelCard:
        if self._card is None:
            message = "No model is active; activate one first."
            raise Missing(message)
        return self._card
