"""The program `leadwise`; also `python -m leadwise`."""

import sys

from leadwise.app.refusal import refusing

WITHOUT_FITTING = frozenset({"score", "show", "recalibrate"})
"""Commands that read a model and fit none."""


def main() -> None:
    """Run a command; exits with 0 when it did what it was asked for."""
    with refusing():
        # Imported here, so that Ctrl-C is answered from the first moment on.
        from leadwise.app.cli import make_cli  # noqa: PLC0415

        asked = next(iter(sys.argv[1:]), None)
        if asked in WITHOUT_FITTING:
            from leadwise.models.lean_imports import import_lean  # noqa: PLC0415

            import_lean()
        make_cli(asked)()


if __name__ == "__main__":
    main()
