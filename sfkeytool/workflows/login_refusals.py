"""What a refused login means: what is known about the message in general, after what is known about this login."""

from collections.abc import Iterator
from enum import StrEnum
from typing import TypeGuard

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.acceptance.blanks import ready_to_type
from sfkeytool.acceptance.explanations import Explanation, System, login_code
from sfkeytool.acceptance.explanations.matching import match_messages
from sfkeytool.crypto import certificates
from sfkeytool.errors import LoginRefusedError
from sfkeytool.salesforce.hosts import MY_DOMAIN_BLANK, PRODUCTION, SANDBOX, LoginHost, is_salesforce, parse_login_host
from sfkeytool.salesforce.jwt_bearer import Refusal
from sfkeytool.shell import quoted_path, shell_line
from sfkeytool.workflows.login_preparation import LoginRequest, Prepared

_SKEW_SECONDS = 60
"""Seconds by which a clock may be wrong without a word: a third of what an assertion lives. Our own choice."""

WAITED_FOR = "error.jwt.invalid-assertion"
"""The only refusal that passes by itself, once a new certificate has spread. All others end a wait: trying again and
again as the wrong user helps nobody and may lock one out."""

_NOT_INSTALLED = "error.jwt.not-installed"
_AUDIENCE = "error.jwt.audience"
_UNKNOWN = ""


class OldKey(StrEnum):
    """What became of a login with the key that is being replaced."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


class Seen(Struct, frozen=True):
    """What a run saw beside the refusal itself."""

    skew_seconds: int | None
    old_key: OldKey | None
    waited_seconds: float


def explain_refusal(refusal: Refusal) -> Explanation | None:
    """By the description. By the error code only if that is all there is, or if it says more than such codes do."""
    for text, codes_count in ((refusal.description, True), (refusal.error, not refusal.description)):
        # The first words tell where the message comes from: a short one could be about anything.
        for match in match_messages(f"salesforce oauth2 jwt: {text}"):
            explanation = match.explanation
            if match.coverage == 1 and explanation.system is System.JWT and (codes_count or not explanation.wrapper):
                return explanation
    return None


def refused(refusal: Refusal, explanation: Explanation | None, prepared: Prepared, seen: Seen) -> LoginRefusedError:
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
        f"where this is known from: {shell_line(['sfkeytool', 'explain', explanation.id])}",
    )


def _own_causes(explanation_id: str, prepared: Prepared, seen: Seen) -> Iterator[str]:
    """What this run itself saw that may be the cause: it goes before what is usual."""
    if explanation_id in ("error.jwt.expired-assertion", _UNKNOWN) and is_wrong(seen.skew_seconds):
        yield f"{describe_skew(seen.skew_seconds)}, and an assertion lives 3 minutes by this machine's clock"
    if explanation_id == WAITED_FOR and seen.old_key is OldKey.ACCEPTED:
        yield "the old key still works: the app has the old certificate, or the new one has not spread yet"
    host = prepared.host
    asked = f"{host.url} was asked with the audience {host.audience}, because {host.reason}"
    if explanation_id == _AUDIENCE:
        yield f"{asked}; --audience URL sets another"
    if explanation_id == _NOT_INSTALLED:
        shared = "; since Spring '26 that host answers so for every External Client App" if host.is_shared else ""
        yield asked + shared


def _certificate_hints(explanation_id: str, prepared: Prepared) -> Iterator[str]:
    if explanation_id == WAITED_FOR and prepared.certificate is not None:
        sha256 = certificates.fingerprint(certificates.encode_der(prepared.certificate))
        yield f"this key belongs to the certificate with the SHA-256 {sha256}: is it the app's?"


def _with_files(fix: str, prepared: Prepared) -> str:
    """Commands with this run's key; FILE is the certificate that the app has, which is theirs to find."""
    key_file, remark = quoted_path(prepared.key_file)
    told = fix.replace("compare {file}", f"compare {key_file}")
    return ready_to_type(told) + (remark if told != fix else "")


def is_wrong(skew_seconds: int | None) -> TypeGuard[int]:
    return skew_seconds is not None and abs(skew_seconds) > _SKEW_SECONDS


def describe_skew(seconds: int) -> str:
    return f"this machine's clock is {abs(seconds)} seconds {'behind' if seconds > 0 else 'ahead of'} Salesforce's"


def other_way(request: LoginRequest, host: LoginHost, code: str) -> LoginRequest | None:
    """What may log in where ``request`` was refused at ``host`` with this code of LoginRefusedError. Pure.

    None where nothing else is known. It is for a person to try: another host is another place for a credential. Its
    instance URL is MY_DOMAIN_BLANK where only that person knows it; ``audience`` is set where a variable would set it.
    """
    if not is_salesforce(host.url):  # it is sent what is good there alone, and nothing else
        return None
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
            return replace(
                request, instance_url=url, external_client_app=is_external, audience=audience if from_variable else None
            )
    return None
