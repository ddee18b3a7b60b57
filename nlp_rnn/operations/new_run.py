"""Adds a run's block to params.yaml and leaves the rest of the file as it stands."""

from __future__ import annotations

import io
import os
from pathlib import Path

from nlp_rnn import params
from nlp_rnn.data import sources
from nlp_rnn.schema import UsageError


def add(
    name: str,
    *,
    task: str,
    language: str,
    source: str,
    unlabeled: str | None = None,
    vectors: str | None = None,
    path: Path = params.PATH,
) -> params.Run:
    """Writes the block, with the defaults of its task and language, and points DVC at its source.

    Args:
        name: the run's name, and so the model's.
        task: ``ner`` or ``sentiment``.
        language: ``en`` or ``zh``.
        source: where the text comes from: ``file:PATH``, ``catalog:NAME``, ``hub:REPO[@REVISION]``, ``demo``.
        unlabeled: a file of raw text, one document a line, if there is one.
        vectors: a file of word vectors, if there is one.
        path: params.yaml.

    Raises:
        UsageError: the run exists, or something given does not; the file stays as it was.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    known = params.load_all(path)
    if params.check_name(name, "nlp-rnn new") in known:
        raise UsageError(f"{path}: there is a run {name!r} already; choose another name, or edit its block.")
    before = path.read_text(encoding="utf-8")
    yaml = YAML(typ="rt")
    yaml.width = 4096
    yaml.preserve_quotes = True
    document = yaml.load(before)
    # Quoted, as a colon in a flow mapping means another thing to other readers of YAML, DVC's among them.
    named = {"source": source, "unlabeled": unlabeled, "vectors": vectors}
    data = CommentedMap({key: DoubleQuotedScalarString(value) for key, value in named.items() if value})
    data.fa.set_flow_style()
    document["runs"][name] = {
        "task": task,
        "language": language,
        "data": data,
        "tokenizer": _empty(),
        "pretraining": _empty(),
        "model": _empty(),
        "training": _empty(),
    }
    text = io.StringIO()
    yaml.dump(document, text)
    _replace(path, text.getvalue())
    try:
        run = params.load(name, path)
        sources.point(name, source, task=task, language=language, unlabeled=unlabeled, vectors=vectors)
    except BaseException:
        _replace(path, before)
        raise
    return run


def _empty() -> dict:
    from ruamel.yaml.comments import CommentedMap

    block = CommentedMap()
    block.fa.set_flow_style()
    return block


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)
