"""`leadwise validate`."""

NAME = "validate"


def run() -> None:
    """Not written yet."""
    raise NotImplementedError
