"""Building blocks of the sections of ``augcon.toml``: a strict model and the kinds of values."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from augcon_lib.extensions import Kind, find, known_names

UNKNOWN_NAME = "unknown_name"

Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
PositiveCount = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Temperature = Annotated[float, Field(ge=0, le=2)]


def one_of(kind: Kind, built_in: Sequence[str] = ()) -> AfterValidator:
    """Takes names of *kind*: those *built_in*, and those that packages register."""

    def check(name: str) -> str:
        if name not in built_in and find(kind, name) is None:
            known = known_names(kind, built_in)
            way_out = "name one of these, or install the package that registers it"
            message = f"unknown {kind} {name!r}; known: {known}; {way_out}"
            raise PydanticCustomError(UNKNOWN_NAME, "{message}", {"message": message})
        return name

    return AfterValidator(check)


VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Section(BaseModel):
    """A section: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
