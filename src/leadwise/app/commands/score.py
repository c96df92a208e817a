"""`leadwise score`."""

NAME = "score"


def run() -> None:
    """Not written yet."""
    raise NotImplementedError
