"""``demo``: training text generated on the spot, and the hand-written dev and test sets of data/demo."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from nlp_rnn.data.demo import GENERATORS
from nlp_rnn.data.sources import pointer
from nlp_rnn.data.sources.fetched import Fetched, digests
from nlp_rnn.schema import UsageError

SUFFIXES = {"ner": "conll", "sentiment": "jsonl"}


def point(link: Path, address: str, *, task: str, language: str) -> None:
    """Links to the folder with the hand-written sets of a task and language."""
    folder = Path("data/demo") / f"{task}-{language}"
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; run this in the project's folder.")
    pointer.link(link, folder)


def fetch(folder: Path, link: Path, *, task: str, language: str, seed: int, sentences: int) -> Fetched:
    """Writes train, dev and test files.

    Args:
        folder: where they go.
        link: what :func:`point` made.
        task, language: which corpus.
        seed: of the generated text.
        sentences: how many to train on.
    """
    generate, suffix = GENERATORS[task, language], SUFFIXES[task]
    write = _write_conll if task == "ner" else _write_jsonl
    write(folder / f"train.{suffix}", generate(sentences, seed))
    for split in ("dev", "test"):
        shutil.copyfile(link / f"{split}.{suffix}", folder / f"{split}.{suffix}")
    return Fetched(f"data/demo/{task}-{language}", None, digests(folder))


def _write_conll(path: Path, sentences: Iterable[tuple[Iterable[str], Iterable[str]]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for tokens, tags in sentences:
            file.writelines(f"{token}\t{tag}\n" for token, tag in zip(tokens, tags, strict=True))
            file.write("\n")


def _write_jsonl(path: Path, texts: Iterable[tuple[Iterable[str], Iterable[str]]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for text, label in texts:
            file.write(json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n")
