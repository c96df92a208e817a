"""What a column's name says of its content."""

import re

_IDENTIFIERS = frozenset({"id", "ids", "uuid", "guid", "key", "pk", "hash", "identifier", "kennung"})
_LAST_WORDS = frozenset({"number", "no", "nr", "num", "nummer", "code", "ref", "reference", "index", "idx", "serial"})
_POSTCODES = frozenset({"zip", "zipcode", "postcode", "postal", "postalcode", "plz", "pincode"})


def words_of(name: str) -> list[str]:
    """The words of a name in small letters.

    >>> words_of("leadSource_ID")
    ['lead', 'source', 'id']
    """
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [word.lower() for word in re.split(r"[\W_]+", spaced) if word]


def names_identifier(name: str) -> bool:
    """Whether it names something that identifies a row or another thing: "Prospect ID", "Lead Number".

    >>> names_identifier("Lead Number"), names_identifier("Number of visits")
    (True, False)
    """
    words = words_of(name)
    return bool(words) and (not _IDENTIFIERS.isdisjoint(words) or words[-1] in _LAST_WORDS)


def names_code(name: str) -> bool:
    """Whether its numbers are only names for something: identifiers and postcodes.

    >>> names_code("zip_code"), names_code("agent_id"), names_code("Lead Number")
    (True, True, False)
    """
    words = words_of(name)
    return not _IDENTIFIERS.isdisjoint(words) or not _POSTCODES.isdisjoint(words)
