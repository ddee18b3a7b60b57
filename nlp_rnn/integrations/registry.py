"""MLflow's registry: one model for each run, one version for each package, aliases for their roles."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nlp_rnn.inference import package as packages
from nlp_rnn.inference.package import PackageError
from nlp_rnn.integrations import store
from nlp_rnn.schema import NlpRnnError, UsageError

CHAMPION, CHALLENGER = "champion", "challenger"
ORIGIN = "origin"  # where a run keeps the files that tell where its package came from
ENVIRONMENT = "environment"  # tag: the software and processor that trained it, as JSON
PLACE = "artifacts/package"  # where a model of MLflow's holds the package
_URI = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>[0-9]+))")


@dataclass(frozen=True)
class Version:
    """A registered package. ``tags`` are MLflow's, all of them text."""

    name: str
    version: str
    created: datetime
    tags: Mapping[str, str]
    run_id: str = ""  # of MLflow's run that made it

    @property
    def digest(self) -> str:
        """The package's digest, empty if the version is none of ours."""
        return self.tags.get(store.PACKAGE, "")


@store.explained()
def aliased(name: str, alias: str) -> Version | None:
    """The version that an alias of a model points to, if there is one."""
    found = _or_none(lambda client: client.get_model_version_by_alias(name, alias))
    return None if found is None else _version(found)


def champion(name: str) -> Version | None:
    """The version that production should use, if there is one."""
    return aliased(name, CHAMPION)


def challenger(name: str) -> Version | None:
    """The last version that was not good enough to become champion, if there is one."""
    return aliased(name, CHALLENGER)


@store.explained()
def set_alias(name: str, alias: str, version: str) -> None:
    """Points an alias to a version; no other keeps it."""
    store.client().set_registered_model_alias(name, alias, version)


@store.explained()
def remove_alias(name: str, alias: str) -> None:
    """Takes an alias away; the version stays."""
    store.client().delete_registered_model_alias(name, alias)


@store.explained()
def set_tags(name: str, version: str, tags: Mapping[str, str]) -> None:
    """Sets tags of a version."""
    client = store.client()
    for key, value in tags.items():
        client.set_model_version_tag(name, version, key, value)


def resolve(uri: str) -> Version:
    """The version that ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION`` means.

    Raises:
        UsageError: the address is written otherwise, or it means nothing; the message says what there is.
    """
    match = _URI.fullmatch(uri)
    if match is None:
        raise UsageError(
            f"{uri!r} names no model; it must be models:/NAME@{CHAMPION}, models:/NAME/VERSION or a folder."
        )
    name, alias, number = match["name"], match["alias"], match["version"]
    if alias is not None:
        found = aliased(name, alias)
    else:
        with store.explained():
            raw = _or_none(lambda client: client.get_model_version(name, number))
        found = None if raw is None else _version(raw)
    if found is None:
        raise UsageError(f"there is no {uri}; {_what_exists(name)}")
    return found


@store.explained()
def download(version: Version, folder: Path) -> str:
    """Copies a version's package into a new folder, which appears only once the copy is verified.

    Returns:
        the package's digest.

    Raises:
        NlpRnnError: its files are gone, damaged, or not those that were registered.
    """
    root = store.client().get_model_version_download_uri(version.name, version.version)
    fetch(root, folder, digest=version.digest, what=f"version {version.version} of {version.name}")
    return version.digest


def fetch(root: str, folder: Path, *, digest: str, what: str) -> None:
    """The same for a model of MLflow's, whether or not it is a version.

    Args:
        root: where it lies.
        folder: for the copy of its package.
        digest: which package it must be.
        what: its name in messages.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as unfinished:
        try:
            copy = Path(download_artifacts(f"{root}/{PLACE}", dst_path=unfinished, tracking_uri=store.uri()))
        except (OSError, MlflowException):
            raise NlpRnnError(
                f"{what} cannot be fetched: its files are gone, or out of reach ({root})."
            ) from None
        try:
            found = packages.verify(copy)
        except PackageError as error:
            raise NlpRnnError(f"{what} is damaged in the registry: {error}") from None
        if found != digest:
            raise NlpRnnError(
                f"{what} holds package {found[:12]}, but {digest[:12] or 'none'} was registered."
            )
        copy.rename(folder)


def origin(version: Version, name: str) -> str | None:
    """What a file read, ``dvc.lock`` say, that was kept when a version was made; None where it was not."""
    return kept(version.run_id, f"{ORIGIN}/{name}")


@store.explained()
def kept(run_id: str, path: str) -> str | None:
    """The text of a file that a run keeps; None where it keeps no such file."""
    client = store.client()
    folder = path.rpartition("/")[0]
    if path not in {file.path for file in client.list_artifacts(run_id, folder or None)}:
        return None
    with tempfile.TemporaryDirectory() as copies:
        return Path(client.download_artifacts(run_id, path, copies)).read_text(encoding="utf-8")


def _or_none(ask: Any) -> Any:
    """What a client answers, or None where there is no such model, version or alias."""
    from mlflow.exceptions import MlflowException

    try:
        return ask(store.client())
    except MlflowException as error:
        # MLflow has no code of its own for an alias that does not exist.
        if error.error_code == "RESOURCE_DOES_NOT_EXIST" or (
            "alias" in str(error) and "not found" in str(error)
        ):
            return None
        raise


def _version(found: Any) -> Version:
    created = datetime.fromtimestamp(found.creation_timestamp / 1000, UTC)
    return Version(found.name, str(found.version), created, dict(found.tags), found.run_id or "")


@store.explained()
def _what_exists(name: str) -> str:
    client = store.client()
    model = _or_none(lambda client: client.get_registered_model(name))
    if model is None:
        models = sorted(model.name for model in client.search_registered_models())
        return f"registered models: {', '.join(models) or 'none yet; `nlp-rnn register RUN` makes one'}."
    versions = sorted(int(version.version) for version in client.search_model_versions(f"name = '{name}'"))
    aliases = ", ".join(f"@{alias} (version {number})" for alias, number in sorted(model.aliases.items()))
    return (
        f"{name} has versions {', '.join(map(str, versions)) or '(none)'} and aliases {aliases or '(none)'}."
    )
