"""Read a document's input from the previous stage, together with its version."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from augcon_lib.fingerprints import Inputs, Versions
from augcon_lib.pipeline import StageName
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.expected import Expectation
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.partitions import load_states

Item = TypeVar("Item")
Load = Callable[[Warehouse, Sequence[str]], Mapping[str, Item]]


def take_from_upstream(
    run: StageRun,
    versions: Versions,
    stage: StageName,
    document_ids: Sequence[str],
    load: Load[Item],
) -> dict[str, tuple[Item, Inputs]]:
    """Load *document_ids* with *load*, each with the named inputs of its partition at *stage*.

    Rows and versions are read together: an output made from newer rows under an older version
    would count as fresh when the document is changed back. Documents are left out if *load* does
    not find them (deleted meanwhile), or if another process is replacing them: their stages before
    *stage* don't belong together, and they are stale there.
    """
    with run.warehouse.still() as warehouse:
        states = load_states(warehouse, document_ids)
        items = load(warehouse, document_ids)
    expectation = Expectation(run.settings, versions, states)
    return {
        document_id: (item, expectation.inputs(stage, document_id))
        for document_id, item in items.items()
        if expectation.in_step(stage, document_id)
    }
