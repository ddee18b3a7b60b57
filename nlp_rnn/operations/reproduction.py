"""What came of making a model again, for people and programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nlp_rnn.operations import evidence

# What decides the last bits of weights, beside code and data.
COMPUTES = ("numba", "numpy", "onnx", "onnxruntime", "tokenizers", "torch")


@dataclass(frozen=True)
class Reproduction:
    """What came of it."""

    model: str
    version: str
    commit: str
    package: str  # the version's digest
    made: str  # the digest of what was made now
    differing: Sequence[str]  # files of the package
    code: Sequence[str]  # files that the stages read and that are not those of the commit
    environment: Mapping[str, Sequence[str]] | None  # what differs: then and now; None where it is not known

    @property
    def identical(self) -> bool:
        """Whether it is the same package, byte by byte."""
        return self.package == self.made


def to_text(found: Reproduction) -> str:
    """The outcome for a person: ``identical``, or what differs and why that may be."""
    if found.identical:
        lines = [f"{found.model}: identical, package {found.package}"]
    else:
        lines = [f"{found.model}: not identical; these files differ: {', '.join(found.differing)}"]
        lines += [f"  package  {found.package} then, {found.made} now"]
    lines += [f"  code     {path} is not what the version was made with" for path in found.code]
    if found.commit.endswith(evidence.DIRTY):
        none = "" if found.code else "; of what its stages read, nothing differs"
        lines.append(f"  commit   files were changed and not committed when it was registered{none}")
    if not found.identical:
        if found.environment is None:
            lines.append("  on what software and processor it was trained is not known")
        for key, (then, now) in (found.environment or {}).items():
            lines.append(f"  {key:8} {then} then, {now} now")
    return "\n".join(lines)


def to_json(found: Reproduction) -> str:
    """The same as a JSON object."""
    return json.dumps({**asdict(found), "identical": found.identical})


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What differs of two environments, of what matters for numbers and is not made the same."""

    def told(one: Mapping[str, Any]) -> dict[str, str]:
        libraries = one.get("libraries", {})
        found = {key: str(one.get(key)) for key in ("python", "processor")}
        return {**found, **{key: str(libraries.get(key)) for key in COMPUTES}}

    before, after = told(then), told(now)
    return {key: (before[key], after[key]) for key in before if before[key] != after[key]}
