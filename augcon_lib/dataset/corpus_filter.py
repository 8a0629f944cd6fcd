"""The optional greedy filter over all documents at once; section 3.3 has it for each context.

It runs after the responses, so that a document's own selection depends on no other document; rows
that it leaves out have been answered anyway.
"""

from collections.abc import Iterable

from augcon_lib.pipeline import SFT_DATASET
from augcon_lib.records import GroundedResponse, Rejection
from augcon_lib.settings import SelectionSettings
from augcon_lib.text.rouge_filter import first_repeats


def leave_out_repeats(
    responses: Iterable[GroundedResponse], selection: SelectionSettings
) -> tuple[list[GroundedResponse], list[Rejection]]:
    """Return *responses* whose query repeats no earlier one, and the others as rejections."""
    given = list(responses)
    repeats = first_repeats(
        [response.query for response in given], selection.max_rouge_l, selection.rouge_l
    )
    kept, rejections = [], []
    for response, repeat in zip(given, repeats, strict=True):
        if repeat is None:
            kept.append(response)
            continue
        first = given[repeat]
        detail = f"repeats:{first.node_id} of {first.document_id}"
        rejections.append(
            Rejection(
                SFT_DATASET, response.document_id, response.response_id, "repeats_in_corpus", detail
            )
        )
    return kept, rejections
