"""Why a model file cannot be used, as one class per cause."""

from pathlib import Path

from leadwise.domain.errors import Invalid, Missing

Where = Path | str
"""A file's path, or what else a model was read from ("the database")."""


class ModelFileNotFoundError(Missing):
    """There is no such file."""

    code = "model_file_not_found"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"There is no model file {path}; make one with `leadwise fit TABLE --outcome COLUMN --out {path}`."
        )


class NotAModelFileError(Invalid):
    """The file is something else."""

    code = "not_a_model_file"

    def __init__(self, where: Where) -> None:
        self.where = where
        super().__init__(f"{where} is not a leadwise model file; name one that `leadwise fit` wrote.")


class DamagedModelFileError(Invalid):
    """The file was truncated or edited."""

    code = "damaged_model_file"

    def __init__(self, where: Where, damage: str) -> None:
        self.where, self.damage = where, damage
        super().__init__(f"The model file {where} is damaged: {damage}. Restore it from a copy, or fit it again.")


class NewerModelFormatError(Invalid):
    """The file was written by a later leadwise."""

    code = "newer_model_format"

    def __init__(self, where: Where, found: int, known: int) -> None:
        self.where, self.found, self.known = where, found, known
        super().__init__(
            f"The model file {where} has format {found}, but this leadwise reads formats up to {known}; "
            "update leadwise."
        )
