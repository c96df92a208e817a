"""Choices by name, as people write them."""

from enum import StrEnum
from typing import TypeVar

from leadwise.domain.errors import Invalid

Choice = TypeVar("Choice", bound=StrEnum)


class UnknownChoiceError(Invalid):
    """There is no choice of that name."""

    code = "unknown_choice"

    def __init__(self, option: str, given: str, choices: tuple[str, ...]) -> None:
        self.option, self.given, self.choices = option, given, choices
        super().__init__(f"{option} should be one of {', '.join(choices)}, but is {given!r}; name one of them.")


def read_choice(kind: type[Choice], text: str, option: str) -> Choice:
    """The choice that a text names; hyphens, spaces and capitals make no difference.

    Args:
        kind: What there is to choose from.
        text: A name.
        option: What to call it in a message.

    Raises:
        UnknownChoiceError: if there is none of that name.

    >>> class Loudness(StrEnum):
    ...     VERY_LOUD = "very_loud"
    >>> read_choice(Loudness, "Very-loud", "--loudness").value
    'very_loud'
    >>> read_choice(Loudness, "loud", "--loudness")
    Traceback (most recent call last):
    leadwise.domain.choices.UnknownChoiceError: --loudness should be one of very-loud, but is 'loud'; name one of them.
    """
    try:
        return kind(text.strip().casefold().replace("-", "_").replace(" ", "_"))
    except ValueError as error:
        raise UnknownChoiceError(option, text, tuple(choice.replace("_", "-") for choice in kind)) from error
