from pathlib import Path

from augcon_lab.studies.page import (
    Picture,
    Section,
    StudyPage,
    Table,
    WhatWasRun,
    page_markdown,
    write_page,
)

RUN = WhatWasRun(["handbook: 3 of 9 documents"], "offline/x", True, {"l": 1600}, 7, 12.4, 1234, 5)


def page(*pictures: Picture, offline: bool = True) -> StudyPage:
    run = RUN if offline else WhatWasRun([], "openai/m", False, {}, 7, 1.0, 1, 1)
    table = Table(("name", "rows", "share"), [("a|b", 1200, 0.5), ("c", 3, float("nan"))])
    sections = [Section("Figures", ["Some words.", table, *pictures])]
    return StudyPage("made_up", "A title", "A question?", run, ["One finding."], sections)


def test_a_page_shows_findings_tables_and_how_it_was_made() -> None:
    text = page_markdown(page())
    assert text.startswith("# A title\n\nA question?\n\n## Findings\n")
    assert "- One finding." in text
    assert "| a\\|b | 1,200 | 0.500 |\n| c | 3 | – |" in text
    assert "| --- | --: | --: |" in text
    assert "Corpus handbook: 3 of 9 documents" in text
    assert "1,234 calls" in text
    assert "Seed 7; 12 s" in text


def test_offline_figures_are_labelled_and_those_of_a_model_are_not() -> None:
    assert "nothing about a real model" in page_markdown(page())
    assert "nothing about a real model" not in page_markdown(page(offline=False))


def test_pictures_lie_beside_the_page_and_old_ones_go(tmp_path: Path) -> None:
    one, two = (Picture(name, f"caption {name!r}", "shows it") for name in (b"one", b"two"))
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "made_up-more-1.png").write_bytes(b"another study's")
    paths = write_page(page(one, two), tmp_path)
    assert [path.name for path in paths] == ["made_up.md", "made_up-1.png", "made_up-2.png"]
    assert paths[2].read_bytes() == b"two"
    assert "![shows it](pictures/made_up-2.png)" in paths[0].read_text(encoding="utf-8")
    write_page(page(two), tmp_path)
    left = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert left == ["made_up-1.png", "made_up-more-1.png"]


def test_the_same_page_gives_the_same_bytes(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write_page(page(Picture(b"p", "c", "a")), tmp_path)]
    again = [path.read_bytes() for path in write_page(page(Picture(b"p", "c", "a")), tmp_path)]
    assert first == again
