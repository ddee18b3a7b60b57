"""torch and onnxruntime give the same answers, for every cell, task, language, length and batch size."""

from itertools import product

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from nlp_rnn.inference import load, package
from nlp_rnn.text import ngrams
from nlp_rnn.text.batches import batches
from nlp_rnn.text.encoding import Encoder
from nlp_rnn.training.fit import predict, to_tensors

CPU = torch.device("cpu")
LENGTHS = [1, 2, 3, 7, 20, 64, 300, 2000]


@pytest.mark.parametrize(
    ("task", "cell", "language", "layers"),
    [*product(("ner", "sentiment"), ("rnn", "gru", "lstm"), ("en", "zh"), (1,)), ("ner", "lstm", "en", 2)],
)
def test_every_network_equals_its_graph(make_package, task, cell, language, layers) -> None:
    folder, network = make_package(task, cell, language, layers)
    predictor = load(folder)
    model = package.read_model(folder)
    encoder = Encoder(
        Tokenizer.from_file(str(folder / "tokenizer.json")),
        model["characters"],
        bigrams=model["bigrams"],
        ngrams=ngrams.unpack(model["ngrams"]),
        longest=model["ngram_length"],
    )
    rng = np.random.default_rng(1)
    words = ["Maria", "flew", "unseen", "Rome", ".", "上", "海", "2024", "🙂", "\u200b"]
    sentences = [
        [words[i] for i in rng.integers(0, len(words), length)] for length in [*LENGTHS[:-1] * 2, *LENGTHS]
    ]
    encoded = encoder.encode(sentences)
    scores = network.emissions if task == "ner" else network.logits
    for size in (1, 3000):
        for batch in batches(encoded, size):
            with torch.no_grad():
                expected = scores(to_tensors(batch, CPU)).numpy()
            inputs = {name: np.ascontiguousarray(getattr(batch, name)) for name in predictor._inputs}
            (found,) = predictor._session.run(None, inputs)
            for row, length in enumerate(batch.lengths):
                kept = slice(None, length) if task == "ner" else slice(None)
                np.testing.assert_allclose(found[row][kept], expected[row][kept], atol=1e-4, rtol=1e-5)
    ours = [
        [int(i) for i in output] if task == "ner" else [int(output.argmax())]
        for output in predictor._outputs(sentences)
    ]
    assert ours == predict(network, encoded, batch_tokens=1000, device=CPU)
