"""Questions that do not wait for each other, asked at once: whoever asks goes on, and comes for the answer later."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Protocol, TypeVar

from sfkeytool.errors import NetworkError, OrgError
from sfkeytool.salesforce.org import ends_everything

R = TypeVar("R")

MOST_AT_ONCE = 8
"""Questions to one org, each on a connection of its own: our own bound, a third of the long requests that an org takes
at once (help.salesforce.com, article 000389067)."""

_SLICE_SECONDS = 0.5
"""On Windows, Ctrl-C does not interrupt a longer wait."""


class Ask(Protocol):
    """Takes a question; what it returns gives the answer, or raises what the question raised."""

    def __call__(self, question: Callable[[], R], /) -> Callable[[], R]: ...


def in_turn(question: Callable[[], R]) -> Callable[[], R]:
    """Ask when the answer is wanted, and not before."""
    return question


class Questions:
    """Those of one reading of an org: at most ``at_once`` at a time, in the order in which they were asked.

    They come in parts, in the order in which the answers are judged. After an error that ends everything no other of
    its part and of later ones is begun: all that wait get the same error. Earlier ones are asked all the same: what
    was found out must not depend on which answer came first. At the end nobody waits for those that are still on
    their way.
    """

    def __init__(self, at_once: int = MOST_AT_ONCE) -> None:
        self._asked = ThreadPoolExecutor(at_once)
        self._led = ThreadPoolExecutor(at_once)
        self._ends: list[OrgError | NetworkError | None] = []

    def __enter__(self) -> "Questions":
        return self

    def __exit__(
        self, type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in (self._asked, self._led):
            pool.shutdown(wait=False, cancel_futures=True)

    def part(self) -> Ask:
        """What asks the questions of the next part, each of which asks the org alone."""
        number = len(self._ends)
        self._ends.append(None)

        def ask(question: Callable[[], R]) -> Callable[[], R]:
            def asked() -> R:
                for end in filter(None, self._ends[: number + 1]):
                    raise end
                try:
                    return question()
                except (OrgError, NetworkError) as error:
                    if ends_everything(error):
                        self._ends[number] = error
                    raise

            return _answer(self._asked.submit(asked))

        return ask

    def lead(self, inquiry: Callable[[], R]) -> Callable[[], R]:
        """One that asks others and waits for them: it takes no turn from them."""
        return _answer(self._led.submit(inquiry))


def _answer(future: "Future[R]") -> Callable[[], R]:
    def wanted() -> R:
        while not future.done():
            with suppress(TimeoutError):
                return future.result(_SLICE_SECONDS)
        return future.result()

    return wanted
