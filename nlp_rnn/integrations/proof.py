"""What lies in the registry answers as the package here does; or it becomes no version."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nlp_rnn.inference import predictor
from nlp_rnn.integrations import registry
from nlp_rnn.schema import NlpRnnError, Prediction

# Both languages, and what is not quite text: every model must answer every one of them.
SMOKE = (
    "Maria Lopez flew to Rome. 王小明昨天飞往上海。",
    "The room was small, but I would come back tomorrow.",
    "房间小了点，不过早餐真不错。",
    "",
    " \t ",
    "\N{GRINNING FACE}\N{GRINNING FACE}",
    "NASDAQ 1,024.50 " * 100,
)


def prove(root: str, package: Path, digest: str, *, what: str) -> None:
    """Fetches what was uploaded, as whoever uses it will, and compares its bytes and its answers.

    Args:
        root: where a model of MLflow's lies.
        package: the folder that was uploaded.
        digest: its own.
        what: the model's name in messages.

    Raises:
        NlpRnnError: other bytes came back, or they cannot predict, or not the same.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "package"
        registry.fetch(root, copy, digest=digest, what=what)
        if answers(copy, what) != answers(package, what):
            raise NlpRnnError(f"{what} answers otherwise from the registry ({root}) than from {package}.")


def answers(package: Path, what: str) -> list[Prediction]:
    """What a package says of the smoke set; raises NlpRnnError where it cannot, or is damaged."""
    loaded = predictor.load(package)
    try:
        said = loaded.predict(SMOKE)
    except Exception as error:
        problem = (str(error).splitlines() or [type(error).__name__])[0]
        raise NlpRnnError(f"{what} cannot predict, so it stays behind: {problem}") from error
    if len(said) != len(SMOKE):
        raise NlpRnnError(f"{what} gave {len(said)} answers to {len(SMOKE)} texts, so it stays behind.")
    return said
