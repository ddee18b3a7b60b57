"""Spelling rules that both English generators need: the article before a vowel, and slips of the keyboard."""

import re
from random import Random

# Matches at the start of a word that takes "an": by sound, so "hour" does and "union" does not.
TAKES_AN = re.compile(r"(?!uni|use|usu|eu|one\b|once|ut|uk)[aeiou]|hour|honest|heir", re.IGNORECASE)


def misspell(word: str, generator: Random) -> str:
    """Return `word` with one inner letter swapped, dropped or doubled, unless it is under five letters."""
    if len(word) < 5 or not word.isalpha():
        return word
    place = generator.randrange(1, len(word) - 1)
    swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    dropped = word[:place] + word[place + 1 :]
    doubled = word[:place] + word[place] + word[place:]
    return generator.choice((swapped, dropped, doubled))
