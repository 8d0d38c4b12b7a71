"""What a comparison with an identity provider's metadata means, and what to do, in words."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.keystores.saml_metadata import Entity
from sfkeytool.workflows.compared import Identity, PublishedState, is_early, is_expired, titled

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

_NEXT_FILE = (
    "Download the identity provider's metadata anew and compare again: this file may be an earlier one, or another"
    " provider's"
)
_PASSWORD_LOGIN = "Prove that an admin can log in with a password, before anything is changed"  # noqa: S105
_WHEN = (
    "Ask whoever runs the identity provider when it begins to sign with the newer certificate, and for that one as a"
    " file. AD FS, where it renews its own, publishes the next one 20 days before the expiry and signs with it 5 days"
    " later, by reports of its defaults"
)
_AT_THAT_MOMENT = (
    "At that moment put it into Setup > Single Sign-On Settings > Edit > Identity Provider Certificate, of each sandbox"
    " with single sign-on too. Earlier is as wrong as later: there is one field for it, and the identity provider still"
    " signs with the present one"
)
_PUT = (
    "Put the certificate with which the identity provider signs now into Setup > Single Sign-On Settings > Edit >"
    " Identity Provider Certificate"
)
_TRY = (
    "Log in through the identity provider in a private window, and look into the login history. Keep the earlier"
    " certificate, to go back"
)
_ISSUER_STEP = (
    "Find out which is right: the issuer in Setup > Single Sign-On Settings, or the file. The issuer has to be the"
    " entity ID to the letter"
)


_STEPS = {
    PublishedState.CURRENT: (),
    PublishedState.ROLLOVER_ANNOUNCED: (_PASSWORD_LOGIN, _WHEN, _AT_THAT_MOMENT, _TRY),
    PublishedState.NEWEST_HELD: (_TRY,),
    PublishedState.SAME_KEY: (_NEXT_FILE, _PASSWORD_LOGIN, _PUT, _TRY),
    PublishedState.ENCRYPTION_ONLY: (_PASSWORD_LOGIN, _PUT, _TRY),
    PublishedState.NOT_PUBLISHED: (_NEXT_FILE, _PASSWORD_LOGIN, _PUT, _TRY),
}


class Held(Struct, frozen=True):
    """The other side. ``issuer`` is the entity ID that an org's settings name; None of what is no settings."""

    found: tuple[Identity, ...]
    issuer: str | None

    @property
    def name(self) -> str:
        return "the certificate that the org validates with" if self.issuer is not None else "the certificate"


def steps_after(state: PublishedState, *, issuer_matches: bool) -> tuple[str, ...]:
    """What to do, in this order. Pure."""
    return _STEPS[state] if issuer_matches else (_ISSUER_STEP, *_STEPS[state])


def is_newer(one: "Certificate", held: "Sequence[Certificate]", now: datetime) -> bool:
    """Whether it may be what follows those that are held. Of two with the same dates nobody knows. Pure."""
    if one.not_valid_after_utc >= max(it.not_valid_after_utc for it in held):
        return True
    return one.not_valid_before_utc > max(it.not_valid_before_utc for it in held) and not is_expired(one, now)


def about_issuer(held: Held, entity: Entity) -> tuple[str, ...]:
    """A sentence where the settings name another issuer. Pure."""
    if held.issuer is None or held.issuer == entity.id:
        return ()
    likely = "it is another identity provider's file, or the settings are wrong"
    if held.issuer.rstrip("/") == entity.id.rstrip("/"):
        likely = "they differ in the slash at the end"
    elif held.issuer.lower() == entity.id.lower():
        likely = "they differ in capital letters"
    return (
        f"The settings' issuer is {held.issuer or '(empty)'}, and the file's entity ID is {entity.id or '(empty)'}:"
        f' {likely}. A login whose issuer is not that of the settings is refused ("Issuer Mismatched").',
    )


def meaning_of(
    state: PublishedState, held: Held, shared: Sequence[Identity], signing: Sequence[Identity], now: datetime
) -> str:
    """``shared`` are those of ``signing``, which is published, that are held. Pure."""
    what = held.name
    others = [one for one in signing if one not in shared]
    several = ""
    if held.issuer is not None and len(held.found) > 1:
        several = (
            f" The settings hold {len(held.found)} certificates; which of them the org validates with is documented"
            " nowhere."
        )
    match state:
        case PublishedState.CURRENT:
            text = (
                f"{what.capitalize()} is the only one that the identity provider publishes to sign with: no rollover"
                f" is announced. It {_ends(shared, now)}; no mail of Salesforce tells of that."
            )
        case PublishedState.ROLLOVER_ANNOUNCED:
            own = [one.certificate for one in shared if one.certificate is not None]
            newer = [one for one in others if one.certificate is not None and is_newer(one.certificate, own, now)]
            text = (
                f"A rollover is announced. {what.capitalize()} {_ends(shared, now)}; the identity provider also"
                f" publishes to sign with {listed(newer, since=now)}, which is not there. From the moment when it"
                ' signs with that one, everybody who logs in through it is refused ("Signature Invalid") until the'
                f" org has it. The file does not tell when that is: count on a day before {_last_day(shared)}."
            )
        case PublishedState.NEWEST_HELD:
            text = (
                f"{what.capitalize()} is the newest that the identity provider publishes to sign with, and"
                f" {_ends(shared, now)}. It still publishes {listed(others)}: if it signs with that, logins are"
                ' refused ("Signature Invalid"), and the file does not tell.'
            )
        case PublishedState.SAME_KEY:
            text = (
                f"{what.capitalize()} is not published, but one of the same key is, {listed(signing)}. A signature of"
                " the key verifies with either; whether Salesforce looks at more than the key is open, so count on a"
                " refusal."
            )
        case PublishedState.ENCRYPTION_ONLY:
            text = (
                f"{what.capitalize()} is published to encrypt with, not to sign with: what the identity provider signs"
                f' with is {listed(signing)}. Logins signed with that are refused ("Signature Invalid").'
            )
        case _:
            text = (
                f"{what.capitalize()} is not among those that the identity provider publishes to sign with:"
                f" {listed(signing)}. It has rolled over, or this is not its present file: logins signed with what is"
                ' published are refused ("Signature Invalid").'
            )
    return text + several


def _ends(found: Sequence[Identity], now: datetime) -> str:
    last = max(one.certificate.not_valid_after_utc for one in found if one.certificate is not None)
    return f"expired on {last.date()}" if last < now else f"expires on {last.date()}"


def _last_day(found: Sequence[Identity]) -> str:
    return str(max(one.certificate.not_valid_after_utc for one in found if one.certificate is not None).date())


def listed(found: Sequence[Identity], *, since: datetime | None = None) -> str:
    """The first three, by their last day; with their first one where it lies after ``since``."""
    named = []
    for one in found[:3]:
        assert one.certificate is not None  # noqa: S101 - only such ones are published
        early = since is not None and is_early(one.certificate, since)
        begins = f", valid from {one.certificate.not_valid_before_utc.date()} on" if early else ""
        named.append(titled(one.certificate) + begins)
    return "; ".join(named) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
