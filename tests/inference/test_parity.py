"""torch and onnxruntime give the same answers, for every cell, task, language, depth, length and batch."""

from itertools import product
from typing import get_args, get_type_hints

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from nlp_rnn import params
from nlp_rnn.inference import load, package
from nlp_rnn.text import ngrams
from nlp_rnn.text.batches import batches
from nlp_rnn.text.encoding import Encoder
from nlp_rnn.training.device import to_tensors
from nlp_rnn.training.fit import predict

CPU = torch.device("cpu")
CELLS = get_args(get_type_hints(params.Model)["cell"])
LENGTHS = [1, 2, 3, 7, 20, 64, 300, 2000]


@pytest.mark.parametrize(
    ("task", "cell", "language", "layers", "residual"),
    [
        *product(("ner", "sentiment"), CELLS, ("en", "zh"), (1,), (False,)),
        *product(("ner",), CELLS, ("en",), (2,), (False,)),
        *product(("ner", "sentiment"), ("lstm", "mingru"), ("en",), (3,), (True,)),
    ],
)
def test_every_network_equals_its_graph(make_package, task, cell, language, layers, residual) -> None:
    folder, network = make_package(task, cell, language, layers, residual=residual)
    rng = np.random.default_rng(1)
    words = ["Maria", "flew", "unseen", "Rome", ".", "上", "海", "2024", "🙂", "\u200b"]
    sentences = [
        [words[i] for i in rng.integers(0, len(words), length)] for length in [*LENGTHS[:-1] * 2, *LENGTHS]
    ]
    agree(folder, network, sentences)


@pytest.mark.parametrize("task", ["ner", "sentiment"])
@pytest.mark.parametrize(
    ("subwords", "characters"), [(64, "convolution"), (0, "recurrent"), (64, "recurrent")]
)
def test_every_spelling_feature_equals_its_graph(make_package, task, subwords, characters) -> None:
    folder, network = make_package(task, subwords=subwords, character_encoder=characters)
    words = ["Maria", "a", "", "x" * 50, "上", "🙂", "unseen", "Romeo-and-Juliet", "."]
    rng = np.random.default_rng(3)
    agree(
        folder, network, [[], [""], ["a"], *(rng.choice(words, length).tolist() for length in (1, 2, 9, 40))]
    )


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("task", ["ner", "sentiment"])
def test_a_network_that_reads_ahead_alone_equals_its_graph(make_package, task, cell, layers) -> None:
    folder, network = make_package(task, cell, layers=layers, direction="ahead")
    rng = np.random.default_rng(5)
    words = ["Maria", "flew", "Rome", "unseen"]
    agree(folder, network, [[], *(rng.choice(words, length).tolist() for length in LENGTHS[:-1])])


@pytest.mark.parametrize("task", ["ner", "sentiment"])
def test_a_segmenter_equals_its_graph(make_package, task) -> None:
    folder, network = make_package(task, language="zh", segmenter="jieba")
    agree(folder, network, [[], ["我"], list("王小明昨天飞往上海"), ["iPhone", *"很好" * 30], ["\ud800"]])


@pytest.mark.parametrize("words_of", [0.1, 50.0])
@pytest.mark.parametrize("cell", CELLS)
def test_long_drift_and_saturation_agree(make_package, cell, words_of) -> None:
    """3,000 times the same push, and one that turns; small enough to add up, or so large that gates close."""
    folder, network = make_package("ner", cell, layers=2, words_of=words_of)
    rng = np.random.default_rng(2)
    agree(folder, network, [["Maria"] * 3000, rng.choice(["Maria", "flew", "Rome", "unseen"], 3000).tolist()])


def test_scores_without_bounds_are_pooled_alike(make_package) -> None:
    folder, network = make_package("sentiment", "mingru", layers=3, residual=True, words_of=50.0)
    agree(folder, network, [["Maria", "flew", "Rome"][: 1 + length % 3] * length for length in range(1, 12)])


def agree(folder, network, sentences) -> None:
    """Fails where the network and its graph differ, in scores or in labels, or where a score is no number."""
    predictor = load(folder)
    model = package.read_model(folder)
    ner = predictor.task == "ner"
    encoder = Encoder(
        Tokenizer.from_file(str(folder / "tokenizer.json")),
        model["characters"],
        bigrams=model["bigrams"],
        subwords=model["subwords"],
        segmenter=model["segmenter"],
        ngrams=ngrams.unpack(model["ngrams"]),
        longest=model["ngram_length"],
    )
    encoded = encoder.encode(sentences)
    scores = network.emissions if ner else network.logits
    for size in (1, 3000):
        for batch in batches(encoded, size):
            with torch.no_grad():
                expected = scores(to_tensors(batch, CPU)).numpy()
            found = predictor._scorer.scores(batch)
            for row, length in enumerate(batch.lengths):
                kept = slice(None, length) if ner else slice(None)
                assert np.isfinite(expected[row][kept]).all()
                atol = max(1e-4, 3e-5 * np.abs(expected[row][kept]).max())  # minGRU's scores have no bound
                np.testing.assert_allclose(found[row][kept], expected[row][kept], atol=atol, rtol=1e-5)
    assert [answer.ids.tolist() for answer in predictor._scorer.run(encoded)] == predict(
        network, encoded, batch_tokens=1000, device=CPU
    )
