import hashlib
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from nlp_rnn.data.sources import catalog, pointer
from nlp_rnn.schema import DataError, UsageError

BYTES = {"train.tsv": b"a good film\t1\r\nbad\t0" * 5000, "test.tsv": b"good\t1\n"}
OF = {"task": "sentiment", "language": "en"}


class Upstream(ThreadingHTTPServer):
    """Serves BYTES on the loopback interface; ``failures`` says what goes wrong first, file by file."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.failures = {}
        self.asked = Counter()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.rpartition("/")[2]
        self.server.asked[name] += 1
        failures = self.server.failures.get(name, [])
        failure = failures.pop(0) if failures else "none"
        if isinstance(failure, int):
            self.send_error(failure)
            return
        body = b"other" if failure == "other bytes" else BYTES[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if failure == "cut" else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def upstream():
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def workspace(tmp_path, monkeypatch, upstream):
    """A working folder with a catalog of one data set, at the upstream."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NLP_RNN_MIRROR", raising=False)
    base = f"http://127.0.0.1:{upstream.server_port}/commit/data"
    entry = {
        **OF,
        "revision": "c" * 40,
        "files": {
            name: {"address": f"{base}/{name}", "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in BYTES.items()
        },
    }
    Path("data").mkdir()
    YAML().dump({"films": entry, "names": {**entry, "task": "ner"}}, catalog.CATALOG)
    return base


def fetch():
    Path("fetched").mkdir()
    link = Path("data/inputs/a")
    catalog.point(link, "films", **OF)
    return catalog.fetch(Path("fetched"), link, **OF, seed=13, sentences=30)


def fetched_files():
    return {path.name: path.read_bytes() for path in Path("fetched").iterdir()}


def test_files_are_downloaded_and_their_digests_noted(workspace):
    fetched = fetch()

    assert fetched_files() == BYTES
    assert fetched.address == workspace
    assert fetched.revision == "c" * 40
    assert fetched.files == {name: hashlib.sha256(BYTES[name]).hexdigest() for name in BYTES}


@pytest.mark.parametrize("failures", [[500], ["cut"], [503, "cut", 429]])
def test_what_passes_is_tried_again(workspace, upstream, failures):
    upstream.failures = {"train.tsv": [*failures]}

    fetch()

    assert fetched_files() == BYTES
    assert upstream.asked["train.tsv"] == len(failures) + 1


def test_other_bytes_are_refused_and_nothing_is_kept(workspace, upstream):
    upstream.failures = {"train.tsv": ["other bytes"]}
    expected, found = (hashlib.sha256(content).hexdigest() for content in (BYTES["train.tsv"], b"other"))

    with pytest.raises(DataError, match=rf"train\.tsv from http.*expected SHA-256 {expected}, found {found}"):
        fetch()
    assert fetched_files() == {}
    assert upstream.asked["train.tsv"] == 1


@pytest.mark.parametrize(
    ("failures", "reason", "asked"),
    [([404], "HTTP 404", 1), (["cut"] * 9, "ChunkedEncodingError", catalog.ATTEMPTS)],
)
def test_what_lasts_is_an_error_that_says_what_to_do(workspace, upstream, failures, reason, asked):
    upstream.failures = {"test.tsv": failures}

    with pytest.raises(DataError, match=rf"/test\.tsv: could not be downloaded \({reason}\).*NLP_RNN_MIRROR"):
        fetch()
    assert list(fetched_files()) == ["train.tsv"]
    assert upstream.asked["test.tsv"] == asked


def test_a_file_that_is_too_large_is_not_downloaded_to_its_end(workspace, monkeypatch):
    monkeypatch.setattr(catalog, "LARGEST", 1000)

    with pytest.raises(DataError, match=r"train\.tsv: has more than 1,000 bytes"):
        fetch()
    assert fetched_files() == {}


def test_a_mirror_is_used_instead_and_checked_as_well(workspace, upstream, monkeypatch):
    mirror = Path("mirror/films")
    mirror.mkdir(parents=True)
    monkeypatch.setenv("NLP_RNN_MIRROR", "mirror")
    for name, content in BYTES.items():
        (mirror / name).write_bytes(content)

    fetched = fetch()

    assert fetched_files() == BYTES
    assert fetched.address == workspace  # where the bytes came from does not matter
    assert not upstream.asked

    (mirror / "test.tsv").write_bytes(b"good\t0\n")
    link = Path("data/inputs/a")
    with pytest.raises(DataError, match=r"test\.tsv from mirror/films/test\.tsv is not the file.*expected"):
        catalog.fetch(Path("fetched"), link, **OF, seed=13, sentences=30)
    (mirror / "test.tsv").unlink()
    with pytest.raises(DataError, match=r"mirror/films/test\.tsv: No such file.*NLP_RNN_MIRROR"):
        catalog.fetch(Path("fetched"), link, **OF, seed=13, sentences=30)


@pytest.mark.parametrize(
    ("name", "of", "message"),
    [
        ("film", OF, r"there is no data set 'film'; there are: films, names"),
        ("names", OF, "`names` has task ner, but the run has sentiment"),
        ("films", {**OF, "language": "zh"}, "`films` has language en, but the run has zh"),
    ],
)
def test_a_data_set_that_does_not_fit_is_a_usage_error(workspace, name, of, message):
    with pytest.raises(UsageError, match=message):
        catalog.point(Path("data/inputs/a"), name, **of)
    assert not Path("data/inputs").exists()


def test_there_must_be_a_catalog(workspace):
    with pytest.raises(UsageError, match=r"nothing\.yaml: no such file"):
        catalog.point(Path("data/inputs/a"), "films", **OF, catalog=Path("nothing.yaml"))


def test_the_pointer_changes_with_the_catalogs_entry_alone(workspace):
    link = Path("data/inputs/a")
    catalog.point(link, "films", **OF)
    before = link.read_bytes()
    entries = YAML(typ="safe").load(catalog.CATALOG)

    entries["names"]["revision"] = "d" * 40
    YAML().dump(entries, catalog.CATALOG)
    catalog.point(link, "films", **OF)
    assert link.read_bytes() == before

    entries["films"]["files"]["test.tsv"]["sha256"] = "0" * 64
    YAML().dump(entries, catalog.CATALOG)
    catalog.point(link, "films", **OF)
    assert pointer.load(link)["files"]["test.tsv"]["sha256"] == "0" * 64


def test_the_projects_own_catalog_pins_every_file():
    entries = YAML(typ="safe").load(Path(__file__).parents[3] / catalog.CATALOG)

    assert {(name, entry["task"], entry["language"]) for name, entry in entries.items()} == {
        ("wnut17", "ner", "en"),
        ("resume", "ner", "zh"),
        ("sst2", "sentiment", "en"),
        ("chnsenticorp", "sentiment", "zh"),
    }
    for entry in entries.values():
        assert entry["license"]
        assert entry["citation"]
        for name, file in entry["files"].items():
            assert Path(name).name == name
            assert entry["revision"] in file["address"]
            assert len(bytes.fromhex(file["sha256"])) == 32
