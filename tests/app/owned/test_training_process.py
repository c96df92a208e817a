"""Training in a process of its own: what becomes of whoever waits, and of the process."""

import asyncio
import multiprocessing
import time

import pytest
from tests.app.owned.test_training import order

from leadwise.app.owned.rows import InsufficientDataError
from leadwise.app.service.training_process import TrainingLostError, train_in_process


def address(database):
    return database.url.render_as_string(hide_password=False)


def started() -> multiprocessing.process.BaseProcess:
    while not (children := multiprocessing.active_children()):
        time.sleep(0.01)
    return children[0]


def test_whoever_waits_for_a_process_that_is_killed_is_told(database):
    async def kill() -> None:
        training = asyncio.create_task(train_in_process(address(database), order()))
        (await asyncio.to_thread(started)).kill()
        await training

    with pytest.raises(TrainingLostError):
        asyncio.run(kill())


def test_the_process_ends_when_nobody_waits_any_more(database):
    async def leave() -> None:
        training = asyncio.create_task(train_in_process(address(database), order()))
        process = await asyncio.to_thread(started)
        training.cancel()
        with pytest.raises(asyncio.CancelledError):
            await training
        await asyncio.to_thread(process.join, 20)
        assert not process.is_alive()

    asyncio.run(leave())


def test_a_refusal_comes_with_its_code_and_sentence(database):
    with pytest.raises(Exception, match="Insufficient data: at least 10") as refusal:
        asyncio.run(train_in_process(address(database), order(rows=order().rows[:5])))
    assert (refusal.value.status, refusal.value.code) == (422, InsufficientDataError.code)
