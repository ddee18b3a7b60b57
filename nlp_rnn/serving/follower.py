"""A thread that looks for a newer model where they come from, and puts it in the place of the one in use."""

from __future__ import annotations

import threading
from collections.abc import Callable

from nlp_rnn.inference import PackageError
from nlp_rnn.integrations import proof, store
from nlp_rnn.schema import NlpRnnError
from nlp_rnn.serving.model import Model, Source


class Follower:
    """Holds the current model. Whoever has taken it finishes with it, whatever comes after."""

    def __init__(
        self,
        source: Source,
        *,
        every: float,
        loaded: Callable[[Model], None],
        failed: Callable[[NlpRnnError, bool], None],
    ) -> None:
        """
        Args:
            source: where models come from.
            every: seconds between two looks.
            loaded: is told of each model that has begun to answer.
            failed: is told, once, of what keeps a newer model from answering, and whether it is beyond hope:
                there is no model yet, and waiting will bring none.
        """
        self.model: Model | None = None
        self._source = source
        self._every = every
        self._loaded = loaded
        self._failed = failed
        self._problem = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Looks no more; what it is fetching just now is left to itself."""
        self._stopped.set()

    def look(self) -> None:
        """Loads what is newest, unless it answers already."""
        try:
            if self.model is None or self._source.newest() != (self.model.digest, self.model.version):
                model = self._source.load()
                _try(model)
                self.model = model
                self._loaded(model)
            self._problem = ""
        except NlpRnnError as error:
            self._tell(error)
        except Exception as error:  # a full disk, say: whatever it is, the model that answers must go on
            self._tell(NlpRnnError(f"the model cannot be loaded: {store.problem(error)}"))

    def _tell(self, error: NlpRnnError) -> None:
        if str(error) != self._problem:
            self._problem = str(error)
            self._failed(error, self.model is None and not isinstance(error, store.Unreachable))

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.look()
            self._stopped.wait(self._every)


def _try(model: Model) -> None:
    """A model that cannot answer must not take the place of one that can."""
    try:
        model.predictor.predict(proof.SMOKE)
    except Exception as error:
        raise PackageError(
            f"package {model.digest[:12]} of {model.name} fails to predict ({type(error).__name__})."
        ) from error
