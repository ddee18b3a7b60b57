"""Scores of a named-entity tagger: entities by strict BIO and as conlleval reads them, and single tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nlp_rnn.evaluation.ratios import check, precision_recall_f1, ratio
from nlp_rnn.text.labels import illegal, spans, to_bio

Tags = Sequence[str]
Entity = tuple[int, int, str]


def score(gold: Sequence[Tags], predicted: Sequence[Tags]) -> dict[str, Any]:
    """Compares BIO tags entity by entity: one is right where start, end and type all are.

    What an illegal tag (an ``I-X`` that continues no entity of type X) means is a choice, so both common
    ones are given. The main figures are strict: such a tag belongs to no entity, and whatever it follows
    ends before it. Those under ``conlleval`` read it as the script of CoNLL-2000 and 2003 does: it begins
    an entity. The two agree where all tags are legal; ``counts`` has the number of illegal predicted ones.
    A ratio whose denominator is zero is 0.0, also for a set that holds no entity and where none was found.

    Args:
        gold: the right tags, sentence by sentence.
        predicted: the tagger's, as many sentences and as many tags in each.

    Returns:
        ``precision``, ``recall``, ``f1`` over all entities, ``classes`` with the same and ``support`` (gold
        entities) for each type in either, ``conlleval``, ``token_accuracy`` and ``counts``.

    Raises:
        DataError: no sentence at all, or lengths that differ.
    """
    check(gold, predicted)
    for number, (right, guess) in enumerate(zip(gold, predicted), 1):
        check(right, guess, where=f"sentence {number}")
    by_type = _count(gold, predicted, spans)
    types = sorted(by_type[0] | by_type[1])
    totals = [sum(counts.values()) for counts in by_type]
    tokens = sum(map(len, gold))
    right_tokens = sum(a == b for right, guess in zip(gold, predicted) for a, b in zip(right, guess))
    return {
        **precision_recall_f1(*totals),
        "classes": {
            label: {
                **precision_recall_f1(*(counts[label] for counts in by_type)),
                "support": by_type[0][label],
            }
            for label in types
        },
        "conlleval": precision_recall_f1(
            *(sum(counts.values()) for counts in _count(gold, predicted, _conlleval_spans))
        ),
        "token_accuracy": ratio(right_tokens, tokens),
        "counts": {
            "sentences": len(gold),
            "tokens": tokens,
            "gold": totals[0],
            "predicted": totals[1],
            "correct": totals[2],
            "illegal": sum(len(illegal(tags)) for tags in predicted),
        },
    }


def align(gold: Tags, predicted: Tags) -> list[tuple[str | None, str | None]]:
    """Pairs a sentence's gold entities with the predicted ones, for a table of what was taken for what.

    The largest overlap pairs first, and an entity has at most one partner. So identical spans always pair:
    entities of one side do not overlap each other.

    Returns:
        ``(gold type, predicted type)`` from left to right; None stands for a spurious or missed entity.
    """
    left, right = spans(gold), spans(predicted)
    candidates = [(_overlap(a, b), a, b) for a in left for b in right if _overlap(a, b) > 0]
    candidates.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    partners: dict[Entity, Entity] = {}
    taken: set[Entity] = set()
    for _, a, b in candidates:
        if a not in partners and b not in taken:
            partners[a] = b
            taken.add(b)
    rows = [(a, a[2], partners[a][2] if a in partners else None) for a in left]
    spurious = [(b, None, b[2]) for b in right if b not in taken]
    return [(a, b) for _, a, b in sorted([*rows, *spurious], key=lambda row: row[0])]


def _overlap(a: Entity, b: Entity) -> int:
    """How many tokens two entities share; zero or less for none."""
    return min(a[1], b[1]) - max(a[0], b[0])


def _conlleval_spans(tags: Tags) -> list[Entity]:
    return spans(to_bio(tags, "BIO"))  # which lets an entity that begins with I- begin with B-


def _count(
    gold: Iterable[Tags], predicted: Iterable[Tags], read: Callable[[Tags], list[Entity]]
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """How many entities of each type there are in gold, predicted and both."""
    counts: tuple[Counter[str], Counter[str], Counter[str]] = (Counter(), Counter(), Counter())
    for right, guess in zip(gold, predicted):
        sets = set(read(right)), set(read(guess))
        for count, entities in zip(counts, (*sets, sets[0] & sets[1])):
            count.update(label for _, _, label in entities)
    return counts
