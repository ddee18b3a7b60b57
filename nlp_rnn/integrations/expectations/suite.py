"""What is asked of the data, how much of each fault is tolerated, and why so much.

A few bad rows must not stop a nightly run; rows that no later stage could make sense of must, from the first.
"""

from __future__ import annotations

from nlp_rnn.integrations.expectations.check import (
    BETWEEN,
    DIFFERENT,
    LEGAL,
    MAXIMUM,
    NOTHING,
    ROWS,
    SUM,
    UNIQUE,
    Check,
)
from nlp_rnn.schema import SPLITS

# Limits. "Worst" is what the worst of four public data sets has: WNUT-17, Resume, SST-2 and ChnSentiCorp,
# of 460 to 6,900 rows a split.
EMPTY = 0.01  # share of a split's rows. Worst 0.13 %, one empty review; many are an export that lost a column
IN_TRAIN = 0.05  # share of dev's or test's rows. Worst 1.05 %; a score can gain that much by heart
CONFLICTING = 0.05  # share of all rows. Worst 0.51 %, short replies; a score loses about half of that
UNKNOWN = 0.70  # share of dev's or test's tokens. Worst 19 %, or 64 % with 20 training sentences; in another
# language, or cut into tokens in another way, it is 74 % to 100 %
LONGEST = 10_000  # tokens. Worst 2,766; a file whose sentences are not kept apart has more
LONG, MANY_LONG = 1_000, 0.01  # tokens, and share of all rows. Worst 0.28 %; they slow training down
REPEATED = 0.10  # share of train's rows. Worst 3.0 %, short replies; repeated rows weigh more than others
MENTIONS = 3  # of a type in train. Worst 47; fewer are learned by heart, if at all
LABEL = (
    0.01  # share of a label in train. Worst 32 %; never saying a rarer one costs less than 1 % of accuracy
)


def presence() -> list[Check]:
    """The guard before all others, most of which hold of rows that are not there."""
    return [Check(f"has_rows/{s}", f"{s} has rows", ROWS, None, split=s, least=1) for s in SPLITS]


def all_of(task: str) -> list[Check]:
    """Every check of a task's data."""
    return [
        *presence(),
        *_form(),
        *(_tags() if task == "ner" else _classes()),
        *_repetition(),
        *_vocabulary(),
    ]


def _form() -> list[Check]:
    return [
        Check("fields_present", "rows have what their task needs", NOTHING, "malformed", "no proper {value}"),
        Check("ids_unique", "ids are unique", UNIQUE, "id", "id {value!r} occurs more than once"),
        *(
            Check(
                f"text_present/{split}",
                f"rows of {split} have text",
                BETWEEN,
                "length",
                "there is no text",
                split=split,
                least=1,
                tolerated=EMPTY,
            )
            for split in SPLITS
        ),
        Check(
            "length_possible",
            f"no row has more than {LONGEST:,} tokens",
            BETWEEN,
            "length",
            "{value:,} tokens",
            most=LONGEST,
        ),
        Check(
            "length_usual",
            f"rows have {LONG:,} tokens or fewer",
            BETWEEN,
            "length",
            "{value:,} tokens",
            most=LONG,
            tolerated=MANY_LONG,
            severity="warning",
        ),
        Check(
            "labels_known",
            "tags and labels are of train's types",
            NOTHING,
            "unknown_label",
            "unknown: {value!r}",
        ),
    ]


def _tags() -> list[Check]:
    return [
        Check(
            "tokens_present", "no token is blank", BETWEEN, "blank_tokens", "blank tokens: {value}", most=0
        ),
        Check("one_tag_per_token", "each token has one tag", NOTHING, "tags_off", "{value}"),
        Check(
            "tags_legal",
            "each I- tag continues an entity of its type",
            LEGAL,
            "annotation",
            "not legal BIO: {value}",
        ),
        *(
            Check(f"has_entities/{split}", f"{split} has entities", SUM, "entities", split=split, least=1)
            for split in SPLITS
        ),
        Check(
            "mentions_enough",
            f"every type has {MENTIONS} or more mentions in train",
            BETWEEN,
            "rarest_class",
            "holds a type with {value:.0f} mentions",
            split="train",
            least=MENTIONS,
            severity="warning",
        ),
    ]


def _classes() -> list[Check]:
    return [
        Check("has_labels", "train has two or more labels", DIFFERENT, "annotation", split="train", least=2),
        Check(
            "labels_balanced",
            f"every label has {LABEL:.0%} or more of train's rows",
            BETWEEN,
            "rarest_class",
            "its label has {value:.2%} of the rows",
            split="train",
            least=LABEL,
            severity="warning",
        ),
    ]


def _repetition() -> list[Check]:
    return [
        Check(
            "unrepeated/train",
            "no text occurs twice in train",
            NOTHING,
            "same_text_in_train",
            "same text as {value}",
            split="train",
            tolerated=REPEATED,
            severity="warning",
        ),
        *(
            Check(
                f"not_in_train/{split}",
                f"no text of {split} occurs in train",
                NOTHING,
                "same_text_in_train",
                "same text as {value}, in train",
                split=split,
                tolerated=IN_TRAIN,
            )
            for split in SPLITS[1:]
        ),
        Check(
            "one_annotation_per_text",
            "no text has two annotations",
            NOTHING,
            "same_text_other_label",
            "annotated otherwise in {value}",
            tolerated=CONFLICTING,
        ),
    ]


def _vocabulary() -> list[Check]:
    return [
        Check(
            f"words_known/{split}",
            f"no more than {UNKNOWN:.0%} of the tokens of {split} are unknown",
            MAXIMUM,
            "unknown_share",
            split=split,
            most=UNKNOWN,
        )
        for split in SPLITS[1:]
    ]
