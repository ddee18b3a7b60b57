"""A workspace of the benchmark's own: the sets of the catalog, split as this project's ingest splits them."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import ours_with_text
from benchmarks.datasets import DATASETS
from nlp_rnn import environment, params
from nlp_rnn.data import examples
from nlp_rnn.data.sources import catalog
from nlp_rnn.integrations import store
from nlp_rnn.schema import Example, NlpRnnError
from nlp_rnn.stages import ingest, tokenize, validate
from nlp_rnn.text import labels

PROJECT = Path(__file__).resolve().parents[1]
SEED = 13  # of the split; each training has a seed of its own
TEXT_SHARE = 100  # tokens of raw text for each sentence that is kept, where only some are


def prepare(folder: Path, names: Sequence[str], *, most: int | None = None) -> None:
    """Ingests, tokenizes and validates sets with the default recipe; those that are ready stay as they are.

    Args:
        folder: the workspace, made if need be; it becomes the working folder.
        names: keys of DATASETS.
        most: sentences of train to keep, a third of that of dev and test, and a share of raw text; None keeps
            all.
    """
    (folder / "data").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT / catalog.CATALOG, folder / catalog.CATALOG)
    os.chdir(folder)
    blocks = {name: _block(name) for name in DATASETS}
    names = [*names, *(ours_with_text.run_name(name) for name in names if raw_text(name))]
    blocks |= {
        ours_with_text.run_name(name): _block_with_text(name, most) for name in DATASETS if raw_text(name)
    }
    document = {"seed": SEED, "threads": 1, "runs": blocks}
    params.PATH.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")  # which is YAML, too
    store.prepare()
    for name in names:
        if Path("data/validation", name, "report.json").is_file():
            continue
        run = params.load(name)
        ingest.main(run)
        if most is not None:
            _thin(Path("data/examples") / name, most)
        tokenize.main(run)
        validate.main(run)


def _block(name: str) -> dict[str, Any]:
    dataset = DATASETS[name]
    empty: dict[str, dict] = {"tokenizer": {}, "pretraining": {}, "model": {}, "training": {}}
    return {
        "task": dataset.task,
        "language": dataset.language,
        "data": {"source": f"catalog:{name}"},
        **empty,
    }


def raw_text(name: str) -> Path | None:
    """A set's raw text, if it has such and the mirror holds it."""
    file, mirror = DATASETS[name].unlabeled, os.environ.get("NLP_RNN_MIRROR")
    path = Path(mirror, file).resolve() if file and mirror else None
    return path if path and path.is_file() else None


def _block_with_text(name: str, most: int | None) -> dict[str, Any]:
    block = _block(name)
    data = {**block["data"], "unlabeled": str(raw_text(name))}
    pretraining = {"epochs": ours_with_text.EPOCHS}
    if most is not None:
        pretraining["tokens"] = TEXT_SHARE * most
    return {**block, "data": data, "pretraining": pretraining}


def _thin(folder: Path, most: int) -> None:
    """Keeps sentences at even distances, and of dev and test those whose labels train still has."""
    splits = examples.read_all(folder)
    train = _evenly(splits["train"], most)
    known = {label for example in train for label in _labels(example)}
    examples.write(folder / "train.jsonl", train)
    for split in ("dev", "test"):
        kept = [example for example in splits[split] if known.issuperset(_labels(example))]
        examples.write(folder / f"{split}.jsonl", _evenly(kept, most // 3))


def _evenly(content: Sequence[Example], most: int) -> list[Example]:
    count = min(most, len(content))
    return [content[i * len(content) // count] for i in range(count)]


def _labels(example: Example) -> list[str]:
    if example.tags is None:
        return [example.label or ""]
    return [label for _, _, label in labels.spans(example.tags)]


def main() -> None:
    """``python -m benchmarks.workspace FOLDER SET ...``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("datasets", nargs="+", choices=DATASETS)
    parser.add_argument("--most", type=int, help="sentences of train to keep")
    given = parser.parse_args()
    environment.quiet()
    try:
        prepare(given.folder, given.datasets, most=given.most)
    except NlpRnnError as error:
        sys.exit(f"benchmarks: {error}")


if __name__ == "__main__":
    main()
