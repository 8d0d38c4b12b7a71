"""``login``: a JWT bearer login with a key, and what its answer means.

Transport and clock are arguments. Everything that can be known without the network is looked at first.
"""

import base64
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeGuard

from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct, to_builtins

from sfkeytool.acceptance.blanks import ready_to_type
from sfkeytool.acceptance.explanations import Explanation, System, login_code
from sfkeytool.crypto import certificates, keys
from sfkeytool.errors import (
    CertificateError,
    LoginRefusedError,
    NetworkError,
    PrivateKeyError,
    UsageError,
)
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.found import FoundCertificate, FoundKey
from sfkeytool.keystores.heap import gather
from sfkeytool.keystores.leaves import describe_leaf, leaves_of_key
from sfkeytool.keystores.selection import Meant, select_key
from sfkeytool.model import Notice, Opaque
from sfkeytool.passwords import Secret, SourceKind
from sfkeytool.salesforce.hosts import (
    MY_DOMAIN_BLANK,
    PRODUCTION,
    SANDBOX,
    LoginHost,
    instanced_notice,
    parse_login_host,
)
from sfkeytool.salesforce.login import Grant, Refusal, build_assertion, request_token
from sfkeytool.salesforce.transport import Transport, is_passing
from sfkeytool.shell import quoted_path
from sfkeytool.workflows.explain import match_messages
from sfkeytool.workflows.parts import describe_key
from sfkeytool.workflows.requests import LoginRequest

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

_BACKOFF_SECONDS = (1.0, 3.0)
"""Pauses before a second and third try when the network or the server fails. Our own choice."""

_LONGEST_PAUSE_SECONDS = 30
"""Up to which a server's Retry-After is heeded; beyond it, saying so is kinder than waiting. Our own choice."""

_SKEW_SECONDS = 60
"""Seconds by which a clock may be wrong without a word: a third of what an assertion lives. Our own choice."""

_SMALLEST_BITS = 2048
"""What apps take for JWT logins, says a vendor's guide (https://docs.withampersand.com/customer-guides/salesforce-jwt,
read 2026)."""

_CONSUMER_KEY = re.compile(r"3MVG9[A-Za-z0-9._]{30,}")
"""Consumer keys that are seen in public look so; nothing documents it, so that another form draws a warning only."""

_WAITED_FOR = "error.jwt.invalid-assertion"
"""The only refusal that passes by itself, once a new certificate has spread. All others end a wait: trying again and
again as the wrong user helps nobody and may lock one out."""

_NOT_INSTALLED = "error.jwt.not-installed"
_AUDIENCE = "error.jwt.audience"
_UNKNOWN = ""


class Clock(Struct, frozen=True):
    """Time as the run sees it: aware UTC, seconds that only grow, and waiting."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


class LoginInputs(Struct, frozen=True):
    key: InputFile
    certificate: InputFile | None = None
    old_key: InputFile | None = None
    passwords: Sequence[Secret] = ()


class Prepared(Opaque, frozen=True):
    """All that a login needs. ``certificate`` fits the key; None if none is known.

    ``key_file`` stands in commands that are proposed: a placeholder where the key came from no file.
    """

    host: LoginHost
    key_origin: str
    key_file: str
    key: rsa.RSAPrivateKey
    certificate: "Certificate | None" = None
    old_key: rsa.RSAPrivateKey | None = None
    notices: tuple[Notice, ...] = ()


class Trouble(Struct, frozen=True):
    """The network or the server failed; it is tried again after a pause."""

    message: str
    delay_seconds: float


class NotYet(Struct, frozen=True):
    """The key was refused, and is tried again. ``old_key`` is ``accepted``, ``refused`` or None if there is none."""

    words: str
    elapsed_seconds: float
    delay_seconds: float
    old_key: str | None


class Accepted(Struct, frozen=True):
    """The login worked. ``facts`` is JSON-ready and holds no secret."""

    facts: dict[str, Any]
    access_token: Secret


Event = Notice | Trouble | NotYet | Accepted


class _Answer(Struct, frozen=True):
    """``skew_seconds``: how far the server's clock is ahead of ours; None if it did not say."""

    answer: Grant | Refusal
    duration_ms: int
    skew_seconds: int | None


