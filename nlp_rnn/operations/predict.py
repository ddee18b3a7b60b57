"""A model's answers to texts, for people to look at and for programs to read."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO
from unicodedata import category

from nlp_rnn.data import rows
from nlp_rnn.inference import Predictor, load
from nlp_rnn.operations import bulk
from nlp_rnn.schema import DataError, Prediction, UsageError

CHUNK = 512  # texts that are answered together
_COLORS = (36, 33, 35, 32, 34, 31)  # of a terminal; a label always has the same one
_PLAIN = "\x1b[0m"


def main(model: str, texts: Sequence[str], file: Path | None, *, as_json: bool) -> None:
    """Prints a line for each text: those given, or else a file's lines, or else those of standard input."""
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    interactive = not texts and file is None and sys.stdin.isatty()
    if interactive:
        print("one text a line; Ctrl-D ends", file=sys.stderr)
    for prediction in answers(model, _chosen(texts, file), chunk=1 if interactive else CHUNK):
        print(to_json(prediction) if as_json else to_text(prediction, color=color), flush=interactive)


def to_file(model: str, file: Path, output: Path, *, column: str) -> None:
    """Answers all rows of a file into another, with a bar; see :func:`nlp_rnn.operations.bulk.predict`."""
    import typer

    predictor = _opened(model)
    with typer.progressbar(length=rows.count(file), file=sys.stderr, label=output.name) as bar:
        done = bulk.predict(predictor, file, output, column=column, progress=bar.update)
    print(f"{output}: {done} rows")


def answers(model: str, texts: Iterable[str], *, chunk: int = CHUNK) -> Iterator[Prediction]:
    """Yields what a model says of each text.

    Args:
        model: a package's folder, or ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION`` in the registry.
        texts: may be endless.
        chunk: how many of them to wait for before they are answered.

    Raises:
        UsageError: there is no such model; the message says what there is.
        NlpRnnError: its package is damaged.
    """
    predictor, rest = _opened(model), iter(texts)
    while some := list(islice(rest, chunk)):
        yield from predictor.predict(some)


def lines(file: IO[bytes], name: str) -> Iterator[str]:
    """The texts of a file, one a line; raises DataError, with the line, where it is not UTF-8."""
    for number, line in enumerate(file, 1):
        try:
            yield line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"{name}:{number}: not UTF-8 ({error.reason} at byte {error.start}).") from None


def to_json(prediction: Prediction) -> str:
    """One line of JSON: ``text``, and ``spans``, or ``label`` and ``scores``."""
    return json.dumps(prediction.to_record(), ensure_ascii=False)


def to_text(prediction: Prediction, *, color: bool) -> str:
    """``[Maria Lopez|PER] flew``, or ``positive 0.98  What a film``."""
    text = prediction.text
    if prediction.label is not None:
        share = (prediction.scores or {}).get(prediction.label, 1.0)
        return f"{_painted(f'{prediction.label} {share:.2f}', prediction.label, color)}  {_visible(text)}"
    pieces, position = [], 0
    for span in prediction.spans or ():
        entity = f"[{_visible(span.text)}|{span.label}]"
        pieces += [_visible(text[position : span.start]), _painted(entity, span.label, color)]
        position = span.end
    return "".join([*pieces, _visible(text[position:])])


def _chosen(texts: Sequence[str], file: Path | None) -> Iterator[str]:
    if texts and file is not None:
        raise UsageError("give either texts or --file, not both.")
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UsageError(f"the text {text!a} is not UTF-8.") from None
        yield text
    if file is not None:
        try:
            with file.open("rb") as opened:
                yield from lines(opened, str(file))
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}.") from None
    elif not texts:
        yield from lines(sys.stdin.buffer, "standard input")


def _opened(model: str) -> Predictor:
    if not model.startswith("models:") and not Path(model).is_dir():
        packages = sorted(path.parent.as_posix() for path in Path("data/models").glob("[!.]*/MANIFEST.json"))
        raise UsageError(
            f"there is no package folder {model!r}; "
            f"there are: {', '.join(packages) or 'none yet under data/models'}. "
            "A registered model is models:/NAME@champion."
        )
    return load(model)


def _painted(text: str, label: str, color: bool) -> str:
    return f"\x1b[1;{_COLORS[sum(label.encode()) % len(_COLORS)]}m{text}{_PLAIN}" if color else text


def _visible(text: str) -> str:
    """Without characters that would command the terminal."""
    return "".join("\ufffd" if category(c) == "Cc" and c != "\t" else c for c in text)
