import pytest

from nlp_rnn.data import readers
from nlp_rnn.schema import DataError, UsageError


@pytest.fixture
def read(tmp_path):
    """Reads a file with the given content, as text or bytes, to (text, label) pairs."""

    def read(content, name="train.csv", **columns):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        examples = list(readers.read(path, task="sentiment", split="train", **columns))
        assert [example.id for example in examples] == [f"train-{i}" for i in range(len(examples))]
        read.origins = [example.origin for example in examples]
        return [(example.text, example.label) for example in examples]

    return read


@pytest.mark.parametrize(
    "header", ["review,label", "Review,LABEL", "\ufefftext,sentiment", "sentence,polarity", "content,class"]
)
def test_a_header_is_known_by_its_names(read, header):
    assert read(f"{header}\ngood,1\nbad,0\n") == [("good", "1"), ("bad", "0")]
    assert read.origins == ["train.csv:2", "train.csv:3"]


def test_the_label_may_come_first_and_other_columns_do_not_matter(read):
    assert read("id,rating,comment,date\n7,5,fine,today\n") == [("fine", "5")]


def test_one_known_name_of_two_columns_is_enough(read):
    assert read("review,stars\ngood,5\n") == [("good", "5")]


@pytest.mark.parametrize(
    ("columns", "content"),
    [
        ({"text": "body", "label": "stars"}, "stars,body,text\n5,good,x\n1,bad,y\n"),
        ({"text": "Body"}, "body,stars\ngood,5\nbad,1\n"),
        ({"text": "1", "label": "0"}, "5,good,x\n1,bad,y\n"),
        ({"label": "1"}, "good,5\nbad,1\n"),
    ],
)
def test_columns_can_be_named_or_numbered(read, columns, content):
    assert read(content, **columns) == [("good", "5"), ("bad", "1")]


def test_without_a_header_the_label_is_what_varies_least(read):
    assert read("good\t1\nbad\t0\nfine\t1\nawful\t0\n", name="dev.tsv")[0] == ("good", "1")
    assert read("1,good\n0,bad\n1,fine\n0,awful\n")[0] == ("good", "1")
    assert read("good film\t1\nbad film\t0\n", name="dev.tsv")[0] == ("good film", "1")  # a draw: the shorter


@pytest.mark.parametrize(
    "word", ["NA", "None", "nan", "null", "007", "1e5", "TRUE", " padded ", "a\u2028b", "c\u0085d", ""]
)
def test_values_stay_as_they_are(read, word):
    assert read(f"text,label\n{word},{'007'}\nother,NA\n") == [(word, "007"), ("other", "NA")]
    assert read(f"text\tlabel\n{word}\t007\nother\tNA\n", name="a.tsv") == [(word, "007"), ("other", "NA")]


def test_quoted_fields_hold_commas_quotes_and_line_ends(read):
    content = 'label,review\r\n1,"good, ""very""\nand more"\r\n\r\n0,bad\r\n'

    assert read(content) == [('good, "very"\nand more', "1"), ("bad", "0")]
    assert read.origins == ["train.csv:2", "train.csv:5"]


def test_a_quote_in_tsv_is_text(read):
    content = 'he said "no\t0\n"yes" it is\t1\n"fine\t1\nno end"\t0'

    assert read(content, name="train.tsv") == [
        ('he said "no', "0"),
        ('"yes" it is', "1"),
        ('"fine', "1"),
        ('no end"', "0"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"train\.csv: the file is empty"),
        (b"review,label\n", r"train\.csv: the file holds no examples"),
        (b"review,label\ngood,1\nbad\n", r"train\.csv:3: 1 field, but the first row has 2"),
        (b"review,label\ngood,1\nbad, very,0\n", r"train\.csv:3: 3 fields, but the first row has 2"),
        (b'review,label\ngood,1\n"bad,0\nworse,0\n', r"train\.csv:3: .* not valid CSV .*quote left open"),
        (b'review,label\n"good"x,1\n', r"train\.csv:2: .* not valid CSV"),
        (b"review,label\ngood,1\nbad,\n", r"train\.csv:3: the label is empty"),
        (b"review,label\ngood,1\nb\xff,0\n", r"train\.csv:3: .*0xff\) is not UTF-8"),
        (b"1,good,x\n0,bad,y\n", r"train\.csv:1: no header with known names, and not two columns but 3"),
        (b"text,review,label\na,b,c\n", r"train\.csv:1: 'text', 'review' might each be the text"),
        (b"label,text,label\n1,a,0\n", r"train\.csv:1: 'label', 'label' might each be the label"),
        (b"opinion,stars\na,1\nb,0\nc,1\nd,0\n", r"train\.csv:1: no other row has the label 'stars'"),
        (b"only\none\n", r"train\.csv:1: no header with known names, and not two columns but 1"),
    ],
)
def test_what_is_wrong_is_named_by_line(read, content, message):
    with pytest.raises(DataError, match=message):
        read(content)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text": "body"}, r"`data\.text` is 'body', but the columns are: id, review, label"),
        ({"text": "7", "label": "0"}, r"`data\.text` is '7'; it must be a column's number, from 0 to 2"),
        ({"text": "1"}, "which column holds the label"),
        ({"text": "1", "label": "1"}, "are the same column"),
    ],
)
def test_columns_that_do_not_exist_are_usage_errors(read, columns, message):
    with pytest.raises(UsageError, match=message):
        read("id,review,label\n0,good,1\n", **columns)


def test_the_first_line_tells_the_format_where_the_suffix_does_not(read):
    assert read("a good film\t1\nbad\t0\n", name="train.txt") == [("a good film", "1"), ("bad", "0")]
    assert read('"a, b",1\nbad,0\n', name="train.txt") == [("a, b", "1"), ("bad", "0")]
    assert read('{"text": "a", "label": "x"}\n', name="train.data") == [("a", "x")]


def test_tagged_tokens_are_not_read_as_reviews(read):
    with pytest.raises(DataError, match=r"a \.conll file cannot hold what task sentiment needs"):
        read("Ann\tB-PER\n", name="train.conll")
