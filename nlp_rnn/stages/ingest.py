"""source -> examples: fetches a run's text and reads it; splits that no file holds are cut from train."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from nlp_rnn import params
from nlp_rnn.data import examples, readers, sources, sources_lock, splits, unlabeled
from nlp_rnn.data.sources.fetched import digests
from nlp_rnn.schema import DataError, Example
from nlp_rnn.text import labels


def main(run: params.Run) -> None:
    """Writes data/raw/RUN, the bytes as fetched, and data/examples/RUN/{train,dev,test}.jsonl."""
    chosen = run.data
    source = sources.SOURCES[sources.parse(chosen.source)[0]]
    pointers = sources.point(
        run.name,
        chosen.source,
        task=run.task,
        language=run.language,
        unlabeled=chosen.unlabeled,
        vectors=chosen.vectors,
    )
    raw = Path("data/raw") / run.name
    with _whole(raw) as folder:
        fetched = source.fetch(
            folder,
            pointers.source,
            task=run.task,
            language=run.language,
            seed=run.seed,
            sentences=chosen.sentences,
        )
        documents = 0
        if pointers.unlabeled:
            documents = unlabeled.fetch(folder, pointers.unlabeled)
            fetched = replace(fetched, files=digests(folder))
    columns = {role: getattr(chosen, role) for role in ("text", "label", "tokens", "tags")}
    read = {
        split: list(readers.read(path, task=run.task, split=split, **columns))
        for split, path in splits.find(raw).items()
    }
    complete = splits.complete(read, run.seed)
    _check_labels(complete, raw)
    with _whole(Path("data/examples") / run.name) as folder:
        for split, content in complete.items():
            examples.write(folder / f"{split}.jsonl", content)
    sources_lock.record(run.name, chosen.source, fetched)
    for split, content in complete.items():
        print(f"{run.name} {split}: {_count(content)}")
    if documents:
        print(f"{run.name} unlabeled: {documents} documents")


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A new folder that gets this name when all is in it: a killed ingest leaves nothing half-written."""
    unfinished, former = (folder.with_name(f".{folder.name}.{word}") for word in ("unfinished", "former"))
    for left_behind in (unfinished, former):
        shutil.rmtree(left_behind, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        if folder.exists():
            folder.rename(former)
        unfinished.rename(folder)
    finally:
        for left_behind in (unfinished, former):
            shutil.rmtree(left_behind, ignore_errors=True)


def _labels(example: Example) -> list[str]:
    """Its label, or the type of each of its entities."""
    if example.tags is None:
        return [example.label or ""]
    return [label for _, _, label in labels.spans(example.tags)]


def _check_labels(content: Mapping[str, Sequence[Example]], raw: Path) -> None:
    known = {label for example in content["train"] for label in _labels(example)}
    for split in ("dev", "test"):
        for example in content[split]:
            if unknown := [label for label in _labels(example) if label not in known]:
                raise DataError(
                    f"{raw}/{example.origin}: {unknown[0]!r} does not occur in train, so no model can learn "
                    f"it; train has: {', '.join(sorted(known))}."
                )


def _count(content: Sequence[Example]) -> str:
    found = Counter(label for example in content for label in _labels(example))
    each = ", ".join(f"{label} {count}" for label, count in sorted(found.items()))
    if content[0].tokens is None:
        return f"{len(content)} texts ({each})"
    tokens = sum(len(example.tokens or ()) for example in content)
    return f"{len(content)} sentences, {tokens} tokens, {found.total()} entities ({each})"
