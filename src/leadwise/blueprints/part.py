"""What all parts of a blueprint have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, lt=1e9)]
Spread = Annotated[float, Field(ge=0, le=20)]
"""A standard deviation; of a logarithm where the thing itself cannot be negative."""
LogOdds = Annotated[float, Field(ge=-50, le=50)]


class Part(BaseModel):
    """A table of a blueprint: an unknown key is a mistake, never ignored; so are numbers that are none (inf, nan)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
