"""The house's rules, read from the code itself: who imports whom, and what each stage depends on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
# Each room may import these rooms of ours; `schema` is open to all.
MAY_IMPORT = {
    "typed": set(),
    "params": {"recipes", "typed"},
    "recipes": set(),
    "environment": set(),
    "promotion": set(),
    "data": {"text"},
    "text": set(),
    "models": {"text"},
    "training": {"models", "text"},
    "evaluation": {"text"},
    "inference": {"text"},
    "integrations": {"inference", "text", "params", "data"},
    "operations": {"data", "evaluation", "inference", "integrations", "params", "promotion", "text"},
    "serving": {"inference", "integrations", "operations", "text"},
    "stages": {"data", "evaluation", "inference", "integrations", "models", "params", "text", "training"},
    "flows": {"data", "environment", "integrations", "operations", "params", "promotion"},
}
# A library that answers one question is imported in one place.
ONLY_IN = {
    "mlflow": "nlp_rnn/integrations",
    "great_expectations": "nlp_rnn/integrations",
    "prefect": "flows",
    "dvc": "flows/graph.py",
    "datasets": "nlp_rnn/data/sources",
    "torch": ("nlp_rnn/models", "nlp_rnn/training", "nlp_rnn/stages/pretrain.py", "nlp_rnn/stages/trial.py"),
    "numba": ("nlp_rnn/models/character_maximum.py", "nlp_rnn/models/trellis.py"),
    "onnxruntime": "nlp_rnn/inference",
    "onnx": "nlp_rnn/inference",
    "fastapi": "nlp_rnn/serving",
    "starlette": "nlp_rnn/serving",
    "uvicorn": "nlp_rnn/serving",
    "prometheus_client": "nlp_rnn/serving",
}
# The one import against the current: a person's `load("models:/...")` asks the registry, which loads what it
# finds. No stage goes through here, so none depends on what is behind it.
DOOR = ("nlp_rnn.inference.loading", "nlp_rnn.integrations")


def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    files = [*(ROOT / "nlp_rnn").rglob("*.py"), *(ROOT / "flows").rglob("*.py")]
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in sorted(files)
    }


@cache
def imports(file: Path) -> frozenset[str]:
    """What a file imports when it runs, wherever in it: names of modules, or of things in them."""
    return frozenset(_names(ast.parse(file.read_text(encoding="utf-8")), file))


def _names(node: ast.AST, file: Path) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{file}:{child.lineno}: import by full name"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
            yield str(child.module)
        else:
            yield from _names(child, file)


def ours(file: Path) -> set[str]:
    """The modules of ours that a file imports, and the packages around them, which run first."""
    known = modules()
    found = {name for name in imports(file) if name in known and not is_door(file, name)}
    around = {".".join(name.split(".")[:depth]) for name in found for depth in range(1, name.count(".") + 1)}
    return found | {name for name in around if known[name].stat().st_size}


def is_door(file: Path, name: str) -> bool:
    """Whether a file's import of a module is that one."""
    source, room = DOOR
    return file == ROOT / f"{source.replace('.', '/')}.py" and name.startswith(room)


def closure(file: Path) -> set[Path]:
    """A file with all of ours that it imports, directly or not."""
    known, seen, waiting = modules(), {file}, [file]
    while waiting:
        for name in ours(waiting.pop()):
            if known[name] not in seen:
                seen.add(known[name])
                waiting.append(known[name])
    return seen


def room(name: str) -> str:
    """``text`` of ``nlp_rnn.text.labels``, ``flows`` of ``flows.graph``."""
    parts = name.split(".")
    return parts[0] if parts[0] == "flows" or len(parts) == 1 else parts[1]


@pytest.mark.parametrize("name", modules())
def test_rooms_import_only_what_they_may(name: str) -> None:
    own = room(name)
    if own in ("nlp_rnn", "cli", "__main__", "schema"):
        return
    found = {room(other) for other in ours(modules()[name])} - {own, "schema", "nlp_rnn"}
    assert found <= MAY_IMPORT[own], f"{name} may not import {sorted(found - MAY_IMPORT[own])}"


def test_the_schema_imports_nothing_of_ours() -> None:
    assert not ours(ROOT / "nlp_rnn/schema.py") - {"nlp_rnn"}


@pytest.mark.parametrize("library", ONLY_IN)
def test_each_library_has_one_place(library: str) -> None:
    places = ONLY_IN[library]
    places = (places,) if isinstance(places, str) else places
    users = [
        str(file.relative_to(ROOT))
        for file in modules().values()
        if any(name.split(".")[0] == library for name in imports(file))
    ]
    assert users, f"nothing imports {library} any more"
    assert [user for user in users if not user.startswith(places)] == []


def test_the_door_is_used_and_opens_only_when_called() -> None:
    source, room = DOOR
    tree = ast.parse(modules()[source].read_text(encoding="utf-8"))
    found = [name for name in _names(tree, modules()[source]) if name.startswith(room)]
    assert set(found) == {room, f"{room}.registry"}
    at_the_top = {ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)}
    assert not [text for text in at_the_top if "integrations" in text]


def stages() -> dict[str, dict]:
    return YAML(typ="safe").load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def test_stages_are_files_and_commands_of_the_same_names() -> None:
    from nlp_rnn.cli import app

    files = {file.stem for file in (ROOT / "nlp_rnn/stages").glob("*.py")}
    files -= {"__init__", "gate", "network", "trial"}
    commands = {command.callback.__name__ for command in app.registered_commands if command.callback}
    assert set(stages()) == files
    assert set(stages()) <= commands
    for name, stage in stages().items():
        assert stage["do"]["cmd"] == f"exec nlp-rnn {name} ${{key}}"


@pytest.mark.parametrize("name", stages())
def test_a_stage_depends_on_exactly_the_code_that_it_imports(name: str) -> None:
    """Changed code must never be taken for fresh, nor unrelated code make a stage stale."""
    declared = [dep for dep in stages()[name]["do"]["deps"] if dep.startswith("nlp_rnn/")]
    expanded: set[Path] = set()
    for dep in declared:
        path = ROOT / dep
        assert path.exists(), f"dvc.yaml: {dep} does not exist"
        expanded |= {file for file in path.rglob("*.py") if file.stat().st_size} if path.is_dir() else {path}
    needed = {file for file in closure(ROOT / f"nlp_rnn/stages/{name}.py") if file.stat().st_size}
    needed -= {ROOT / "nlp_rnn/__init__.py"}  # a version and a docstring
    code = {file for file in expanded if file.suffix == ".py"}
    relative = sorted(str(file.relative_to(ROOT)) for file in needed)
    assert code == needed, f"{name} imports exactly:\n" + "\n".join(relative)
