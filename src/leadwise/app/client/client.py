"""The client: one object per service and key, with a part for each subject."""

from typing import Self

import httpx

from leadwise.app.client.administering import Administration, Feedback
from leadwise.app.client.modelling import Jobs, Models, Targets
from leadwise.app.client.recording import Events, Leads, Outcomes
from leadwise.app.client.scoring import Scores
from leadwise.app.client.transport import Patience, Transport


class Client:
    """A leadwise service, asked with a key.

    Whatever the service refuses is an error of one of the kinds in `leadwise.domain.errors`, with the service's own
    sentence. Where the service is away or busy, requests are made again after a while; none is done twice.

    Args:
        url: The address of the service, such as "https://leads.example.com".
        key: As `leadwise keys add` printed it; None where the service needs none.
        patience: How long and how often is tried.
        transport: What carries requests; None: the network.

    >>> client = Client("http://127.0.0.1:1", "lw_x", Patience(attempts=1))
    >>> client.targets.list()
    Traceback (most recent call last):
    leadwise.app.client.errors.ServiceUnreachableError: A leadwise service is expected at http://127.0.0.1:1, but ...
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._transport = Transport(url, key, patience or Patience(), transport)
        self.leads = Leads(self._transport)
        self.events = Events(self._transport)
        self.outcomes = Outcomes(self._transport)
        self.targets = Targets(self._transport)
        self.models = Models(self._transport)
        self.scores = Scores(self._transport)
        self.jobs = Jobs(self._transport)
        self.feedback = Feedback(self._transport)
        self.administration = Administration(self._transport)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
