"""The model card as text for a terminal: the verdict first, then the figures."""

from rich.console import Console

from leadwise.app.card_text_times import show_times
from leadwise.app.console import console, plain_table
from leadwise.app.output import number, percent, short_name
from leadwise.domain.card import ConversionMetrics, Metrics, ModelCard, Task, settings_in_words

EFFECTS_SHOWN = 10
SEGMENTS_SHOWN = 12
CONVERSION = ("log_loss", "roc_auc", "average_precision", "brier", "expected_calibration_error", "f1", "lift_at_10")
VALUE = ("rmse", "mae", "r2", "rank_correlation", "mse", "interval_coverage")


def show_card(card: ModelCard) -> None:
    """Print the card."""
    out = console()
    if card.calibration is not None and not card.calibration.passed:
        out.print(f"CALIBRATION FAILED ITS TEST. {card.calibration.sentence}\n", style="bold")
    _show_origin(out, card)
    _show_recalibrations(out, card)
    if card.preprocessing:
        out.print(f"Preprocessing: {card.preprocessing.in_words()}.")
    _show_leaderboard(out, card)
    _show_search(out, card)
    _show_test(out, card.test)
    _show_reliability(out, card)
    _show_segments(out, card)
    if card.time_to_convert is not None:
        show_times(out, card.time_to_convert)
    _show_grades(out, card)
    _show_effects(out, card)
    _show_columns(out, card)
    for warning in card.warnings:
        out.print(f"\n{warning}")


def _show_origin(out: Console, card: ModelCard) -> None:
    data = card.data
    rate, mean = f"{percent(data.base_rate)} converted", f"mean {number(data.mean_value)}"
    known = rate if card.task is Task.CONVERSION else mean
    outcome, algorithm = short_name(data.outcome), card.algorithm.replace("_", " ")
    out.print(f"Model {card.model_version}: {algorithm}, predicts {outcome} ({known}).")
    rows = "1 row" if data.rows == 1 else f"{data.rows:,} rows"
    learnt = data.train_rows + (data.test_rows if data.fitted_on_test else 0)
    rows = rows if learnt >= data.rows else f"{learnt:,} of {rows}"
    out.print(
        f"Learnt from {rows} on {card.created_at:%Y-%m-%d %H:%M} UTC in {card.training_seconds:.0f} s, "
        f"seed {card.seed}, data {data.fingerprint[:12]}. {data.split}"
        + (" It was then fitted once more, on the test rows too." if data.fitted_on_test else "")
    )


def _show_recalibrations(out: Console, card: ModelCard) -> None:
    for each in card.recalibrations:
        out.print(f"Recalibrated on {each.at:%Y-%m-%d %H:%M} UTC, from version {each.from_version}: {each.sentence}")


def _show_leaderboard(out: Console, card: ModelCard) -> None:
    names = CONVERSION if card.task is Task.CONVERSION else VALUE
    out.print("\nLeaderboard (validation; test in brackets)", style="bold")
    table = plain_table("algorithm", *(f">{name.replace('_', ' ')}" for name in names[:4]), ">seconds")
    for row in card.leaderboard:
        test = row.test.model_dump() if row.test else {}
        validation = row.model_dump()
        cells = [f"{number(validation.get(name))} ({number(test.get(name))})" for name in names[:4]]
        table.add_row(f"{'* ' if row.chosen else '  '}{row.algorithm}", *cells, f"{row.fit_seconds:.1f}")
    out.print(table)
    if card.drift is not None:
        out.print(card.drift.sentence)


def _show_search(out: Console, card: ModelCard) -> None:
    if not card.search:
        return
    out.print("\nSettings tried (the best of each algorithm competed)", style="bold")
    table = plain_table("algorithm", "settings", ">validation loss", ">seconds")
    for trial in card.search:
        name, loss = f"{'* ' if trial.chosen else '  '}{trial.algorithm}", number(trial.loss)
        table.add_row(name, settings_in_words(trial.settings), loss, f"{trial.fit_seconds:.1f}")
    out.print(table)


