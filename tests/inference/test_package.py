"""A package is what it was when it was made, or it is refused before anything of it is read."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nlp_rnn.inference import PackageError, load, package


@pytest.fixture
def folder(make_package) -> Path:
    return make_package("ner")[0]


def test_it_holds_no_code_and_no_pickle(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {*package.FILES, package.MANIFEST}
    assert load(folder).digest == package.verify(folder) == package.digest(folder / package.MANIFEST)


def test_the_same_weights_give_the_same_bytes(make_package, folder: Path, tmp_path: Path) -> None:
    kept = shutil.copytree(folder, tmp_path / "kept")
    again, _ = make_package("ner")
    assert package.verify(again) == package.verify(kept)


@pytest.mark.parametrize("name", package.FILES)
def test_one_changed_byte_is_found(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(PackageError, match=name):
        load(folder)


def test_added_missing_and_linked_files_are_refused(folder: Path) -> None:
    (folder / "extra.py").write_text("")
    with pytest.raises(PackageError, match=r"extra\.py does not belong"):
        load(folder)
    (folder / "extra.py").unlink()
    (folder / "model.onnx").rename(folder.parent / "model.onnx")
    with pytest.raises(PackageError, match=r"model\.onnx is missing"):
        load(folder)
    (folder / "model.onnx").symlink_to(folder.parent / "model.onnx")
    with pytest.raises(PackageError, match="plain file"):
        load(folder)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "no JSON object"),
        ('{"format": 99}', "format 99; this version of nlp-rnn reads 1 and 2"),
        ('{"format": [1]}', r"format \[1\]"),
        ("{}", "format None"),
        ('{"format": 1, "files": {"../x": "0"}}', "must list exactly"),
        ("[" * 10**5, "not valid JSON"),
    ],
)
def test_a_manifest_that_is_not_one(folder: Path, manifest: str, message: str) -> None:
    (folder / package.MANIFEST).write_text(manifest)
    with pytest.raises(PackageError, match=message):
        load(folder)


def test_a_package_of_the_former_format_loads(folder: Path) -> None:
    expected = load(folder).predict(["Maria flew to Rome"])
    (folder / "model.int8.onnx").unlink()
    content = package.read_model(folder)
    former = {key: value for key, value in content.items() if key not in ("precision", "temperature")}
    (folder / "model.json").write_text(json.dumps(former), encoding="utf-8")
    files = {name: package.digest(folder / name) for name in package.FORMER}
    (folder / package.MANIFEST).write_text(json.dumps({"format": 1, "files": files}), encoding="utf-8")
    (found,) = load(folder).predict(["Maria flew to Rome"])
    assert [(span.start, span.end, span.label) for span in found.spans] == [
        (span.start, span.end, span.label) for span in expected[0].spans
    ]


def test_what_both_graphs_and_the_weights_hold_stands_there_once(make_package) -> None:
    folder, network = make_package("ner", words=5000)
    table = network.features.word.weight
    sizes = {name: (folder / name).stat().st_size for name in package.FILES}
    assert sizes["weights.safetensors"] > 4 * table.numel()
    assert sizes["model.onnx"] < table.numel()
    assert table.numel() < sizes["model.int8.onnx"] < 2 * table.numel()


def test_no_such_folder() -> None:
    with pytest.raises(PackageError, match="no such package"):
        load("no/such/folder")


def test_the_card_names_data_labels_and_score(folder: Path) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlanguage: en\n")
    assert "LOC, PER" in card
    assert "0.5000" in card


def test_prediction_imports_nothing_of_the_pipeline() -> None:
    code = "import sys, json, nlp_rnn.inference; print(json.dumps([m.split('.')[0] for m in sys.modules]))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(result.stdout))
    assert not loaded & {
        "torch",
        "mlflow",
        "pandas",
        "prefect",
        "dvc",
        "datasets",
        "onnx",
        "sklearn",
        "ruamel",
    }
    assert {"onnxruntime", "tokenizers", "numpy"} <= loaded
