"""params.yaml -> frozen, typed dataclasses: one :class:`Run` for each block."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from nlp_rnn import typed
from nlp_rnn.recipes import RECIPES
from nlp_rnn.schema import UsageError
from nlp_rnn.typed import number

PATH = Path("params.yaml")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")  # no dot: DVC would take it for a path of keys


@dataclass(frozen=True)
class Data:
    """Where a run's text comes from, and which columns hold what where that cannot be seen."""

    source: str  # demo | file:PATH | catalog:NAME | hub:REPO[@REVISION]
    sentences: int = number(2000, 1)  # of the generated training text, for `demo` only
    text: str | None = None  # a column's name, or its number from 0 where there is no header
    label: str | None = None
    tokens: str | None = None
    tags: str | None = None
    unlabeled: str | None = None  # a file of raw text, one document a line: words, vectors, language model
    vectors: str | None = None  # a file of word vectors: GloVe, word2vec or fastText


@dataclass(frozen=True)
class Tokenizer:
    """How text becomes ids."""

    lowercase: bool = True
    min_count: int = number(1, 1)  # a rarer word is unknown
    bigrams: int = number(0)  # buckets for hashed pairs of neighbours, which a tagger sees; 0 for none
    subwords: int = number(0)  # buckets for hashed n-grams of a word's characters; 0 for none
    segmenter: Literal["none", "jieba"] = "none"  # finds words where none are written; needs the extra `zh`
    ngrams: int = number(0)  # the most n-grams that a classifier's wide part knows; 0 for none
    ngram_length: int = number(2, 1)  # tokens of the longest of them
    unlabeled_min_count: int = number(3, 1)  # a rarer word of `data.unlabeled` alone is unknown
    unlabeled_words: int = number(10000)  # at most so many words of `data.unlabeled` alone are known


@dataclass(frozen=True)
class LowerLayers:
    """A token's features and the first recurrent layer above them."""

    cell: Literal["rnn", "gru", "lstm", "mingru"] = "lstm"
    hidden_size: int = number(128, 1)  # in each direction
    direction: Literal["both", "ahead"] = "both"  # ahead: from the left alone
    word_size: int = number(100, 1)
    character_size: int = number(25, 1)
    character_filters: int = number(50)  # size of what characters say of a word; 0 for no such features
    character_encoder: Literal["convolution", "recurrent"] = "convolution"
    subword_size: int = number(50)
    shape_size: int = number(10)  # 0 for no shape (capitals, digits) features
    bigram_size: int = number(32)
    boundary_size: int = number(10)  # of where a segmenter's words begin and end


@dataclass(frozen=True)
class Model(LowerLayers):
    """The network."""

    layers: int = number(1, 1)
    residual: bool = False  # whether a layer above the first adds to what it reads
    input_dropout: float = number(0.4, 0, 0.95)  # of what each layer reads
    dropout: float = number(0.4, 0, 0.95)  # of what the output layer reads


@dataclass(frozen=True)
class Pretraining(LowerLayers):
    """A language model of `data.unlabeled`, whose features and layer the network starts from.

    Its sizes must be the network's; they stand here too, so that changing another part of the network does
    not train the language model anew.
    """

    epochs: int = number(0)  # 0 for no language model
    batch_tokens: int = number(1500, 1)
    learning_rate: float = number(0.003, 0, 10)
    dropout: float = number(0.1, 0, 0.95)
    vocabulary: int = number(8000, 1)  # words that it tells apart as answers, the commonest
    tokens: int = number(3_000_000, 1)  # that it learns from, at most: those of the first documents
    device: Literal["auto", "cpu", "cuda"] = "auto"

    @property
    def lower(self) -> dict[str, Any]:
        """What the network has to have as well."""
        return {key: value for key, value in asdict(self).items() if key in _LOWER}


