"""Every kind of fault, planted in clean data: the expectation about it fails, with just those rows."""

import json
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from nlp_rnn.integrations.expectations import suite
from nlp_rnn.integrations.expectations.validation import validate
from nlp_rnn.schema import SPLITS, Example

SIZES = {"train": 60, "dev": 40, "test": 40}
KNOWN = {"train": 0.0, "dev": 0.1, "test": 0.2}


def tagged(split, number):
    return Example(
        id=f"{split}-{number}",
        origin=f"{split}.conll:{4 * number + 1}",
        tokens=("Ada", "Byron", f"saw{split}{number}", "Rome", "."),
        tags=("B-PER", "I-PER", "O", "B-LOC", "O"),
    )


def labeled(split, number):
    label = ("bad", "good")[number % 2]
    return Example(
        id=f"{split}-{number}", origin=f"{split}.csv:{number + 2}", text=f"{split} {number}", label=label
    )


@pytest.fixture
def sentences():
    return {split: [tagged(split, number) for number in range(size)] for split, size in SIZES.items()}


@pytest.fixture
def reviews():
    return {split: [labeled(split, number) for number in range(size)] for split, size in SIZES.items()}


@pytest.fixture
def check(tmp_path):
    def run(examples, task="ner", unknown_share=KNOWN):
        return validate(
            examples, name="names", task=task, unknown_share=unknown_share, docs_folder=tmp_path / "docs"
        )

    return run


def failures(report):
    """The origins under the name of each expectation that failed."""
    return {one.name: list(one.rows) for one in [*report.failed, *report.warnings]}


def change(examples, split, number, **fields):
    examples[split][number] = replace(examples[split][number], **fields)
    return examples[split][number].origin


@pytest.mark.parametrize("task", ["ner", "sentiment"])
def test_clean_data_passes_everything(check, sentences, reviews, task):
    report = check(sentences if task == "ner" else reviews, task)

    assert report.success
    assert report.counts == SIZES
    assert all(one.success and not one.unexpected_count for one in report.expectations)
    assert [one.name for one in report.expectations] == [one.name for one in suite.all_of(task)]
    assert not report.refused


def test_a_tag_that_train_lacks_is_known_by_its_type(check, sentences):
    change(sentences, "dev", 3, tags=("B-PER", "I-PER", "O", "B-LOC", "I-LOC"))

    assert check(sentences).success


# What is planted, the expectation and the reason that tell of it; in the order in which a report has them.
BAD_SENTENCES = [
    ("fields_present", "no proper tokens", {"tokens": None}),
    ("fields_present", "no proper tags", {"tags": None}),
    ("fields_present", "no proper tokens", {"tokens": ("Ada", None, "x", "Rome", ".")}),
    ("fields_present", "no proper tags", {"tags": "BIOBO"}),
    ("length_possible", "10,001 tokens", {"tokens": ("a",) * 10_001, "tags": ("O",) * 10_001}),
    ("labels_known", "unknown: 'B-ORG'", {"tags": ("B-PER", "I-PER", "O", "B-ORG", "O")}),
    ("labels_known", "unknown: 'S-LOC'", {"tags": ("B-PER", "I-PER", "O", "S-LOC", "O")}),
    ("labels_known", "unknown: ''", {"tags": ("B-PER", "I-PER", "O", "", "O")}),
    ("tokens_present", "blank tokens: 1", {"tokens": ("Ada", "", "x", "Rome", ".")}),
    ("tokens_present", "blank tokens: 2", {"tokens": ("Ada", "\t", "x", "\u3000", ".")}),
    ("one_tag_per_token", "4 tags for 5 tokens", {"tags": ("B-PER", "I-PER", "O", "O")}),
    ("one_tag_per_token", "6 tags for 5 tokens", {"tags": ("B-PER", "I-PER", "O", "O", "O", "O")}),
    ("tags_legal", "not legal BIO: I-PER O O O O", {"tags": ("I-PER", "O", "O", "O", "O")}),
    ("tags_legal", "not legal BIO: B-PER I-LOC O O O", {"tags": ("B-PER", "I-LOC", "O", "O", "O")}),
]
BAD_TEXTS = [
    ("fields_present", "no proper label", {"label": None}),
    ("fields_present", "no proper label", {"label": 1}),
    ("length_possible", "10,001 tokens", {"text": "很" * 10_001}),
    ("labels_known", "unknown: 'great'", {"label": "great"}),
    ("labels_known", "unknown: ' '", {"label": " "}),
]


