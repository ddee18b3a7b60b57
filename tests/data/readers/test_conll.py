import pytest

from nlp_rnn.data import readers
from nlp_rnn.schema import DataError, UsageError
from nlp_rnn.text import labels

TOKENS = ("Ann", "Lee", "met", "Bo", "Cy", "in", "Old", "Port", "Town", ".")
# Two people touch, a single one, an entity of three tokens: what tells the schemes apart.
TAGS = {
    "BIO": "B-PER I-PER O B-PER B-PER O B-LOC I-LOC I-LOC O",
    "IOB1": "I-PER I-PER O I-PER B-PER O I-LOC I-LOC I-LOC O",
    "BIOES": "B-PER E-PER O S-PER S-PER O B-LOC I-LOC E-LOC O",
    "BMES": "B-PER E-PER O S-PER S-PER O B-LOC M-LOC E-LOC O",
}
BIO = tuple(TAGS["BIO"].split())


@pytest.fixture
def read(tmp_path):
    """Reads a file with the given content, as text or bytes."""

    def read(content, name="train.conll", **columns):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(readers.read(path, task="ner", split="train", **columns))

    return read


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("gap", ["\t", " ", "   "])
@pytest.mark.parametrize("scheme", TAGS)
def test_every_scheme_and_layout_holds_the_same_entities(read, scheme, gap, end):
    rows = [f"{token}{gap}{tag}" for token, tag in zip(TOKENS, TAGS[scheme].split())]
    assert labels.detect([TAGS[scheme].split()]) == scheme

    once, again = read(end.join([*rows, "", *rows]))  # the last line has no end

    assert once.tokens == again.tokens == TOKENS
    assert once.tags == again.tags == BIO
    assert (once.id, once.origin) == ("train-0", "train.conll:1")
    assert (again.id, again.origin) == ("train-1", "train.conll:12")


def test_the_scheme_is_that_of_the_whole_file(read):
    # Alone, the first sentence would be BIO with an illegal tag.
    first, _ = read("Ann I-PER\n\nBo I-PER\nCy B-PER\nin O\nRome I-LOC\n")

    assert first.tags == ("B-PER",)


def test_document_starts_and_columns_in_between_do_not_matter(read):
    examples = read(
        "-DOCSTART- -X- -X- O\n\nEU NNP I-NP B-ORG\n\n \t\n"
        "-DOCSTART-\nPeter NNP I-NP B-PER\nleft VBD I-VP O\n"
    )

    assert [(e.tokens, e.tags, e.origin) for e in examples] == [
        (("EU",), ("B-ORG",), "train.conll:3"),
        (("Peter", "left"), ("B-PER", "O"), "train.conll:7"),
    ]


def test_columns_can_be_numbered(read):
    assert read("1\tAnn\tB-PER\tx\n", tokens="1", tags="2")[0].tokens == ("Ann",)
    with pytest.raises(UsageError, match=r"train\.conll:1: `data\.tags` is '4'.*from 0 to 3"):
        read("1\tAnn\tB-PER\tx\n", tags="4")


@pytest.mark.parametrize(
    "token",
    [
        "\u2028",
        "a\u2028b",
        "\u0085",
        "\x0b",
        "\x0c",
        "\u200b",
        "x\ufeff",
        "\ufeff",
        "❤\ufe0f",
        "\u3000",
        "\xa0",
        "NA",
        '"',
    ],
)
@pytest.mark.parametrize("gap", ["\t", " "])
def test_odd_tokens_stay_as_they_are(read, token, gap):
    (example,) = read(f"so{gap}O\n{token}{gap}B-PER\nit{gap}O\n")

    assert example.tokens == ("so", token, "it")
    assert example.tags == ("O", "B-PER", "O")


def test_a_byte_order_mark_is_dropped_at_the_start_only(read):
    (example,) = read("\ufeffAnn\tB-PER\n\ufeff\tO\n")

    assert example.tokens == ("Ann", "\ufeff")


def test_illegal_bio_is_left_to_validation(read):
    (example,) = read("Ann B-PER\nwas O\nin O\nRome I-LOC\n")

    assert example.tags == ("B-PER", "O", "O", "I-LOC")


def test_an_entity_cut_by_a_sentence_end_is_kept_and_told(read, capsys):
    first, second = read("Bank B-ORG\nof M-ORG\n\nRome E-ORG\nand O\nBonn S-LOC\n")

    assert (first.tags, second.tags) == (("B-ORG", "I-ORG"), ("B-ORG", "O", "B-LOC"))
    assert "in 1 sentences a tag of BMES continues what was not begun" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"train\.conll: the file is empty"),
        (b"\n\n \n", r"train\.conll: the file holds no examples"),
        (b"-DOCSTART- O\n\n", r"train\.conll: the file holds no examples"),
        (b"Ann\nLee\n", r"train\.conll:1: only one column"),
        (b"Ann B-PER\nLee\n", r"train\.conll:2: 1 column between spaces.*first row has 2"),
        (b"Ann\tB-PER\n\nLee\tx\tI-PER\n", r"train\.conll:3: 3 columns between tabs.*first row has 2"),
        (b"Ann\tB-PER\nLee I-PER\n", r"train\.conll:2: 1 column"),
        (b"Ann\tB-PER\nLee\t\n", r"train\.conll:2: the row has no tag"),
        (b"Ann\tB-PER\n\tI-PER\n", r"train\.conll:2: the row has no token"),
        (b"Ann\tB-PER\n\nLee\tO\nBo\tPER\n", r"train\.conll:4: 'PER' is not a tag"),
        (b"Ann B-PER\nLee I-PER\n\nBo B-PER\nCy M-PER\n", r"train\.conll:5: tags mix M-"),
        (b"Ann O\nBj\xf6rn O\n", r"train\.conll:2: byte 3 of the line \(0xf6\) is not UTF-8"),
        ("Ann O\n".encode("utf-16"), r"train\.conll:1: .* is not UTF-8"),
        (b"Ann O\nB\0 O\n", r"train\.conll:2: the line holds a NUL character"),
    ],
)
def test_what_is_wrong_is_named_by_line(read, content, message):
    with pytest.raises(DataError, match=message):
        read(content)


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"nothing\.conll: No such file"):
        list(readers.read(tmp_path / "nothing.conll", task="ner", split="train"))


def test_the_first_line_tells_the_format_where_the_suffix_does_not(read):
    assert read("Ann B-PER\n", name="emerging.test.annotated")[0].tokens == ("Ann",)
    assert read('{"tokens": ["Ann"], "tags": ["B-PER"]}\n', name="names.txt")[0].tokens == ("Ann",)
    with pytest.raises(DataError, match=r"names\.txt: the file is empty"):
        read("\n", name="names.txt")


def test_a_table_of_reviews_is_not_read_as_tagged_tokens(read):
    with pytest.raises(DataError, match=r"reviews\.csv: a \.csv file cannot hold what task ner needs"):
        read("good,positive\n", name="reviews.csv")
