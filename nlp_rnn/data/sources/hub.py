"""``hub:REPO[@REVISION]``: a data set of the Hugging Face hub, pinned by its commit."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from nlp_rnn.data.sources import pointer
from nlp_rnn.data.sources.fetched import Fetched, digests
from nlp_rnn.data.splits import NAMES
from nlp_rnn.schema import DataError, UsageError


def point(link: Path, address: str, *, task: str, language: str) -> None:
    """Writes repository, revision and the commit that this is now.

    Where the hub cannot be reached, a pointer to the same revision stays as it is.

    Raises:
        UsageError: there is no such repository or revision.
        DataError: the hub cannot be reached, and nothing was pinned before.
    """
    repository, _, revision = address.partition("@")
    wanted = {"repository": repository, "revision": revision or "main"}
    if re.fullmatch("[0-9a-f]{40}", revision):
        commit = revision
    else:
        try:
            commit = _commit(**wanted)
        except ConnectionError as error:
            before = pointer.load(link)
            if not wanted.items() <= before.items():
                raise DataError(f"hub:{address}: the hub cannot be reached ({error}); try later.") from None
            commit = before["commit"]
            print(f"hub:{address}: the hub cannot be reached; staying with commit {commit}", file=sys.stderr)
    pointer.save(link, {**wanted, "commit": commit})


def fetch(folder: Path, link: Path, *, task: str, language: str, seed: int, sentences: int) -> Fetched:
    """Writes train, dev and test, as far as there are such, as JSON Lines with names for numbered classes.

    Raises:
        DataError: the hub cannot be reached, or what it has cannot be read.
    """
    pinned = pointer.load(link)
    splits = _load(pinned["repository"], pinned["commit"])
    for name, rows in splits.items():
        split = "train" if len(splits) == 1 else NAMES.get(name)
        if split and _is_labeled(rows):
            _write(folder / f"{split}.jsonl", rows)
        elif split:
            print(f"hub:{pinned['repository']}: the labels of {name} are hidden; left out", file=sys.stderr)
    return Fetched(pinned["repository"], pinned["commit"], digests(folder))


@cache
def _set_caches() -> str:
    """Gives the libraries, before they are imported, caches for this process: no stale file matters."""
    folder = tempfile.mkdtemp(prefix="nlp-rnn-hub-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["HF_HUB_CACHE"] = os.path.join(folder, "hub")
    os.environ["HF_DATASETS_CACHE"] = os.path.join(folder, "datasets")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    return folder


def _commit(repository: str, revision: str) -> str:
    _set_caches()
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        commit = HfApi().dataset_info(repository, revision=revision, timeout=30).sha
    except (RepositoryNotFoundError, HFValidationError):
        raise UsageError(
            f"hub:{repository}: there is no such repository of data, or none that HF_TOKEN may read."
        ) from None
    except RevisionNotFoundError:
        raise UsageError(f"hub:{repository}@{revision}: the repository has no such revision.") from None
    except Exception as error:  # of whichever library carries the request
        raise ConnectionError(_reason(error)) from None
    return str(commit)


def _load(repository: str, commit: str) -> Any:
    caches = _set_caches()
    import datasets

    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    try:
        # The address in full, or a folder of the same name here would be taken instead.
        return datasets.load_dataset(f"hf://datasets/{repository}", revision=commit, cache_dir=caches)
    except Exception as error:  # whatever the library meets in other people's files
        raise DataError(f"hub:{repository}@{commit}: cannot be read: {_reason(error)}") from None


def _reason(error: BaseException) -> str:
    """The first line of what was wrong in the first place."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _is_labeled(rows: Any) -> bool:
    """Whether no class is -1 in all rows, as shared tasks have it in the test sets that they keep secret."""
    from datasets import ClassLabel

    classes = [name for name, kind in rows.features.items() if isinstance(kind, ClassLabel)]
    return all(rows.unique(name) != [-1] for name in classes)


def _write(path: Path, rows: Any) -> None:
    columns = {name: convert for name, kind in rows.features.items() if (convert := _converter(kind))}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows.select_columns(list(columns)):
            record = {name: convert(row[name]) for name, convert in columns.items()}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _converter(kind: Any) -> Callable[[Any], Any] | None:
    """What makes a column's values fit for JSON; None for columns of other things than text and numbers."""
    from datasets import ClassLabel

    if isinstance(kind, ClassLabel):
        return lambda value: None if value is None or value < 0 else kind.int2str(value)
    if re.match("(large_)?string|bool|u?int|float", str(getattr(kind, "dtype", ""))):
        return lambda value: value
    part = _converter(kind.feature) if hasattr(kind, "feature") else None
    if part is None:
        return None
    return lambda values: None if values is None else [part(value) for value in values]
