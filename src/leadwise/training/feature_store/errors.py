"""Why a feature store cannot be used, as one class per cause."""

from leadwise.domain.errors import Invalid, Missing, Unavailable


class UnusableStoreError(Invalid):
    """The place of the feature store is none that can be read and written."""

    code = "unusable_feature_store"

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(
            f"The feature store should be a folder, or a URL that fsspec understands, but {place!r} is not: {reason}. "
            "Name another one with --store or LEADWISE_FEATURE_STORE."
        )


class StoreNotReachedError(Unavailable):
    """The feature store could not be read or written just now."""

    code = "feature_store_unavailable"

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(
            f"The feature store at {place} could not be read or written: {reason}. The previous snapshot stays in "
            "force; free disk space or permit access, and try again."
        )


class NoSnapshotError(Missing):
    """Nothing was ever written for the target."""

    code = "no_snapshot"

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(f"There is no snapshot at {place} yet; make one with `leadwise features refresh TARGET`.")


class DamagedSnapshotError(Invalid):
    """A snapshot was edited or truncated."""

    code = "damaged_snapshot"

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(
            f"The snapshot at {place} is damaged: {reason}. Delete its folder and latest.json beside it, then run "
            "`leadwise features refresh TARGET`."
        )
