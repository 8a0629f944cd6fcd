"""Make the workspace of an older augcon that the tests open: python make.py AUGCON OUT_DIR.

AUGCON is the ``augcon`` program of that version. The offline provider answers, so the same program
gives the same journal, dataset versions and exports again. README.md says what is in the folder.
"""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FORMATS = ("chat", "alpaca", "sharegpt", "parquet", "hf", "text")
SETTINGS = """\
[model]
provider = "offline"

[tree]
min_context_chars = 60
max_rounds = 2

[scorer]
pairs_per_negative_kind = 12
min_pair_accuracy = 0.0
retrain_drift = 0.4

[responses]
few_shot_count = 2
search_trials = 2

[dataset]
test_fraction = 0.3
"""
DOCUMENTS = {
    "mill.md": """# The tide mill

The mill by the tide ran at night, because the pond behind the dam was full by then. Two men kept
the sluice, and one of them wrote down when the water turned. The book is in the museum of the town.

## Flour

Flour from the mill went to Bristol by boat. A sack weighed 280 pounds and cost eleven shillings in
1843. The boat took nine hours with the wind and two days without it.
""",
    "bees.md": """# Bees in winter

A hive of bees holds about forty thousand workers in June. They fly three kilometres for heather and
come back with a load of half their own weight. In winter the colony shrinks to a ball round its
queen and lives on twenty kilograms of honey.
""",
    "guides/tea & milk.txt": """Green tea is brewed at eighty degrees. It stands for two minutes and
is poured off at once. Black tea needs boiling water and stands for four minutes. Milk goes into the
cup before the tea in Cornwall, and after it in Devon.
""",
    "食谱/鸡蛋羹.md": """# 鸡蛋羹

把两个鸡蛋打散，加入一点盐和温水搅匀。水的量是蛋液的一倍半，太少会老，太多会散。
撇去表面的泡沫，盖上盘子，用中火蒸十分钟。出锅以后淋上香油和酱油，趁热吃。
""",
    "broken.pdf": "%PDF-1.4\nthis is no document\n",
}
EDITED = {
    "bees.md": DOCUMENTS["bees.md"].replace("twenty kilograms", "eighteen kilograms"),
    "食谱/豆浆.md": """# 豆浆

黄豆提前浸泡八个小时，洗净以后放进料理机，加一升水打成浆。用纱布滤掉豆渣，
倒进锅里煮沸，再用小火煮五分钟，不断搅拌。喝之前加糖，放凉以后可以冷藏两天。
""",
    "harbour.md": """# The harbour

The harbour was dug in 1790 by sixty men from Wales. It is four metres deep at low water, and the
lock is closed one hour before the tide turns. Slate was loaded here until 1912, when the railway
took the trade away. Today eleven fishing boats and the ferry to the island use the quay.
""",
}

# Too little for the scorer to be trained again: made once more, it would ask for other pairs.
LATER = {
    "mill.md": DOCUMENTS["mill.md"].replace("eleven shillings", "twelve shillings"),
    "ferry.md": """# The ferry

The ferry to the island sails twice a day, at six and at four. It takes forty minutes, carries nine
cars and costs three pounds for each person. In a northerly gale it stays in the harbour.
""",
}


def main(program: str, out: Path) -> None:
    """Write ``workspace.tar.gz`` and ``expected.json`` to *out*."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        augcon(program, "init", str(root))
        (root / "augcon.toml").write_text(SETTINGS, encoding="utf-8")
        put(root, DOCUMENTS)
        versions = [run(program, root)]
        put(root, EDITED)
        versions.append(run(program, root))
        promoted = json.loads(at(program, root, "promote", "--yes", "--json"))
        put(root, LATER)
        versions.append(run(program, root))
        versions = list(dict.fromkeys(versions))
        expected = {
            "dataset_versions": versions,
            "promoted": {each["stage"]: each["candidate"] for each in promoted["promotions"]},
            "exports_sha256": {
                **{each: export(program, root, each) for each in FORMATS},
                **{f"chat of {v}": export(program, root, "chat", "--version", v) for v in versions},
            },
        }
        text = json.dumps(expected, indent=2, ensure_ascii=False) + "\n"
        out.mkdir(parents=True, exist_ok=True)
        (out / "expected.json").write_text(text, encoding="utf-8")
        with tarfile.open(out / "workspace.tar.gz", "w:gz", compresslevel=9) as archive:
            archive.add(root, "workspace", filter=kept)


def put(root: Path, documents: dict[str, str]) -> None:
    for name, text in documents.items():
        path = root / "documents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def run(program: str, root: Path) -> str:
    outcome = json.loads(at(program, root, "run", "--yes", "--json"))
    return str(outcome["dataset_version"])


def export(program: str, root: Path, name: str, *more: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        at(program, root, "export", folder, "--format", name, *more)
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
        }


def at(program: str, root: Path, command: str, *arguments: str) -> str:
    return augcon(program, command, *arguments, "--workspace", str(root))


def augcon(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DAGSTER_HOME": ""},
    )
    if done.returncode not in (0, 1):  # 1: the broken document
        raise SystemExit(f"augcon {' '.join(arguments)}: {done.returncode}\n{done.stderr}")
    return done.stdout


def kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """*entry* without the name of the person who made it; no locks, no logs of steps."""
    if entry.name.endswith(".lock") or entry.name == "workspace/dagster_home/storage":
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
