"""Numbers, amounts of money and percentages, as people write them.

Understood are "1,234.5" and "1.234,5", "1 234,5" and "1'234.5", "1e5", "$1,200", "1.200 EUR", "(300)", "$1.2k" and "12,5 %".
A percentage is read as the number before the sign: "12%" is 12.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from leadwise.domain.column import ColumnKind
from leadwise.features.texts import Texts, Values

_CODES = "USD|EUR|GBP|CHF|JPY|CNY|INR|BRL|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RUB|TRY|MXN|ZAR|SGD|HKD|KRW|AED"
_SIGN = rf"(?:[A-Z]{{0,3}}\p{{Sc}}|R\$|Rs\.?|kr\.?|zł|(?i:{_CODES}))"
_PLAIN = r"^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_WRAPPED = rf"^(?P<open>\(?)(?P<minus>[-+−]?)\s*{_SIGN}?\s*(?P<sign>[-+−]?)(?P<body>[\d.,'’\s]+(?:[eE][+-]?\d+)?)\s*"
_WRAPPED += rf"(?P<scale>[kKmM]?)\s*(?P<percent>%?)\s*{_SIGN}?\)?$"
_DOT = r"^(?:\d+|[1-9]\d{0,2}(?:[,'’\s]\d{3})+)?(?:\.\d*)?(?:[eE][+-]?\d+)?$"
_COMMA = r"^(?:\d+|[1-9]\d{0,2}(?:[.'’\s]\d{3})+)?(?:,\d*)?(?:[eE][+-]?\d+)?$"
_STYLE = {".": _DOT, ",": _COMMA}
_SCALES = {"k": 1e3, "m": 1e6}


@dataclass(frozen=True)
class NumberReading:
    """Texts read as numbers.

    Args:
        values: One per text; NaN where it is no number.
        decimal: The decimal mark that they were read with.
        kind: Number, money or percentage, by what most of them carry.
    """

    values: NDArray[np.float64]
    decimal: str
    kind: ColumnKind


def parse_numbers(texts: Texts, decimal: str = ".") -> NDArray[np.float64]:
    """The number in each text, NaN where there is none.

    A text that cannot be a number with that decimal mark, but can with the other one, is read with the other one.

    >>> parse_numbers(pa.array(["1,234.5", " 12 ", "$1.2k", "(300)", "12.5 %", "about 5"])).tolist()
    [1234.5, 12.0, 1200.0, -300.0, 12.5, nan]
    >>> parse_numbers(pa.array(["1.234,5", "1.234", "0.5"]), decimal=",").tolist()
    [1234.5, 1234.0, 0.5]
    """
    plain = _mask(pc.match_substring_regex(texts, _PLAIN if decimal == "." else r"^-?\d+$"))
    values = _to_float(texts, plain)
    if not plain.all():
        rest = np.flatnonzero(~plain)
        values[rest] = _parse_written(texts.take(pa.array(rest)), decimal)
    return np.where(np.isfinite(values), values, np.nan)


def read_numbers(texts: Texts, counts: NDArray[np.int64]) -> NumberReading:
    """The texts as numbers, with the decimal mark and the kind that fit most rows.

    >>> read_numbers(pa.array(["1.200,50 €", "300,00 €"]), np.array([1, 1]))
    NumberReading(values=array([1200.5,  300. ]), decimal=',', kind=<ColumnKind.MONEY: 'money'>)
    """
    plain = _mask(pc.match_substring_regex(texts, _PLAIN))
    if plain.all():
        return NumberReading(parse_numbers(texts), ".", ColumnKind.NUMBER)
    rest = np.flatnonzero(~plain)
    written, weights = texts.take(pa.array(rest)), counts[rest]
    bodies = pc.utf8_trim_whitespace(_field(pc.extract_regex(written, _WRAPPED), "body"))
    decimal = _decimal_mark(bodies, weights, texts.filter(pa.array(plain)), counts[plain])
    return NumberReading(parse_numbers(texts, decimal), decimal, _kind(written, weights, int(counts.sum())))


def _decimal_mark(bodies: Texts, weights: NDArray[np.int64], plain: Texts, plain_weights: NDArray[np.int64]) -> str:
    """The mark that more rows can be read with; a point where both fit equally."""
    fits_dot = weights[_mask(pc.match_substring_regex(bodies, _DOT))].sum() + plain_weights.sum()
    fits_comma = weights[_mask(pc.match_substring_regex(bodies, _COMMA))].sum()
    fits_comma += plain_weights[_mask(pc.match_substring_regex(plain, r"^-?(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+)$"))].sum()
    return "," if fits_comma > fits_dot else "."


def _kind(written: Texts, weights: NDArray[np.int64], rows: int) -> ColumnKind:
    """What most rows carry: a percent sign, a currency, or nothing."""
    if 2 * weights[_mask(pc.match_substring(written, "%"))].sum() > rows:
        return ColumnKind.PERCENTAGE
    if 2 * weights[_mask(pc.match_substring_regex(written, _SIGN))].sum() > rows:
        return ColumnKind.MONEY
    return ColumnKind.NUMBER


def _parse_written(texts: Texts, decimal: str) -> NDArray[np.float64]:
    """The numbers in texts that carry signs, separators of thousands or units."""
    parts = pc.extract_regex(texts, _WRAPPED)
    bodies = pc.utf8_trim_whitespace(_field(parts, "body"))
    values = _parse_style(bodies, decimal)
    values = np.where(np.isnan(values), _parse_style(bodies, "." if decimal == "," else ","), values)
    has_currency = _mask(pc.match_substring_regex(texts, _SIGN))
    scale = pc.utf8_lower(_field(parts, "scale"))
    for letter, factor in _SCALES.items():
        # Without a currency, "12M" is rather a size or a term of months.
        values = np.where(_mask(pc.equal(scale, letter)), np.where(has_currency, values * factor, np.nan), values)
    negative = _is_one_of(_field(parts, "minus"), "-−") | _is_one_of(_field(parts, "sign"), "-−")
    negative |= _mask(pc.equal(_field(parts, "open"), "("))
    return np.where(negative, -values, values)


def _parse_style(bodies: Texts, decimal: str) -> NDArray[np.float64]:
    fits = _mask(pc.match_substring_regex(bodies, _STYLE[decimal])) & _mask(pc.match_substring_regex(bodies, r"\d"))
    thousands = r"[,'’\s]" if decimal == "." else r"[.'’\s]"
    plain = pc.replace_substring_regex(bodies, thousands, "")
    return _to_float(pc.replace_substring(plain, ",", "."), fits)


def _to_float(texts: Texts, usable: NDArray[np.bool_]) -> NDArray[np.float64]:
    chosen = pc.if_else(pa.array(usable), texts, pa.scalar(None, texts.type))
    values: NDArray[np.float64] = chosen.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return values.copy()


def _is_one_of(texts: Texts, characters: str) -> NDArray[np.bool_]:
    return _mask(pc.is_in(texts, value_set=pa.array(list(characters), texts.type)))


def _field(parts: Values, name: str) -> Texts:
    return pc.struct_field(parts, name)


def _mask(flags: Values) -> NDArray[np.bool_]:
    """Arrow's flags as a numpy mask; null counts as no."""
    return pc.fill_null(flags, False).to_numpy(zero_copy_only=False).astype(bool)