def _show_test(out: Console, test: Metrics) -> None:
    out.print(f"\nOn {test.rows:,} test rows (95% interval)", style="bold")
    table = plain_table("metric", ">value", ">from", ">to")
    for name, value in test.model_dump(exclude={"intervals", "rows"}).items():
        low, high = test.intervals.get(name, (None, None))
        table.add_row(name.replace("_", " "), number(value), number(low), number(high))
    out.print(table)
    if isinstance(test, ConversionMetrics) and test.lift_at_20 is not None:
        reached = min(test.lift_at_20 * 0.2, 1.0)
        out.print(f"Calling the best fifth of leads reaches {percent(reached)} of those who convert.")


def _show_reliability(out: Console, card: ModelCard) -> None:
    if not card.reliability:
        return
    checked = "leads that it was recalibrated on" if card.recalibrations else "test rows"
    out.print(f"\nReliability on the {checked}", style="bold")
    for band in card.reliability:
        low, high = band.observed_interval
        out.print(f"  {band.sentence} (expected {percent(band.predicted)}, seen {percent(low)} to {percent(high)})")
    if card.calibration is not None:
        out.print(card.calibration.sentence)
        if card.calibration.reason:
            out.print(f"Calibrated: {card.calibration.reason}")
    if card.sureness:
        out.print(card.sureness)


def _show_segments(out: Console, card: ModelCard) -> None:
    if not card.segments_sentence:
        return
    out.print("\nReliability by segment", style="bold")
    if not card.segments:
        out.print(card.segments_sentence)
        return
    table = plain_table("column", "value", ">leads", ">expected", ">converted", ">seen", ">log loss", "")
    declared = [segment for segment in card.segments if segment.declared]
    others = sorted((each for each in card.segments if not each.declared), key=lambda each: each.p_value)
    for segment in (*declared, *others[:SEGMENTS_SHOWN]):
        low, high = segment.observed_interval
        told = "contradicts" if segment.contradicts else ""
        loss = "" if segment.log_loss is None else f"{segment.log_loss:.4f}"
        cells = (f"{segment.count:,}", f"{segment.expected:,.0f}", f"{segment.converted:,}")
        seen = f"{percent(low)} to {percent(high)}"
        table.add_row(short_name(segment.column), short_name(segment.value), *cells, seen, loss, told)
    out.print(table)
    if len(others) > SEGMENTS_SHOWN:
        first = "After the target's own segments, these" if declared else "These"
        told = f"{first} {SEGMENTS_SHOWN} strayed farthest of {len(others)}; --json and the report have all."
        out.print(told)
    out.print(card.segments_sentence)


def _show_grades(out: Console, card: ModelCard) -> None:
    if card.grades:
        out.print("\nGrades", style="bold")
        table = plain_table("grade", ">from", ">leads", ">converted", "action")
        for grade in card.grades:
            bound = f"{grade.minimum_probability:.1%}"
            table.add_row(grade.grade, bound, f"{grade.count:,}", percent(grade.observed), grade.action)
        out.print(table)


def _show_effects(out: Console, card: ModelCard) -> None:
    out.print("\nWhat drives the score", style="bold")
    for effect in card.effects[:EFFECTS_SHOWN]:
        out.print(f"  {number(effect.importance, 3)}  {effect.sentence}")
    if card.reasons is not None:
        out.print(card.reasons.sentence)


def _show_columns(out: Console, card: ModelCard) -> None:
    out.print("\nColumns", style="bold")
    table = plain_table("column", "type", "use", "leak", ">missing", "remarks")
    for column in card.columns:
        leak = "" if column.leak == "none" else column.leak
        remarks = " ".join(part for part in (column.evidence, column.note) if part)
        table.add_row(short_name(column.name), column.type, column.use, leak, percent(column.missing_share), remarks)
    out.print(table)
