"""How long work tells what it is doing, without knowing who listens."""

from typing import Protocol


class Progress(Protocol):
    """Hears of work in steps. The command line shows it; Python callers hear nothing unless they ask."""

    def start(self, total_steps: int) -> None:
        """Say how many steps there will be; called once, before the first step."""

    def step(self, doing: str) -> None:
        """Say what begins now ("fitting gradient boosting, fold 2 of 5"); the step before it is done."""

    def finish(self) -> None:
        """Say that all is done."""


class Silence:
    """A progress that nobody hears."""

    def start(self, total_steps: int) -> None:
        """Hear nothing."""

    def step(self, doing: str) -> None:
        """Hear nothing."""

    def finish(self) -> None:
        """Hear nothing."""
