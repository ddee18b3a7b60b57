"""Parts of the sets: at even distances, and without labels that train has lost."""

from __future__ import annotations

from pathlib import Path

from benchmarks import workspace
from nlp_rnn.data import examples
from nlp_rnn.schema import Example


def sentence(number: int, tag: str) -> Example:
    return Example(f"{number}", f"f:{number}", tokens=("a",), tags=(tag,))


def test_a_part_keeps_even_distances_and_labels_that_can_be_learned(tmp_path: Path) -> None:
    tags = ["B-PER", "O", "B-LOC"] + ["O"] * 5
    for split in ("train", "dev", "test"):
        examples.write(tmp_path / f"{split}.jsonl", [sentence(i, tag) for i, tag in enumerate(tags)])
    workspace._thin(tmp_path, 4)
    kept = examples.read_all(tmp_path)
    assert [example.id for example in kept["train"]] == ["0", "2", "4", "6"]
    assert [example.id for example in kept["dev"]] == ["0"]
    examples.write(tmp_path / "train.jsonl", [sentence(1, "O")] * 4)
    examples.write(tmp_path / "dev.jsonl", [sentence(i, tag) for i, tag in enumerate(tags)])
    workspace._thin(tmp_path, 4)
    assert [example.id for example in examples.read(tmp_path / "dev.jsonl")] == ["1"]
