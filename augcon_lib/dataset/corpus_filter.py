"""The greedy filter over all documents at once, if wanted: section 3.3 has it for each context.

It stands behind the responses, so that a document's own selection depends on no other document;
what it leaves out has been answered all the same.
"""

from collections.abc import Iterable

from augcon_lib.pipeline import SFT_DATASET
from augcon_lib.records import GroundedResponse, Rejection
from augcon_lib.settings import SelectionSettings
from augcon_lib.text.rouge_filter import first_repeats


def leave_out_repeats(
    responses: Iterable[GroundedResponse], selection: SelectionSettings
) -> tuple[list[GroundedResponse], list[Rejection]]:
    """*responses* whose query repeats none before it, and the others with what they repeat."""
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
