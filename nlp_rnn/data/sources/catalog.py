"""``catalog:NAME``: a public data set whose every file is pinned by its SHA-256 in data/catalog.yaml."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nlp_rnn.data.sources import pointer
from nlp_rnn.data.sources.fetched import Fetched, digest, digests
from nlp_rnn.schema import DataError, UsageError

CATALOG = Path("data/catalog.yaml")
LARGEST = 200_000_000  # bytes of one file
ATTEMPTS = 4


def point(link: Path, address: str, *, task: str, language: str, catalog: Path = CATALOG) -> None:
    """Writes what the catalog says of a data set: name, files, addresses and digests.

    Args:
        link: the pointer.
        address: the data set's name.
        task, language: the run's, which must be the data set's.
        catalog: the file.

    Raises:
        UsageError: there is no such data set, or it is for another task or language.
    """
    entries = _load(catalog)
    if address not in entries:
        raise UsageError(f"{catalog}: there is no data set {address!r}; there are: {', '.join(entries)}.")
    entry = entries[address]
    for key, wanted in (("task", task), ("language", language)):
        if entry[key] != wanted:
            raise UsageError(f"{catalog}: `{address}` has {key} {entry[key]}, but the run has {wanted}.")
    pointer.save(link, {"name": address, "revision": entry["revision"], "files": entry["files"]})


def fetch(folder: Path, link: Path, *, task: str, language: str, seed: int, sentences: int) -> Fetched:
    """Downloads the files that the pointer names, or copies them from ``$NLP_RNN_MIRROR/NAME``.

    Raises:
        DataError: a file cannot be had, or has other bytes than the catalog says; nothing of it is kept.
    """
    pinned = pointer.load(link)
    mirror = os.environ.get("NLP_RNN_MIRROR")
    for name, file in pinned["files"].items():
        unfinished = folder / f".{name}.unfinished"
        try:
            if mirror:
                origin = str(_copy(Path(mirror) / pinned["name"] / name, unfinished))
            else:
                origin = _download(file["address"], unfinished)
            found = digest(unfinished)
            if found != file["sha256"]:
                raise DataError(
                    f"{name} from {origin} is not the file that was pinned: expected SHA-256 "
                    f"{file['sha256']}, found {found}. Nothing was kept."
                )
            unfinished.replace(folder / name)
        finally:
            unfinished.unlink(missing_ok=True)
    first = next(iter(pinned["files"].values()))
    return Fetched(os.path.dirname(first["address"]), pinned["revision"], digests(folder))


def _load(catalog: Path) -> Mapping[str, Any]:
    from ruamel.yaml import YAML

    try:
        return YAML(typ="safe").load(catalog)
    except FileNotFoundError:
        raise UsageError(f"{catalog}: no such file; run this in the project's folder.") from None


def _copy(path: Path, to: Path) -> Path:
    try:
        shutil.copyfile(path, to)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; NLP_RNN_MIRROR names the folder to look in.") from None
    return path


def _download(address: str, to: Path) -> str:
    import requests
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

    attempts = Retrying(
        retry=retry_if_exception(_is_passing),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=0.5),
        reraise=True,
    )
    try:
        attempts(_download_once, address, to)
    except requests.RequestException as error:
        status = getattr(error.response, "status_code", None)
        raise DataError(
            f"{address}: could not be downloaded ({f'HTTP {status}' if status else type(error).__name__}). "
            "Try again, or put the files into a folder NAME and say in NLP_RNN_MIRROR where that is."
        ) from None
    return address


def _download_once(address: str, to: Path) -> None:
    import requests
    from tqdm import tqdm

    with requests.get(address, stream=True, timeout=30) as response:
        response.raise_for_status()
        size = int(response.headers.get("Content-Length", 0)) or None
        # On standard error, and nowhere unless a person watches.
        bar = tqdm(total=size, unit="B", unit_scale=True, desc=os.path.basename(address), disable=None)
        with bar, to.open("wb") as file:
            for piece in response.iter_content(1 << 16):
                file.write(piece)
                bar.update(len(piece))
                if file.tell() > LARGEST:
                    raise DataError(f"{address}: has more than {LARGEST:,} bytes; nothing was kept.")


def _is_passing(error: BaseException) -> bool:
    """Whether the same request may well succeed in a moment."""
    import requests

    if isinstance(error, requests.HTTPError):
        return error.response.status_code >= 500 or error.response.status_code == 429
    return isinstance(
        error, requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError
    )
