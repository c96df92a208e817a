"""Whether a telephone number can be called, and in which country, by the numbering plans that `phonenumbers` keeps."""

import phonenumbers


def is_valid(text: str) -> bool:
    """Whether it is a whole number of a country's plan. One without its country's code says too little.

    >>> is_valid("+49 89 636 48018"), is_valid("0049 89 63648018"), is_valid("089 63648018"), is_valid("call me")
    (True, True, False, False)
    """
    number = _read(text)
    return number is not None and phonenumbers.is_valid_number(number)


def country_of(text: str) -> str | None:
    """The country of a valid number by ISO 3166-1 ("DE"); None where it has none.

    >>> country_of("+49 89 636 48018"), country_of("call me")
    ('DE', None)
    """
    number = _read(text)
    if number is None or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.region_code_for_number(number)


def _read(text: str) -> phonenumbers.PhoneNumber | None:
    plain = text.strip()
    if plain.startswith("00"):
        plain = "+" + plain.removeprefix("00")
    try:
        return phonenumbers.parse(plain, None)
    except phonenumbers.NumberParseException:
        return None
