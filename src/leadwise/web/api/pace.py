"""How often each key may ask: a bucket of requests that fills again as time passes."""

import math
import time
from collections import OrderedDict

from leadwise.web.api.errors import TooManyRequestsError

MOST_KEYS = 10_000


class Pace:
    """Requests a minute for each key, in this process.

    Headers follow draft-ietf-httpapi-ratelimit-headers-10.

    Args:
        per_minute: How many; 0: as many as they like.

    >>> pace = Pace(per_minute=2)
    >>> pace.step("a"), pace.step("a"), pace.step("b")
    (None, None, None)
    >>> pace.step("a")
    Traceback (most recent call last):
    leadwise.web.api.errors.TooManyRequestsError: This key may make 2 requests a minute and has made them; wait 30 ...
    """

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def step(self, key: str) -> None:
        """Take one request of a key.

        Raises:
            TooManyRequestsError: if none is left.
        """
        left, at = self._now(key)
        if left < 1:
            raise TooManyRequestsError(self.per_minute, math.ceil((1 - left) * 60 / self.per_minute))
        self._left[key] = left - 1, at
        self._left.move_to_end(key)
        if len(self._left) > MOST_KEYS:
            self._left.popitem(last=False)

    def headers(self, key: str) -> list[tuple[bytes, bytes]]:
        """What the key has left, as headers of an answer."""
        left, _ = self._now(key)
        full = math.ceil((self.per_minute - left) * 60 / self.per_minute)
        return [
            (b"ratelimit-policy", f'"default";q={self.per_minute};w=60'.encode()),
            (b"ratelimit", f'"default";r={int(left)};t={full}'.encode()),
        ]

    def _now(self, key: str) -> tuple[float, float]:
        now = time.monotonic()
        left, at = self._left.get(key, (float(self.per_minute), now))
        return min(float(self.per_minute), left + (now - at) * self.per_minute / 60), now
