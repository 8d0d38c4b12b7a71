"""Source files of the Metadata API: a new app with its certificate, a permission set, a certificate of CKM.

The order of elements is that of the Metadata API's WSDL, version 63.0, against whose schema the tests hold them. No
consumer key, secret or ``oauthLink`` is ever written: Salesforce makes them.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias
from xml.sax.saxutils import escape

from msgspec import Struct

from sfkeytool.errors import UsageError
from sfkeytool.model import AppKind, Opaque

API_VERSION = "63.0"
"""That of the WSDL against which the source is tested. ECAs' certificates want 60.0 (Metadata API Developer Guide)."""

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
CALLBACK_URL = "https://login.salesforce.com/services/oauth2/success"
"""The schema wants one; the JWT bearer flow redirects nobody."""

SCOPES = ("Api", "RefreshToken")
"""What guides for the JWT bearer flow ask for (Salesforce Stack Exchange 201636)."""

NOTIFICATION_PERMISSION = "ManageCertificatesExpiration"
"""The permission "Receive Certificate Expiration Notifications" (Object Reference, PermissionSet)."""

PERMISSION_SET = "Certificate_Expiry_Mails"


Elements: TypeAlias = "Sequence[tuple[str, str | int | Elements]]"
"""Names and contents, in order; ``true`` and ``false`` are bool."""


class App(Struct, frozen=True):
    """A new app. ``certificate_pem`` is the leaf alone; ``scopes`` are names of the Metadata API (``Api``)."""

    name: str
    label: str
    contact_email: str
    certificate_pem: str
    callback_url: str = CALLBACK_URL
    scopes: Sequence[str] = SCOPES


class SourceFile(Opaque, frozen=True):
    """``folder`` is below the package directory's ``main/default``; ``member`` and ``type`` go into package.xml."""

    folder: str
    filename: str
    content: bytes
    type: str
    member: str


def build_app(kind: AppKind, app: App) -> tuple[SourceFile, ...]:
    """The source of a new app. Pure."""
    if kind is AppKind.CONNECTED_APP:
        return (_connected_app(app),)
    return _external_client_app(app)


def _external_client_app(app: App) -> tuple[SourceFile, ...]:
    name = app.name
    return (
        _source(
            "externalClientApps", f"{name}.eca", "ExternalClientApplication", name,
            [("contactEmail", app.contact_email), ("distributionState", "Local"), ("isProtected", False),
             ("label", app.label)],
        ),
        _source(
            "extlClntAppGlobalOauthSets", f"{name}_glbloauth.ecaGlblOauth", "ExtlClntAppGlobalOauthSettings",
            f"{name}_glbloauth",
            [("callbackUrl", app.callback_url), ("certificate", app.certificate_pem),
             ("externalClientApplication", name), ("isConsumerSecretOptional", False), ("isPkceRequired", True),
             ("isSecretRequiredForRefreshToken", True), ("label", f"{name}_glbloauth")],
        ),
        _source(
            "extlClntAppOauthSettings", f"{name}_oauth.ecaOauth", "ExtlClntAppOauthSettings", f"{name}_oauth",
            [("commaSeparatedOauthScopes", ", ".join(app.scopes)), ("externalClientApplication", name),
             ("label", f"{name}_oauth")],
        ),
        _source(
            "extlClntAppOauthPolicies", f"{name}_oauthPlcy.ecaOauthPlcy", "ExtlClntAppOauthConfigurablePolicies",
            f"{name}_oauthPlcy",
            [("externalClientApplication", name), ("ipRelaxationPolicyType", "Enforce"), ("label", f"{name}_oauthPlcy"),
             ("permittedUsersPolicyType", "AdminApprovedPreAuthorized"), ("refreshTokenPolicyType", "Zero")],
        ),
        _source(
            "extlClntAppPolicies", f"{name}_plcy.ecaPlcy", "ExtlClntAppConfigurablePolicies", f"{name}_plcy",
            [("externalClientApplication", name), ("isEnabled", True), ("isOauthPluginEnabled", True),
             ("label", f"{name}_plcy")],
        ),
    )  # fmt: skip


def _connected_app(app: App) -> SourceFile:
    oauth: Elements = [
        ("callbackUrl", app.callback_url),
        ("certificate", app.certificate_pem),
        ("isAdminApproved", True),
        ("isConsumerSecretOptional", False),
        ("isSecretRequiredForRefreshToken", True),
        *(("scopes", scope) for scope in app.scopes),
    ]
    policy: Elements = [("ipRelaxation", "ENFORCE"), ("refreshTokenPolicy", "zero")]
    fields: Elements = [
        ("contactEmail", app.contact_email),
        ("label", app.label),
        ("oauthConfig", oauth),
        ("oauthPolicy", policy),
    ]
    return _source("connectedApps", f"{app.name}.connectedApp", "ConnectedApp", app.name, fields)


def build_permission_set() -> SourceFile:
    """A permission set that lets its users receive CKM's mails; it must be assigned. Pure."""
    fields: Elements = [
        ("description", "Receives the mails of Certificate and Key Management about expiring certificates"),
        ("hasActivationRequired", False),
        ("label", "Certificate Expiry Mails"),
        ("userPermissions", [("enabled", True), ("name", NOTIFICATION_PERMISSION)]),
    ]
    return _source("permissionsets", f"{PERMISSION_SET}.permissionset", "PermissionSet", PERMISSION_SET, fields)


def build_certificate(name: str, pem: bytes, *, key_bits: int, label: str, exportable: bool) -> tuple[SourceFile, ...]:
    """A certificate of CKM that a CA signs, with its description. ``pem`` is a chain, or what stands for it. Pure."""
    fields: Elements = [
        ("caSigned", True),
        ("keySize", key_bits),
        ("masterLabel", label),
        ("privateKeyExportable", exportable),
    ]
    described = _source("certs", f"{name}.crt", "Certificate", name, fields)
    return SourceFile("certs", f"{name}.crt", pem, "Certificate", name), described


def build_package_xml(sources: Iterable[SourceFile], version: str = API_VERSION) -> bytes:
    """package.xml that names all ``sources``, of that version of the API. UTF-8. Pure."""
    types: dict[str, set[str]] = {}
    for source in sources:
        types.setdefault(source.type, set()).add(source.member)
    body: list[tuple[str, str | Elements]] = [
        ("types", [*(("members", member) for member in sorted(members)), ("name", type)])
        for type, members in sorted(types.items())
    ]
    return encode_element("Package", [*body, ("version", version)])


def encode_element(root: str, fields: Elements) -> bytes:
    """A metadata document: UTF-8, four blanks of indent, as the Salesforce CLI writes it. Nested lists nest. Pure.

    Raises UsageError for text that XML cannot hold.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<{root} xmlns="{NAMESPACE}">']
    lines += _element_lines(fields, "    ")
    return "\n".join([*lines, f"</{root}>", ""]).encode()


def _element_lines(fields: Elements, indent: str) -> Iterable[str]:
    for name, value in fields:
        if not isinstance(value, str | int):
            yield f"{indent}<{name}>"
            yield from _element_lines(value, indent + "    ")
            yield f"{indent}</{name}>"
        else:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if any((c < " " and c not in "\t\n") or 0xD800 <= ord(c) < 0xE000 or c in "\ufffe\uffff" for c in text):
                raise UsageError("usage.text", f"<{name}> cannot hold control characters")
            yield f"{indent}<{name}>{escape(text)}</{name}>"


def _source(folder: str, stem: str, type: str, member: str, fields: Elements) -> SourceFile:
    return SourceFile(folder, f"{stem}-meta.xml", encode_element(type, fields), type, member)
