"""`leadwise fit`."""

NAME = "fit"


def run() -> None:
    """Not written yet."""
    raise NotImplementedError
