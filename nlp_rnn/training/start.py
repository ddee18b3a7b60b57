"""What a network starts from: chance, the text that there is, a file of vectors, or a language model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nlp_rnn.models import Classifier, Tagger
from nlp_rnn.models.language_model import hand_over
from nlp_rnn.schema import DataError, UsageError
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.training import ppmi


def first_vectors(
    train: Encoded, *, embeddings: str, tokens: Path, words: int, size: int
) -> np.ndarray | None:
    """What words start from; a word for which there is nothing has zeros.

    Args:
        train: the training sentences.
        embeddings: ``random``, ``ppmi`` (of the training text and of unlabeled text, if there is such),
            ``file``, or ``auto``: those of a file where there is one, or else ``ppmi``.
        tokens: the folder of ``vectors.npy`` and ``unlabeled``, where a run has them.
        words: how many ids there are.
        size: e, of the model's words.

    Returns:
        [words, e]; None if they start at random.

    Raises:
        UsageError: there is no file, or its vectors have another size than the model's words.
    """
    raw, given = tokens / "unlabeled", tokens / "vectors.npy"
    if embeddings == "auto":
        embeddings = "file" if given.exists() else "ppmi"
    if embeddings == "file":
        return _given(given, size)
    if embeddings == "ppmi":
        corpora = [train, Encoded.load(raw)] if raw.is_dir() else [train]
        return ppmi.vectors(corpora, words=words, size=size)
    return None


def start_from_language_model(model: Tagger | Classifier, folder: Path) -> None:
    """Gives features and first layer what a language model learned, which began with vectors from text.

    Args:
        model: with fresh weights.
        folder: what `nlp-rnn pretrain` wrote.

    Raises:
        DataError: it holds no weights, or those of another network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / "weights.safetensors"
    again = f"run `nlp-rnn pretrain {folder.name}`."
    if not path.is_file():
        raise DataError(f"{path}: no such file; {again}")
    try:
        hand_over(load_file(path), model)
    except (SafetensorError, ValueError) as error:
        raise DataError(f"{path}: does not fit this network ({error}); {again}") from None


def _given(path: Path, size: int) -> np.ndarray:
    """A file's vectors, [words, size], of length 1 on average, as other embeddings are at their start."""
    if not path.exists():
        raise UsageError("`training.embeddings` is `file`, but `data.vectors` names none.")
    found: np.ndarray = np.load(path)
    if found.shape[1] != size:
        raise UsageError(
            f"`model.word_size` is {size}, but the vectors of `data.vectors` have {found.shape[1]} numbers "
            f"each; set word_size: {found.shape[1]}."
        )
    lengths = np.linalg.norm(found, axis=1)
    return found / lengths[lengths > 0].mean()
