"""`leadwise show`."""

NAME = "show"


def run() -> None:
    """Not written yet."""
    raise NotImplementedError
