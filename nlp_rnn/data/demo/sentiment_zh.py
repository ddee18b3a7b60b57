"""Simplified-Chinese reviews with their polarity, written at random from templates.

Most reviews tell what happened: `words/zh_sentiment_tellings.txt` lists clauses per domain and polarity that
frames join, also against a clause of the other polarity. The rest are made of evaluative words, as follows.

Their words and templates lie in `words/zh_sentiment_*.txt`: domains such as hotels, the facets that reviews
of several domains touch on, such as the price, and what fits everywhere. One frame serves both polarities: a
slot such as `{clause}` is filled with praise in a positive review and with blame in a negative one, and
`{other_clause}` the other way round; `<statement>` is replaced by a statement on a facet of the domain. So no
frame, opening or aside betrays the label; only what is said, and how it is negated or contrasted, does.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

from nlp_rnn.data.demo.grammar import Grammar, read_rules

_WORDS = Path(__file__).parent / "words"
_OPPOSITE = {"positive": "negative", "negative": "positive"}
_SHARES = {"whole": 0.85, "told": 0.13, "judged": 0.02}  # of the three kinds of review
_LONGEST_GRADABLE = 3  # characters; longer judgements take no "very"
_TYPING_ERRORS = {
    "的": "得", "得": "的", "在": "再", "再": "在", "很": "狠", "做": "作", "这": "着", "那": "哪",
    "没": "每", "就": "久", "非常": "灰常", "喜欢": "稀饭", "这样": "酱", "不错": "布错",
    "感觉": "赶脚", "什么": "神马",
}  # fmt: skip
_Rules = dict[str, list[str | tuple[str, float]]]
_PUNCTUATION = "，。！？；："
_CLASH = re.compile("([，。！？；：])[，。；]+")  # marks that meet where two templates join
_REMARK = re.compile("<(?P<other>other_)?(?P<rule>[a-z_]+)>")  # a rule to expand in the grammar of a facet
_CLAUSE_END = re.compile("[，。！？；：]")
_TO_HALF_WIDTH = str.maketrans("，。！？；：", ",.!?;:")
_TO_SPACE = str.maketrans("，。；：", "    ")


def generate(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield `count` reviews as text and label, "positive" or "negative", about as often the one as the other.

    Args:
        count: how many reviews.
        seed: the only source of chance; equal arguments give equal reviews in every process.
    """
    generator = Random(seed)
    for _ in range(count):
        label = generator.choice(("positive", "negative"))
        yield _review(label, generator), label


def _review(label: str, generator: Random) -> str:
    """Return a review of 6 to 72 characters that says nothing twice."""
    grammars, facets = _grammars()

    def remark(slot: re.Match[str]) -> str:
        side = _OPPOSITE[label] if slot["other"] else label
        facet = facets[domain].expand("facets", generator)
        return grammars[side, facet].expand(slot["rule"], generator)

    (kind,) = generator.choices([*_SHARES], [*_SHARES.values()])
    while True:
        if kind == "whole":
            text = _reviews().expand(label, generator)
        elif kind == "told":
            text = generator.choice(_tellings()[label]).expand("review", generator)
        else:
            domain = generator.choice([*facets])
            text = _REMARK.sub(remark, grammars[label, domain].expand("review", generator))
        text = _CLASH.sub(r"\1", text)
        clauses = [clause for clause in _CLAUSE_END.split(text) if len(clause) > 2]
        text = _with_noise(text, generator)
        if 6 <= len(text) <= 72 and len(set(clauses)) == len(clauses):
            return text


@cache
def _reviews() -> Grammar:
    """Return the grammar of the whole reviews, with a rule for each label."""
    return Grammar(_read("reviews"))


@cache
def _grammars() -> tuple[dict[tuple[str, str], Grammar], dict[str, Grammar]]:
    """Return a grammar for each polarity and topic, and for each domain one that draws a facet of it."""
    general = _read("words") | _read("frames")
    domains = _by_topic(_read("domains"))
    topics = domains | _by_topic(_read("facets"))
    grammars = {
        (polarity, topic): Grammar(_rules(general, sections, polarity))
        for polarity in _OPPOSITE
        for topic, sections in topics.items()
    }
    return grammars, {domain: Grammar({"facets": rules["facets"]}) for domain, rules in domains.items()}


@cache
def _tellings() -> dict[str, list[Grammar]]:
    """Return for each polarity a grammar per domain that joins clauses of everyday evidence."""
    rules = _read("tellings")
    topics = _by_topic({name: entries for name, entries in rules.items() if "." in name})
    sides = {"positive": (topics.pop("good"), "good", "bad"), "negative": (topics.pop("bad"), "bad", "good")}
    anything = topics.pop("any")
    frames = {name: entries for name, entries in rules.items() if "." not in name}
    return {
        label: [
            Grammar(
                frames
                | own
                | {
                    "clause": clauses[good],
                    "other_clause": clauses[bad],
                    "any": anything[good],
                    "other_half": own["half"],
                }
            )
            for clauses in topics.values()
        ]
        for label, (own, good, bad) in sides.items()
    }


def _read(name: str) -> _Rules:
    return read_rules(_WORDS / f"zh_sentiment_{name}.txt")


def _by_topic(rules: _Rules) -> dict[str, _Rules]:
    topics: dict[str, _Rules] = {}
    for name, entries in rules.items():
        topic, _, section = name.partition(".")
        topics.setdefault(topic, {})[section] = entries
    return topics


def _rules(general: _Rules, topic: _Rules, polarity: str) -> _Rules:
    """Return the rules of one topic and polarity, each under every name by which a template calls for it."""
    rules: _Rules = {"thing": topic["thing"], "aspect": topic["aspect"], "domain_neutral": topic["neutral"]}
    sided: _Rules = {}
    for side in ("good", "bad"):
        phrases = [word for word in topic[side] if len(word) > _LONGEST_GRADABLE]
        words = [word for word in topic[side] if len(word) <= _LONGEST_GRADABLE]
        core = topic.get(f"{side}_core", [])
        rules[side] = sided[f"{side}.predicate"] = [*words, *core]
        sided[f"{side}.core"] = core or words
        sided[f"{side}.clause"] = topic[f"{side}_clause"]
        sided[f"{side}.phrase"] = [*phrases, *general[f"{side}.general"]]
    own = ("good", "positive") if polarity == "positive" else ("bad", "negative")
    for name, entries in (general | sided).items():
        side, dot, section = name.partition(".")
        if not dot:
            rules[name] = entries
            continue
        rules[f"{side}_{section}"] = entries
        rules[section if side in own else f"other_{section}"] = entries
    return rules


def _with_noise(text: str, generator: Random) -> str:
    """Return `text` with the slips and habits of people who type on a telephone."""
    chance = generator.random()
    if chance < 0.05:
        return text.translate(_TO_HALF_WIDTH)
    if chance < 0.08:
        return text.translate(_TO_SPACE).strip()
    if chance < 0.11:
        return "".join(letter for letter in text if letter not in _PUNCTUATION)
    if chance < 0.14:
        wrong = generator.choice([word for word in _TYPING_ERRORS if word in text] or [""])
        return text.replace(wrong, _TYPING_ERRORS[wrong], 1) if wrong else text
    if chance < 0.16:
        place = generator.randrange(len(text))
        return text[:place] + text[place : place + 1] * 2 + text[place + 1 :]
    return text
