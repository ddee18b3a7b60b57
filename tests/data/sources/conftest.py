"""A small hub of data sets on the loopback interface, with as much of the real one's API as loading needs."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest


class Hub(ThreadingHTTPServer):
    """One repository.

    Args:
        repository: ``OWNER/NAME``.
        commits: revision -> commit.
        files: path -> bytes, the same in every commit.
    """

    def __init__(self, repository, commits, files):
        super().__init__(("127.0.0.1", 0), Answer)
        self.repository, self.commits, self.files = repository, dict(commits), dict(files)

    def commit(self, revision):
        return revision if revision in self.commits.values() else self.commits.get(revision)


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer(b"")

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self):
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, *_):
        pass

    def _answer(self, body):
        path = unquote(urlsplit(self.path).path)
        api, files = f"/api/datasets/{self.server.repository}", f"/datasets/{self.server.repository}/resolve/"
        if path.startswith(files):
            revision, _, name = path.removeprefix(files).partition("/")
            return self._file(self.server.commit(revision), name)
        if path != api and not path.startswith(f"{api}/"):
            return self._missing("RepoNotFound")
        verb, _, rest = path.removeprefix(api).strip("/").partition("/")
        revision, _, folder = rest.partition("/")
        commit = self.server.commit(revision or "main")
        if commit is None:
            return self._missing("RevisionNotFound")
        if verb == "tree":
            return self._tree(folder, recursive="true" in urlsplit(self.path).query.lower())
        if verb == "paths-info":
            return self._paths(body)
        siblings = [{"rfilename": name} for name in self.server.files]
        return self._json(
            {"id": self.server.repository, "sha": commit, "private": False, "siblings": siblings, "tags": []}
        )

    def _file(self, commit, name):
        if commit is None:
            return self._missing("RevisionNotFound")
        if name not in self.server.files:
            return self._missing("EntryNotFound", commit)
        content = self.server.files[name]
        headers = {
            "ETag": f'"{_entry(name, content)["oid"]}"',
            "X-Repo-Commit": commit,
            "Accept-Ranges": "bytes",
        }
        wanted = self.headers.get("Range", "").removeprefix("bytes=")
        if not wanted:
            return self._send(200, content, headers)
        start, _, end = wanted.partition("-")
        first, last = int(start or 0), min(int(end or len(content)), len(content) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        return self._send(206, content[first : last + 1], headers)

    def _tree(self, folder, recursive):
        prefix = f"{folder}/" if folder else ""
        names = [name for name in self.server.files if name.startswith(prefix)]
        if not names:
            return self._missing("EntryNotFound")
        entries = {}
        for name in names:
            inner, slash, _ = name.removeprefix(prefix).partition("/")
            if slash and not recursive:
                entries[inner] = {"type": "directory", "path": prefix + inner, "size": 0, "oid": "d" * 40}
            else:
                entries[name] = _entry(name, self.server.files[name])
        return self._json(list(entries.values()))

    def _paths(self, body):
        try:
            names = json.loads(body)["paths"]
        except ValueError:
            names = parse_qs(body.decode())["paths"]
        found = [name for name in names if name in self.server.files]
        return self._json([_entry(name, self.server.files[name]) for name in found])

    def _json(self, content):
        self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _missing(self, code, commit=None):
        self._send(
            404,
            b'{"error": "not found"}',
            {"X-Error-Code": code, **({"X-Repo-Commit": commit} if commit else {})},
        )

    def _send(self, status, content, headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _entry(name, content):
    git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return {"type": "file", "path": name, "size": len(content), "oid": git}


@pytest.fixture
def serve_hub():
    """Starts a hub: the arguments are those of Hub."""
    servers = []

    def serve(**repository):
        server = Hub(**repository)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        servers.append(server)
        return server

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
