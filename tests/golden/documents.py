"""Documents of every format, encoding and script, for the stages that are held to their output."""

import json
from pathlib import Path

from tests.documents.samples import docx, pdf

SCRIPTS = Path(__file__).parents[1] / "data" / "the_mill_in_eight_scripts.json"

HANDBOOK = """---
title: The harbour handbook
tags: [harbour, slate]
---

# Berths

A ship reports to the harbour master (Mr. J. Evans, hut no. 4) two hours before the tide. Berth 1 is
kept free for the ferry. Berths 2 to 5 are given in the order of arrival; a ship that carries slate
goes first, e.g. one from Porthmadog.

## Dues

| length in metres | pounds a day |
|---|---|
| up to 12 | 8.50 |
| 12 to 30 | 21 |

1. Dues are paid before a ship leaves.
2. Half of them is given back, if the lock is closed for repairs.

```sh
dues --length 12 --days 3   # no sentence. Not one.
```

## Lights

The red light on the mole means "no entry"; two red lights mean that the lock is broken. A ship
waits outside until one of them goes out! Who does not wait pays £50, and the harbour master writes
the name of the ship down.

The lamps were lit with whale oil until 1861, with gas until 1920, and are electric today. They
can be seen for 3.5 miles in clear weather. In fog a bell is rung once a minute, which the people of
the town have never liked, since it rings all night from November to February. The council has
talked about it in 1934, in 1957 and again in 2003. Nothing came of it.
"""
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="iso-8859-1"><title>
Caf\xe9 &amp; bakery</title><style>p{color:red}</style></head><body><nav>
<a href="/">Home</a></nav><h1>The bakery</h1>
<p>The oven is lit at <b>three</b> in the morning.<br>Bread is sold from six.</p><ul><li>rye bread
</li><li>cr\xeape<ul><li>with sugar</li></ul></li></ul><table><tr><th>day</th><th>loaves</th></tr>
<tr><td>Monday</td><td>120</td></tr></table><script>alert(1)</script></body></html>"""
PROPOSAL = """PEP: 9999
Title: Salt by default

Abstract
========

Soup is salted while it cooks. This proposal makes **salt** the default.

Rationale
---------

* Nobody remembers it later.
* ``taste()`` is called before serving.
"""
TABLE = 'id,text\n7,The ferry costs three pounds.\n8,"It sails at six, and at four."\n9,\n'
LINES = [
    {"id": "a", "text": "Honey keeps for years. It must be dry and dark.", "title": "Honey"},
    {"id": "b", "text": "蜂蜜可以保存多年。要放在干燥避光的地方。", "title": "蜂蜜"},
]
NOTE = "Die Mühle läuft nachts. Das Mehl kostet fünf Groschen; geliefert wird nach Köln.\r\n" * 3
SLATE = (
    "石板用船运到都柏林。每块石板重三公斤，价格是两便士！“小心轻放”，箱子上写着。工人们每天装两百箱。"
    * 8
)


def write_documents(folder: Path) -> None:
    """Write all of them into *folder*."""
    scripts = json.loads(SCRIPTS.read_text(encoding="utf-8"))
    files: dict[str, bytes] = {
        **{f"scripts/{name}.txt": text.encode() for name, text in scripts.items()},
        "handbook.md": HANDBOOK.encode(),
        "page.html": PAGE.encode("iso-8859-1"),
        "proposal.rst": PROPOSAL.encode(),
        "table.csv": TABLE.encode(),
        "lines.jsonl": "".join(json.dumps(line) + "\n" for line in LINES).encode(),
        "note.txt": NOTE.encode("cp1252"),
        "slate.txt": SLATE.encode("gb18030"),
        "utf16.txt": "The lock was dug in 1790. Sixty men from Wales dug it.".encode("utf-16"),
        "letter.docx": docx("Dear Sir,", "the slate has arrived. It is blue.", heading="Slate"),
        "paper.pdf": pdf(["The tide turns twice a day.", "It was measured in 1843."]),
        "empty.md": b"\n \n",
        "broken.pdf": b"%PDF-1.4\nthis is no document\n",
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