class _Seen(Struct, frozen=True):
    """What a run saw beside the refusal itself."""

    skew_seconds: int | None
    old_key: str | None
    waited_seconds: float


def decode_key_text(text: str, label: str) -> InputFile:
    """A key as CI systems keep it in a variable: PEM, also with \\n for its line ends, or base64 of any key file.

    Secret. Raises PrivateKeyError, which does not quote it. Pure.
    """
    if "-----BEGIN " in text:
        return InputFile(label, text.replace("\\n", "\n").encode("utf-8", "replace"))
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        data = b""
    if not data:
        raise PrivateKeyError(
            "key.malformed",
            f"{label} holds neither a PEM key nor base64",
            "in CI keep the output of: base64 NAME.key",
        )
    return InputFile(label, data)


def prepare(request: LoginRequest, inputs: LoginInputs, now: datetime) -> Prepared:
    """Open the key, and look at everything that can be wrong with it before it is sent for. Pure.

    Raises UsageError, PrivateKeyError, KeystoreError and those of the files; CertificateError
    (login.certificate-mismatch) if the certificate that was given is not the key's.
    """
    host = parse_login_host(
        request.instance_url,
        request.audience,
        request.audience_from,
        external_client_app=request.external_client_app,
    )
    instanced = instanced_notice(host.url)
    meant = select_key(gather([parse_contents(inputs.key, inputs.passwords)]), request.alias)
    found = meant.key
    key = _require_rsa(found)
    fitting = meant.leaves if inputs.certificate is None else _given_certificates(found, inputs)
    certificate = fitting[0] if len(fitting) == 1 else None
    old_key = None
    if inputs.old_key is not None:
        old = gather([parse_contents(inputs.old_key, inputs.passwords)], by_alias=False)
        old_key = _require_rsa(select_key(old).key)
        if old_key.public_key() == key.public_key():
            raise UsageError("usage.old-key", f"{inputs.old_key.label} holds the same key as {found.origin}")
    return Prepared(
        host,
        found.origin,
        inputs.key.label if request.key.kind is SourceKind.FILE else "NAME.key",
        key,
        certificate.certificate if certificate else None,
        old_key,
        (
            *([instanced] if instanced else []),
            *_shape_notices(request),
            *_key_notices(key, found.origin),
            *_choice_notices(meant, fitting),
            *_validity_notices(certificate, now),
        ),
    )


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
            old_key = "accepted" if isinstance(old.answer, Grant) else "refused"
        answer = yield from _attempt(request, prepared, prepared.key, transport, clock)
        if _is_wrong(answer.skew_seconds) and not skew_told:
            skew_told = True
            yield Notice("login.clock", f"{_describe_skew(answer.skew_seconds)}: set it, or logins fail for it")
        if isinstance(answer.answer, Grant):
            yield Accepted(_facts(request, prepared, answer.answer, answer, old_key), answer.answer.access_token)
            return
        explanation = _explanation_of(answer.answer)
        elapsed = clock.monotonic() - started
        waiting = explanation is not None and explanation.id == _WAITED_FOR
        if not waiting or elapsed + request.poll_seconds > request.wait_seconds:
            raise _refused(answer.answer, explanation, prepared, _Seen(answer.skew_seconds, old_key, elapsed))
        yield NotYet(answer.answer.words, elapsed, request.poll_seconds, old_key)
        clock.sleep(request.poll_seconds)


def other_way(request: LoginRequest, host: LoginHost, code: str) -> LoginRequest | None:
    """What may log in where ``request`` was refused at ``host`` with this code of LoginRefusedError. Pure.

    None where nothing else is known. It is for a person to try: another host is another place for a credential. Its
    instance URL is MY_DOMAIN_BLANK where only that person knows it; ``audience`` is set where a variable would set it.
    """
    external, shared = request.external_client_app, host.is_shared
    ways: list[tuple[str, bool]] = []
    if code == login_code(_NOT_INSTALLED) and not external:  # the answer itself says what kind of app it is
        ways.append((MY_DOMAIN_BLANK if shared else request.instance_url, True))
    if code == login_code(_AUDIENCE):
        if request.audience:
            ways.append((request.instance_url, external))
        if external or not shared:
            ways.append((request.instance_url, not external))
        else:
            ways.append((SANDBOX if host.url == PRODUCTION else PRODUCTION, False))
    for url, is_external in ways:
        way = parse_login_host(url, external_client_app=is_external)
        if (way.url, way.audience) != (host.url, host.audience):
            audience = MY_DOMAIN_BLANK if url == MY_DOMAIN_BLANK else way.audience
            from_variable = request.audience and request.audience_from != "--audience"
            return request._replace(
                instance_url=url, external_client_app=is_external, audience=audience if from_variable else None
            )
    return None


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


