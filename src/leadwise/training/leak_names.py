"""Names that tell: words in a column's name which say that it was filled in during or after the sale."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Telling:
    """What a name tells.

    Args:
        sentence: What it is a sign of.
        decisive: Whether a strong link with the outcome makes it a leak, and not only a suspect.
        plain: Whether it needs no link with the outcome to be a suspect.
    """

    sentence: str
    decisive: bool
    plain: bool = False


_ENDED = "The name says that it was filled in when the lead ended."
_REASON = "The name says that it gives the reason for an ending."
_ENDING = "(closed?|closing|won|lost|loss|win|conversion|converted|cancell?ed|churned|rejected)"
_TALK = "(calls?|talk|conversation|contact)"
_BARE = r"^((total|last|the) )?duration( in)?( (s|secs?|seconds?|mins?|minutes?|ms))?$"
_WISH = "(visit|contact|call|enquiry|inquiry|request|interest|loan|purchase|travel|stay)"
_PATTERNS = (
    (
        rf"\b{_ENDING} (date|day|at|on|time|month|by|reason)\b|\b(date|day|time|reason) (of )?{_ENDING}\b",
        Telling(_ENDED, decisive=True, plain=True),
    ),
    (
        rf"\b({_ENDING}|outcome|result|deal|disposition|signed)\b",
        Telling(_ENDED, decisive=True),
    ),
    (
        rf"\breason\b(?! (for|of) (a |the |your |their )?{_WISH}\b)",
        Telling(_REASON, decisive=True),
    ),
    (
        rf"{_BARE}|\b{_TALK} (duration|length)\b|\btalk time\b|\b(duration|length) of (the )?(last )?{_TALK}\b",
        Telling("A duration is known only after the contact.", decisive=True),
    ),
    (
        r"\b(tags?|stage|status|quality|qualified|lead qualification|assessment|verdict)\b",
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
_EARLIER = re.compile(
    r"\b(previous(ly)?|prior|past|before|earlier|historic(al)?|p)\b"
    r"|\b(marital|civil|family|employment|job|occupation(al)?|working|student|education|residen(ce|tial|cy)|home|housing|"
    r"health|smoking|credit|account|membership) (status|quality)\b"
    r"|\b(life|funding|company|business|growth) stage\b"
)
"""Words that place it before the lead, or with the person: the outcome of an earlier campaign is honest."""


def find_telling_name(name: str) -> Telling | None:
    """What a column's name tells; None where it tells nothing.

    >>> find_telling_name("lostReason").decisive, find_telling_name("Last Activity").decisive
    (True, False)
    >>> find_telling_name("previous_outcome") is find_telling_name("session duration") is None
    True
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = re.sub(r"[\W_]+", " ", spaced).strip().casefold()
    if _EARLIER.search(words):
        return None
    return next((telling for pattern, telling in _PATTERNS if re.search(pattern, words)), None)
