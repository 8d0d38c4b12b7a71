"""What a person reads of a certificate, a line for each thing that it says."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sfkeytool.cli.render import BAD, Line, Styled, mail_days, wrapped
from sfkeytool.crypto.certificates import CertificateFacts, SelfSignature

_SELF_SIGNATURES = {
    SelfSignature.VERIFIED: "self-signed",
    SelfSignature.BAD: "itself, but its signature does NOT VERIFY",
    SelfSignature.NOT_TESTED: "itself; its signature was not tested",
}


def certificate_lines(
    facts: CertificateFacts, mail_dates: Sequence[date], now: datetime, indent: str
) -> Iterator[Line]:
    """``mail_dates`` are those of CKM from ``now`` on."""
    bits = f" {facts.key_bits}" if facts.key_bits else ""
    own = _SELF_SIGNATURES[facts.self_signature] if facts.self_signature else facts.issuer
    yield f"{indent}subject      {facts.subject or '(empty)'}"
    yield f"{indent}issuer       {own}"
    valid = f"{indent}valid        {facts.not_before.date()} to {facts.not_after.date()} ("
    yield [valid, Styled(_state(facts, now), BAD if facts.not_after < now else ""), ")"]
    if mail_dates and not facts.is_ca:
        days = mail_days(mail_dates, facts.not_after.date())
        yield from wrapped(f"{days}, if CKM holds it (give or take a day)", f"{indent}CKM mails    ")
    yield f"{indent}key          {facts.key_algorithm}{bits}, signed with {facts.signature_algorithm}"
    if facts.san:
        yield f"{indent}SAN          {', '.join(facts.san)}"
    yield f"{indent}SHA-256      {facts.sha256}"
    yield f"{indent}key SHA-256  {facts.public_key_sha256}"
    yield from (f"{indent}unusual      {words}" for words in facts.unusual)


def _state(facts: CertificateFacts, now: datetime) -> str:
    days_left = (facts.not_after.date() - now.date()).days
    if facts.not_after < now:
        return f"expired {-days_left} days ago" if days_left else "expired today"
    return "not valid yet" if facts.not_before > now else f"{days_left} days left"
