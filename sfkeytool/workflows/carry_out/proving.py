"""Logins that prove, again and again and never too many: Salesforce blocks a user after 3,600 an hour."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct

from sfkeytool.errors import LoginRefusedError, NetworkError, OrgError
from sfkeytool.salesforce.jwt_bearer import Grant, Refusal, build_assertion, request_token
from sfkeytool.salesforce.transport import Transport, is_passing
from sfkeytool.workflows.login import Clock
from sfkeytool.workflows.login_preparation import LoginRequest, Prepared
from sfkeytool.workflows.login_refusals import WAITED_FOR, OldKey, Seen, explain_refusal, refused

POLL_SECONDS = 20.0
LEAST_SECONDS = 5.0
MOST_LOGINS = 300
"""A run, over both keys together: our own bounds, a twelfth of what blocks a user for an hour (Knowledge 000381578)."""

_MOST_TROUBLES = 5
"""Failures of network or server in a row after which nothing is proved any more: our own choice."""
_RATE_EXCEEDED = "LOGIN_RATE_EXCEEDED"


class Which(StrEnum):
    NEW = "new"
    OLD = "old"


class Tried(Struct, frozen=True):
    """One login. ``at`` is when Salesforce answered, by its own clock where it told it. ``words`` are a refusal's."""

    which: Which
    at: datetime
    accepted: bool
    words: str = ""


class Count:
    """The logins of a run, over all its steps."""

    def __init__(self, most: int = MOST_LOGINS) -> None:
        self.left = most
        self.last_at: datetime | None = None

    def take(self) -> None:
        """Raises OrgError carry.too-many-logins."""
        if not self.left:
            raise OrgError(
                "carry.too-many-logins",
                f"{MOST_LOGINS} logins were tried in this run: no more, for Salesforce blocks a user for too many",
                "wait for an hour, and go on",
            )
        self.left -= 1


class Prover(Struct, frozen=True):
    """What logs in: the request and its keys, and the world. ``poll_seconds`` is LEAST_SECONDS at least."""

    request: LoginRequest
    prepared: Prepared
    transport: Transport
    clock: Clock
    count: Count
    poll_seconds: float = POLL_SECONDS


def log_in_once(prover: Prover) -> Tried:
    """One accepted login with the request's key. Raises LoginRefusedError, NetworkError and OrgError."""
    for tried in _rounds(prover, {Which.NEW: prover.prepared.key}, seconds=0):
        if isinstance(tried, Refusal):
            raise _refusal(prover, tried, None, 0)
        return tried
    raise AssertionError("unreachable: a round yields or raises")


def watch(prover: Prover, seconds: float, tell: Callable[[Tried], None]) -> tuple[Tried, ...]:
    """Logins with the one key for so long: all accepted, else it ends with LoginRefusedError at the first refusal."""
    done = []
    started = prover.clock.monotonic()
    for tried in _rounds(prover, {Which.NEW: prover.prepared.key}, seconds):
        if isinstance(tried, Refusal):
            raise _refusal(prover, tried, None, prover.clock.monotonic() - started)
        done.append(tried)
        tell(tried)
    return tuple(done)


def wait_for_new(prover: Prover, seconds: float, tell: Callable[[Tried], None]) -> tuple[Tried, ...]:
    """Logins with the old key, where there is one, and the new one, until the new one is accepted.

    Raises LoginRefusedError for a refusal that does not pass by itself, and when ``seconds`` are over.
    """
    keys: dict[Which, rsa.RSAPrivateKey] = {Which.NEW: prover.prepared.key}
    if prover.prepared.old_key is not None:
        keys = {Which.OLD: prover.prepared.old_key, **keys}
    done: list[Tried] = []
    old: OldKey | None = None
    last: Refusal | None = None
    started = prover.clock.monotonic()
    for which, answer in _asked(prover, keys, seconds):
        accepted = isinstance(answer, Grant)
        words = "" if isinstance(answer, Grant) else answer.words
        tried = Tried(which, _at(prover, answer), accepted, words)
        done.append(tried)
        tell(tried)
        if which is Which.OLD:
            old = OldKey.ACCEPTED if accepted else OldKey.REFUSED
        elif isinstance(answer, Grant):
            return tuple(done)
        else:
            last = answer
            explanation = explain_refusal(answer)
            if explanation is None or explanation.id != WAITED_FOR:
                break
    assert last is not None  # noqa: S101 - a round asks with the new key, or raises
    raise _refusal(prover, last, old, prover.clock.monotonic() - started)


def _rounds(prover: Prover, keys: Mapping[Which, rsa.RSAPrivateKey], seconds: float) -> Iterator[Tried | Refusal]:
    for which, answer in _asked(prover, keys, seconds):
        yield Tried(which, _at(prover, answer), accepted=True) if isinstance(answer, Grant) else answer


def _asked(
    prover: Prover, keys: Mapping[Which, rsa.RSAPrivateKey], seconds: float
) -> Iterator[tuple[Which, Grant | Refusal]]:
    """Each key's answer, in rounds until ``seconds`` are over; one round in any case.

    A round that fails for the network or the server is made up for by the next. Raises NetworkError when they fail
    again and again, OrgError when there are too many logins, by our count or by Salesforce's.
    """
    clock = prover.clock
    pause = max(prover.poll_seconds, LEAST_SECONDS)
    started = clock.monotonic()
    troubles = 0
    while True:
        began = clock.monotonic()
        try:
            for which, key in keys.items():
                prover.count.take()
                answer = _answer(prover, key)
                prover.count.last_at = _at(prover, answer)
                yield which, answer
            troubles = 0
        except NetworkError as error:
            troubles += 1
            if error.code == "network.rate-limited" or not is_passing(error) or troubles >= _MOST_TROUBLES:
                raise
        # After trouble once more in any case: a round without an answer proves nothing.
        if clock.monotonic() - started + pause > seconds + LEAST_SECONDS and not troubles:
            return
        clock.sleep(max(LEAST_SECONDS, pause - (clock.monotonic() - began)))


def _answer(prover: Prover, key: rsa.RSAPrivateKey) -> Grant | Refusal:
    request, host = prover.request, prover.prepared.host
    assertion = build_assertion(key, request.client_id, request.username, host.audience, prover.clock.now())
    answer = request_token(prover.transport, host, assertion)
    if isinstance(answer, Refusal) and _RATE_EXCEEDED in (answer.error, answer.description):
        raise OrgError(
            "carry.login-rate",
            f"Salesforce takes no more logins of {request.username} for now (LOGIN_RATE_EXCEEDED); this stopped",
            "wait for an hour, and see which program logs in so often: sfkeytool explain LOGIN_RATE_EXCEEDED",
        )
    return answer


def _at(prover: Prover, answer: Grant | Refusal) -> datetime:
    return answer.server_time or prover.clock.now()


def _refusal(prover: Prover, refusal: Refusal, old_key: OldKey | None, waited: float) -> LoginRefusedError:
    return refused(refusal, explain_refusal(refusal), prover.prepared, Seen(None, old_key, waited))
