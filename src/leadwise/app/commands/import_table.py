"""`leadwise import`."""

NAME = "import"


def run() -> None:
    """Not written yet."""
    raise NotImplementedError
