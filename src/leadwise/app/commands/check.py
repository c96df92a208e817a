"""`leadwise check`."""

NAME = "check"


def run() -> None:
    """Not written yet."""
    raise NotImplementedError
