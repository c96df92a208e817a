"""`leadwise demo`."""

NAME = "demo"


def run() -> None:
    """Not written yet."""
    raise NotImplementedError