@pytest.mark.parametrize(("task", "faults"), [("ner", BAD_SENTENCES), ("sentiment", BAD_TEXTS)])
def test_bad_rows_are_told_one_by_one(check, sentences, reviews, task, faults):
    examples, make = (sentences, tagged) if task == "ner" else (reviews, labeled)
    # Among enough others that the few without tokens are tolerated as empty ones.
    examples["dev"] += [make("dev", number) for number in range(100, 500)]
    expected = [
        {"origin": change(examples, "dev", 3 * place, **fields), "expectation": expectation, "reason": reason}
        for place, (expectation, reason, fields) in enumerate(faults)
    ]

    report = check(examples, task)

    assert not report.success
    assert list(report.refused) == expected
    assert set(failures(report)) == {expectation for expectation, _, _ in faults}


@pytest.mark.parametrize("fault", [BAD_SENTENCES[0], BAD_SENTENCES[6], BAD_SENTENCES[10], BAD_SENTENCES[12]])
def test_one_bad_row_is_enough(check, sentences, fault):
    expectation, _, fields = fault
    sentences["dev"] += [tagged("dev", number) for number in range(100, 500)]
    origin = change(sentences, "dev", 17, **fields)

    report = check(sentences)

    assert not report.success
    assert failures(report) == {expectation: [origin]}


def test_a_blank_label_or_a_bad_tag_is_unknown_in_train_as_well(check, sentences, reviews):
    blank = change(reviews, "train", 5, label="")
    bad = change(sentences, "train", 5, tags=("B-PER", "I-PER", "O", "LOC", "O"))

    # Being the only one of its kind, the blank label is rare, too.
    assert failures(check(reviews, "sentiment"))["labels_known"] == [blank]
    assert failures(check(sentences)) == {"labels_known": [bad]}


def test_an_id_that_occurs_twice_is_told_of_both_rows(check, sentences):
    origins = [sentences["train"][7].origin, change(sentences, "test", 0, id="train-7")]

    assert failures(check(sentences)) == {"ids_unique": origins}


@pytest.mark.parametrize("empty", ["", " \n\u3000"])
def test_a_few_empty_texts_are_told_and_more_refuse_the_data(check, reviews, empty):
    reviews["train"] += [labeled("train", number) for number in range(100, 240)]  # 200 in all
    first = [change(reviews, "train", number, text=empty) for number in (11, 12)]

    tolerated = check(reviews, "sentiment")
    third = change(reviews, "train", 13, text=empty)
    refused = check(reviews, "sentiment")

    assert tolerated.success
    told = {one.name: one for one in tolerated.expectations}["text_present/train"]
    assert (told.rows, told.unexpected_share, told.limit) == (tuple(first), 0.01, 0.01)
    assert failures(refused) == {"text_present/train": [*first, third]}
    assert [row["reason"] for row in refused.refused] == ["there is no text"] * 3


def test_a_column_without_any_value_is_refused(check, sentences, reviews):
    nothing = {s: [replace(e, text="") for e in rows] for s, rows in reviews.items()}
    absent = {s: [replace(e, tokens=None, tags=None) for e in rows] for s, rows in sentences.items()}

    assert set(failures(check(nothing, "sentiment"))) == {f"text_present/{split}" for split in SPLITS}
    report = check(absent)
    assert not report.success
    assert len(report.refused) == 2 * sum(SIZES.values())  # for each row: no fields, and no text
    assert {"fields_present", "has_entities/train"} <= set(failures(report))


@pytest.mark.parametrize("without", [["dev"], list(SPLITS)])
def test_a_split_without_rows_is_refused(check, sentences, without, tmp_path):
    for split in without:
        sentences[split] = []

    report = check(sentences)

    assert not report.success
    assert failures(report) == {f"has_rows/{split}": [] for split in without}
    assert f"has_rows/{without[0]}" in (tmp_path / "docs/index.html").read_text()


def test_splits_without_an_entity_are_refused(check, sentences):
    for split in ("dev", "test"):
        sentences[split] = [replace(e, tags=("O",) * 5) for e in sentences[split]]
    held_out = check(sentences)
    sentences["train"] = [replace(e, tags=("O",) * 5) for e in sentences["train"]]

    assert failures(held_out) == {"has_entities/dev": [], "has_entities/test": []}
    assert failures(check(sentences)) == {f"has_entities/{split}": [] for split in SPLITS}


def test_a_single_label_is_refused(check, reviews):
    same = {s: [replace(e, label="good") for e in rows] for s, rows in reviews.items()}

    assert failures(check(same, "sentiment")) == {"has_labels": []}


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_few_texts_of_train_in_another_split_are_told_and_more_refuse_the_data(check, sentences, split):
    def copy(number):
        return change(sentences, split, number, tokens=sentences["train"][number].tokens)

    origins = [copy(3), copy(30)]  # 2 of 40: as many as are tolerated
    tolerated = check(sentences)
    origins.insert(1, copy(9))
    refused = check(sentences)

    assert tolerated.success
    assert failures(refused) == {f"not_in_train/{split}": origins}
    assert refused.refused[0]["reason"] == f"same text as {sentences['train'][3].origin}, in train"


