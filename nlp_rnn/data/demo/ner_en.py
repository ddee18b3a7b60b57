"""Generated English sentences with people, organisations and places, for the demo named-entity model.

The grammar lives in words/en_*.txt: lists of names, ordinary words, and sentence frames. Context and
spelling must decide, not memory, so a third of the names are built from syllables (`invented_names`).
Titles ("Dr") and a leading "the" are outside a span, a possessive "'s" is its own token outside it.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

from nlp_rnn.data.demo.english_spelling import TAKES_AN, misspell
from nlp_rnn.data.demo.grammar import Grammar, read_rules, split_marks
from nlp_rnn.data.demo.invented_names import invented_names
from nlp_rnn.text import tokenizer

WORDS = Path(__file__).parent / "words"
NAME_FILES = (
    "en_given_names",
    "en_surnames",
    "en_cities",
    "en_countries",
    "en_regions",
    "en_landmarks",
    "en_organisations",
)
RULE_FILES = ("en_ner_vocabulary", "en_ner_mentions", "en_ner_frames", "en_ner_frames_short")
ORGANISATION_RULES = ("company", "public_body", "party", "media", "school", "club", "band")
SENTENCE_KINDS = [
    ("prose\t{opener}{PERSON} {person_vp}{closer}.", 20),
    ("prose\t{opener}{PER}{person_vp_joint}{closer}.", 4),
    ("prose\t{opener}{ORG} {org_vp}{closer}.", 9),
    ("prose\t{opener}{ORG}{org_vp_joint}{closer}.", 3),
    ("prose\t{opener}{CLUB} {club_vp}{closer}.", 3),
    ("prose\t{opener}{CLUB}{club_vp_joint}.", 1),
    ("prose\t{opener}{BAND} {band_vp}{closer}.", 1),
    ("prose\t{opener}{BAND}{band_vp_joint}.", 1),
    ("prose\t{opener}{LOC} {loc_vp}{closer}.", 6),
    ("prose\t{opener}{LOC}{loc_vp_joint}{closer}.", 3),
    ("prose\t{entity_frame}", 30),
    ("headline\t{headline}", 8),
    ("chat\t{chat}", 5),
    ("prose\t{negative}", 26),
    ("chat\t{negative}", 1),
]
STYLES = {  # how each kind of sentence is spelt; the weights add up to 100
    "prose": ["plain"] * 88 + ["no full stop"] * 5 + ["lower"] * 3 + ["upper"] * 2 + ["typo"] * 2,
    "headline": ["plain"] * 52 + ["title"] * 25 + ["upper"] * 14 + ["lower"] * 9,
    "chat": ["lower"] * 62 + ["no full stop"] * 18 + ["plain"] * 14 + ["typo"] * 6,
}
_CUTTER = tokenizer.build(None, lowercase=False, min_count=1)  # cuts as raw text will be cut
_FINAL_WORDS = {
    "a",
    "an",
    "and",
    "at",
    "by",
    "for",
    "from",
    "in",
    "of",
    "on",
    "or",
    "over",
    "the",
    "to",
    "with",
    "'s",
}


def generate(count: int, seed: int) -> Iterator[tuple[list[str], list[str]]]:
    """Yield `count` sentences as (tokens, BIO tags) with the entity types PER, ORG and LOC.

    The same arguments give the same sentences in every process.
    """
    grammar = _grammar()
    generator = Random(seed)
    for _ in range(count):
        kind, _, text = grammar.expand("sentence", generator).partition("\t")
        tokens, tags = _tokenize(text)
        yield _respell(tokens, tags, generator.choice(STYLES[kind]), generator), tags


def surfaces() -> tuple[str, ...]:
    """Return every name and name part of the word lists, without a leading "the", in sorted order."""
    lists = [entries for file in NAME_FILES for entries in read_rules(WORDS / f"{file}.txt").values()]
    return tuple(sorted({entry.removeprefix("the ") for entries in lists for entry in entries}))


@cache
def _grammar() -> Grammar:
    rules: dict[str, list] = {"sentence": SENTENCE_KINDS}
    for file in NAME_FILES + RULE_FILES:
        rules |= read_rules(WORDS / f"{file}.txt")
    for name in ("region", "landmark"):
        rules[f"{name}_mention"] = [_mark(entry, "LOC") for entry in rules[name]]
    for name in ORGANISATION_RULES:
        rules[f"{name}_mention"] = [_mark(entry, "ORG") for entry in rules[name]]
    rules["country_with_article"] = [
        _mark(entry, "LOC") for entry in rules["country"] if entry.startswith("the ")
    ]
    rules["country"] = [entry for entry in rules["country"] if not entry.startswith("the ")]
    rules["region"] = rules["region_name"] = [
        entry for entry in rules["region"] if not entry.startswith("the ")
    ]
    rules |= invented_names()
    for name in ("person_vp", "org_vp", "club_vp", "band_vp", "loc_vp"):
        rules[f"{name}_joint"] = [_joint(entry) for entry in rules[name] if _is_joint(entry)]
        rules[name] = [entry for entry in rules[name] if not _is_joint(entry)]
    return Grammar(rules)


def _mark(entry: str, label: str) -> str:
    name = entry.removeprefix("the ")
    return f"[{label}:{name}]" if name == entry else f"the [{label}:{name}]"


def _is_joint(predicate: str) -> bool:
    return predicate.startswith(
        ("'s ", ",", "and ")
    )  # continues the subject: no apposition may stand between


def _joint(predicate: str) -> str:
    return f" {predicate}" if predicate.startswith("and ") else predicate


def _tokenize(text: str) -> tuple[list[str], list[str]]:
    tokens: list[str] = []
    tags: list[str] = []
    for piece, label in split_marks(text):
        for place, token in enumerate(cut.text for cut in tokenizer.split(_CUTTER, piece)):
            if tokens and tokens[-1] == "," and token in {",", ".", "?", "!", ";", "'s", ")"} and not label:
                tokens.pop()  # the comma that closes an apposition gives way to the next mark
                tags.pop()
            if tokens and tokens[-1] in {"a", "A"} and tags[-1] == "O" and TAKES_AN.match(token):
                tokens[-1] += "n"
            tokens.append(token)
            tags.append(f"{'I' if place else 'B'}-{label}" if label else "O")
    if tokens[-1] == "." and tokens[-2] in {"!", "?", "."}:
        tokens.pop()
        tags.pop()
    return tokens, tags


def _respell(tokens: list[str], tags: list[str], style: str, generator: Random) -> list[str]:
    """Return the tokens in the given style; drops the last tag too where the final full stop goes."""
    if style == "upper":
        return [token.upper() for token in tokens]
    if style == "lower":
        return [token.lower() for token in tokens]
    spelt = list(tokens)
    if style == "title":
        spelt = [token if token in _FINAL_WORDS else token[0].upper() + token[1:] for token in spelt]
    if style == "no full stop" and spelt[-1] == "." and tags[-1] == "O":
        spelt.pop()
        tags.pop()
    if style == "typo":
        place = generator.randrange(len(spelt))
        if tags[place] == "O":
            spelt[place] = misspell(spelt[place], generator)
    first = next((place for place, token in enumerate(spelt) if token[0].isalnum()), 0)
    spelt[first] = spelt[first][0].upper() + spelt[first][1:]
    return spelt
