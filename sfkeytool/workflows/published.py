"""``compare`` with SAML metadata: is what an org validates logins with still what its identity provider signs with?

That a login is refused whose signature the uploaded certificate does not verify, or whose issuer is another one than
the settings', is Salesforce Help's ("SAML Login Errors": Signature Invalid, Issuer Mismatched). Settings have one field
for the certificate (Metadata API Developer Guide, "SamlSsoConfig": validationCert); what several in it do is open.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import UNSET

from sfkeytool.crypto import certificates
from sfkeytool.errors import EXIT_DIFFERENT, EXIT_DONE, CertificateError, InputError
from sfkeytool.keystores.contents import Contents
from sfkeytool.keystores.saml_metadata import Entity
from sfkeytool.model import Notice, Outcome
from sfkeytool.workflows.compared import (
    Compared,
    Identity,
    IdentityProviderFacts,
    PublishedCertificate,
    PublishedState,
    Relation,
    Side,
    describe_side,
    validity_notices,
)
from sfkeytool.workflows.parts import outdated_notices
from sfkeytool.workflows.published_words import Held, about_issuer, is_newer, listed, meaning_of, steps_after

_RELATIONS = {
    PublishedState.CURRENT: Relation.SAME_CERTIFICATE,
    PublishedState.ROLLOVER_ANNOUNCED: Relation.SAME_CERTIFICATE,
    PublishedState.NEWEST_HELD: Relation.SAME_CERTIFICATE,
    PublishedState.SAME_KEY: Relation.SAME_KEY,
    PublishedState.ENCRYPTION_ONLY: Relation.STRANGERS,
    PublishedState.NOT_PUBLISHED: Relation.STRANGERS,
    PublishedState.PUBLISHED_ALIKE: Relation.SAME_CERTIFICATE,
    PublishedState.PUBLISHED_PARTLY: Relation.STRANGERS,
}
_NOTHING_TO_DO = (PublishedState.CURRENT, PublishedState.NEWEST_HELD, PublishedState.PUBLISHED_ALIKE)


def providers_in(contents: Sequence[Contents]) -> tuple[Entity, ...]:
    """The identity providers that a side's SAML metadata describes; empty where it has none. Pure."""
    return tuple(one for part in contents if part.saml is not None for one in part.saml.identity_providers)


def require_provider(
    sides: Sequence[Side], contents: Sequence[Sequence[Contents]], providers: Sequence[Sequence[Entity]]
) -> None:
    """Raises InputError ``saml.no-identity-provider`` for a service's metadata beside settings of single sign-on."""
    for side, parts, found, others in zip(sides, contents, providers, reversed(contents), strict=True):
        if any(one.saml is not None for one in parts) and not found and any(one.sso is not None for one in others):
            raise InputError(
                "saml.no-identity-provider",
                f"{side.label} describes a service, and no identity provider: what Setup > Single Sign-On Settings >"
                " Download Metadata gives is the org's own",
                "take the metadata that whoever runs the identity provider publishes",
            )


def compare_published(
    sides: Sequence[Side], at: int, providers: Sequence[Entity], held: Held, now: datetime, notices: list[Notice]
) -> Outcome[Compared]:
    """What the identity provider of side ``at`` publishes to sign with, against what the other one holds. Pure.

    Exit code 0 where what is held is published, nothing newer is, and the issuer is the entity ID.

    Raises InputError ``saml.which-provider`` where several could be meant, and CertificateError
    ``saml.no-signing-certificate``, or what is wrong with one that cannot be read, where that one may be decisive.
    """
    label = sides[at].label
    entity = _meant(providers, held, label)
    signing = _signing(entity, label)
    state = _state(entity, held.found, now)
    if state is not PublishedState.ROLLOVER_ANNOUNCED:
        _refuse_unreadable(entity)
    notices += [Notice(one.error.code, f"{one.error.message}: not compared") for one in entity.unreadable_signing]
    notices += outdated_notices(label, entity.valid_until, now)
    own = {one.certificate for one in held.found if one.certificate is not None}
    shared = tuple(one for one in signing if one.certificate in own)
    of_key = {one.spki_der for one in held.found}
    chosen = shared or tuple(one for one in signing if one.spki_der in of_key) or signing
    held_chosen = tuple(one for one in held.found if shared and one.certificate in {it.certificate for it in shared})
    compared = [chosen, held_chosen or held.found]
    notices += validity_notices([signing, compared[1]], now)
    matches = held.issuer is None or held.issuer == entity.id
    described = [describe_side(side, found, now, in_ckm=False) for side, found in _in_order(sides, at, compared)]
    result = Compared(
        relation=_RELATIONS[state],
        meaning=" ".join((*about_issuer(held, entity), meaning_of(state, held, shared, signing, now))),
        left=described[0],
        right=described[1],
        identity_provider=IdentityProviderFacts(
            state=state,
            entity_id=entity.id,
            issuer=UNSET if held.issuer is None else held.issuer,
            issuer_matches=UNSET if held.issuer is None else matches,
            valid_until=entity.valid_until,
            signing=tuple(_published(one, held=one.certificate in own) for one in signing),
            next_steps=steps_after(state, issuer_matches=matches),
        ),
    )
    fine = matches and state in _NOTHING_TO_DO
    return Outcome(result=result, notices=tuple(notices), exit_code=EXIT_DONE if fine else EXIT_DIFFERENT)


