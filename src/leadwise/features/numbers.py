"""Numbers, amounts of money and percentages, as people write them.

Understood are "1,234.5" and "1.234,5", "1 234,5" and "1'234.5", "1e5", "$1,200", "1.200 EUR", "(300)", "$1.2k" and
"12,5 %". A percentage is read as the number before the sign: "12%" is 12.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.column import ColumnKind
from leadwise.features.matching import (
    Floats,
    Mask,
    as_floats,
    extracted,
    is_any_of,
    lowered,
    matches,
    pick,
    replaced,
    trimmed,
)
from leadwise.features.texts import Texts

_CODES = "USD|EUR|GBP|CHF|JPY|CNY|INR|BRL|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RUB|TRY|MXN|ZAR|SGD|HKD|KRW|AED"
_CURRENCY = rf"(?:[A-Z]{{0,3}}\p{{Sc}}|R\$|Rs\.?|kr\.?|zł|(?i:{_CODES}))"
_MINUS = "-\N{MINUS SIGN}"
_GROUP = "'\N{RIGHT SINGLE QUOTATION MARK}\\s"  # what separates thousands besides the mark that is not the decimal one
_EXPONENT = r"(?:[eE][+-]?\d+)?"
_PLAIN = rf"^-?(?:\d+\.?\d*|\.\d+){_EXPONENT}$"
_WHOLE = r"^-?\d+$"
_WHOLE_OR_GROUPED = r"^-?(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+)$"
_SIGNED = f"[{_MINUS}(+\\s]*"
_CURRENCY_BEFORE, _CURRENCY_AFTER = rf"^({_SIGNED}){_CURRENCY}", rf"{_CURRENCY}([)\s]*)$"
_WRITTEN = (
    rf"^(?P<open>\(?)\s*(?P<sign>[{_MINUS}+]?)\s*(?P<body>[\d.,{_GROUP}]*\d[.,]?{_EXPONENT})"
    r"\s*(?P<scale>[kKmM]?)\s*(?P<percent>%?)\s*\)?$"
)
_STYLES = {
    ".": rf"^(?:\d+|[1-9]\d{{0,2}}(?:[,{_GROUP}]\d{{3}})+)?(?:\.\d*)?{_EXPONENT}$",
    ",": rf"^(?:\d+|[1-9]\d{{0,2}}(?:[.{_GROUP}]\d{{3}})+)?(?:,\d*)?{_EXPONENT}$",
}
_OTHER = {".": ",", ",": "."}
_SCALES = {"k": 1e3, "m": 1e6}


@dataclass(frozen=True)
class NumberReading:
    """Texts read as numbers.

    Args:
        values: One per text; NaN where it is no number.
        decimal: The decimal mark that they were read with.
        kind: Number, money or percentage, by what most of them carry.
    """

    values: Floats
    decimal: str
    kind: ColumnKind


def parse_numbers(texts: Texts, decimal: str = ".") -> Floats:
    """The number in each text, NaN where there is none.

    A text that cannot be a number with that decimal mark, but can with the other one, is read with the other one.

    >>> import pyarrow as pa
    >>> parse_numbers(pa.array(["1,234.5", " 12 ", "$1.2k", "(300)", "12.5 %", "about 5"])).tolist()
    [1234.5, 12.0, 1200.0, -300.0, 12.5, nan]
    >>> parse_numbers(pa.array(["1.234,5", "1.234", "0.5"]), decimal=",").tolist()
    [1234.5, 1234.0, 0.5]
    """
    plain = matches(texts, _PLAIN if decimal == "." else _WHOLE)
    values = np.full(len(texts), np.nan)
    values[plain] = as_floats(pick(texts, plain))
    if not plain.all():
        values[~plain] = _parse_parts(_take_apart(pick(texts, ~plain)), decimal)
    return np.where(np.isfinite(values), values, np.nan)


def read_numbers(texts: Texts, counts: NDArray[np.int64]) -> NumberReading:
    """The texts as numbers, with the decimal mark and the kind that fit most rows.

    >>> import pyarrow as pa
    >>> read_numbers(pa.array(["1.200,50 €", "300,00 €"]), np.array([1, 1]))
    NumberReading(values=array([1200.5,  300. ]), decimal=',', kind=<ColumnKind.MONEY: 'money'>)
    """
    plain = matches(texts, _PLAIN)
    if plain.all():
        return NumberReading(parse_numbers(texts), ".", ColumnKind.NUMBER)
    parts = _take_apart(pick(texts, ~plain))
    decimal = _decimal_mark(parts.bodies, counts[~plain], pick(texts, plain), counts[plain])
    values = np.empty(len(texts))
    values[plain] = parse_numbers(pick(texts, plain), decimal)
    values[~plain] = _parse_parts(parts, decimal)
    return NumberReading(values, decimal, _kind(parts, counts[~plain], int(counts.sum())))


@dataclass(frozen=True)
class _Parts:
    """What numbers carry besides their digits, one entry per text; null and no where a text is no number at all."""

    bodies: Texts
    negative: Mask
    scales: Texts
    has_currency: Mask
    has_percent: Mask


def _take_apart(texts: Texts) -> _Parts:
    bare = replaced(replaced(texts, _CURRENCY_BEFORE, r"\1"), _CURRENCY_AFTER, r"\1")
    groups = extracted(trimmed(bare), _WRITTEN)
    return _Parts(
        bodies=trimmed(groups["body"]),
        negative=is_any_of(groups["sign"], _MINUS) | is_any_of(groups["open"], "("),
        scales=lowered(groups["scale"]),
        has_currency=matches(texts, _CURRENCY_BEFORE) | matches(texts, _CURRENCY_AFTER),
        has_percent=is_any_of(groups["percent"], "%"),
    )


def _decimal_mark(bodies: Texts, weights: NDArray[np.int64], plain: Texts, plain_weights: NDArray[np.int64]) -> str:
    """The mark with which more rows can be read; a point where both fit equally."""
    fits_dot = weights[matches(bodies, _STYLES["."])].sum() + plain_weights.sum()
    fits_comma = weights[matches(bodies, _STYLES[","])].sum() + plain_weights[matches(plain, _WHOLE_OR_GROUPED)].sum()
    return "," if fits_comma > fits_dot else "."


def _kind(parts: _Parts, weights: NDArray[np.int64], rows: int) -> ColumnKind:
    """What most rows carry: a percent sign, a currency, or nothing."""
    if 2 * weights[parts.has_percent].sum() > rows:
        return ColumnKind.PERCENTAGE
    if 2 * weights[parts.has_currency].sum() > rows:
        return ColumnKind.MONEY
    return ColumnKind.NUMBER


def _parse_parts(parts: _Parts, decimal: str) -> Floats:
    """The numbers, read with that decimal mark or, where only the other one fits, with that."""
    values = _parse_style(parts.bodies, decimal)
    if np.isnan(values).any():
        values = np.where(np.isnan(values), _parse_style(parts.bodies, _OTHER[decimal]), values)
    return np.where(parts.negative, -values, values) * _factors(parts)


def _factors(parts: _Parts) -> Floats:
    """Thousand for $1k; NaN for 1k, for without a currency "12M" is rather a size or a term of months."""
    factors = np.ones(len(parts.has_currency))
    for letter, factor in _SCALES.items():
        factors[is_any_of(parts.scales, letter)] = factor
    factors[(factors > 1) & ~parts.has_currency] = np.nan
    return factors


def _parse_style(bodies: Texts, decimal: str) -> Floats:
    """Numbers without sign or unit, written with that decimal mark."""
    fits = matches(bodies, _STYLES[decimal])
    values = np.full(len(fits), np.nan)
    plain = replaced(pick(bodies, fits), f"[{_OTHER[decimal]}{_GROUP}]", "")
    values[fits] = as_floats(replaced(plain, ",", "."))
    return values
