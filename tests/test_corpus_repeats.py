from augcon_lib.dataset.corpus_filter import leave_out_repeats
from augcon_lib.records import GroundedResponse
from augcon_lib.settings import SelectionSettings

SELECTION = SelectionSettings(whole_corpus=True)


def response(name: str, document_id: str, query: str) -> GroundedResponse:
    return GroundedResponse(
        f"r{name}", f"n{name}", document_id, query, "Yes.", "", "", "en", "", 0, 1
    )


def test_a_row_that_repeats_one_of_another_document_names_it() -> None:
    given = [
        response("1", "a.md", "how long to boil noodles"),
        response("2", "b.md", "how long to boil the noodles"),
        response("3", "b.md", "what melts ice"),
    ]
    kept, rejections = leave_out_repeats(given, SELECTION)
    assert kept == [given[0], given[2]]
    assert [(r.subject_id, r.document_id, r.reason, r.detail) for r in rejections] == [
        ("r2", "b.md", "repeats_in_corpus", "repeats:n1 of a.md")
    ]