def _require_rsa(found: FoundKey) -> rsa.RSAPrivateKey:
    if not isinstance(found.key, rsa.RSAPrivateKey):
        kind, _ = keys.describe_key_kind(found.key.public_key())
        raise PrivateKeyError(
            "key.not-rsa",
            f"the key in {found.origin} is not RSA but {kind}; JWT logins are signed with RS256, which is RSA",
            "make another pair, and upload its certificate to the app: sfkeytool self-signed NAME",
        )
    return found.key


def _given_certificates(key: FoundKey, inputs: LoginInputs) -> tuple[FoundCertificate, ...]:
    """The certificates of the key in the file that was given. Raises CertificateError if it holds none of them."""
    if inputs.certificate is None:
        return ()
    given = parse_contents(inputs.certificate, inputs.passwords, load_keys=False).certificates
    if not given:
        raise CertificateError("certificate.none", f"{inputs.certificate.label} holds no certificate")
    if fitting := leaves_of_key(key.spki_der, given):
        return fitting
    subject = certificates.describe_certificate(given[0].certificate)
    raise CertificateError(
        "login.certificate-mismatch",
        f"the key in {key.origin} does not belong to the certificate in {inputs.certificate.label}"
        f" ({subject.subject or 'no subject'}): Salesforce would refuse it as an invalid assertion",
        "see what belongs together: sfkeytool compare"
        f" {quoted_path(inputs.key.label)} {quoted_path(inputs.certificate.label)}",
    )


def _shape_notices(request: LoginRequest) -> Iterator[Notice]:
    if not _CONSUMER_KEY.fullmatch(request.client_id):
        yield Notice(
            "login.client-id-shape",
            "the client id does not look like a consumer key (those that are seen begin with 3MVG9 and are long): it"
            " is not the secret, and not the app's name",
        )
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", request.username):
        yield Notice(
            "login.username-shape",
            f"{request.username} does not look like a username: these have the form of a mail address",
        )


def _key_notices(key: rsa.RSAPrivateKey, origin: str) -> Iterator[Notice]:
    if key.key_size < _SMALLEST_BITS:
        yield Notice(
            "login.small-key",
            f"the key in {origin} has {key.key_size} bits; apps are said to take {_SMALLEST_BITS} and more",
        )


def _choice_notices(meant: Meant, fitting: Sequence[FoundCertificate]) -> Iterator[Notice]:
    if locked := [entry.origin for entry in meant.others if entry.locked]:
        yield Notice("login.entry-locked", f"not tried, as no password given opens it: {'; '.join(locked)}")
    if len(fitting) > 1:
        listed = "; ".join(map(describe_leaf, fitting))
        yield Notice(
            "login.several-certificates",
            f"the key has {len(fitting)} certificates: {listed}; a login does not tell which of them the app has",
        )


def _validity_notices(found: FoundCertificate | None, now: datetime) -> Iterator[Notice]:
    if found is None:
        return
    until, since = found.certificate.not_valid_after_utc, found.certificate.not_valid_before_utc
    if until < now:
        yield Notice(
            "certificate.expired",
            f"the certificate in {found.origin} expired on {until.date()}; whether Salesforce refuses the logins of"
            " such a one its pages do not agree on: this login tells",
        )
    elif now < since:
        yield Notice(
            "certificate.not-yet-valid", f"the certificate in {found.origin} is valid only from {since.date()} on"
        )


