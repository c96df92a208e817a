"""Whether a telephone number can be called, and in which country, by the numbering plans that `phonenumbers` keeps."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber


def is_valid(text: str) -> bool:
    """Whether it is a whole number of a country's plan. One without its country's code says too little.

    >>> is_valid("+49 89 636 48018"), is_valid("0049 89 63648018"), is_valid("089 63648018"), is_valid("call me")
    (True, True, False, False)
    """
    return _read(text) is not None


def country_of(text: str) -> str | None:
    """The country of a valid number by ISO 3166-1 ("DE"); None where it has none.

    >>> country_of("+49 89 636 48018"), country_of("call me")
    ('DE', None)
    """
    number = _read(text)
    if number is None:
        return None
    import phonenumbers  # noqa: PLC0415 - heavy libraries load when used

    return phonenumbers.region_code_for_number(number)


def _read(text: str) -> "PhoneNumber | None":
    """The number, if it is valid."""
    import phonenumbers  # noqa: PLC0415 - heavy libraries load when used

    plain = text.strip()
    if plain.startswith("00"):
        plain = "+" + plain.removeprefix("00")
    try:
        number = phonenumbers.parse(plain, None)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None
