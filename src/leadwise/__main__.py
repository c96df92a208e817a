"""The program `leadwise`; also `python -m leadwise`."""

from leadwise.app.refusal import refusing


def main() -> None:
    """Run a command; exits with 0 when it did what it was asked for."""
    with refusing():
        # Imported here, so that Ctrl-C is answered from the first moment on.
        from leadwise.app.cli import cli  # noqa: PLC0415

        cli()


if __name__ == "__main__":
    main()