@dataclass(frozen=True)
class Training:
    """The recipe."""

    epochs: int = number(20, 1)
    patience: int = number(5, 1)  # epochs without a better dev score before training stops
    batch_tokens: int = number(600, 1)
    learning_rate: float = number(0.003, 0, 10)
    warmup: float = number(0.15, 0, 0.99)  # share of all steps
    weight_decay: float = number(0.01)
    clip: float = number(5.0)  # the most that the gradient's norm may be; 0 for no limit
    word_dropout: float = number(0.2, 0, 0.95)
    averaging: float = number(0.99, 0, 0.99999)  # decay of the running average of the weights, 0 for none
    label_smoothing: float = number(0.0, 0, 0.95)  # for sentiment
    entity_replacement: float = number(0.0, 0, 1)  # share of named entities that others replace, each epoch
    adversarial: float = number(0.0)  # length of a move of each token's features to train against, 0: none
    accumulation: int = number(1, 1)  # batches whose gradients one step takes together
    memory_mb: int = number(0)  # MiB for a batch's gradient; a larger one goes in parts; 0 for no limit
    truncation: int = number(1000)  # tokens after which a long text's gradients end; 0: never
    embeddings: Literal["auto", "random", "ppmi", "file"] = "auto"  # words' start: see training/start.py
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32"] = "auto"  # auto: bfloat16 products on a GPU that has them
    seed: int | None = number(None, 0, 2**31)  # of training alone, instead of the file's
    seeds: int = number(1, 1)  # trainings, from this seed on; the one that is best on dev is kept


@dataclass(frozen=True)
class Promotion:
    """When a challenger replaces the champion: limits of scores and shares are in [0, 1], of the test set."""

    mode: Literal["better", "refresh"] = "better"  # or, on newer data, no worse
    margin: float = number(0.0, 0, 1)  # better: by more than this
    error: float = number(0.05, 0, 1)  # better: how often one that is no better may pass for better
    tolerance: float = number(0.01, 0, 1)  # refresh: how much worse it must surely not be
    class_loss: float = number(0.05, 0, 1)  # the most that a class's F1 may surely fall
    behaviour_loss: float = number(0.05, 0, 1)  # the most that the share of passed behaviour tests may
    slowdown: float = number(1.5, 1)  # times the champion's time for a sentence


@dataclass(frozen=True)
class Schedule:
    """When the run is retrained."""

    cron: str
    timezone: str = "UTC"


@dataclass(frozen=True)
class Run:
    """One block of params.yaml with all its defaults filled in."""

    name: str
    task: Literal["ner", "sentiment"]
    language: Literal["en", "zh"]
    data: Data
    tokenizer: Tokenizer = field(default_factory=Tokenizer)
    pretraining: Pretraining = field(default_factory=Pretraining)
    model: Model = field(default_factory=Model)
    training: Training = field(default_factory=Training)
    promotion: Promotion = field(default_factory=Promotion)
    schedule: Schedule | None = None
    seed: int = 13
    threads: int = number(1, 1)

    @property
    def training_seed(self) -> int:
        """The run's own, or the file's; data is always split and generated with the file's."""
        return self.seed if self.training.seed is None else self.training.seed

    def resolved(self) -> dict[str, Any]:
        """All values, defaults included, as plain data."""
        return asdict(self)


_LOWER = frozenset(each.name for each in fields(LowerLayers))
_BLOCKS = {
    "data": Data,
    "tokenizer": Tokenizer,
    "pretraining": Pretraining,
    "model": Model,
    "training": Training,
    "promotion": Promotion,
    "schedule": Schedule,
}
# dvc.yaml refers to each of these by name, so the file and its blocks must hold them, if only as `{}`.
_TOP = ("seed", "threads", "runs")
_REQUIRED = ("task", "language", "data", "tokenizer", "pretraining", "model", "training")


def load(run: str, path: Path = PATH) -> Run:
    """Reads one run.

    Args:
        run: the name of its block under ``runs``.
        path: the file.

    Raises:
        UsageError: no such file or run; a key that is unknown, missing, or of another type or range.
    """
    runs = load_all(path)
    if run not in runs:
        known = ", ".join(runs) or "none yet"
        raise UsageError(f"{path}: there is no run {run!r}; there are: {known}. `nlp-rnn new` adds one.")
    return runs[run]


