"""A fake org with one of everything: worthless certificates in all the places where Salesforce has some."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from fake_org import FakeOrg

CONSUMER_KEY = "3MVG9worthless.consumer_key_that_nobody_may_see"
CONSUMER_SECRET = "0123456789ABCDEFworthlessSECRETworthless"


@cache
def key(number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_pem(number: int) -> bytes:
    """Worthless, PKCS#8."""
    form = serialization.PrivateFormat.PKCS8
    return key(number).private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


@dataclass(frozen=True)
class Made:
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def line(self) -> str:
        return base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()

    @property
    def sha256(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def expires(self) -> str:
        return f"{self.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%S.000+0000}"


def make(name: str, days: int, number: int, *, unit: str = "", issuer: Made | None = None, ca: bool = False) -> Made:
    """A certificate of key ``number`` that expires in so many days, as days are counted at any hour of a day.

    Signed by key 0 if it has an ``issuer``.
    """
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if unit:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    subject = x509.Name(attributes)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key(number).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=300))
        .not_valid_after(datetime.combine(now + timedelta(days=days), time(23, 59, 59)))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    return Made(builder.sign(key(0) if issuer else key(number), hashes.SHA256()))


def encoded(made: Made) -> str:
    return base64.b64encode(made.pem.encode()).decode()


def request(name: str, number: int) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key(number), hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def add_connected_app(org: FakeOrg, name: str, certificate: str | None, **state: Any) -> None:
    oauth = [
        ("callbackUrl", "https://example.com"),
        *([("certificate", certificate)] if certificate else []),
        ("consumerKey", CONSUMER_KEY),
        ("consumerSecret", CONSUMER_SECRET),
        ("isAdminApproved", "true"),
        ("isConsumerSecretOptional", "false"),
        ("isIntrospectAllTokens", "false"),
        ("isPkceRequired", "true"),
        ("isSecretRequiredForRefreshToken", "true"),
        ("scopes", "Api"),
    ]
    policy = [("ipRelaxation", "BYPASS"), ("refreshTokenPolicy", "zero")]
    fields = [("contactEmail", "a@example.com"), ("label", name), ("oauthConfig", oauth), ("oauthPolicy", policy)]
    org.contents.add("ConnectedApp", name, fields, **state)


def add_external_client_app(org: FakeOrg, name: str, certificate: str | None, *, is_visible: bool = True) -> None:
    org.contents.add(
        "ExternalClientApplication", name,
        [("contactEmail", "a@example.com"), ("distributionState", "Local"), ("isProtected", "false"), ("label", name)],
    )  # fmt: skip
    org.contents.add(
        "ExtlClntAppOauthSettings", f"{name}_oauth",
        [("commaSeparatedOauthScopes", "Api"), ("externalClientApplication", name), ("label", f"{name}_oauth")],
    )  # fmt: skip
    if is_visible:
        org.contents.add(
            "ExtlClntAppGlobalOauthSettings", f"{name}_glbloauth",
            [("callbackUrl", "https://example.com"), *([("certificate", certificate)] if certificate else []),
             ("consumerKey", CONSUMER_KEY), ("consumerSecret", CONSUMER_SECRET), ("externalClientApplication", name),
             ("isConsumerSecretOptional", "false"), ("isIntrospectAllTokens", "false"), ("isPkceRequired", "true"),
             ("isSecretRequiredForRefreshToken", "true"), ("label", f"{name}_glbloauth")],
        )  # fmt: skip


