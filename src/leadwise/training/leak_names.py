"""Names that tell: words in a column's name which say that it was filled in during or after the sale."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Telling:
    """What a name tells.

    Args:
        sentence: What it is a sign of.
        decisive: Whether a strong link with the outcome makes it a leak, and not only a suspect.
    """

    sentence: str
    decisive: bool


_PATTERNS = (
    (
        r"\b(closed?|closing|won|lost|loss|converted|conversion|outcome|result|deal|disposition|signed|cancell?ed|churned)\b",
        Telling("The name says that it was filled in when the lead ended.", decisive=True),
    ),
    (r"\breason\b", Telling("The name says that it gives the reason for an ending.", decisive=True)),
    (r"\b(duration|talk time|call length)\b", Telling("A duration is known only after the contact.", decisive=True)),
    (
        r"\b(tags?|stage|status|quality|qualified|qualification|assessment|verdict)\b",
        Telling("The name says that staff filled it in while working the lead.", decisive=True),
    ),
    (
        r"\b(profile|rating|grade|score|probability|likelihood|priority|propensity)\b",
        Telling("The name says that it holds somebody's judgement of the lead, perhaps made later.", decisive=False),
    ),
    (
        r"\b(last|latest) (notable )?(activity|contact|event|action|modified|update)\b|\b(modified|updated)\b",
        Telling("The name says that it holds the latest state, not that of the day of scoring.", decisive=False),
    ),
)
_EARLIER = re.compile(r"\b(previous(ly)?|prior|past|before|earlier|historic(al)?|marital|employment|p)\b")
"""Words that place it before the lead: the outcome of an earlier campaign is honest."""


def find_telling_name(name: str) -> Telling | None:
    """What a column's name tells; None where it tells nothing.

    >>> find_telling_name("lostReason").decisive, find_telling_name("Last Activity").decisive
    (True, False)
    >>> find_telling_name("previous_outcome") is None
    True
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = re.sub(r"[\W_]+", " ", spaced).casefold()
    if _EARLIER.search(words):
        return None
    return next((telling for pattern, telling in _PATTERNS if re.search(pattern, words)), None)
