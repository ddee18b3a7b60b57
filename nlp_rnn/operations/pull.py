"""A verified copy of a registered package in a folder of one's own, which always holds the last good one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from nlp_rnn.inference import PackageError
from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import registry, store
from nlp_rnn.schema import UsageError


@dataclass(frozen=True)
class Pulled:
    """What a folder holds now."""

    digest: str  # of its package
    version: str | None  # of the model; None where the registry could not be asked
    new: bool  # whether it was fetched just now
    problem: str | None = None  # why the registry could not be asked


def pull(uri: str, folder: Path) -> Pulled:
    """Brings a folder up to date with what an address in the registry means now.

    A new copy is fetched beside the folder, each file's digest is compared with the manifest's and the
    manifest's with the version's, and only then does it take the folder's place. While the registry is out of
    reach, the copy that is there stays in use.

    Args:
        uri: ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``.
        folder: made if need be.

    Raises:
        UsageError: there is no such version, or the folder holds something else.
        NlpRnnError: the registry is out of reach and there is no copy yet; or what it holds is damaged: then
            the copy that is there stays, too.
    """
    new, former = (folder.with_name(f".{folder.name}.{word}") for word in ("new", "former"))
    if former.is_dir() and not folder.exists():
        former.rename(folder)  # whoever exchanged them was cut off in between
    held = _held(folder)
    try:
        version = registry.resolve(uri)
        if held == version.digest:
            return Pulled(held, version.version, new=False)
        shutil.rmtree(new, ignore_errors=True)
        digest = registry.download(version, new)
    except store.Unreachable as error:
        if held is None:
            raise
        return Pulled(held, None, new=False, problem=str(error))
    shutil.rmtree(former, ignore_errors=True)
    if folder.exists():
        folder.rename(former)
    new.rename(folder)
    shutil.rmtree(former, ignore_errors=True)
    return Pulled(digest, version.version, new=True)


def _held(folder: Path) -> str | None:
    """The digest of the package that a folder holds; None where there is none, or a damaged one."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(f"{folder}: is no folder of its own; name another.")
    if not folder.exists() or not any(folder.iterdir()):
        return None
    if not (folder / packages.MANIFEST).is_file():
        raise UsageError(f"{folder}: holds files that are no package; name another folder, or an empty one.")
    try:
        return packages.verify(folder)
    except PackageError:
        return None
