"""A model by its address: a package's folder, or a version in the registry."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nlp_rnn.inference import predictor
from nlp_rnn.inference.predictor import Predictor

REGISTERED = "models:"


def load(model: Path | str, *, precision: str | None = None) -> Predictor:
    """Loads a package, once every file's digest is checked.

    Args:
        model: a package's folder; or ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION`` in the registry that
            MLFLOW_TRACKING_URI names, which needs the extra ``registry``. What was loaded from there is in
            memory: the registry is not asked again.
        precision: as :class:`Predictor` has it.

    Raises:
        PackageError: the folder is not a whole, unchanged package.
        UsageError: the registry has no such version; the message says what there is.
        NlpRnnError: the registry does not answer, what it holds is damaged, or MLflow is not installed.
    """
    if not str(model).startswith(REGISTERED):
        return predictor.load(model, precision=precision)
    from nlp_rnn.integrations import registry  # the one import against the current; no stage takes it

    with tempfile.TemporaryDirectory() as folder:
        registry.download(registry.resolve(str(model)), Path(folder) / "package")
        return predictor.load(Path(folder) / "package", precision=precision)
