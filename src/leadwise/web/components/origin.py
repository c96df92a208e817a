"""Where a model comes from: data, split, software, seed."""

from leadwise.domain.card import Calibration, DataDescription, ModelCard
from leadwise.web import words
from leadwise.web.components.metrics import title

Pairs = tuple[tuple[str, str], ...]


def describe_data(data: DataDescription) -> Pairs:
    """The table and its split, as names and values."""
    pairs = [
        ("Rows", f"{data.rows:,}"),
        ("Learnt from", f"{data.train_rows:,}"),
        ("Tested on", f"{data.test_rows:,}"),
        ("Outcome", data.outcome if data.won is None else f"{data.outcome} is “{data.won}”"),
        ("Base rate", "" if data.base_rate is None else f"{data.base_rate:.2%} converted"),
        ("Mean value", "" if data.mean_value is None else words.number(data.mean_value)),
        ("Identifier column", data.id_column or ""),
        ("Time column", data.time_column or ""),
        ("Order in time", "known" if data.time_ordered else "not known"),
        ("Split", data.split),
        ("Fingerprint (SHA-256)", data.fingerprint),
    ]
    return tuple((name, value) for name, value in pairs if value)


def _describe_calibration(calibration: Calibration) -> str:
    if calibration.slope is None or calibration.intercept is None:
        return calibration.method
    return f"{calibration.method}, slope {calibration.slope:.3f}, intercept {calibration.intercept:.3f}"


def describe_making(card: ModelCard) -> Pairs:
    """How the model was made, so that it can be made again."""
    calibration = card.calibration
    told = calibration and _describe_calibration(calibration)
    pairs = [
        ("Model version", card.model_version),
        ("Algorithm", title(card.algorithm)),
        ("Preprocessing", card.preprocessing.in_words()),
        ("Fitted", words.minute(card.created_at)),
        ("Fitting took", f"{words.duration(card.training_seconds)} of {words.duration(card.budget_seconds)} allowed"),
        ("Seed", str(card.seed)),
        ("Every score starts at", words.number(card.base)),
        ("Threshold", "" if card.threshold is None else f"{card.threshold:.3f}"),
        ("Calibration", told or ""),
        ("leadwise", f"{card.leadwise_version}, card format {card.format_version}"),
        ("Software", ", ".join(f"{name} {version}" for name, version in sorted(card.software.items()))),
    ]
    return tuple((name, value) for name, value in pairs if value)