def _facts(
    request: LoginRequest, prepared: Prepared, grant: Grant, answer: _Answer, old_key: str | None
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "username": request.username,
        "orgId": grant.org_id,
        "userId": grant.user_id,
        "instanceUrl": grant.instance_url,
        "loginUrl": prepared.host.url,
        "audience": prepared.host.audience,
        "audienceReason": prepared.host.reason,
        "scopes": list(grant.scopes),
        "durationMs": answer.duration_ms,
        "clockSkewSeconds": answer.skew_seconds,
        "key": describe_key(prepared.key, source=prepared.key_origin),
    }
    if prepared.certificate is not None:
        facts["certificate"] = to_builtins(certificates.describe_certificate(prepared.certificate))
    if old_key is not None:
        facts["oldKey"] = old_key
    return facts


# Refusals: what is known about the message in general, after what is known about this very login.


def _explanation_of(refusal: Refusal) -> Explanation | None:
    """By the description. By the error code only if that is all there is, or if it says more than such codes do."""
    for text, codes_count in ((refusal.description, True), (refusal.error, not refusal.description)):
        # The first words tell where the message comes from: a short one could be about anything.
        for match in match_messages(f"salesforce oauth2 jwt: {text}"):
            explanation = match.explanation
            if match.coverage == 1 and explanation.system is System.JWT and (codes_count or not explanation.wrapper):
                return explanation
    return None


def _refused(refusal: Refusal, explanation: Explanation | None, prepared: Prepared, seen: _Seen) -> LoginRefusedError:
    code = f" ({refusal.error})" if refusal.description else ""
    waited = f" for {seen.waited_seconds / 60:.0f} min" if seen.waited_seconds >= 60 else ""
    message = f"Salesforce refused the login{waited}: {refusal.words}{code}"
    history = "Setup > Login History shows what Salesforce saw of the user's logins, with its own word for the reason"
    if explanation is None:
        hints = ("this message is none of those that sfkeytool knows", *_own_causes(_UNKNOWN, prepared, seen), history)
        return LoginRefusedError("login.refused", message, *hints)
    causes = (*_own_causes(explanation.id, prepared, seen), *explanation.causes)
    return LoginRefusedError(
        login_code(explanation.id),
        message,
        explanation.meaning,
        *(f"cause {number}: {cause}" for number, cause in enumerate(causes, 1)),
        *_certificate_hints(explanation.id, prepared),
        *(_with_files(fix, prepared) for fix in explanation.fixes),
        history,
        f"where this is known from: sfkeytool explain {explanation.id}",
    )


def _own_causes(explanation_id: str, prepared: Prepared, seen: _Seen) -> Iterator[str]:
    """What this run itself saw that may be the cause: it goes before what is usual."""
    if explanation_id in ("error.jwt.expired-assertion", _UNKNOWN) and _is_wrong(seen.skew_seconds):
        yield f"{_describe_skew(seen.skew_seconds)}, and an assertion lives 3 minutes by this machine's clock"
    if explanation_id == _WAITED_FOR and seen.old_key == "accepted":
        yield "the old key still works: the app has the old certificate, or the new one has not spread yet"
    host = prepared.host
    asked = f"{host.url} was asked with the audience {host.audience}, because {host.reason}"
    if explanation_id == _AUDIENCE:
        yield f"{asked}; --audience URL sets another"
    if explanation_id == _NOT_INSTALLED:
        shared = "; since Spring '26 that host answers so for every External Client App" if host.is_shared else ""
        yield asked + shared


def _certificate_hints(explanation_id: str, prepared: Prepared) -> Iterator[str]:
    if explanation_id == _WAITED_FOR and prepared.certificate is not None:
        sha256 = certificates.fingerprint(certificates.encode_der(prepared.certificate))
        yield f"this key belongs to the certificate with the SHA-256 {sha256}: is it the app's?"


def _with_files(fix: str, prepared: Prepared) -> str:
    """Commands with this run's key; FILE is the certificate that the app has, which is theirs to find."""
    return ready_to_type(fix.replace("compare {file}", f"compare {quoted_path(prepared.key_file)}"))


def _is_wrong(skew_seconds: int | None) -> TypeGuard[int]:
    return skew_seconds is not None and abs(skew_seconds) > _SKEW_SECONDS


def _describe_skew(seconds: int) -> str:
    return f"this machine's clock is {abs(seconds)} seconds {'behind' if seconds > 0 else 'ahead of'} Salesforce's"
