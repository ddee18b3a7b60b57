"""params.yaml: what is read, and one clear sentence for whatever does not fit."""

from pathlib import Path

import pytest

from nlp_rnn import params
from nlp_rnn.schema import UsageError

BLOCK = """\
seed: 13
runs:
  mine:
    task: ner
    language: zh
    data: {source: "file:x.conll", text: 0}
    tokenizer: {}
    pretraining: {}
    model:
      cell: gru
      dropout: 0
    training: {seed: 5, learning_rate: 1e-3}
threads: 1
"""


def load(tmp_path: Path, text: str = BLOCK, run: str = "mine") -> params.Run:
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return params.load(run, path)


def test_a_block_with_its_recipe_and_defaults(tmp_path: Path) -> None:
    run = load(tmp_path)
    assert (run.name, run.task, run.language, run.threads) == ("mine", "ner", "zh", 1)
    assert (run.seed, run.training_seed) == (13, 5)
    assert run.data.source == "file:x.conll"
    assert run.data.text == "0"  # a column's number
    assert run.model.cell == "gru"
    assert run.model.dropout == 0.0
    assert isinstance(run.model.dropout, float)
    assert run.model.layers == 1
    assert run.model.hidden_size == 96  # of the recipe for Chinese entities, as is
    assert run.tokenizer.bigrams == 32768
    assert run.training.learning_rate == 0.001
    assert run.schedule is None
    assert run.resolved()["model"]["cell"] == "gru"


def test_the_four_runs_of_the_repository() -> None:
    runs = params.load_all(Path(__file__).parents[1] / "params.yaml")
    assert [*runs] == ["ner-en", "ner-zh", "sentiment-en", "sentiment-zh"]
    assert all(f"{run.task}-{run.language}" == name for name, run in runs.items())


