"""Names built from syllables, so that no model can know them: only spelling and context tell their type."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from random import Random

from nlp_rnn.data.demo.grammar import read_rules

SYLLABLES = Path(__file__).parent / "words" / "en_syllables.txt"
KINDS = ("invented_given", "invented_surname", "invented_place", "invented_brand")
INVENTED_PER_KIND = 8000
ACRONYMS = 3000
SEED = 20240229  # fixed: the names are a word list that happens not to be written down


@cache
def invented_names() -> dict[str, list[str]]:
    """Return the names by rule, always the same: given names, surnames, places, brands, acronyms."""
    generator = Random(SEED)
    syllables = {
        name: " ".join(line for line, _ in lines).split() for name, lines in read_rules(SYLLABLES).items()
    }
    names = {
        kind: _distinct(partial(_invent, syllables, kind, generator), INVENTED_PER_KIND) for kind in KINDS
    }
    names["invented_brand"] += [
        head + (tail if generator.random() < 0.5 else tail.lower())
        for head in syllables["brand_word"]
        for tail in syllables["brand_tail"]
    ]
    names["acronym"] = _distinct(partial(_acronym, generator), ACRONYMS)
    return names


def _invent(syllables: dict[str, list[str]], kind: str, generator: Random) -> str:
    middle = "".join(
        generator.choice(syllables["middle"]) for _ in range(generator.choice((0, 0, 0, 1, 1, 2)))
    )
    name = generator.choice(syllables["start"]) + middle + generator.choice(syllables[kind])
    return name if 3 < len(name) < 13 else _invent(syllables, kind, generator)


def _acronym(generator: Random) -> str:
    length = generator.choice((3, 3, 4, 4, 5))
    return "".join(generator.choice("AABCCDEEFGHIIJKLMNNOPRSSTTUVWZ") for _ in range(length))


def _distinct(draw: Callable[[], str], count: int) -> list[str]:
    names: dict[str, None] = {}  # keeps the order of drawing
    while len(names) < count:
        names[draw()] = None
    return list(names)
