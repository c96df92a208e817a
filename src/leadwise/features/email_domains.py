"""What an address of e-mail says of whoever gave it."""

import re

_ADDRESS = re.compile(r"[^@\s<>\"(),;:]+@(?P<domain>(?:[\w-]+\.)+(?:[^\W\d_]{2,}|xn--[\w-]+))")
_LONGEST = 254  # RFC 5321, section 4.5.3.1

_FREE_PROVIDERS = """
gmail googlemail outlook hotmail live msn yahoo ymail rocketmail aol icloud me mac gmx web t-online freenet mail inbox
yandex qq 163 126 sina naver daum hanmail rediffmail protonmail proton pm zoho fastmail hey tutanota tuta posteo mailbox
orange wanadoo laposte sfr libero virgilio tiscali alice uol bol terra comcast verizon sbcglobal att bellsouth cox
btinternet virginmedia sky bigpond optusnet telenet seznam wp o2 onet interia
"""
_FREE = frozenset(_FREE_PROVIDERS.split())
"""The names of providers where anybody gets an address, without what follows the dot."""
_ALSO_COMPANIES = frozenset(("me", "mac", "pm", "hey", "web", "mail", "sky", "att", "orange", "live"))
"""Of these, words that companies are called by too: they count only right before the end ("me.com")."""
_DISPOSABLE_PROVIDERS = """
mailinator guerrillamail guerrillamailblock sharklasers grr 10minutemail 20minutemail 33mail tempmail temp-mail
throwawaymail trashmail trash-mail yopmail getnada nada maildrop mailnesia mintemail mohmal moakt dispostable fakeinbox
emailondeck spamgourmet mytemp mailcatch discard wegwerfmail wegwerfemail byom burnermail tempmailaddress tempinbox
mailsac inboxkitten spam4 jetable einrot
"""
_DISPOSABLE = frozenset(_DISPOSABLE_PROVIDERS.split())
_COUNTRY_LENGTH = 3
"""The "co" of "co.uk", the "com" of "com.br"."""


def kind_of_address(text: str) -> str:
    """Whether an address is of a "free" provider, a "disposable" one, a "business" of its own, or "invalid".

    >>> [kind_of_address(text) for text in ("ada@gmail.com", "a@mailinator.com", "ada@lovelace.co.uk", "ada at home")]
    ['free', 'disposable', 'business', 'invalid']
    >>> kind_of_address("ada@yahoo.co.uk"), kind_of_address("ada@me.lovelace.org")
    ('free', 'business')
    """
    found = _ADDRESS.fullmatch(text.strip().lower())
    if found is None or len(text) > _LONGEST or ".." in text:
        return "invalid"
    *before, name, _ = found["domain"].split(".")
    if _DISPOSABLE.intersection((*before, name)):
        return "disposable"
    with_country = bool(before) and len(name) <= _COUNTRY_LENGTH and before[-1] in _FREE - _ALSO_COMPANIES
    return "free" if name in _FREE or with_country else "business"
