"""Text that may be a stranger's, made fit for a terminal. Imports nothing large: refusals must come at once."""

import re

_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that command a terminal and show nothing: escape sequences, turned writing."""


def harmless(text: str) -> str:
    r"""The text, with a sign in place of characters that would command the terminal; it is a stranger's.

    >>> harmless("a\x1b[2Jb")
    'a�[2Jb'
    """
    return _COMMANDS.sub("\ufffd", text)
