"""All studies by name.

To add a study, write a module in this package with ``run(inputs: StudyInputs) -> StudyPage`` and
add an entry here. A module is imported when it runs, so that listing the studies is quick.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:  # the list is part of Dagster's definitions, which must load quickly
    from augcon_lab.studies.inputs import StudyInputs
    from augcon_lab.studies.page import StudyPage

StudyFunction = Callable[["StudyInputs"], "StudyPage"]


@dataclass(frozen=True, slots=True)
class Study:
    """A study's module and the question that it asks."""

    module: str
    question: str

    def load(self) -> StudyFunction:
        """Import the module and return its function ``run``."""
        return cast(StudyFunction, import_module(self.module).run)


STUDIES: Mapping[str, Study] = {
    "granularity": Study(
        "augcon_lab.studies.granularity",
        "How do λ and l shape granularity, diversity and coverage?",
    ),
    "granularity_match": Study(
        "augcon_lab.studies.granularity_match",
        "Does the answer to a node's query need that node's span, and no more?",
    ),
    "human_judgement": Study(
        "augcon_lab.studies.human_judgement",
        "Does the scorer agree with people: with their questions, and with their reviews?",
    ),
    "principles": Study(
        "augcon_lab.studies.principles",
        "Under which set of principles do answers keep to their passages best?",
    ),
    "splitters": Study(
        "augcon_lab.studies.splitters",
        "What does a Context-Split-Tree bring over other splitters?",
    ),
    "scorers": Study(
        "augcon_lab.studies.scorers",
        "What does the trained scorer bring over heuristics and over the model's own ratings?",
    ),
    "scorer_generalisation": Study(
        "augcon_lab.studies.scorer_generalisation",
        "Does a scorer carry over to corpora and languages that it was not trained on?",
    ),
    "split_independence": Study(
        "augcon_lab.studies.split_independence",
        "Are the two parts of a split independent of each other, and do they hold the whole?",
    ),
    "topic_coverage": Study(
        "augcon_lab.studies.topic_coverage",
        "Do the queries reach all topics of the corpus, and how many does it take?",
    ),
}
