"""Text -> tokens with offsets, and tokens -> word ids, both kept in one ``tokenizer.json``.

One pattern serves every language: each Han or Kana character stands alone; words, numbers, addresses and
handles stay whole; English clitics ("'s", "n't") are cut off as in the Penn Treebank. A file whose tokens
are all single characters is matched character by character instead, so that raw text is cut as it was.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from nlp_rnn.schema import Token

PADDING, UNKNOWN = 0, 1
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_IDEOGRAPH = r"[\p{Han}\p{Hiragana}\p{Katakana}]"
_LETTER = r"[\p{L}\p{M}&&[^\p{Han}\p{Hiragana}\p{Katakana}]]"
_WORDS = "|".join(
    (
        r"https?://[\p{ASCII}&&[^\s]]+",
        r"[@#][\p{L}\p{N}_&&[^\p{Han}\p{Hiragana}\p{Katakana}]]+",
        _IDEOGRAPH,
        r"\p{N}+(?:[.,:/]\p{N}+)*%?",
        rf"(?:{_LETTER}\.){{2,}}",  # U.S.
        rf"{_LETTER}+(?=[nN]['’][tT](?!\w))",  # do|n't
        r"[nN]['’][tT](?!\w)",
        r"['’](?:[sS]|[rR][eE]|[vV][eE]|[lL]{2}|[dD]|[mM])(?!\w)",
        rf"{_LETTER}(?:{_LETTER}|[\p{{N}}_])*(?:-(?:{_LETTER}|\p{{N}})+)*",
        r"\S",
    )
)


def build(sentences: Iterable[Sequence[str]] | None, *, lowercase: bool, min_count: int) -> Tokenizer:
    """Learns the vocabulary of the training tokens.

    Args:
        sentences: tokens, sentence by sentence.
        lowercase: whether words that differ in case alone share an id; digits always share one.
        min_count: how often a word must occur to get an id.
    """
    normalizer = normalizers.Sequence(
        [*([normalizers.Lowercase()] if lowercase else []), normalizers.Replace(Regex(r"\d"), "0")]
    )
    forms = Counter(form for sentence in sentences or () for form in sentence)
    words = _normalized(normalizer, forms)
    kept = sorted((word for word, count in words.items() if count >= min_count), key=lambda w: (-words[w], w))
    vocabulary = {"<pad>": PADDING, "<unk>": UNKNOWN}
    for word in kept:
        vocabulary.setdefault(word, len(vocabulary))
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizer
    single = bool(forms) and all(len(form) == 1 for form in forms)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\s+"), "removed"),
            pre_tokenizers.Split(Regex(r"\S" if single else _WORDS), "isolated"),
        ]
    )
    return tokenizer


def extend(
    tokenizer: Tokenizer,
    sentences: Iterable[Sequence[str]],
    *,
    min_count: int,
    most: int,
    among: Collection[str] | None = None,
) -> Tokenizer:
    """The same tokenizer with more words, behind those that it has: the commonest that are new.

    Args:
        tokenizer: what :func:`build` made.
        sentences: tokens of other texts.
        min_count: how often a word must occur in them to get an id.
        most: how many words are added, at most.
        among: the only words that may be added, if there is such a limit.
    """
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    words = _normalized(tokenizer.normalizer, Counter(form for tokens in sentences for form in tokens))
    new = [word for word in words if word not in vocabulary and (among is None or word in among)]
    common = sorted((-words[word], word) for word in new if words[word] >= min_count)
    for _, word in common[:most]:
        vocabulary[word] = len(vocabulary)
    longer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    longer.normalizer, longer.pre_tokenizer = tokenizer.normalizer, tokenizer.pre_tokenizer
    return longer


def _normalized(normalizer: normalizers.Normalizer, forms: Counter[str]) -> Counter[str]:
    """How often each word occurs, where forms that differ in case or digits alone may be one word."""
    words: Counter[str] = Counter()
    for form, count in forms.items():
        words[normalizer.normalize_str(form)] += count
    return words


def split(tokenizer: Tokenizer, text: str) -> list[Token]:
    """Cuts a text into tokens; ``text[token.start:token.end] == token.text`` for each, once it is whole."""
    pieces = tokenizer.pre_tokenizer.pre_tokenize_str(whole(text))
    return [Token(piece, start, end) for piece, (start, end) in pieces]


def whole(text: str) -> str:
    """The text with U+FFFD for half a surrogate pair, which no encoding of Unicode can hold."""
    return text if text.isascii() else _HALF_PAIR.sub("\ufffd", text)
