"""The model that answers now, and where the next one comes from: a folder, or an alias in the registry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nlp_rnn.inference import Predictor, load
from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import registry
from nlp_rnn.operations.pull import pull
from nlp_rnn.schema import UsageError


@dataclass(frozen=True)
class Model:
    """A loaded package, and what to call it."""

    predictor: Predictor
    name: str
    version: str | None  # in the registry; None of a folder, and of a copy while the registry is out of reach

    @property
    def digest(self) -> str:
        """Of the package."""
        return self.predictor.digest


class Source(Protocol):
    """Where models come from."""

    def newest(self) -> tuple[str, str | None]:
        """Digest and version of what :meth:`load` would give; costs little."""

    def load(self) -> Model:
        """The newest model, checked against its manifest."""


class Folder:
    """A package's folder. `nlp-rnn pull` may exchange what it holds at any time."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            UsageError: there is no such folder.
        """
        if not path.is_dir():
            raise UsageError(f"there is no package folder {str(path)!r}; name one, or models:/NAME@champion.")
        self._path = path

    def newest(self) -> tuple[str, str | None]:
        """The digest of its manifest."""
        try:
            return packages.digest(self._path / packages.MANIFEST), None
        except OSError as error:
            raise packages.PackageError(f"{self._path}: no package at present ({error.strerror}).") from None

    def load(self) -> Model:
        """Named after the folder."""
        return Model(load(self._path), self._path.resolve().name, None)


class Registered:
    """What an address in the registry means, by way of a verified copy."""

    def __init__(self, uri: str, copy: Path) -> None:
        """
        Args:
            uri: ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``.
            copy: the folder for the copy, which serves while the registry is out of reach.
        """
        self._uri = uri
        self._copy = copy

    def newest(self) -> tuple[str, str | None]:
        """What the registry says."""
        found = registry.resolve(self._uri)
        return found.digest, found.version

    def load(self) -> Model:
        """Named as in the registry."""
        pulled = pull(self._uri, self._copy)
        name = self._uri.removeprefix("models:/").partition("@")[0].partition("/")[0]
        return Model(load(self._copy), name, pulled.version)


def source(address: str, copy: Path) -> Source:
    """Where the models of an address come from; raises UsageError where it cannot mean any."""
    return Registered(address, copy) if address.startswith("models:") else Folder(Path(address))