def test_a_language_model_needs_a_text_and_a_network_that_is_built_like_it(tmp_path: Path) -> None:
    asked = BLOCK.replace("pretraining: {}", "pretraining: {epochs: 2, dropout: 0, cell: gru}")
    with pytest.raises(
        UsageError, match=r"params.yaml:8: .*mine.pretraining` .* name a file, .* `unlabeled`"
    ):
        load(tmp_path, asked)
    asked = asked.replace("text: 0", "unlabeled: raw.txt")
    run = load(tmp_path, asked)
    assert (run.pretraining.epochs, run.pretraining.dropout, run.pretraining.cell) == (2, 0.0, "gru")
    assert run.pretraining.lower.items() <= run.resolved()["model"].items()
    assert run.pretraining.bigram_size == run.model.bigram_size == 50  # the recipe's, in both
    assert run.resolved()["pretraining"]["epochs"] == 2
    with pytest.raises(
        UsageError, match=r"params.yaml:8: .*pretraining.cell` is lstm and `.* is gru; .* alike"
    ):
        load(tmp_path, asked.replace(", cell: gru", ""))
    assert load(tmp_path).pretraining.epochs == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cell: gru", "cel: gru", r"params.yaml:10: unknown key `cel` in runs.mine.model; known: .*cell"),
        ("cell: gru", "cell: gro", r"params.yaml:10: `runs.mine.model.cell` is 'gro'; .* lstm, mingru"),
        ("dropout: 0", "dropout: much", r"params.yaml:11: `runs.mine.model.dropout` .* must be a number"),
        ("dropout: 0", "dropout: true", r"params.yaml:11: .* must be a number"),
        ("dropout: 0", "dropout: 2", r"params.yaml:11: .* must lie in \[0, 0.95\]"),
        ("dropout: 0", "layers: 1.5", r"params.yaml:11: .* must be a whole number"),
        ("dropout: 0", "residual: 1", r"params.yaml:11: .*residual` .* must be true or false"),
        ("seed: 5", "accumulation: 0", r"params.yaml:12: .*training.accumulation` .* must lie in \[1, inf\]"),
        ("seed: 5", "memory_mb: -1", r"params.yaml:12: .*training.memory_mb` .* must lie in \[0, inf\]"),
        ("seed: 5", "truncation: -1", r"params.yaml:12: .*training.truncation` .* must lie in \[0, inf\]"),
        ("seed: 5", "precision: half", r"params.yaml:12: .*precision` is 'half'; .* auto, float32"),
        ("seed: 5", "seed: -1", r"params.yaml:12: .*training.seed` .* must lie in \[0, 2.14748e\+09\]"),
        ("seed: 5", "label_smoothing: 0.1", r"params.yaml:3: .*label_smoothing` is 0.1, .* task ner;"),
        ("tokenizer: {}", "tokenizer: {ngrams: 9}", r"params.yaml:3: .*ngrams` is 9, .* task ner; take"),
        ("tokenizer: {}", "tokenizer: {subwords: 1}", r"params.yaml:3: .*subwords` is 1, .* padding's"),
        ("tokenizer: {}", "tokenizer: {bigrams: 1}", r"params.yaml:3: .*bigrams` is 1, .* padding's"),
        ("dropout: 0", "direction: back", r"params.yaml:11: .*direction` is 'back'; .* both, ahead"),
        ("dropout: 0", "layers: 0", r"params.yaml:11: .* must lie in \[1, inf\]"),
        ("pretraining: {}", "pretraining: 3", r"params.yaml:8: `runs.mine.pretraining` must be a mapping"),
        ("ing: {}", "ing: {epoch: 3}", r"params.yaml:8: unknown key `epoch` in runs.mine.pretraining;"),
        ("ing: {}", "ing: {epochs: -1}", r"params.yaml:8: `.*pretraining.epochs` .* lie in \[0, inf\]"),
        ("    pretraining: {}\n", "", r"params.yaml:3: runs.mine lacks the key `pretraining`"),
        ("task: ner", "task: nre", r"params.yaml:4: `runs.mine.task` is 'nre'; .* ner, sentiment"),
        ("    language: zh\n", "", r"params.yaml:3: runs.mine lacks the key `language`"),
        ("    tokenizer: {}\n", "", r"params.yaml:3: runs.mine lacks the key `tokenizer`"),
        ('source: "file:x.conll", ', "", r"params.yaml:6: runs.mine.data lacks the key `source`"),
        ("tokenizer: {}", "tokenizer: 3", r"params.yaml:7: `runs.mine.tokenizer` must be a mapping"),
        ("seed: 13", "seeds: 13", r"params.yaml:1: unknown key `seeds` in the top level"),
        ("seed: 13", "seed: -1", r"params.yaml:1: `seed` is -1"),
        ("threads: 1", "", r"params.yaml: the top level lacks the key `threads`"),
        ("  mine:", "  mine.v2:", r"params.yaml:3: 'mine.v2' cannot name a run"),
        ("  mine:", "  ../mine:", r"params.yaml:3: '../mine' cannot name a run"),
        ("  mine:", "  -rf:", r"params.yaml:3: '-rf' cannot name a run"),
        ("seed: 13", "seed: [", r"params.yaml:\d+: not valid YAML"),
        ("    task: ner", "    task: ner\n    task: ner", r"params.yaml:5: not valid YAML: .*duplicate key"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in BLOCK
    with pytest.raises(UsageError, match=message):
        load(tmp_path, BLOCK.replace(old, new, 1))


def test_what_a_task_or_a_language_has_no_use_for_is_refused(tmp_path: Path) -> None:
    sentiment = BLOCK.replace("task: ner", "task: sentiment")
    with pytest.raises(UsageError, match=r"params.yaml:3: .*entity_replacement` is 0.5, .* task sentiment"):
        load(tmp_path, sentiment.replace("seed: 5", "entity_replacement: 0.5"))
    english = BLOCK.replace("language: zh", "language: en")
    with pytest.raises(
        UsageError, match=r"params.yaml:3: .*segmenter` finds words in a script without spaces"
    ):
        load(tmp_path, english.replace("tokenizer: {}", "tokenizer: {segmenter: jieba}"))


def test_a_language_model_and_a_file_of_vectors_exclude_each_other(tmp_path: Path) -> None:
    asked = BLOCK.replace("pretraining: {}", "pretraining: {epochs: 2}").replace(
        "text: 0", "unlabeled: raw.txt, vectors: glove.txt"
    )
    with pytest.raises(UsageError, match=r"params.yaml:8: .*data.vectors` names others; take one of the two"):
        load(tmp_path, asked)


def test_unknown_run_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run 'yours'; there are: mine"):
        load(tmp_path, run="yours")
    with pytest.raises(UsageError, match="no such file"):
        params.load("mine", tmp_path / "nothing.yaml")
    (tmp_path / "bad.yaml").write_bytes(b"seed: \xff")
    with pytest.raises(UsageError, match="not UTF-8"):
        params.load("mine", tmp_path / "bad.yaml")
    with pytest.raises(UsageError, match="holds no mapping"):
        load(tmp_path, "- 1\n")
