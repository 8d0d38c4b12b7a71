"""What stops when a certificate expires, by where it sits: one table, with how sure its sources are."""

from sfkeytool.acceptance.rule import Basis
from sfkeytool.audit.model import Carrier, CarrierKind, Stop

_SSO_ARTICLE = "Salesforce Knowledge 000386054, 2 April 2026"
_MAILS_ARTICLE = "Salesforce Knowledge 000385781, 2 April 2026"
_CALLOUT_REPORTS = "reports of failed TLS handshakes"
_EXPIRED_LOGINS = (
    "tolerated by design, says product management (Salesforce Stack Exchange 313488); refused, says Salesforce Help,"
    ' "Proactive Expired Certificate Notification"'
)
_OURS = ""

_EVERY_SSO = Stop(
    "every login through this identity provider; no mail of Salesforce tells of it: prove that an admin can log in with"
    " a password before you change it",
    Basis.DOCUMENTED,
    _SSO_ARTICLE,
    0,
)
_EVERY_PUBLISHED = Stop(
    "every login through this identity provider to the orgs that validate with it; no mail of Salesforce tells of it",
    Basis.DOCUMENTED,
    _SSO_ARTICLE,
    0,
)
_DOMAIN = Stop("the custom domain: browsers no longer open it", Basis.DOCUMENTED, _MAILS_ARTICLE, 1)
_AS_PROVIDER = Stop(
    "logins to the services for which this org is the identity provider, where they check", Basis.INFERRED, _OURS, 2
)
_CALLOUTS = Stop(
    "callouts that show it (mutual TLS): the other side refuses the connection",
    Basis.OBSERVED,
    _CALLOUT_REPORTS,
    3,
)
_CALLERS = Stop("callers that show it to the org (mutual TLS): they are refused", Basis.INFERRED, _OURS, 3)
_JWT_LOGINS = Stop(
    "perhaps JWT logins with its key: sources disagree, tolerated by design or refused",
    Basis.OBSERVED,
    _EXPIRED_LOGINS,
    4,
)
_SIGNED_TOKENS = Stop("callouts with tokens that it signs, where the other side checks", Basis.INFERRED, _OURS, 4)
_CODE = Stop("what the code signs or connects with, where the other side checks", Basis.INFERRED, _OURS, 4)
_REQUESTS = Stop(
    "single sign-on that begins in the org, where the identity provider checks what signs the requests",
    Basis.INFERRED,
    _OURS,
    5,
)
_ASSERTIONS = Stop("SAML assertions encrypted for it, where the identity provider checks", Basis.INFERRED, _OURS, 5)
_PERSON = Stop("this person's logins with the certificate", Basis.INFERRED, _OURS, 5)
_SERVICE = Stop("single sign-on into this app, where its signed requests are checked", Basis.INFERRED, _OURS, 6)
_OTHER_TOKENS = Stop("tokens that are signed with its key, where somebody checks", Basis.INFERRED, _OURS, 6)

_BY_KIND = {
    CarrierKind.CONNECTED_APP: _JWT_LOGINS,
    CarrierKind.EXTERNAL_CLIENT_APP: _JWT_LOGINS,
    CarrierKind.IDENTITY_PROVIDER: _EVERY_PUBLISHED,
    CarrierKind.INBOUND: _CALLERS,
    CarrierKind.USER_AUTH: _PERSON,
}
_BY_PART = {
    "SamlSsoConfig.validationCert": _EVERY_SSO,
    "SamlSsoConfig.requestSigningCertId": _REQUESTS,
    "SamlSsoConfig.decryptionCertificate": _ASSERTIONS,
    "IdentityProviderSettings.certificateName": _AS_PROVIDER,
    "CustomSite.customWebAddresses.certificate": _DOMAIN,
    "SiteWebAddress.certificate": _DOMAIN,
    "NamedCredential.certificate": _CALLOUTS,
    "NamedCredential.namedCredentialParameters.certificate": _CALLOUTS,
    "NamedCredential.jwtSigningCertificate": _SIGNED_TOKENS,
    "ExternalCredential.externalCredentialParameters.certificate": _CALLOUTS,
    "ExternalDataSource.certificate": _CALLOUTS,
    "Apex": _CODE,
    "ConnectedApp.samlConfig.certificate": _SERVICE,
    "ConnectedApp.samlConfig.encryptionCertificate": _SERVICE,
    "ConnectedApp.oauthConfig.assetTokenConfig.assetSigningCertId": _OTHER_TOKENS,
    "ExtlClntAppSamlConfigurablePolicies.certificate": _SERVICE,
    "ExtlClntAppSamlConfigurablePolicies.encryptionCertificate": _SERVICE,
    "ExtlClntAppOauthSettings.assetTokenSigningCertificate": _OTHER_TOKENS,
    "ExtlClntAppOauthSettings.clientAssertionCertificate": _JWT_LOGINS,
    "PublicKeyCertificateSet.publicKeyCertificateSetKeys.publicKeyCertificate": _OTHER_TOKENS,
    "PublicKeyCertificateSetKey.publicKeyCertificate": _OTHER_TOKENS,
}
"""By the metadata type and the field below it, as Carrier.part has them."""


def stop_text(stop: Stop, *, with_source: bool = True) -> str:
    """With how sure that is, and who says so. Pure."""
    return f"{stop.what} ({stop.certainty}{f': {stop.source}' if with_source and stop.source else ''})"


def stops_of(carrier: Carrier) -> tuple[Stop, ...]:
    """What stops with this certificate, what hurts most first; empty where nothing is known to use it. Pure.

    Of a certificate of CKM that is what the places that name it do with it: ``used_by`` ends in their parts.
    """
    parts = [carrier.part, *(user.rpartition(" (")[2].removesuffix(")") for user in carrier.used_by)]
    found = [_BY_KIND.get(carrier.kind), *(_BY_PART.get(part) for part in parts)]
    return tuple(sorted(dict.fromkeys(stop for stop in found if stop is not None), key=lambda stop: stop.rank))