def compare_documents(
    sides: Sequence[Side], providers: Sequence[Sequence[Entity]], now: datetime, notices: list[Notice]
) -> Outcome[Compared]:
    """Two documents of an identity provider: do they publish the same certificates to sign with? Pure.

    Exit code 0 only where they do, under the same entity ID. Raises as compare_published() does.
    """
    left, right = _pair(providers, sides)
    for side, entity in zip(sides, (left, right), strict=True):
        _signing(entity, side.label)
        _refuse_unreadable(entity)
        notices += outdated_notices(side.label, entity.valid_until, now)
    a, b = (_signing(entity, side.label) for side, entity in zip(sides, (left, right), strict=True))
    ours, theirs = ({one.certificate for one in found} for found in (a, b))
    if ours == theirs:
        state, meaning = PublishedState.PUBLISHED_ALIKE, "Both publish the same certificates to sign with."
    else:
        shared = [one for one in a if one.certificate in theirs]
        state = PublishedState.PUBLISHED_PARTLY if shared else PublishedState.NOT_PUBLISHED
        parts = [
            f"Both publish {listed(shared)}." if shared else "They have no certificate in common to sign with.",
            *(
                f"Only {side.label} publishes {listed(alone)}."
                for side, found, other in ((sides[0], a, theirs), (sides[1], b, ours))
                if (alone := [one for one in found if one.certificate not in other])
            ),
            "An org holds one of them: compare each document with the org's settings.",
        ]
        meaning = " ".join(parts)
    matches = left.id == right.id
    if not matches:
        meaning = f"These are two identity providers, {left.id} and {right.id}. {meaning}"
    notices += validity_notices([a, b], now)
    result = Compared(
        relation=_RELATIONS[state],
        meaning=meaning,
        left=describe_side(sides[0], a, now, in_ckm=False),
        right=describe_side(sides[1], b, now, in_ckm=False),
        identity_provider=IdentityProviderFacts(
            state=state,
            entity_id=left.id,
            issuer=right.id,
            issuer_matches=matches,
            valid_until=left.valid_until,
            signing=tuple(_published(one, held=one.certificate in theirs) for one in a),
            next_steps=(),
        ),
    )
    fine = matches and state in _NOTHING_TO_DO
    return Outcome(result=result, notices=tuple(notices), exit_code=EXIT_DONE if fine else EXIT_DIFFERENT)


def _in_order(
    sides: Sequence[Side], at: int, compared: Sequence[Sequence[Identity]]
) -> Sequence[tuple[Side, Sequence[Identity]]]:
    published, held = compared
    return tuple(zip(sides, (published, held) if at == 0 else (held, published), strict=True))


def _meant(providers: Sequence[Entity], held: Held, label: str) -> Entity:
    """By the issuer; else the only one; else the only one that publishes what is held."""
    named = [entity for entity in providers if held.issuer is not None and entity.id == held.issuer]
    own = {one.spki_der for one in held.found}
    for found in (named, providers, [one for one in providers if own & {key.spki_der for key in _identities(one)}]):
        if len(found) == 1:
            return found[0]
    wanted = f", none alone of the issuer {held.issuer}" if held.issuer else ""
    raise InputError(
        "saml.which-provider",
        f"{label} describes {len(providers)} identity providers{wanted}, and not one alone publishes {held.name}",
        "take the metadata of the one identity provider that is meant",
    )


def _pair(providers: Sequence[Sequence[Entity]], sides: Sequence[Side]) -> tuple[Entity, Entity]:
    """The one on each side; of several those with the same entity ID."""
    left, right = providers
    pairs = [(a, b) for a in left for b in right if a.id == b.id]
    if len(left) == len(right) == 1:
        pairs = [(left[0], right[0])]
    if len(pairs) != 1:
        raise InputError(
            "saml.which-provider",
            f"{sides[0].label} and {sides[1].label} describe {len(left)} and {len(right)} identity providers, and not"
            " one alone is in both",
            "take the metadata of the one identity provider that is meant",
        )
    return pairs[0]


def _identities(entity: Entity) -> tuple[Identity, ...]:
    return tuple(
        Identity(certificates.spki_der(one.certificate), one.certificate, one.origin)
        for one in (*entity.signing, *entity.encryption_only)
    )


def _signing(entity: Entity, label: str) -> tuple[Identity, ...]:
    if not entity.signing:
        _refuse_unreadable(entity)
        raise CertificateError(
            "saml.no-signing-certificate", f"{label}: the identity provider publishes no certificate to sign with"
        )
    return _identities(entity)[: len(entity.signing)]


def _refuse_unreadable(entity: Entity) -> None:
    """It may be the one that is held, or the next one."""
    if entity.unreadable_signing:
        raise entity.unreadable_signing[0].error


def _state(entity: Entity, held: Sequence[Identity], now: datetime) -> PublishedState:
    own = {one.certificate for one in held if one.certificate is not None}
    signing = [one.certificate for one in entity.signing]
    if shared := [one for one in signing if one in own]:
        others = [one for one in signing if one not in own]
        if any(is_newer(one, shared, now) for one in others):
            return PublishedState.ROLLOVER_ANNOUNCED
        return PublishedState.NEWEST_HELD if others else PublishedState.CURRENT
    keys = {one.spki_der for one in held}
    if any(certificates.spki_der(one) in keys for one in signing):
        return PublishedState.SAME_KEY
    if any(one.certificate in own for one in entity.encryption_only):
        return PublishedState.ENCRYPTION_ONLY
    return PublishedState.NOT_PUBLISHED


def _published(one: Identity, *, held: bool) -> PublishedCertificate:
    assert one.certificate is not None  # noqa: S101 - only such ones are published
    facts = certificates.describe_certificate(one.certificate)
    return PublishedCertificate(
        subject=facts.subject, not_before=facts.not_before, not_after=facts.not_after, sha256=facts.sha256, held=held
    )
