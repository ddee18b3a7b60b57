"""The embedded corpora' generators of training text; data/demo holds the hand-written dev and test sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

Tagged = tuple[list[str], list[str]]  # tokens and BIO tags
Labeled = tuple[str, str]  # text and label


# Imported when called, so that no language's word lists are read for another's sake.
def _ner_en(count: int, seed: int) -> Iterator[Tagged]:
    from nlp_rnn.data.demo import ner_en

    return ner_en.generate(count, seed)


def _ner_zh(count: int, seed: int) -> Iterator[Tagged]:
    from nlp_rnn.data.demo import ner_zh

    return ner_zh.generate(count, seed)


def _sentiment_en(count: int, seed: int) -> Iterator[Labeled]:
    from nlp_rnn.data.demo import sentiment_en

    return sentiment_en.generate(count, seed)


def _sentiment_zh(count: int, seed: int) -> Iterator[Labeled]:
    from nlp_rnn.data.demo import sentiment_zh

    return sentiment_zh.generate(count, seed)


GENERATORS: Mapping[tuple[str, str], Callable[[int, int], Iterator[Tagged] | Iterator[Labeled]]] = {
    ("ner", "en"): _ner_en,
    ("ner", "zh"): _ner_zh,
    ("sentiment", "en"): _sentiment_en,
    ("sentiment", "zh"): _sentiment_zh,
}
