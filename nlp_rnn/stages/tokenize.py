"""examples -> ids: learns the vocabulary on the training split and encodes every split with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from nlp_rnn import params
from nlp_rnn.data import examples, unlabeled, vectors
from nlp_rnn.schema import DataError, Example
from nlp_rnn.text import ngrams, segmentation, tokenizer
from nlp_rnn.text.encoding import Encoded, Encoder, form_texts
from nlp_rnn.text.labels import bioes_labels, spans, to_bioes


def main(run: params.Run) -> None:
    """Writes data/tokens/RUN: tokenizer, vocabulary, coverage, forms of train, and arrays for each split."""
    splits = examples.read_all(Path("data/examples") / run.name)
    chosen = run.tokenizer
    cutter = tokenizer.build(None, lowercase=chosen.lowercase, min_count=1)
    train = [_tokens(cutter, example) for example in splits["train"]]
    learned = tokenizer.build(train, lowercase=chosen.lowercase, min_count=chosen.min_count)
    documents = _documents(run, learned)
    learned, given = _extended(run, learned, documents)
    characters = "".join(sorted({character for tokens in train for form in tokens for character in form}))
    known = ngrams.NONE
    if chosen.ngrams:
        known = ngrams.learn(train, longest=chosen.ngram_length, most=chosen.ngrams)
    encoder = Encoder(
        learned,
        characters,
        bigrams=chosen.bigrams,
        subwords=chosen.subwords,
        segmenter=chosen.segmenter,
        ngrams=known,
        longest=chosen.ngram_length,
    )
    labels = _labels(splits["train"])
    folder = Path("data/tokens") / run.name
    unfinished = folder.with_name(f".{run.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    coverage = _save(run.name, splits, labels, encoder, learned, unfinished)
    if given is not None:
        coverage["vectors"] = _covered(run.name, given, Encoded.load(unfinished / "train"))
        np.save(unfinished / "vectors.npy", given)
    if documents:
        plain = Encoder(
            learned,
            characters,
            bigrams=chosen.bigrams,
            subwords=chosen.subwords,
            segmenter=chosen.segmenter,
        )
        plain.encode(documents).save(unfinished / "unlabeled")
        size = sum(map(len, documents))
        print(f"{run.name} unlabeled: {len(documents)} documents, {size} tokens")
    learned.save(str(unfinished / "tokenizer.json"))
    _write(unfinished / "coverage.json", coverage)
    _write(
        unfinished / "vocabulary.json",
        {
            "labels": labels,
            "words": learned.get_vocab_size(),
            "characters": characters,
            "bigrams": chosen.bigrams,
            "subwords": chosen.subwords,
            "boundaries": 0 if chosen.segmenter == "none" else segmentation.IDS,
            "ngrams": ngrams.pack(known),
        },
    )
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def _save(
    name: str,
    splits: Mapping[str, Sequence[Example]],
    labels: Sequence[str],
    encoder: Encoder,
    learned: Tokenizer,
    folder: Path,
) -> dict[str, dict[str, int]]:
    """Writes each split's arrays, and the forms of train; returns, and says, how many tokens are unknown."""
    coverage: dict[str, dict[str, int]] = {}
    for split, content in splits.items():
        tokens = [_tokens(learned, example) for example in content]
        _labeled(encoder.encode(tokens), content, labels).save(folder / split)
        if split == "train":
            _write(folder / "forms.json", form_texts(tokens))
        forms = [form for sentence in tokens for form in sentence]
        unknown = sum(not encoder.is_known(form) for form in forms)
        coverage[split] = {"tokens": len(forms), "unknown": unknown}
        print(f"{name} {split}: {len(content)} sentences, {len(forms)} tokens, {unknown} of them unknown")
    return coverage


def _documents(run: params.Run, cutter: Tokenizer) -> list[list[str]]:
    """The tokens of each document of the raw text, if the run has such."""
    if run.data.unlabeled is None:
        return []
    texts = unlabeled.read(Path("data/raw") / run.name / unlabeled.NAME)
    return [[token.text for token in tokenizer.split(cutter, text)] for text in texts]


def _extended(
    run: params.Run, learned: Tokenizer, documents: Sequence[Sequence[str]]
) -> tuple[Tokenizer, np.ndarray | None]:
    """The vocabulary with the words of the raw text, and the vectors of `data.vectors`, [words, e].

    Where there is such a file, only words that it has are taken in: nothing else would be known of them.
    """
    extend = partial(
        tokenizer.extend,
        learned,
        documents,
        min_count=run.tokenizer.unlabeled_min_count,
        most=run.tokenizer.unlabeled_words,
    )
    longer = extend()
    if run.data.vectors is None:
        return longer, None
    known = [word for word, i in longer.get_vocab().items() if i > tokenizer.UNKNOWN]
    found = vectors.read(Path("data/inputs") / run.name / "vectors", known)
    if not found:
        raise DataError(
            f"{run.data.vectors}: has a vector for no word of {run.name}; is it another language's?"
        )
    longer = extend(among=found)
    ids = longer.get_vocab()
    table = np.zeros((len(ids), len(next(iter(found.values())))), np.float32)
    for word in sorted(found.keys() & ids.keys()):
        table[ids[word]] = found[word]
    return longer, table


def _covered(name: str, given: np.ndarray, train: Encoded) -> dict[str, int]:
    """How many of the training words, and tokens, have a vector; says so too."""
    ids = train.words[train.forms]
    words = np.setdiff1d(ids, [tokenizer.UNKNOWN])
    has = np.any(given, axis=1)
    found = {"words": len(words), "tokens": len(ids)}
    covered = {"words_found": int(has[words].sum()), "tokens_found": int(has[ids].sum())}
    shares = " and ".join(
        f"{covered[f'{kind}_found']} of {total} training {kind} ({covered[f'{kind}_found'] / total:.1%})"
        for kind, total in found.items()
    )
    print(f"{name} vectors: {given.shape[1]} numbers each, for {shares}")
    return {**found, **covered}


def _tokens(cutter: Tokenizer, example: Example) -> Sequence[str]:
    """Tokens that came with the data are kept; a text is cut."""
    if example.tokens is not None:
        return example.tokens
    return [token.text for token in tokenizer.split(cutter, example.text or "")]


def _labels(train: Sequence[Example]) -> list[str]:
    if train and train[0].tags is not None:
        return bioes_labels({label for example in train for _, _, label in spans(example.tags or ())})
    return sorted({example.label or "" for example in train})


def _labeled(encoded: Encoded, split: Sequence[Example], labels: Sequence[str]) -> Encoded:
    ids = {label: i for i, label in enumerate(labels)}
    try:
        if split and split[0].tags is not None:
            tags = [ids[tag] for example in split for tag in to_bioes(example.tags or ())]
            return replace(encoded, tags=np.array(tags, np.int32))
        return replace(encoded, labels=np.array([ids[example.label or ""] for example in split], np.int32))
    except KeyError as error:
        raise DataError(f"label {error} does not occur in the training split; run `ingest` again.") from None


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
