"""Test examples and their changed twins, for each capability; after CheckList (Ribeiro et al., ACL 2020)."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from nlp_rnn.evaluation.behaviour import changes
from nlp_rnn.schema import Example
from nlp_rnn.text.labels import spans

MOST = 200  # cases of a capability
# What tells nothing: before a sentence with entities, and behind a text with an opinion.
_ADDED_TOKENS: Mapping[str, list[tuple[str, ...]]] = {
    "en": [("By", "the", "way", ","), ("As", "I", "said", ",")],
    "zh": [tuple("顺便说一句，"), tuple("据说，")],
}
_ADDED_TEXTS = {
    "en": [" I am writing this on a Tuesday.", " This is about my second visit."],
    "zh": ["我是星期二写的。", "这是我第二次写评论。"],
}
_CONTRACTIONS = [
    ("do not", "don't"),
    ("does not", "doesn't"),
    ("did not", "didn't"),
    ("is not", "isn't"),
    ("was not", "wasn't"),
    ("are not", "aren't"),
    ("were not", "weren't"),
    ("would not", "wouldn't"),
    ("it is", "it's"),
    ("i am", "i'm"),
    ("there is", "there's"),
]
# Sentences that turn around with one word.
_NEGATION = {
    "en": ("The {} was {}.", "The {} was not {}."),
    "zh": ("这里的{}很{}。", "这里的{}一点也不{}。"),
}
_THINGS = {
    "en": ("food", "service", "room", "film", "book", "story", "staff", "price"),
    "zh": ("服务", "房间", "早餐", "电影", "书", "故事", "价格", "员工"),
}
_JUDGEMENTS = {
    "en": ("good", "great", "nice", "excellent", "friendly", "enjoyable"),
    "zh": ("好", "不错", "棒", "满意", "舒服", "精彩"),
}
_PIECES = re.compile(r"\w+|\W")


@dataclass(frozen=True)
class Case:
    """Two examples whose answers belong together.

    Attributes:
        before, after: an example, and the same with a change.
        prefix: tokens that were put in front, which belong to no entity.
        flips: a text's label must be another one after, rather than the same.
    """

    before: Example
    after: Example
    prefix: int = 0
    flips: bool = False


def make(
    task: str, language: str, examples: Sequence[Example], *, most: int = MOST, seed: int = 0
) -> dict[str, list[Case]]:
    """Makes cases of test examples, the same ones for the same examples and seed.

    Args:
        task, language: of the run.
        examples: with tokens and tags, or texts.
        most: cases of each capability; examples are taken from all over.
        seed: of what is left to chance.

    Returns:
        cases by capability; one that no example allows is left out.
    """
    order = random.Random(seed).sample(range(len(examples)), len(examples))
    shuffled = [examples[i] for i in order]
    table = _of_tokens(language, examples) if task == "ner" else _of_texts(language)
    found = {}
    for name, twin in table.items():
        rng = random.Random(f"{seed} {name}")
        found[name] = _first(most, (twin(example, rng) for example in shuffled))
    if task == "sentiment":
        found["negation"] = _negations(language, most)
    return {name: cases for name, cases in found.items() if cases}


_Twin = Callable[[Example, random.Random], Case | None]


def _first(most: int, cases: Iterable[Case | None]) -> list[Case]:
    found = []
    for case in cases:
        if case is not None:
            found.append(case)
            if len(found) == most:
                break
    return found


def _of_tokens(language: str, examples: Sequence[Example]) -> dict[str, _Twin]:
    names = _names(examples)

    def changed(change: changes.Change) -> _Twin:
        def twin(example: Example, rng: random.Random) -> Case | None:
            tokens, tags = example.tokens or (), example.tags or ()
            after = change(tokens, [tag == "O" for tag in tags], rng)
            return None if after is None else Case(example, replace(example, tokens=tuple(after)))

        return twin

    def other_names(example: Example, rng: random.Random) -> Case | None:
        tokens = list(example.tokens or ())
        for start, end, label in spans(example.tags or ()):
            given = tuple(tokens[start:end])
            others = [name for name in names[label, end - start] if name != given]
            if others:
                tokens[start:end] = rng.choice(others)
        after = tuple(tokens)
        return None if after == example.tokens else Case(example, replace(example, tokens=after))

    def addition(example: Example, rng: random.Random) -> Case | None:
        added = rng.choice(_ADDED_TOKENS[language])
        tokens, tags = (*added, *(example.tokens or ())), ("O",) * len(added) + (example.tags or ())
        return Case(example, replace(example, tokens=tokens, tags=tags), prefix=len(added))

    twins = {name: changed(change) for name, change in changes.CHANGES[language].items()}
    return {**twins, "other_names": other_names, "addition": addition}


def _names(examples: Sequence[Example]) -> Mapping[tuple[str, int], list[tuple[str, ...]]]:
    """All entities, by type and number of tokens, each once."""
    found: dict[tuple[str, int], dict[tuple[str, ...], None]] = {}
    for example in examples:
        for start, end, label in spans(example.tags or ()):
            found.setdefault((label, end - start), {})[(example.tokens or ())[start:end]] = None
    return {key: list(names) for key, names in found.items()}


def _of_texts(language: str) -> dict[str, _Twin]:
    def changed(change: changes.Change) -> _Twin:
        def twin(example: Example, rng: random.Random) -> Case | None:
            pieces = _PIECES.findall(example.text or "")
            after = change(pieces, [True] * len(pieces), rng)
            return None if after is None else Case(example, replace(example, text="".join(after)))

        return twin

    def contraction(example: Example, rng: random.Random) -> Case | None:
        text = example.text or ""
        for long, short in _CONTRACTIONS:
            for one, other in ((long, short), (short, long)):
                after = re.sub(rf"\b{one}\b", other, text, flags=re.IGNORECASE)
                if after != text:
                    return Case(example, replace(example, text=after))
        return None

    def addition(example: Example, rng: random.Random) -> Case | None:
        return Case(example, replace(example, text=f"{example.text}{rng.choice(_ADDED_TEXTS[language])}"))

    twins = {name: changed(change) for name, change in changes.CHANGES[language].items()}
    return {**twins, **({"contraction": contraction} if language == "en" else {}), "addition": addition}


def _negations(language: str, most: int) -> list[Case]:
    return list(_negated(language))[:most]


def _negated(language: str) -> Iterator[Case]:
    plain, negated = _NEGATION[language]
    for number, words in enumerate(product(_THINGS[language], _JUDGEMENTS[language])):
        before, after = (
            Example(f"negation-{number}", "negation", text=form.format(*words)) for form in (plain, negated)
        )
        yield Case(before, after, flips=True)
