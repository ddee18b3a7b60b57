"""A model package: a folder of plain files, each with its digest in ``MANIFEST.json``; no code, no pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nlp_rnn.schema import NlpRnnError

FP32, INT8 = "fp32", "int8"
GRAPHS = {FP32: "model.onnx", INT8: "model.int8.onnx"}
WEIGHTS = "weights.safetensors"
FORMAT = 2
FORMER = ("README.md", "model.json", "model.onnx", "tokenizer.json", WEIGHTS)
FILES = (*FORMER, GRAPHS[INT8])
FORMATS = {1: FORMER, 2: FILES}  # all that this version reads
MANIFEST = "MANIFEST.json"


class PackageError(NlpRnnError):
    """A folder that is not a whole, unchanged package."""


def seal(folder: Path) -> str:
    """Writes the manifest over the files of a new package and returns the package's digest."""
    files = {name: digest(folder / name) for name in FILES}
    text = json.dumps({"format": FORMAT, "files": files}, indent=2, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return verify(folder)


def verify(folder: Path) -> str:
    """Checks a package against its manifest, before anything of it is parsed.

    Returns:
        the package's digest: the SHA-256 of its manifest, in hex.

    Raises:
        PackageError: a file was changed, added, removed or is a link, or the manifest is not one of ours.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise PackageError(f"{folder}: no such package folder; train a run first, or name another.")
    manifest = _read_json(folder / MANIFEST)
    files, form = manifest.get("files"), manifest.get("format")
    if not isinstance(form, int) or form not in FORMATS:
        raise PackageError(
            f"{folder}: the package has format {form!r}; this version of nlp-rnn reads "
            f"{' and '.join(map(str, FORMATS))}. Upgrade nlp-rnn, or get the package anew."
        )
    expected = FORMATS[form]
    if not isinstance(files, Mapping) or set(files) != set(expected):
        raise PackageError(f"{folder}: {MANIFEST} must list exactly: {', '.join(expected)}.")
    present = {path.name for path in folder.iterdir()}
    for name in sorted(present ^ {*expected, MANIFEST}):
        raise PackageError(f"{folder}: {name} {'does not belong here' if name in present else 'is missing'}.")
    for name in expected:
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise PackageError(f"{path}: must be a plain file.")
        if digest(path) != files[name]:
            raise PackageError(f"{path}: was changed since the package was made; get the package anew.")
    return digest(folder / MANIFEST)


def read_model(folder: Path) -> Mapping[str, Any]:
    """``model.json``: task, language, labels, characters, CRF scores and the run's parameters."""
    return _read_json(folder / "model.json")


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PackageError(f"{path}: no such file; is {path.parent} a model package?") from None
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{path}: not valid JSON ({error}).") from None
    if not isinstance(content, Mapping):
        raise PackageError(f"{path}: holds no JSON object.")
    return content
