"""The whole networks: they can learn, they answer every token, and padding never changes an answer."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from nlp_rnn import models
from nlp_rnn.models.characters import ENCODERS, RecurrentCharacters
from nlp_rnn.models.features import Features
from nlp_rnn.text import ngrams
from nlp_rnn.text.batches import gather
from nlp_rnn.text.encoding import Encoded, Encoder
from nlp_rnn.text.tokenizer import UNKNOWN, build
from nlp_rnn.training.device import to_tensors
from nlp_rnn.training.fit import predict

CPU = torch.device("cpu")
LABELS = {"ner": ["O", "B-X", "I-X", "E-X", "S-X"], "sentiment": ["bad", "good"]}
SIZES = {
    "layers": 1,
    "hidden_size": 16,
    "word_size": 16,
    "character_size": 8,
    "character_filters": 8,
    "shape_size": 4,
    "bigram_size": 8,
}


def network(task: str, cell: str = "lstm", **changes) -> models.Tagger | models.Classifier:
    torch.manual_seed(0)
    return models.build(
        task,
        **{
            "labels": LABELS[task],
            "words": 60,
            "characters": 20,
            "bigrams": 256,
            "ngrams": 30,
            "cell": cell,
            "input_dropout": 0.0,
            "dropout": 0.0,
            **SIZES,
            **changes,
        },
    )


def sentences(task: str, count: int = 12) -> Encoded:
    rng = np.random.default_rng(5)
    tokens = [[f"w{i}" for i in rng.integers(0, 50, n)] for n in rng.integers(1, 15, count)]
    encoded = Encoder(
        build(tokens, lowercase=True, min_count=1),
        "w0123456789",
        bigrams=256,
        ngrams=ngrams.learn(tokens, longest=2, most=30),
    ).encode(tokens)
    if task == "ner":
        return replace(encoded, tags=rng.choice([0, 4], len(encoded.forms)).astype(np.int32))
    return replace(encoded, labels=rng.integers(0, 2, count).astype(np.int32))


@pytest.mark.parametrize("cell", models.CELLS)
@pytest.mark.parametrize("task", LABELS)
def test_one_batch_can_be_learned_by_heart(task: str, cell: str) -> None:
    encoded, model = sentences(task), network(task, cell)
    batch = to_tensors(gather(encoded, np.arange(len(encoded))), CPU)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    for _ in range(80):
        loss = model.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    answers = predict(model.eval(), encoded, batch_tokens=1000, device=CPU)
    gold = np.split(encoded.tags, encoded.starts[1:-1]) if task == "ner" else encoded.labels[:, None]
    assert answers == [row.tolist() for row in gold]


@pytest.mark.parametrize("cell", models.CELLS)
@pytest.mark.parametrize("task", LABELS)
def test_company_in_a_batch_never_changes_an_answer(task: str, cell: str) -> None:
    encoded, model = sentences(task, 30), network(task, cell, layers=2).eval()
    scores = model.emissions if isinstance(model, models.Tagger) else model.logits
    together = scores(to_tensors(gather(encoded, np.arange(30)), CPU))
    for index in range(30):
        alone = scores(to_tensors(gather(encoded, np.array([index])), CPU))[0]
        same = together[index, : len(alone)] if task == "ner" else together[index]
        torch.testing.assert_close(alone, same, atol=1e-5, rtol=1e-5)
    assert predict(model, encoded, batch_tokens=20, device=CPU) == predict(
        model, encoded, batch_tokens=10_000, device=CPU
    )


def test_smoothed_labels_share_some_of_their_weight_with_all() -> None:
    encoded, model = sentences("sentiment"), network("sentiment", "lstm", label_smoothing=0.3).eval()
    batch = to_tensors(gather(encoded, np.arange(len(encoded))), CPU)
    (deep, *_) = model.parts(batch)
    likely = deep.log_softmax(dim=1)
    wanted = 0.7 * likely[torch.arange(len(likely)), batch.labels.long()] + 0.3 * likely.mean(dim=1)
    torch.testing.assert_close(model.loss(batch), -wanted.mean())


def test_padding_never_wins_over_states_far_below_zero() -> None:
    encoded, model = sentences("sentiment"), network("sentiment", "mingru", ngrams=0).eval()
    with torch.no_grad():
        for side in (model.encoder.ahead[0], model.encoder.back[0]):
            side.gates.bias.fill_(-50).chunk(2)[0].fill_(50)  # open gates, and candidates near -50
        together = model.logits(to_tensors(gather(encoded, np.arange(len(encoded))), CPU))
        for index in range(len(encoded)):
            alone = model.logits(to_tensors(gather(encoded, np.array([index])), CPU))
            torch.testing.assert_close(alone[0], together[index], atol=1e-4, rtol=1e-5)


def test_word_dropout_hides_ids_in_training_alone() -> None:
    torch.manual_seed(0)
    features = Features(
        words=60,
        characters=20,
        bigrams=0,
        word_size=4,
        character_size=1,
        character_filters=0,
        shape_size=0,
        bigram_size=0,
        word_dropout=0.5,
    )
    ids = torch.arange(2, 60, dtype=torch.int32)
    hidden = features._drop(ids) == UNKNOWN
    assert 0.3 < hidden.float().mean() < 0.7
    assert torch.equal(features.eval()._drop(ids), ids)


@pytest.mark.parametrize("task", LABELS)
def test_every_feature_can_be_left_out(task: str) -> None:
    bare = network(task, character_filters=0, shape_size=0, bigrams=0, ngrams=0)
    encoded = replace(sentences(task), bigrams=None, ngrams=None)
    assert len(predict(bare.eval(), encoded, batch_tokens=100, device=CPU)) == len(encoded)


def test_recurrent_characters_are_read_from_both_ends_whatever_stands_beside_them() -> None:
    torch.manual_seed(0)
    encoder = RecurrentCharacters(characters=9, embedding_size=5, size=6)
    both = nn.LSTM(5, 3, batch_first=True, bidirectional=True)
    for cell, suffix in ((encoder.ahead, ""), (encoder.back, "_reverse")):
        both.load_state_dict({f"{k}{suffix}": v for k, v in cell.state_dict().items()}, strict=False)
    forms = [[2], [3, 4, 5], [6, 7], [8, 2, 3, 4, 5, 6]]
    padded = torch.zeros(len(forms), 8, dtype=torch.int32)
    for row, form in zip(padded, forms):
        row[1 : 1 + len(form)] = torch.tensor(form)
    for form, found in zip(forms, encoder(padded)):
        _, (last, _) = both(encoder.embedding(torch.tensor([form])))  # [2, 1, 3]
        torch.testing.assert_close(found, last.flatten(), atol=1e-6, rtol=1e-5)


def test_subwords_are_averaged_and_padding_counts_nothing() -> None:
    bare = {"word_size": 3, "character_filters": 0, "shape_size": 0, "bigrams": 0, "ngrams": 0}
    model = network("ner", **bare, subwords=50, subword_size=4).eval()
    encoder = Encoder(build([["ab"]], lowercase=True, min_count=1), "", subwords=50)
    batch = gather(encoder.encode([["ab", "c"]]), np.array([0]))
    ids = [[i for i in row if i] for row in batch.subwords[1:].tolist()]
    assert [len(row) for row in ids] == [3 + 2 + 1, 2 + 1]
    found = model.features(to_tensors(batch, CPU))[0, :, 3:]
    expected = torch.stack([model.features.subword.weight[row].mean(dim=0) for row in ids])
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    "changes", [{"subwords": 128, "subword_size": 8}, {"character_encoder": "recurrent"}]
)
def test_company_in_a_batch_never_changes_what_a_spelling_says(changes: dict) -> None:
    tokens = [[f"w{i}" * (1 + i % 4) for i in range(n)] for n in range(1, 12)]
    encoded = Encoder(build(tokens, lowercase=True, min_count=1), "w0123", subwords=128).encode(tokens)
    model = network("ner", bigrams=0, **changes).eval()
    together = model.emissions(to_tensors(gather(encoded, np.arange(11)), CPU))
    for index in range(11):
        alone = model.emissions(to_tensors(gather(encoded, np.array([index])), CPU))[0]
        torch.testing.assert_close(alone, together[index, : len(alone)], atol=1e-5, rtol=1e-5)


def test_names_of_character_encoders_are_those_of_params() -> None:
    from typing import get_args, get_type_hints

    from nlp_rnn import params

    assert get_args(get_type_hints(params.Model)["character_encoder"]) == tuple(ENCODERS)


def test_names_of_cells_are_those_of_params() -> None:
    from typing import get_args, get_type_hints

    from nlp_rnn import params

    assert get_args(get_type_hints(params.Model)["cell"]) == tuple(models.CELLS)
