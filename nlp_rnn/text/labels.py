"""Tagging schemes: which one a file uses, one into another, tags into entity spans.

Everything in the project speaks BIO (Ramshaw and Marcus, 1995, in its IOB2 form); the network alone
works in BIOES, whose ends and singles it learns better (Ratinov and Roth, CoNLL 2009).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nlp_rnn.schema import DataError

SCHEMES = {
    "BIO": frozenset("BIO"),
    "IOB1": frozenset("BIO"),  # B- only between two entities of one type that touch
    "BIOES": frozenset("BIOES"),
    "BMES": frozenset("BMESO"),
}
FORBIDDEN = -1e4  # a score, not infinity, so that gradients stay finite
Tags = tuple[str, ...]


def split(tag: str) -> tuple[str, str]:
    """``B-PER`` -> ``("B", "PER")``; ``O`` -> ``("O", "")``."""
    prefix, _, label = tag.partition("-")
    return prefix, label


def detect(sequences: Iterable[Sequence[str]]) -> str:
    """Names the scheme of a file's tag sequences.

    Args:
        sequences: all of its tag sequences: a single sentence rarely tells schemes apart.

    Raises:
        DataError: a tag that no scheme has, or prefixes that no one scheme has together.
    """
    prefixes: set[str] = set()
    begins_inside = begins = 0
    for tags in sequences:
        previous = ""
        for tag in tags:
            prefix, label = split(tag)
            if (prefix == "O") == bool(label) or prefix not in "BIOEMS" or len(prefix) != 1:
                raise DataError(f"{tag!r} is not a tag; tags look like O, B-PER or I-PER")
            prefixes.add(prefix)
            begins += prefix == "B"
            begins_inside += prefix == "I" and split(previous)[1] != label
            previous = tag
    if "M" in prefixes and "I" in prefixes:
        raise DataError("tags mix M- (of BMES) with I- (of BIO or BIOES)")
    if "M" in prefixes:
        return "BMES"
    if prefixes & {"E", "S"}:
        return "BIOES"  # or BMES without any long entity, which reads the same
    return "IOB1" if begins_inside > begins else "BIO"


def to_bio(tags: Sequence[str], scheme: str) -> Tags:
    """Rewrites one sequence of a scheme as BIO, keeping every entity.

    An entity that begins with an inside tag, as IOB1 writes most of them, begins with ``B-`` afterwards.
    """
    result: list[str] = []
    previous = ("O", "")
    for tag in tags:
        prefix, label = split(tag)
        if prefix == "O":
            result.append("O")
        else:
            inside = prefix in "IEM" and previous[1] == label and previous[0] not in "ES"
            if scheme == "IOB1":
                inside = prefix == "I" and previous[1] == label
            result.append(("I-" if inside else "B-") + label)
        previous = (prefix, label)
    return tuple(result)


def to_bioes(tags: Sequence[str]) -> Tags:
    """Rewrites BIO as BIOES."""
    result = ["O"] * len(tags)
    for start, end, label in spans(tags):
        if end - start == 1:
            result[start] = f"S-{label}"
        else:
            result[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 2), f"E-{label}"]
    return tuple(result)


def spans(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """The entities of a BIO sequence, read strictly: ``B-X`` begins one, ``I-X`` alone continues it.

    Returns:
        ``(start, end, label)``, in tokens, half open. An ``I-X`` that continues nothing is no entity.
    """
    found: list[tuple[int, int, str]] = []
    start, label = -1, ""
    for position, tag in enumerate([*tags, "O"]):
        if start >= 0 and tag != f"I-{label}":
            found.append((start, position, label))
            start = -1
        if tag.startswith("B-"):
            start, label = position, tag[2:]
    return found


def illegal(tags: Sequence[str]) -> list[int]:
    """The positions of a BIO sequence whose ``I-`` tag continues no entity of its type."""
    return [
        position
        for position, tag in enumerate(tags)
        if tag.startswith("I-") and (position == 0 or tags[position - 1] not in (tag, f"B-{tag[2:]}"))
    ]


def bioes_labels(types: Iterable[str]) -> list[str]:
    """All BIOES labels for some entity types, ``O`` first."""
    return ["O", *(f"{prefix}-{label}" for label in sorted(types) for prefix in "BIES")]


def may_follow(previous: str | None, label: str | None) -> bool:
    """Whether one BIOES label may follow another; None stands for the sentence's boundary."""
    before, before_type = split(previous or "O")
    after, after_type = split(label or "O")
    if before in "BI":
        return after in "IE" and before_type == after_type
    return after in "OBS"


def barriers(labels: Sequence[str]) -> dict[str, list]:
    """Scores to add to a CRF's own: 0, or FORBIDDEN for a move that BIOES does not have.

    Returns:
        ``transition`` [from, to], ``start`` [l] and ``end`` [l].
    """

    def score(previous: str | None, label: str | None) -> float:
        return 0.0 if may_follow(previous, label) else FORBIDDEN

    return {
        "transition": [[score(a, b) for b in labels] for a in labels],
        "start": [score(None, label) for label in labels],
        "end": [score(label, None) for label in labels],
    }
