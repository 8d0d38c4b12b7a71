"""``login``: a JWT bearer login with a key, tried as long as the request says.

Transport and clock are arguments. Everything that can be known without the network is looked at first, in
``login_preparation``; what a refusal means is in ``login_refusals``.
"""

from collections.abc import Callable, Generator, Iterator
from datetime import datetime
from typing import Annotated, Any

from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import UNSET, Meta, Struct, UnsetType

from sfkeytool.crypto import certificates
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.errors import NetworkError
from sfkeytool.model import Notice, Result, UniqueNameText
from sfkeytool.passwords import Secret
from sfkeytool.salesforce.jwt_bearer import Grant, Refusal, build_assertion, request_token
from sfkeytool.salesforce.transport import Transport, is_passing
from sfkeytool.workflows.login_preparation import LoginRequest, Prepared
from sfkeytool.workflows.login_refusals import (
    WAITED_FOR,
    OldKey,
    Seen,
    describe_skew,
    explain_refusal,
    is_wrong,
    refused,
)
from sfkeytool.workflows.parts import KeyFacts, describe_key
from sfkeytool.workflows.receipts import receipt_record

_BACKOFF_SECONDS = (1.0, 3.0)
"""Pauses before a second and third try when the network or the server fails. Our own choice."""

_LONGEST_PAUSE_SECONDS = 30
"""Up to which a server's Retry-After is heeded; beyond it, saying so is kinder than waiting. Our own choice."""


class Clock(Struct, frozen=True):
    """Time as the run sees it: aware UTC, seconds that only grow, and waiting."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


class LoggedIn(Result, frozen=True, kw_only=True):
    """A login that Salesforce accepted."""

    username: str
    org_id: Annotated[str, Meta(description="Empty if the answer did not tell")]
    user_id: Annotated[str, Meta(description="Empty if the answer did not tell")]
    instance_url: str
    login_url: Annotated[str, Meta(description="The one host that the assertion was sent to")]
    audience: str
    audience_reason: str
    scopes: tuple[str, ...]
    duration_ms: Annotated[int, Meta(ge=0, description="Of the try that was accepted")]
    clock_skew_seconds: Annotated[
        int | None,
        Meta(description="How far Salesforce's clock is ahead of this machine's; null if it did not say"),
    ]
    key: KeyFacts
    certificate: CertificateFacts | UnsetType = UNSET
    old_key: Annotated[OldKey | UnsetType, Meta(description="With --old-key only")] = UNSET
    access_token: Annotated[str | UnsetType, Meta(description="Secret; with --show-token only")] = UNSET
    # Put there for the screen alone: until then the token is a Secret, in Accepted.

    def __repr__(self) -> str:
        return f"LoggedIn({self.username})"


class Trouble(Struct, frozen=True):
    """The network or the server failed; it is tried again after a pause."""

    message: str
    delay_seconds: float


class NotYet(Struct, frozen=True):
    """The key was refused, and is tried again. ``old_key`` is None if there is none."""

    words: str
    elapsed_seconds: float
    delay_seconds: float
    old_key: OldKey | None


class Accepted(Struct, frozen=True):
    """The login worked."""

    result: LoggedIn
    access_token: Secret


Event = Notice | Trouble | NotYet | Accepted


class _Answer(Struct, frozen=True):
    """``skew_seconds``: how far the server's clock is ahead of ours; None if it did not say."""

    answer: Grant | Refusal
    duration_ms: int
    skew_seconds: int | None


def login(request: LoginRequest, prepared: Prepared, transport: Transport, clock: Clock) -> Iterator[Event]:
    """Log in, and go on trying if the request says so; the last event is Accepted.

    Raises LoginRefusedError for a refusal, after the last one if it was waited for, and NetworkError.
    """
    started = clock.monotonic()
    skew_told = False
    while True:
        old_key = None
        if prepared.old_key is not None:  # first, so that its troubles cannot hide that the new one works
            old = yield from _attempt(request, prepared, prepared.old_key, transport, clock)
            old_key = OldKey.ACCEPTED if isinstance(old.answer, Grant) else OldKey.REFUSED
        answer = yield from _attempt(request, prepared, prepared.key, transport, clock)
        if is_wrong(answer.skew_seconds) and not skew_told:
            skew_told = True
            yield Notice("login.clock", f"{describe_skew(answer.skew_seconds)}: set it, or logins fail for it")
        if isinstance(answer.answer, Grant):
            result = _logged_in(request, prepared, answer.answer, answer, old_key)
            yield Accepted(result, answer.answer.access_token)
            return
        explanation = explain_refusal(answer.answer)
        elapsed = clock.monotonic() - started
        waiting = explanation is not None and explanation.id == WAITED_FOR
        if not waiting or elapsed + request.poll_seconds > request.wait_seconds:
            raise refused(answer.answer, explanation, prepared, Seen(answer.skew_seconds, old_key, elapsed))
        yield NotYet(answer.answer.words, elapsed, request.poll_seconds, old_key)
        clock.sleep(request.poll_seconds)


def _attempt(
    request: LoginRequest, prepared: Prepared, key: rsa.RSAPrivateKey, transport: Transport, clock: Clock
) -> Generator[Trouble, None, _Answer]:
    """One login with ``key``; again only where no answer about the login came."""
    for pause in (*_BACKOFF_SECONDS, None):
        signed_at = clock.now()
        assertion = build_assertion(key, request.client_id, request.username, prepared.host.audience, signed_at)
        started = clock.monotonic()
        try:
            answer = request_token(transport, prepared.host, assertion)
        except NetworkError as error:
            asked = error.retry_after_seconds or 0
            if pause is None or not is_passing(error) or asked > _LONGEST_PAUSE_SECONDS:
                raise
            delay = max(pause, asked)
            yield Trouble(error.message, delay)
            clock.sleep(delay)
        else:
            duration_ms = round((clock.monotonic() - started) * 1000)
            skew = None
            if answer.server_time is not None:
                skew = round((answer.server_time - clock.now()).total_seconds())
            return _Answer(answer, duration_ms, skew)
    raise AssertionError("unreachable: the last try returns or raises")


def _logged_in(
    request: LoginRequest, prepared: Prepared, grant: Grant, answer: _Answer, old_key: OldKey | None
) -> LoggedIn:
    certificate = prepared.certificate
    return LoggedIn(
        username=request.username,
        org_id=grant.org_id,
        user_id=grant.user_id,
        instance_url=grant.instance_url,
        login_url=prepared.host.url,
        audience=prepared.host.audience,
        audience_reason=prepared.host.reason,
        scopes=grant.scopes,
        duration_ms=answer.duration_ms,
        clock_skew_seconds=answer.skew_seconds,
        key=describe_key(prepared.key, source=prepared.key_origin),
        certificate=certificates.describe_certificate(certificate) if certificate is not None else UNSET,
        old_key=old_key if old_key is not None else UNSET,
    )


class _Noted(Result, frozen=True, kw_only=True):
    """What a receipt keeps of a login."""

    name: UniqueNameText
    org_id: str
    login_url: str
    key: KeyFacts


def receipt(name: str, result: LoggedIn, now: datetime) -> dict[str, Any]:
    """The record of a login for NAME.json, JSON-ready. Pure."""
    noted = _Noted(name=name, org_id=result.org_id, login_url=result.login_url, key=result.key)
    return receipt_record("login", now, (), noted)
