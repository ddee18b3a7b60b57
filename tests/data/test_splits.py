from collections import Counter

import pytest

from nlp_rnn.data import splits
from nlp_rnn.schema import DataError, Example, UsageError


def reviews(count, labels):
    return [
        Example(f"train-{i}", f"all.csv:{i + 2}", text=f"review {i}", label=labels[i % len(labels)])
        for i in range(count)
    ]


def touch(folder, *names):
    for name in names:
        (folder / name).write_text("")


def numbers(examples):
    return [int(example.text.split()[1]) for example in examples]


def test_a_single_file_becomes_80_10_10_by_label():
    examples = reviews(1000, ["good", "good", "bad", "so-so", "good"])

    parts = splits.complete({"train": examples}, seed=13)

    assert {split: len(part) for split, part in parts.items()} == {"train": 800, "dev": 100, "test": 100}
    for part in parts.values():
        count = Counter(example.label for example in part)
        assert count["good"] == pytest.approx(0.6 * len(part), abs=1)
        assert count["bad"] == pytest.approx(0.2 * len(part), abs=1)
    assert sorted(number for part in parts.values() for number in numbers(part)) == list(range(1000))


def test_examples_keep_their_order_and_origin_and_get_ids_of_their_split():
    parts = splits.complete({"train": reviews(200, ["a", "b"])}, seed=13)

    for split, part in parts.items():
        assert numbers(part) == sorted(numbers(part))
        assert [example.id for example in part] == [f"{split}-{i}" for i in range(len(part))]
        assert all(example.origin == f"all.csv:{number + 2}" for example, number in zip(part, numbers(part)))


def test_chance_decides_but_the_seed_alone():
    examples = reviews(200, ["a", "b"])

    assert splits.complete({"train": examples}, seed=1) == splits.complete({"train": examples}, seed=1)
    assert splits.complete({"train": examples}, seed=1) != splits.complete({"train": examples}, seed=2)


@pytest.mark.parametrize(("given", "missing"), [("test", "dev"), ("dev", "test")])
def test_one_missing_split_is_cut_from_train(given, missing):
    other = [Example(f"{given}-0", "x.csv:1", text="x", label="a")]

    parts = splits.complete({"train": reviews(200, ["a", "b"]), given: other}, seed=13)

    assert parts[given] == other
    assert (len(parts["train"]), len(parts[missing])) == (180, 20)
    assert list(parts) == ["train", "dev", "test"]


def test_nothing_is_cut_where_nothing_is_missing():
    given = {split: reviews(3, ["a"]) for split in ("train", "dev", "test")}

    assert splits.complete(given, seed=13) == given


def test_sentences_are_split_by_their_entity_types():
    kinds = [("O", "O"), ("B-PER", "I-PER"), ("B-PER", "B-LOC"), ("B-LOC", "O")]
    examples = [
        Example(f"train-{i}", f"f:{i}", tokens=("a", "b"), tags=kinds[i % 10 if i % 10 < 4 else 0])
        for i in range(500)
    ]

    parts = splits.complete({"train": examples}, seed=13)

    for split in ("dev", "test"):
        count = Counter(example.tags for example in parts[split])
        assert [count[kind] for kind in kinds[1:]] == pytest.approx([5, 5, 5], abs=1)


@pytest.mark.parametrize("seed", range(20))
def test_train_has_every_label(seed):
    examples = reviews(30, ["common"])
    examples[7] = Example("train-7", "f:7", text="review 7", label="rare")

    assert "rare" in {example.label for example in splits.complete({"train": examples}, seed)["train"]}


def test_few_examples_are_split_and_too_few_are_refused():
    parts = splits.complete({"train": reviews(4, ["a", "b"])}, seed=13)

    assert [len(part) for part in parts.values()] == [2, 1, 1]
    with pytest.raises(DataError, match=r"all\.csv: 3 examples are too few to cut dev and test from them"):
        splits.complete({"train": reviews(3, ["a", "b"])}, seed=13)


@pytest.mark.parametrize("dev", ["dev.conll", "valid.txt", "validation.conll", "Val.conll"])
def test_files_are_found_by_name(tmp_path, dev):
    touch(tmp_path, "train.char.bmes", dev, "test.conll", "README.md", "unlabeled.txt", ".train.conll.swp")
    (tmp_path / "train").mkdir()

    found = splits.find(tmp_path)

    assert {split: path.name for split, path in found.items()} == {
        "train": "train.char.bmes",
        "dev": dev,
        "test": "test.conll",
    }


def test_a_file_or_the_only_file_of_a_folder_is_train(tmp_path):
    touch(tmp_path, "all.csv")

    assert splits.find(tmp_path) == splits.find(tmp_path / "all.csv") == {"train": tmp_path / "all.csv"}


def test_a_file_that_can_be_read_goes_before_one_that_cannot(tmp_path):
    touch(tmp_path, "train.csv", "train.csv.dvc")

    assert splits.find(tmp_path) == {"train": tmp_path / "train.csv"}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "holds no file train"),
        (["dev.csv", "test.csv"], "holds no file train"),
        (["a.csv", "b.csv"], "holds no file train"),
        (["train.csv", "dev.csv", "valid.csv"], r"several files for dev \(dev\.csv, valid\.csv\)"),
        (["train.csv", "train.jsonl"], r"several files for train \(train\.csv, train\.jsonl\)"),
    ],
)
def test_a_folder_that_does_not_tell_is_a_usage_error(tmp_path, names, message):
    touch(tmp_path, *names)

    with pytest.raises(UsageError, match=message):
        splits.find(tmp_path)


def test_a_path_that_does_not_exist_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no such file or folder"):
        splits.find(tmp_path / "nothing")
