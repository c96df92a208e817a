"""Training in a process of its own, so that requests are answered meanwhile; it ends with whoever waits for it."""

import asyncio
import logging
import multiprocessing
import os
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from leadwise.app.engines import engine_in_use
from leadwise.app.owned.order import TrainingOrder
from leadwise.domain.errors import Conflict, Forbidden, Invalid, LeadwiseError, Missing, Unavailable
from leadwise.store.database import open_database

FAULT = "The training failed because of a fault of leadwise's own ({name}); look into the server's log."
Told = Mapping[str, Any]
NICENESS = 10
"""Requests come first."""
KINDS: tuple[type[LeadwiseError], ...] = (Missing, Conflict, Invalid, Forbidden, Unavailable)


class TrainingLostError(Unavailable):
    """The process that trained was killed."""

    code = "training_lost"

    def __init__(self) -> None:
        super().__init__(
            "The process that trained the model ended before it was done, perhaps for lack of memory; "
            "train again, on fewer rows if that happens again."
        )


async def train_in_process(database_url: str, order: TrainingOrder) -> Told:
    """What `train` gives.

    Raises:
        LeadwiseError: what `train` raises, of the same kind and code and with the same sentence.
        TrainingLostError: if the process was killed.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, database_url, order), daemon=True)
    try:
        await asyncio.to_thread(process.start)
        theirs.close()
        told, refused = await asyncio.to_thread(ours.recv)
    except EOFError:
        raise TrainingLostError from None
    finally:
        if process.is_alive():
            process.kill()
        ours.close()
    if refused is not None:
        raise refusal(*refused)
    return dict(told)


def _work(answer: Connection, database_url: str, order: TrainingOrder) -> None:
    # Imported here: the process that waits does not train.
    from leadwise.app.owned.training import train  # noqa: PLC0415

    os.nice(NICENESS)
    try:
        with open_database(database_url, Path("unused")) as database:
            answer.send((train(database, engine_in_use(), order), None))
    except LeadwiseError as error:
        answer.send((None, (error.status, error.code, str(error))))
    except Exception as error:
        logging.getLogger(__name__).exception("A training failed.")
        answer.send((None, (500, "error", FAULT.format(name=type(error).__name__))))


def refusal(status: int, code: str, sentence: str) -> LeadwiseError:
    """The error that another process raised, whose class may need more than its sentence."""
    kind = next((kind for kind in KINDS if kind.status == status), LeadwiseError)
    refusal = type("RefusedTrainingError", (kind,), {"code": code, "status": status})
    error: LeadwiseError = refusal(sentence)
    return error
