"""The glue of ``audit --heartbeat``: the switch hears of the start, and of the end or a failure. It decides nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sfkeytool.errors import EXIT_FAILED, InterruptedRunError
from sfkeytool.model import Notice

if TYPE_CHECKING:
    from sfkeytool.audit.heartbeat import Signal, Switch
    from sfkeytool.cli.run import Run
    from sfkeytool.passwords import Source


@contextmanager
def heartbeat(run: "Run", source: "Source | None") -> Iterator[Callable[[int], None]]:
    """Around an audit; yields what is to be told its exit code when it has run to its end.

    An error that ends it is told as a failure. A run that is interrupted tells nothing more, so that it ends at once:
    silence is what the switch is for. Raises InputError and UsageError, as Run.secret() and parse_switch().
    """
    if source is None:
        yield lambda _: None
        return
    from sfkeytool.audit.heartbeat import Signal, parse_switch, signal_of

    switch = parse_switch(run.secret(source, "--heartbeat", "Address of the switch (a URL)"), f"--heartbeat {source}")
    _call(run, switch, Signal.START)
    try:
        yield lambda exit_code: _call(run, switch, signal_of(exit_code))
    except InterruptedRunError:
        raise
    except Exception:
        _call(run, switch, signal_of(EXIT_FAILED))
        raise


def _call(run: "Run", switch: "Switch", signal: "Signal") -> None:
    from sfkeytool.audit.heartbeat import SECONDS, call
    from sfkeytool.salesforce.transport import HttpTransport

    transport = HttpTransport(run.environ, timeout_seconds=SECONDS, deadline_seconds=SECONDS)
    try:
        reason = call(switch, signal, transport)
    except InterruptedRunError:
        raise
    except Exception as error:  # a bug of ours here must not cost an audit
        reason = type(error).__name__
    if reason:
        run.console.warn(Notice("heartbeat.failed", f"{switch.label} was not told of the {signal} ({reason})"))
