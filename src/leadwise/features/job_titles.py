"""How high in a company somebody stands, by the words of a job title (English, German, French, Spanish)."""

import re

LEVELS = {
    "owner": "owner co-?founder founder proprietor inhaber(in)? gründer(in)? propriétaire fondat(eur|rice) dueñ[oa]",
    "executive": (
        "chief c[efotmrspi]o ciso president managing.director geschäftsführer(in)? vorstand pdg directeur.général "
        "director.general chair(man|woman|person)? partner"
    ),
    "assistant": "assistant assistent(in)? intern trainee student (praktikant|werkstudent)(in)? stagiaire azubi",
    "vice president": "vp svp evp avp",
    "director": "director head direktor(in)? (bereichs|abteilungs)leiter(in)? direct(eur|rice) directora",
    "manager": "manager(in)? lead leader supervisor (team)?leiter(in)? responsable gerente jef[ea] chef",
    "senior": "senior sr principal staff architect expert",
}
"""Levels and the patterns of their words; the first that fits counts. A vice president is read as "vp" before."""
OTHER = "other"

_PATTERNS = {level: re.compile(rf"(?<!\w)(?:{'|'.join(words.split())})(?!\w)") for level, words in LEVELS.items()}
_DEPUTY = re.compile(r"(?<!\w)vice[\s-]+president")


def seniority(text: str) -> str:
    """The level that a job title speaks of.

    >>> [seniority(title) for title in ("CEO & Founder", "Vice President Sales", "Head of IT", "Sr. Engineer", "Nurse")]
    ['owner', 'vice president', 'director', 'senior', 'other']
    >>> seniority("Assistant to the Director"), seniority("Account Manager")
    ('assistant', 'manager')
    """
    plain = _DEPUTY.sub("vp", text.lower())
    return next((level for level, pattern in _PATTERNS.items() if pattern.search(plain)), OTHER)
