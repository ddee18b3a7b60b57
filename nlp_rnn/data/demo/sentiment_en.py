"""Generated English reviews and remarks, positive or negative, for the demo sentiment model.

The grammar lives in words/en_sentiment_*.txt. A frame speaks of a verdict and its opposite, so nearly every
frame serves both labels; the verdict decides ("the room was small, but we loved it" is positive). Each domain
(films, hotels, software, ...) brings its own things, aspects and clauses that judge without a judging word.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

from nlp_rnn.data.demo.english_spelling import TAKES_AN, misspell
from nlp_rnn.data.demo.grammar import Grammar, read_rules

Entry = str | tuple[str, float]  # a template, or one and its weight
WORDS = Path(__file__).parent / "words"
POLARITIES = {"positive": ("good", "bad"), "negative": ("bad", "good")}  # label: verdict, opposite
# How often the texts of each label use each kind of frame; "own" are those that fit this label only.
WHOLE = 0.8  # share of texts that were written whole, but for some alternatives
FRAME_SHARES = {"told": 0.7, "turned": 0.18, "agreeing": 0.07, "contrast": 0.02, "short": 0.02, "own": 0.01}
SHORTEST, LONGEST = 4, 42  # words
STYLES = ["plain"] * 76 + ["lower"] * 9 + ["no full stop"] * 6 + ["typo"] * 6 + ["shout"] * 2 + ["dots"]
_SLOT = re.compile(r"\{(\w+)\}")
_SENTENCE_START = re.compile(r"(^|[.!?] )([a-z])")
_A_BEFORE_VOWEL = re.compile(rf"\b([Aa]) (?={TAKES_AN.pattern})", re.IGNORECASE)
_REPAIRS = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r" (?=[,.;:!?])", ""),
        (r"\ba (?=a )", ""),  # "a" before the downtoner "a bit"
        (r"\b(very|so|really|truly|such|quite) \1\b", r"\1"),
        (r"\b([Ww]e) am\b", r"\1 are"),
        (r"\b([Ww]e) was\b", r"\1 were"),
        (r"([.!?])[.,]+", r"\1"),
        (r",+(?=[.,!?])", ""),
    )
]


def generate(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield `count` pairs of a text and its label, "positive" or "negative", each with probability 1/2.

    The same arguments give the same texts in every process.
    """
    grammar = _grammar()
    generator = Random(seed)
    for _ in range(count):
        label = "positive" if generator.random() < 0.5 else "negative"
        text = ""
        while not SHORTEST <= len(text.split()) <= LONGEST:
            whole = generator.random() < WHOLE
            text = _tidy((_reviews() if whole else grammar).expand(label, generator))
        yield _respell(text, generator.choice(STYLES), generator), label


@cache
def _reviews() -> Grammar:
    return Grammar(read_rules(WORDS / "en_sentiment_reviews.txt"))


@cache
def _grammar() -> Grammar:
    frames = read_rules(WORDS / "en_sentiment_frames.txt")
    shared = read_rules(WORDS / "en_sentiment_lexicon.txt")
    for label, (verdict, opposite) in POLARITIES.items():
        shared[label] = []
        for kind, share in FRAME_SHARES.items():
            entries = frames[f"{label if kind == 'own' else kind}_frame"]
            shared[label] += [
                _polar((_weighed(entry)[0], share / len(entries)), verdict, opposite) for entry in entries
            ]
        for name, entries in frames.items():
            if name.startswith("verdict_"):
                shared[name.replace("verdict", verdict)] = [
                    _polar(entry, verdict, opposite) for entry in entries
                ]
    by_domain: dict[str, dict[str, list[Entry]]] = {"any": shared}
    for file in ("en_sentiment_domains.txt", "en_sentiment_told.txt"):
        for name, entries in read_rules(WORDS / file).items():
            domain, _, part = name.partition(" ")
            by_domain.setdefault(domain, {})[part] = entries
    del by_domain["any"]
    rules: dict[str, list[Entry]] = {
        label: [f"{{{domain} {label}}}" for domain in by_domain] for label in POLARITIES
    }
    for domain, parts in by_domain.items():
        parts["things"] = [_plural(_weighed(thing)[0]) for thing in parts["thing"]]
        for name, entries in (shared | parts).items():
            rules[f"{domain} {name}"] = [_in_domain(entry, domain) for entry in entries]
    return Grammar(rules)


def _polar(entry: Entry, verdict: str, opposite: str) -> Entry:
    template, weight = _weighed(entry)
    for role, polarity in (("verdict", verdict), ("opposite", opposite)):
        template = template.replace(f"{{{role}}}", f"{{{polarity}_clause}}")
        template = template.replace(f"{{{role}_", f"{{{polarity}_")
    return template, weight


def _in_domain(entry: Entry, domain: str) -> Entry:
    template, weight = _weighed(entry)
    return _SLOT.sub(rf"{{{domain} \1}}", template.replace("{thing}s", "{things}")), weight


def _weighed(entry: Entry) -> tuple[str, float]:
    return (entry, 1.0) if isinstance(entry, str) else entry


def _plural(noun: str) -> str:
    if noun.endswith(("ss", "us", "ch", "x")):
        return noun + "es"
    if noun.endswith("s"):
        return noun
    return noun[:-1] + "ies" if re.search("[^aeiou]y$", noun) else noun + "s"


def _tidy(text: str) -> str:
    text = " ".join(text.split())
    for pattern, replacement in _REPAIRS:
        text = pattern.sub(replacement, text)
    text = _A_BEFORE_VOWEL.sub(r"\1n ", text)
    return _SENTENCE_START.sub(lambda match: match[1] + match[2].upper(), text)


def _respell(text: str, style: str, generator: Random) -> str:
    if style == "lower":
        return text.lower().rstrip(".")
    if style == "no full stop":
        return text.rstrip(".")
    if style == "shout":
        return text.upper() if generator.random() < 0.3 else text.rstrip(".!?") + "!!!"
    if style == "dots":
        return text.rstrip(".!?") + "..."
    if style == "typo":
        words = text.split(" ")
        place = generator.randrange(len(words))
        words[place] = misspell(words[place], generator)
        return " ".join(words)
    return text
