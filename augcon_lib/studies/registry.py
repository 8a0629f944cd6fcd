"""All studies by name.

To add one: a module of this package with ``run(inputs: StudyInputs) -> StudyPage``, and an entry
here. It is imported when it is run, so that a list of studies costs nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:  # the list is part of Dagster's definitions, which must load quickly
    from augcon_lib.studies.inputs import StudyInputs
    from augcon_lib.studies.page import StudyPage

StudyFunction = Callable[["StudyInputs"], "StudyPage"]


@dataclass(frozen=True, slots=True)
class Study:
    """A study's module and the question that it asks."""

    module: str
    question: str

    def load(self) -> StudyFunction:
        """Its function."""
        return cast(StudyFunction, import_module(self.module).run)


STUDIES: Mapping[str, Study] = {}