def fill(org: FakeOrg) -> dict[str, Made]:
    """The certificates by the name of what carries them; nothing in it is due, expired or uncovered."""
    pay, sso, sso_next = make("pay", 300, 1), make("sso", 20, 2), make("sso", 400, 3)
    ca = make("Worthless CA", 3000, 0, ca=True)
    shop = make("shop", 200, 4, issuer=ca)
    quiet, twin, twin_in_ckm = make("quiet", 250, 5), make("twin", 250, 6), make("twin", 240, 6)
    prefix = quiet.sha256.replace(":", "").lower()[:32]
    reminder = make("quiet", 250, 7, unit=f"expiry reminder {prefix}")
    gone, saml, caller, person = make("gone", -5, 8), make("saml", 500, 8), make("caller", 500, 9), make("me", 500, 9)
    contents = org.contents
    contents.add_certificate("pay_api", pay.pem, pay.expires)
    contents.add_certificate("sso", sso.pem, sso.expires)
    contents.add_certificate("sso_202710", sso_next.pem, sso_next.expires)
    contents.add_certificate("shop", shop.pem + ca.pem, shop.expires, ca_signed=True)
    contents.add_certificate("quiet_reminder", reminder.pem, reminder.expires[:10])
    contents.add_certificate("twin", twin_in_ckm.pem, twin_in_ckm.expires)
    contents.add_certificate("waiting", request("waiting", 9), None, ca_signed=True, unusable=True)
    contents.add_row("ghost", gone.expires)
    add_connected_app(org, "Pay", pay.pem)
    add_connected_app(org, "Quiet", quiet.line)
    add_connected_app(org, "Twin", twin.pem)
    add_connected_app(org, "Plain", None)
    add_connected_app(org, "acme__Theirs", gone.pem, namespace="acme", installed=True)
    add_external_client_app(org, "Shop", shop.pem)
    saml_fields = [
        ("identityMapping", "Username"), ("issuer", "https://idp.example.com"), ("name", "Idp"), ("requestSignatureMethod", "1"),
        ("requestSigningCertId", contents.short_id("sso_202710")), ("samlEntityId", "https://example.com"), ("samlVersion", "SAML2_0"),
        ("userProvisioning", "false"), ("validationCert", saml.line),
    ]  # fmt: skip
    contents.add("SamlSsoConfig", "Idp", saml_fields)
    contents.add("NamedCredential", "Bank", [("certificate", "pay_api"), ("label", "Bank")])
    parameter = [("certificate", "pay_api"), ("parameterName", "Signing"), ("parameterType", "SigningCertificate")]
    contents.add(
        "ExternalCredential", "Jwt",
        [("authenticationProtocol", "Jwt"), ("externalCredentialParameters", parameter), ("label", "Jwt")],
    )  # fmt: skip
    contents.add(
        "AuthProvider", "Google",
        [("consumerKey", CONSUMER_KEY), ("consumerSecret", CONSUMER_SECRET), ("friendlyName", "Google"),
         ("providerType", "Google")],
    )  # fmt: skip
    inbound = [
        ("expirationDate", caller.expires[:10]),
        ("issuer", "CN=caller"),
        ("masterLabel", "C"),
        ("serialId", "1"),
    ]
    user = [("developerName", "Me"), ("masterLabel", "Me"), ("serialNumber", "2"), ("user", "me@example.com")]
    contents.add("InboundCertificate", "Caller", [("content", encoded(caller)), *inbound])
    contents.add("UserAuthCertificate", "Me", [("content", encoded(person)), *user])
    contents.rows["ApexClass"] = [
        {"Name": "Signer", "Body": "class Signer { void go() { Auth.JWS jws = new Auth.JWS(jwt, 'pay_api'); } }"},
        {"Name": "Other", "Body": "class Other { }"},
        {"Name": "Caller", "Body": "class Caller { void go() { request.setClientCertificateName('shop'); } }"},
    ]
    contents.rows["InstalledSubscriberPackage"] = [
        {"SubscriberPackage": {"NamespacePrefix": "acme", "Name": "Acme Pay"}}
    ]
    contents.add_person("admin@example.com", permission=True, admin=True)
    contents.add_person("left@example.com", permission=True, frozen=True)
    contents.add_person("copy@example.com", email="copy@example.com.invalid", permission=True)
    contents.add_person("robot@example.com", admin=True, license="Salesforce Integration")
    contents.add_person("boss@example.com", admin=True)
    return {"Pay": pay, "Quiet": quiet, "Twin": twin, "Shop": shop, "acme__Theirs": gone, "sso": sso, "Idp": saml,
            "sso_202710": sso_next, "quiet_reminder": reminder, "twin": twin_in_ckm, "Caller": caller, "Me": person,
            "ca": ca}  # fmt: skip
