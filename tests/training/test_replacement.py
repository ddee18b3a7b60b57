"""Variants of the training sentences: other entities of the same types, all arrays as if encoded anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp_rnn.text.encoding import Encoded, Encoder, form_texts
from nlp_rnn.text.labels import bioes_labels, illegal, spans, to_bio, to_bioes
from nlp_rnn.text.tokenizer import build
from nlp_rnn.training.replacement import EntityReplacement

LABELS = bioes_labels(["LOC", "ORG", "PER"])
SENTENCES = [
    ("Maria Lopez flew to New York City .", "B-PER I-PER O O B-LOC I-LOC I-LOC O"),
    ("Rome Oslo Ana", "B-LOC B-LOC B-PER"),  # entities that touch, at both edges
    ("Nobody came .", "O O O"),
    ("Acme", "B-ORG"),  # the only one of its type
    ("Jo met ana in rome", "B-PER O B-PER O B-LOC"),
]
BUCKETS = 512
Tagged = tuple[list[str], list[str]]  # tokens and BIO tags of a sentence


def encoder(tokens: list[list[str]]) -> Encoder:
    characters = sorted({character for sentence in tokens for form in sentence for character in form})
    words = build(tokens, lowercase=True, min_count=1)
    return Encoder(words, "".join(characters), bigrams=BUCKETS, segmenter="jieba")


def encode(sentences: list[Tagged]) -> Encoded:
    tags = [LABELS.index(tag) for _, bio in sentences for tag in to_bioes(bio)]
    tokens = [tokens for tokens, _ in sentences]
    return replace(encoder(tokens).encode(tokens), tags=np.array(tags, np.int32))


def replacement(sentences: list[Tagged], probability: float, seed: int = 1) -> EntityReplacement:
    return EntityReplacement(
        encode(sentences),
        labels=LABELS,
        texts=form_texts(tokens for tokens, _ in sentences),
        bigrams=BUCKETS,
        segmenter="jieba",
        probability=probability,
        seed=seed,
    )


def decode(encoded: Encoded, texts: list[str]) -> list[Tagged]:
    assert encoded.tags is not None
    return [
        (
            [texts[form] for form in encoded.forms[start:end]],
            list(to_bio([LABELS[tag] for tag in encoded.tags[start:end]], "BIOES")),
        )
        for start, end in zip(encoded.starts[:-1], encoded.starts[1:])
    ]


def entities(sentence: Tagged) -> list[tuple[str, str]]:
    """Type and text of each, in order."""
    tokens, tags = sentence
    return [(label, " ".join(tokens[start:end])) for start, end, label in spans(tags)]


def around(sentence: Tagged) -> list[str]:
    """The tokens, each entity as its type."""
    tokens, tags = sentence
    return [tag if tag[0] == "B" else token for token, tag in zip(tokens, tags) if tag[0] != "I"]


GIVEN: list[Tagged] = [(text.split(), tags.split()) for text, tags in SENTENCES]
TEXTS = form_texts(tokens for tokens, _ in GIVEN)


@st.composite
def tagged(draw: st.DrawFn) -> list[Tagged]:
    sentences = []
    for _ in range(draw(st.integers(1, 6))):
        tokens: list[str] = []
        tags: list[str] = []
        for _ in range(draw(st.integers(1, 5))):
            label = draw(st.sampled_from(["", "LOC", "ORG", "PER"]))
            size = draw(st.integers(1, 4)) if label else 1
            tokens += draw(st.lists(st.sampled_from("aAbBc北京大学我们"), min_size=size, max_size=size))
            tags += [f"B-{label}", *[f"I-{label}"] * (size - 1)] if label else ["O"]
        sentences.append((tokens, tags))
    return sentences


@given(tagged(), st.sampled_from([0.3, 1.0]), st.integers(0, 3))
def test_a_variant_is_what_encoding_its_sentences_gives(
    sentences: list[Tagged], probability: float, epoch: int
) -> None:
    texts = form_texts(tokens for tokens, _ in sentences)
    variant = replacement(sentences, probability).variant(epoch)
    new = decode(variant, texts)
    assert [around(sentence) for sentence in new] == [around(sentence) for sentence in sentences]
    known = {entity for sentence in sentences for entity in entities(sentence)}
    assert {entity for sentence in new for entity in entities(sentence)} <= known
    assert not any(illegal(tags) for _, tags in new)
    # The tables of forms differ in their order, so what the tokens' rows hold is compared.
    fresh = encoder([tokens for tokens, _ in sentences]).encode([tokens for tokens, _ in new])
    for name in ("words", "shapes", "characters"):
        rows = getattr(variant, name)[variant.forms], getattr(fresh, name)[fresh.forms]
        np.testing.assert_array_equal(*rows)
    for name in ("starts", "bigrams", "boundaries"):
        np.testing.assert_array_equal(getattr(variant, name), getattr(fresh, name))
        assert getattr(variant, name).dtype == getattr(fresh, name).dtype
    assert variant.tags is not None
    bioes = [LABELS[tag] for tag in variant.tags]
    assert bioes == [tag for _, bio in new for tag in to_bioes(bio)]


def test_a_probability_of_zero_leaves_everything_as_it_is() -> None:
    train, variant = encode(GIVEN), replacement(GIVEN, 0).variant(1)
    for name in ("starts", "forms", "words", "shapes", "characters", "bigrams", "boundaries", "tags"):
        np.testing.assert_array_equal(getattr(variant, name), getattr(train, name))


def test_with_certainty_every_entity_gives_way_to_another_mention() -> None:
    draw = replacement(GIVEN, 1)
    seen: Counter[str] = Counter()
    for epoch in range(400):
        sentences = decode(draw.variant(epoch), TEXTS)
        assert sentences[3] == GIVEN[3]
        seen[entities(sentences[0])[1][1]] += 1  # in the place of New York City
    assert set(seen) == {"Rome", "Oslo", "rome"}
    assert min(seen.values()) > 90  # each of the others is as likely


def test_the_share_replaced_is_the_probability() -> None:
    many: list[Tagged] = [([f"w{i}"], ["B-PER"]) for i in range(2000)]
    variant = replacement(many, 0.3).variant(1)
    assert (variant.forms != encode(many).forms).mean() == pytest.approx(0.3, abs=0.04)


def test_seed_and_epoch_decide_a_variant() -> None:
    def drawn(seed: int, epoch: int) -> list[Tagged]:
        return decode(replacement(GIVEN * 4, 0.5, seed).variant(epoch), TEXTS)

    assert drawn(1, 1) == drawn(1, 1)
    assert drawn(1, 1) != drawn(1, 2)
    assert drawn(1, 1) != drawn(2, 1)
    draw = replacement(GIVEN * 4, 0.5)
    draw.variant(7)
    assert decode(draw.variant(1), TEXTS) == drawn(1, 1)  # whatever was drawn before


def test_a_set_without_entities_or_bigrams_stays_as_it_is() -> None:
    plain = replace(encode([GIVEN[2]]), bigrams=None)
    draw = EntityReplacement(plain, labels=LABELS, texts=[], bigrams=0, probability=1, seed=1)
    variant = draw.variant(1)
    np.testing.assert_array_equal(variant.forms, plain.forms)
    assert variant.bigrams is None
