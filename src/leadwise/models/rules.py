"""Which words in a column's name, or in its values, are signs of interest. Points are log-odds.

The words are those that sales teams use in any industry; an industry's own rules stand in its blueprint.
"""

import re
from dataclasses import dataclass
from functools import cache

YES = frozenset({"yes", "y", "true", "1", "on"})
GOOD_TEXTS = re.compile(
    r"refer|recommend|demo|test drive|trial|returning|repeat|direct|inbound|immediate|asap|urgent|replied|won|"
    r"qualified|customer|walk.?in|appointment|high"
)
BAD_TEXTS = re.compile(
    r"unsubscribe|bounce|spam|invalid|wrong number|not interested|unqualified|cold|purchased list|unreachable|junk|low"
)
TEXT_POINTS = 0.5


@dataclass(frozen=True)
class Signal:
    """What a column is a sign of.

    Args:
        words: What its name contains; a pattern on the name in lower case, its words parted by spaces.
        points: What much of it adds (a number above the usual, or yes).
        missing: What "not given" adds.
    """

    words: str
    points: float
    missing: float = 0.0

    def points_of_text(self, text: str) -> float:
        """Points of a category's value: yes counts as much of it, other texts speak for themselves.

        >>> Signal("source", 0.0).points_of_text("Employee referral"), Signal("do not", -1.0).points_of_text("Yes")
        (0.5, -1.0)
        """
        folded = text.casefold()
        if folded in YES:
            return self.points
        if BAD_TEXTS.search(folded):
            return -TEXT_POINTS
        return TEXT_POINTS if GOOD_TEXTS.search(folded) else 0.0


SIGNALS = (
    Signal(r"\b(do not|don t|opt(ed)? out|unsubscribed?|bounced?|spam|complaints?|no show)\b", -0.8),
    Signal(r"\b(days|hours|minutes) (since|to|until)\b|\brecency\b|\bresponse time\b|\blast .*ago\b", -0.5),
    Signal(r"\b(repl(y|ies)|inbound|messages?|responses?|calls?|conversations?|chats?)\b", 0.6),
    Signal(r"\b(appointments?|meetings?|demos?|test drives?|visits? booked|trials?|quotes?)\b", 0.8),
    Signal(r"\b(visits?|views?|pages?|sessions?|clicks?|opens?|opened|downloads?|time spent|logins?)\b", 0.5),
    Signal(r"\b(engagement|activity|score|interest|intent)\b", 0.5),
    Signal(r"\b(orders?|purchases?|bought|won|previous deals?)\b", 0.5),
    Signal(r"\b(budget|financ\w*|trade in|pre approved|income)\b", 0.3),
    Signal(r"\b(e ?mail|phone|mobile|telephone|company|address)\b", 0.1, missing=-0.4),
    Signal(r"\b(photos?|has property|verified)\b", 0.3),
    Signal(r"\b(source|origin|channel|campaign|medium|status|type|timeframe|timeline|occupation|quality)\b", 0.0),
)
"""The first that fits a name is taken."""


@cache
def find_signal(column: str) -> Signal | None:
    """What a column of that name is a sign of; None if the name says nothing.

    >>> find_signal("outbound_messages_count").points, find_signal("daysSinceLastContact").points
    (0.6, -0.5)
    >>> find_signal("Colour") is None
    True
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
    words = re.sub(r"[\W_]+", " ", spaced).casefold()
    return next((signal for signal in SIGNALS if re.search(signal.words, words)), None)