def load_all(path: Path = PATH) -> dict[str, Run]:
    """Reads every run of the file, in its order; raises what :func:`load` raises."""
    document = typed.read(path)
    typed.check_keys(path, document, str(path), "the top level", _TOP, _TOP)
    common: dict[str, Any] = {
        key: typed.value(document[key], int, typed.at(path, document, key), key, {"low": low, "high": 2**31})
        for key, low in (("seed", 0), ("threads", 1))
    }
    blocks = typed.mapping(document["runs"], typed.at(path, document, "runs"), "runs")
    return {name: _run(path, blocks, name, common) for name in blocks}


def check_name(name: Any, where: str) -> str:
    """The name itself, once it is known to be fit for folders, stages and registered models.

    Raises:
        UsageError: it is not.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise UsageError(
            f"{where}: {name!r} cannot name a run: use letters, digits, '_' and '-', at most 64 in all."
        )
    return name


def _run(path: Path, blocks: Mapping[str, Any], name: Any, common: Mapping[str, Any]) -> Run:
    where = typed.at(path, blocks, name)
    dotted = f"runs.{check_name(name, where)}"
    block = typed.mapping(blocks[name], where, dotted)
    typed.check_keys(path, block, where, dotted, (*_REQUIRED, "promotion", "schedule"), _REQUIRED)
    task, language = (
        typed.value(block[key], hint, typed.at(path, block, key), f"{dotted}.{key}")
        for key, hint in (("task", Literal["ner", "sentiment"]), ("language", Literal["en", "zh"]))
    )
    recipe = dict(RECIPES[task, language])
    recipe["pretraining"] = {key: given for key, given in recipe.get("model", {}).items() if key in _LOWER}
    parts: dict[str, Any] = {
        key: typed.build(
            kind, path, block[key], typed.at(path, block, key), f"{dotted}.{key}", recipe.get(key)
        )
        for key, kind in _BLOCKS.items()
        if key in block and not (key == "schedule" and block[key] is None)
    }
    run = Run(name=name, task=task, language=language, **parts, **common)
    _check_task(run, where)
    _check_buckets(run, where)
    if run.pretraining.epochs:
        _check_pretraining(run, typed.at(path, block, "pretraining"))
    return run


def _check_task(run: Run, where: str) -> None:
    """Raises UsageError for what this task or language would ignore."""
    idle = {
        "ner": {
            "tokenizer.ngrams": run.tokenizer.ngrams,
            "training.label_smoothing": run.training.label_smoothing,
        },
        "sentiment": {"training.entity_replacement": run.training.entity_replacement},
    }[run.task]
    for key, value in idle.items():
        if value:
            raise UsageError(
                f"{where}: `runs.{run.name}.{key}` is {value}, which means nothing for the task {run.task}; "
                "take it out."
            )
    if run.language == "en" and run.tokenizer.segmenter != "none":
        raise UsageError(
            f"{where}: `runs.{run.name}.tokenizer.segmenter` finds words in a script without spaces, which "
            "English is not; take it out."
        )


def _check_buckets(run: Run, where: str) -> None:
    """Raises UsageError for a single bucket, which padding would fill."""
    for key in ("bigrams", "subwords"):
        if getattr(run.tokenizer, key) == 1:
            raise UsageError(
                f"{where}: `runs.{run.name}.tokenizer.{key}` is 1, and the first bucket is padding's; "
                "give it 0 for none, or many thousands."
            )


def _check_pretraining(run: Run, where: str) -> None:
    """Raises UsageError if there is no text for a language model, or if the network is not built like it."""
    block = f"runs.{run.name}"
    if run.data.vectors is not None:
        raise UsageError(
            f"{where}: `{block}.pretraining` asks for a language model, which starts from vectors of its own "
            f"text, and `{block}.data.vectors` names others; take one of the two out."
        )
    if run.data.unlabeled is None:
        raise UsageError(
            f"{where}: `{block}.pretraining` asks for a language model, and `{block}.data` names no text for "
            "it: name a file, one document a line, as its `unlabeled`."
        )
    for key, value in run.pretraining.lower.items():
        other = getattr(run.model, key)
        if value != other:
            raise UsageError(
                f"{where}: `{block}.pretraining.{key}` is {value} and `{block}.model.{key}` is {other}; a "
                "network can only start from a language model built like it, so set both alike."
            )
