"""How far a training is: a bar for the person who watches, lines for a log."""

from __future__ import annotations

from types import TracebackType

from tqdm import tqdm


class Progress:
    """Counts tokens, and says what each epoch brought."""

    def __init__(self, name: str, tokens: int) -> None:
        """
        Args:
            name: the run's.
            tokens: of all epochs.
        """
        self._name = name
        self._bar = tqdm(total=tokens, unit="token", unit_scale=True, desc=name, mininterval=1, disable=None)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def step(self, tokens: int) -> None:
        """So many more were seen."""
        self._bar.update(tokens)

    def say(self, news: str) -> None:
        """Shows it beside the bar, or prints a line where nobody watches."""
        self._bar.set_postfix_str(news)
        if self._bar.disable:
            print(f"{self._name}: {news}", flush=True)
