"""Simplified-Chinese sentences with persons, organisations and places, written at random from templates.

The words and templates lie in `words/zh_*.txt`. A sentence is drawn in two steps: its template, in which
every mention is a mark such as `[PER:han_name]`, and then a name for every mark.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

from nlp_rnn.data.demo.grammar import Grammar, read_rules, split_marks
from nlp_rnn.text import tokenizer

_WORDS = Path(__file__).parent / "words"
_NAME_LISTS = ("zh_people.txt", "zh_places.txt", "zh_organisations.txt")
_CUTTER = tokenizer.build(None, lowercase=False, min_count=1)  # cuts as raw text will be cut
_DIGITS_TO_CHINESE = str.maketrans("0123456789", "〇一二三四五六七八九")
_TO_HALF_WIDTH = str.maketrans("，。！？：；（）“”", ',.!?:;()""')
_QUOTES = (str.maketrans("“”", "「」"), str.maketrans("“”", '""'), str.maketrans("“”", "‘’"))
_CONFUSED = {
    "的": "得地", "得": "的", "地": "的", "在": "再", "再": "在", "做": "作", "已": "以",
    "他": "她", "那": "哪",
}  # fmt: skip


def generate(count: int, seed: int) -> Iterator[tuple[list[str], list[str]]]:
    """Yield `count` sentences as tokens and BIO tags of the types PER, ORG and LOC.

    A Chinese character or a punctuation mark is one token; a run of Latin letters or of digits is one token.

    Args:
        count: how many sentences.
        seed: the only source of chance; equal arguments give equal sentences in every process.
    """
    sentences, names = _sentence_grammar(), _name_grammar()
    generator = Random(seed)
    for _ in range(count):
        pieces = split_marks(sentences.expand("sentence", generator))
        named = [(names.expand(text, generator) if label else text, label) for text, label in pieces]
        yield _tagged(_with_noise(named, generator))


def surfaces() -> list[str]:
    """Return every name and part of a name in the word lists, in a fixed order."""
    return sorted({word for words in _name_words().values() for word in words})


@cache
def _sentence_grammar() -> Grammar:
    files = ("zh_ordinary.txt", "zh_ner_frames.txt", "zh_ner_sentences.txt")
    return Grammar({name: entries for file in files for name, entries in read_rules(_WORDS / file).items()})


@cache
def _name_grammar() -> Grammar:
    return Grammar(_name_words() | read_rules(_WORDS / "zh_names.txt"))


@cache
def _name_words() -> dict[str, list[str]]:
    words: dict[str, dict[str, None]] = {}
    for file in _NAME_LISTS:
        for section, entries in read_rules(_WORDS / file).items():
            names = (entry if isinstance(entry, str) else entry[0] for entry in entries)
            words.setdefault(section, {}).update(dict.fromkeys(names))
    return {section: list(entries) for section, entries in words.items()}


def _with_noise(pieces: list[tuple[str, str]], generator: Random) -> list[tuple[str, str]]:
    """Return the pieces with the slips and habits of real writers; names keep their characters."""
    chance = generator.random()
    if chance < 0.04:
        return [(text.translate(_TO_HALF_WIDTH), label) for text, label in pieces]
    if chance < 0.08:
        quotes = generator.choice(_QUOTES)
        return [(text if label else text.translate(quotes), label) for text, label in pieces]
    if chance < 0.10:
        return [(text if label else text.translate(_DIGITS_TO_CHINESE), label) for text, label in pieces]
    if chance < 0.12:
        return [(text if label else re.sub("[，。“”！？]", "", text), label) for text, label in pieces]
    if chance < 0.14:
        return [(text if label else _misspelled(text, generator), label) for text, label in pieces]
    return pieces


def _misspelled(text: str, generator: Random) -> str:
    return "".join(
        generator.choice(_CONFUSED[letter]) if letter in _CONFUSED and generator.random() < 0.5 else letter
        for letter in text
    )


def _tagged(pieces: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    tokens: list[str] = []
    tags: list[str] = []
    for text, label in pieces:
        found = [token.text for token in tokenizer.split(_CUTTER, text)]
        tokens += found
        tags += [f"B-{label}"] + [f"I-{label}"] * (len(found) - 1) if label else ["O"] * len(found)
    return tokens, tags
