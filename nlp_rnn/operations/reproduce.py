"""A model made again from its version alone, and compared with it byte by byte."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import registry, tracking
from nlp_rnn.integrations.registry import Version
from nlp_rnn.operations import evidence, locked
from nlp_rnn.operations.clone import Clone
from nlp_rnn.operations.locked import Stage
from nlp_rnn.operations.reproduction import Reproduction, changes
from nlp_rnn.schema import DataError, NlpRnnError, UsageError

Tell = Callable[[str], None]
FETCHABLE = ("demo", "catalog", "hub")  # sources whose bytes are pinned, whatever the machine


def reproduce(uri: str, *, keep: Path | None = None, tell: Tell = print) -> Reproduction:
    """Makes a version again: a fresh clone at its commit, its own lock and parameters, its data by digest.

    Nothing but the data is taken from a cache: every other stage runs again.

    Args:
        uri: ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``.
        keep: an empty folder for the clone, which stays; a temporary one by default.
        tell: gets a line for each step.

    Raises:
        UsageError: there is no such version or commit, or the folder holds something.
        DataError: data is missing or was changed; the message names the files.
        NlpRnnError: the version does not say enough, or a stage failed.
    """
    version = registry.resolve(uri)
    name, kept = version.name, _kept(version)
    commit = version.tags.get(evidence.COMMIT)
    if commit is None:
        raise NlpRnnError(f"{uri} does not say of which commit it is: it was registered outside of git.")
    stages = locked.stages(_yaml(kept["dvc.lock"]), f"train@{name}")
    known = json.loads(version.tags.get(registry.ENVIRONMENT, "null"))
    with _folder(keep) as folder:
        clone = Clone(Path.cwd(), commit.removesuffix(evidence.DIRTY), folder, variables=_threads(known))
        tell(f"commit   {commit}")
        clone.write(kept)
        _provide(clone, name, stages, kept, tell)
        code = _code(clone, stages)
        for stage in stages:
            if _needs_others(stage, stages):
                verb, begun = stage.name.partition("@")[0], time.monotonic()
                tell(f"{verb:8} runs")
                clone.run(verb, name)
                tell(f"{verb:8} done in {time.monotonic() - begun:.0f} s")
        made = clone.root / evidence.package_folder(name)
        return Reproduction(
            model=uri,
            version=version.version,
            commit=commit,
            package=version.digest,
            made=packages.verify(made),
            differing=_differing(version, made),
            code=code,
            environment=known and changes(known, tracking.environment()),
        )


def _threads(environment: Mapping[str, Any] | None) -> dict[str, str | None]:
    """The number of threads that the version was trained with, which its weights depend on; as it was set."""
    return {} if environment is None else {"OMP_NUM_THREADS": environment.get("threads")}


def _kept(version: Version) -> dict[str, str]:
    """The files that were kept to make it again, by their paths."""
    texts = {path.as_posix(): registry.origin(version, path.name) for path in evidence.ORIGINS}
    for name in ("dvc.lock", "params.yaml"):
        if texts[name] is None:
            raise NlpRnnError(
                f"version {version.version} of {version.name} keeps no {name}, so it cannot be made again; "
                "versions that `nlp-rnn run` registers do."
            )
    return {name: text for name, text in texts.items() if text is not None}


def _provide(clone: Clone, name: str, stages: Sequence[Stage], kept: Mapping[str, str], tell: Tell) -> None:
    """Gets the data that no stage here makes, and makes sure of each byte."""
    data = _block(kept, name).get("data", {})
    for stage in stages:
        if _needs_others(stage, stages):
            continue
        for out in stage.outs:  # one by one: of what DVC cannot get whole it gets nothing
            clone.pull(out.path)
        wrong = list(locked.differences(clone.root, stage.outs, clone.caches))
        source = str(data.get("source", "")).partition(":")[0]
        if wrong and {how for _, how in wrong} == {"missing"} and source in FETCHABLE:
            clone.run(stage.name.partition("@")[0], name)  # neither remote nor cache had it; its source may
            wrong = list(locked.differences(clone.root, stage.outs, clone.caches))
        if wrong:
            found = ", ".join(f"{path} is {how}" for path, how in wrong)
            raise DataError(f"the data of {name} is not what dvc.lock says: {found}.")
        for out in stage.outs:
            tell(f"data     {out.path}, md5 {out.md5}")
    if data.get("vectors"):
        _link_inputs(clone, name, stages)


def _link_inputs(clone: Clone, name: str, stages: Sequence[Stage]) -> None:
    """Word vectors are read where they lie: DVC knows their digest, and has no copy."""
    path = f"data/inputs/{name}"
    wanted = [dep for stage in stages for dep in stage.deps if dep.path == path][:1]
    if list(locked.differences(clone.root, wanted)) and not list(locked.differences(clone.workspace, wanted)):
        clone.link(path)
    for _, how in locked.differences(clone.root, wanted):
        raise DataError(f"{path}: what {name} reads, word vectors among it, is {how}.")


def _code(clone: Clone, stages: Sequence[Stage]) -> list[str]:
    """What the stages read, data apart, and that is not what it was."""
    made = {out.path for stage in stages for out in stage.outs}
    deps = {dep.path: dep for stage in stages if _needs_others(stage, stages) for dep in stage.deps}
    read = [dep for path, dep in sorted(deps.items()) if path not in made and not path.startswith("data/")]
    return [path for path, _ in locked.differences(clone.root, read)]


def _needs_others(stage: Stage, stages: Sequence[Stage]) -> bool:
    """Whether it reads what another stage made: then it runs again; otherwise it brought the data."""
    made = {out.path for other in stages for out in other.outs}
    return any(dep.path in made for dep in stage.deps)


def _differing(version: Version, made: Path) -> list[str]:
    """The files of the package that are not the version's."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "package"
        registry.download(version, package)
        then, now = (json.loads((one / packages.MANIFEST).read_bytes())["files"] for one in (package, made))
    return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="nlp-rnn-") as folder:
            yield Path(folder) / "clone"
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise UsageError(f"{keep}: holds something; name an empty folder, or one that does not exist.")
    yield keep.absolute()


def _block(kept: Mapping[str, str], name: str) -> Mapping[str, Any]:
    return _yaml(kept["params.yaml"]).get("runs", {}).get(name, {})


def _yaml(text: str) -> Mapping[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise NlpRnnError(f"what the version keeps is damaged: {error}") from None
    return content if isinstance(content, Mapping) else {}
