"""Where a registered model came from: from its alias to the bytes of its data, each step with its digest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from nlp_rnn.integrations import registry, store
from nlp_rnn.integrations.registry import Version
from nlp_rnn.operations import evidence
from nlp_rnn.schema import SPLITS, NlpRnnError

STAGES = ("train", "pretrain", "tokenize", "validate", "ingest")  # from the package back
Step = tuple[str, str]  # what it is, and its name or digest


def show(uri: str, *, as_json: bool) -> str:
    """The chain behind an address in the registry, for a person or as a JSON object.

    Args:
        uri: ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``.
        as_json: rather than lines of text.

    Raises:
        UsageError: it means nothing.
        NlpRnnError: the registry lost what it kept of the origin.
    """
    chain = dict(trace(registry.resolve(uri)))
    if as_json:
        return json.dumps({"model": uri, **chain})
    width = max(map(len, chain))
    return "\n".join([uri, *(f"  {what:{width}}  {value}" for what, value in chain.items())])


def trace(version: Version) -> Iterator[Step]:
    """Yields what made a version, the nearest first; what is not known is left out."""
    tags = version.tags
    yield "version", f"{version.version}, registered {version.created:%Y-%m-%d %H:%M} UTC"
    yield "package", version.digest
    yield "MLflow run", version.run_id
    if evidence.COMMIT in tags:
        yield "git commit", tags[evidence.COMMIT]
    if evidence.LOCK not in tags:
        return
    yield "dvc.lock", tags[evidence.LOCK]
    stages = _yaml(version, "dvc.lock").get("stages", {})
    for name in STAGES:
        stage = stages.get(f"{name}@{version.name}", {})
        for out in stage.get("outs", ()):
            if "md5" in out:
                yield f"{name}: {out['path']}", f"md5 {out['md5']}"
    for split in SPLITS:
        if digest := tags.get(f"{evidence.DATA}.{split}"):
            yield f"examples of {split}", f"sha256 {digest}"
    source = _yaml(version, "sources.lock").get(version.name, {})
    if source:
        revision = f", revision {source['revision']}" if source.get("revision") else ""
        yield "source", f"{source['source']} ({source['address']}{revision}), fetched {source['fetched']}"
    for file, digest in source.get("files", {}).items():
        yield f"fetched: {file}", f"sha256 {digest}"


def _yaml(version: Version, name: str) -> Mapping[str, Any]:
    """A file that was kept with the version's run; empty where it was not."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    text = registry.origin(version, name)
    if text is None:
        return {}
    try:
        content = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise NlpRnnError(f"{name} of version {version.version} in {store.address()} is damaged.") from error
    return content if isinstance(content, Mapping) else {}
