"""Scores of requests: those that arrive together are scored together, and written down before they are said."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from leadwise.domain.clock import now
from leadwise.domain.errors import LeadwiseError
from leadwise.domain.prediction import Prediction
from leadwise.scoring.active_models import Active, ActiveModels
from leadwise.scoring.requests import RequestScorer, Row
from leadwise.store.ledger import LedgerEntry, LedgerWriter, Told

Answer = list[Prediction]
ROWS_IN_LOOP = 64
"""Larger requests are scored in threads, so that others need not wait for them."""
ROWS_IN_PIECE = 2_500
"""Large requests are scored and written down in such pieces: while one waits for the ledger, others are scored."""
THREADS = 2
"""How many pieces are scored at once."""


@dataclass
class _Group:
    """Requests to one scorer that came in since the event loop looked last."""

    rows: list[Row] = field(default_factory=list)
    callers: list[tuple[str, str, int, asyncio.Future[Answer]]] = field(default_factory=list)
    """Organisation, target, number of rows, and who waits."""


class OnlineScorer:
    """Scores features that callers give, by what is active for their organisation and target.

    One for each event loop, which alone may use it.

    Args:
        models: What answers.
        ledger: Where scores are written down.
    """

    def __init__(self, models: ActiveModels, ledger: LedgerWriter) -> None:
        self._models = models
        self._ledger = ledger
        self._groups: dict[int, tuple[RequestScorer, _Group]] = {}
        self._pool = ThreadPoolExecutor(THREADS, "scoring")

    def close(self) -> None:
        """End its threads."""
        self._pool.shutdown()

    async def score(self, organisation: str, target: str, rows: Sequence[Row], *, by_rules: bool = False) -> Answer:
        """A prediction for each row, all of them durable; those of a large request become so piece by piece.

        Args:
            organisation: Whose model answers.
            target: What is predicted.
            rows: Values by column name.
            by_rules: Whether rules are to answer, whatever model there is.

        Raises:
            OrganisationNotFoundError: if there is no such organisation.
            Unavailable: if the ledger cannot be written now.
        """
        active = await self.active(organisation, target)
        scorer = active.fallback if by_rules else active.scorer
        if len(rows) > ROWS_IN_LOOP:
            return await self._score_pieces(scorer, organisation, target, rows)
        return await self._join(scorer, organisation, target, rows)

    async def active(self, organisation: str, target: str) -> Active:
        """What answers for an organisation and a target.

        Raises:
            OrganisationNotFoundError: if there is no such organisation.
            Unavailable: if the database is away.
        """
        found = self._models.find(organisation, target)
        return await asyncio.to_thread(self._models.get, organisation, target) if found is None else found

    def _join(
        self, scorer: RequestScorer, organisation: str, target: str, rows: Sequence[Row]
    ) -> "asyncio.Future[Answer]":
        loop = asyncio.get_running_loop()
        if not self._groups:
            loop.call_soon(self._score_groups)
        _, group = self._groups.setdefault(id(scorer), (scorer, _Group()))
        waiting: asyncio.Future[Answer] = loop.create_future()
        group.rows += rows
        group.callers.append((organisation, target, len(rows), waiting))
        return waiting

    def _score_groups(self) -> None:
        groups, self._groups = self._groups, {}
        for scorer, group in groups.values():
            try:
                said = scorer.predict(group.rows, now())
            except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
                _fail(group, error)
            else:
                self._write_group(group, said)

    def _write_group(self, group: _Group, said: Answer) -> None:
        entries, answers, at = [], [], 0
        for organisation, target, count, waiting in group.callers:
            answer = said[at : at + count]
            at += count
            answers.append((waiting, answer))
            entries += [LedgerEntry(organisation, target, each) for each in answer]
        loop = asyncio.get_running_loop()

        def told(trouble: LeadwiseError | None) -> None:
            loop.call_soon_threadsafe(_answer, answers, trouble)

        try:
            self._ledger.add(entries, told)
        except LeadwiseError as error:
            _answer(answers, error)

    async def _score_pieces(self, scorer: RequestScorer, organisation: str, target: str, rows: Sequence[Row]) -> Answer:
        loop, as_of = asyncio.get_running_loop(), now()

        def score(piece: Sequence[Row]) -> tuple[Answer, Future[None]]:
            said, durable = scorer.predict(piece, as_of), Future[None]()
            durable.set_running_or_notify_cancel()  # a caller that goes cannot take back what is being written
            self._ledger.add([LedgerEntry(organisation, target, each) for each in said], _resolving(durable))
            return said, durable

        async def score_durably(piece: Sequence[Row]) -> Answer:
            said, durable = await loop.run_in_executor(self._pool, score, piece)
            await asyncio.wrap_future(durable)
            return said

        pieces = [rows[start : start + ROWS_IN_PIECE] for start in range(0, len(rows), ROWS_IN_PIECE)]
        return [each for said in await asyncio.gather(*map(score_durably, pieces)) for each in said]


def _resolving(durable: Future[None]) -> Told:
    def told(trouble: LeadwiseError | None) -> None:
        if trouble is None:
            durable.set_result(None)
        else:
            durable.set_exception(trouble)

    return told


def _answer(answers: Sequence[tuple[asyncio.Future[Answer], Answer]], trouble: LeadwiseError | None) -> None:
    for waiting, answer in answers:
        if waiting.done():  # the caller has gone
            continue
        if trouble is None:
            waiting.set_result(answer)
        else:
            waiting.set_exception(trouble)


def _fail(group: _Group, error: Exception) -> None:
    for *_, waiting in group.callers:
        if not waiting.done():
            waiting.set_exception(error)
