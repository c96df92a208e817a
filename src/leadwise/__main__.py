"""The program `leadwise`; also `python -m leadwise`."""

import sys

from leadwise.app.refusal import refusing


def main() -> None:
    """Run a command; exits with 0 when it did what it was asked for."""
    with refusing():
        # Imported here, so that Ctrl-C is answered from the first moment on.
        from leadwise.app.cli import make_cli  # noqa: PLC0415

        make_cli(asked=next(iter(sys.argv[1:]), None))()


if __name__ == "__main__":
    main()