def test_white_space_does_not_make_another_text(check, reviews):
    for number in range(3):
        change(reviews, "dev", number, text=f"  train \u3000 {number}\n")

    assert failures(check(reviews, "sentiment")) == {
        "not_in_train/dev": ["dev.csv:2", "dev.csv:3", "dev.csv:4"]
    }


def test_repeated_training_texts_are_a_warning(check, sentences):
    origins = [change(sentences, "train", 50 + i, tokens=sentences["train"][2].tokens) for i in range(7)]

    report = check(sentences)

    assert report.success  # 7 of 60, more than a tenth
    assert failures(report) == {"unrepeated/train": origins}
    assert not report.refused


def test_one_text_with_two_annotations_in_many_rows_is_refused(check, reviews):
    pairs = [(4 * i, 4 * i + 1) for i in range(4)]  # 8 of 140 rows, in train alone
    rows = reviews["train"]
    for first, second in pairs:
        change(reviews, "train", second, text=rows[first].text)

    report = check(reviews, "sentiment")

    assert failures(report) == {"one_annotation_per_text": [rows[i].origin for pair in pairs for i in pair]}
    assert report.refused[0]["reason"] == f"annotated otherwise in {rows[1].origin}"


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_vocabulary_that_lacks_most_words_is_refused(check, sentences, split):
    assert check(sentences, unknown_share={**KNOWN, split: suite.UNKNOWN}).success

    report = check(sentences, unknown_share={**KNOWN, split: 0.71})

    assert failures(report) == {f"words_known/{split}": []}
    assert report.failed[0].observed == 0.71


def test_many_long_texts_are_a_warning(check, reviews):
    origins = [change(reviews, "train", number, text=f"{number} " + "长" * 1000) for number in (5, 6)]

    report = check(reviews, "sentiment")

    assert report.success
    assert failures(report) == {"length_usual": origins}


def test_a_rare_type_and_a_rare_label_are_warnings(check, sentences, reviews):
    rare = [
        change(sentences, "train", number, tags=("B-PER", "I-PER", "O", "B-ORG", "O")) for number in (8, 9)
    ]
    reviews["train"] += [labeled("train", number) for number in range(100, 250)]
    odd = change(reviews, "train", 31, label="odd")  # 1 of 210

    by_type, by_label = check(sentences), check(reviews, "sentiment")

    assert by_type.success
    assert failures(by_type) == {"mentions_enough": rare}
    assert by_label.success
    assert failures(by_label) == {"labels_balanced": [odd]}


def test_many_faults_at_once_are_all_told(check, sentences):
    for number in range(30):
        change(sentences, "train", number, tags=("I-PER", "O", "O", "B-LOC", "O"))
    short = change(sentences, "dev", 1, tags=("O",))

    report = check(sentences)

    outcomes = {one.name: one for one in report.failed}
    assert set(outcomes) == {"tags_legal", "one_tag_per_token"}
    assert outcomes["tags_legal"].unexpected_count == 30
    assert outcomes["tags_legal"].unexpected_share == 30 / 140
    assert outcomes["tags_legal"].rows == tuple(e.origin for e in sentences["train"][:20])
    expected = [("tags_legal", e.origin) for e in sentences["train"][:30]]
    told = [(row["expectation"], row["origin"]) for row in report.refused]
    assert told == [("one_tag_per_token", short), *expected]


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = Counter(), [], []

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        self.attributes += attributes

    def handle_data(self, data):
        self.text.append(data.strip())


def test_data_docs_show_the_rows_load_nothing_and_run_nothing(check, sentences, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/old.html").touch()
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)> $name ${name} $$ {0} % &amp; \u202e '\""
    origin = change(
        sentences, "dev", 2, tags=("B-PER", "I-PER", "O", f"B-{hostile}", "O"), origin=f"{hostile}.conll:9"
    )
    plain = change(sentences, "train", 3, tags=("O",))

    report = check(sentences)

    assert [path.name for path in (tmp_path / "docs").iterdir()] == ["index.html"]
    page = _Page()
    page.feed((tmp_path / "docs/index.html").read_text(encoding="utf-8"))
    assert {origin, plain, f"B-{hostile}"} <= set(page.text)
    assert not {"script", "img", "link", "iframe", "base", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href")]
    assert {"names: data refused", "Refused because of", "As expected"} <= set(page.text)
    assert any(row["origin"] == origin for row in report.refused)


def test_the_report_is_json_without_times_and_paths(check, sentences, tmp_path):
    change(sentences, "dev", 2, tags=("O",))

    first, again = check(sentences).to_json(), check(sentences).to_json()

    assert first == again
    report = json.loads(first)
    assert set(report) == {"success", "counts", "expectations", "refused"}
    assert {key for one in report["expectations"] for key in one} == {
        "name", "description", "severity", "success", "observed", "limit",
        "unexpected_count", "unexpected_share", "rows",
    }  # fmt: skip
    assert str(tmp_path) not in first
