"""What a person does with the files, in Salesforce's own menus."""

from datetime import datetime
from typing import TYPE_CHECKING

from sfkeytool.acceptance.mails import WHO_IS_MAILED, describe_mail_dates, mail_dates
from sfkeytool.model import Purpose
from sfkeytool.passwords import Source, SourceKind

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

_PLACE_BY_PURPOSE = {
    Purpose.JWT: (
        "Upload {name}.crt to the app, the same certificate as in {name}.jks: Setup > External Client App Manager > the"
        " app > Settings > OAuth Settings > JWT Bearer Flow; or Setup > App Manager > the connected app > Edit > Use"
        " digital signatures. A change takes 2 to 10 minutes to work; on an app in use, logins with the old key fail"
        " from then on."
    ),
    Purpose.DOMAIN: (
        "Choose {name} where the domain takes its certificate: Setup > Domains > the domain > Edit. There is no app to"
        " upload it to."
    ),
    Purpose.MTLS: (
        "Choose {name} as the client certificate of the named credential, external credential or callout that logs in"
        " with mutual TLS. There is no app to upload it to; the other side must trust the certificate."
    ),
    Purpose.SSO: (
        "Choose {name} in Setup > Single Sign-On Settings or Identity Provider, and give {name}.crt to the other side."
        " There is no connected app to upload it to."
    ),
}


def steps_for_keystore(
    name: str,
    purpose: Purpose,
    certificate: "Certificate",
    password_source: Source,
    now: datetime,
    *,
    ca_signed: bool,
) -> tuple[str, ...]:
    """Sentences that tell what to do with a new keystore. Pure."""
    steps = [
        *_import_steps(name, password_source),
        _PLACE_BY_PURPOSE[purpose].format(name=name),
        _mails(certificate, now),
        f"After the import delete {_to_delete(name, password_source)}: the JKS format protects a key weakly. "
        + (
            f"Keep {name}.key where the client that logs in reads it, and a backup in your vault."
            if purpose is Purpose.JWT
            else f"Keep {name}.key in your vault."
        ),
        "keytool may advise to migrate the keystore to PKCS12. Do not: Certificate and Key Management takes JKS only"
        " (BCFKS too, in Government Cloud).",
    ]
    if ca_signed and purpose is Purpose.JWT:
        steps.append("For the JWT bearer flow a self-signed certificate would do as well; no CA is needed.")
    return tuple(steps)


def steps_for_reminder(
    name: str, certificate: "Certificate", password_source: Source, now: datetime
) -> tuple[str, ...]:
    """Sentences that tell what to do with a reminder. Pure."""
    return (
        *_import_steps(name, password_source),
        f"Do not choose {name} anywhere, and upload nothing of it: no login works with its key. It is there to expire.",
        _mails(certificate, now),
        f"After the import delete {_to_delete(name, password_source)}. When the real certificate is renewed, delete"
        f" {name} in Certificate and Key Management, so that its mails stop, and make a new reminder.",
    )


def steps_for_chain(name: str, purpose: Purpose, certificate: "Certificate", now: datetime) -> tuple[str, ...]:
    """Sentences that tell what to do with a CA's answer to a request of CKM. Pure."""
    steps = [
        f"Upload {name}-chain.crt in Setup > Certificate and Key Management > {name} > Upload Signed Certificate. It"
        f" worked if the list then shows the expiry {certificate.not_valid_after_utc.date()}.",
        _PLACE_BY_PURPOSE[purpose]
        .format(name=name)
        .replace(f"the same certificate as in {name}.jks", "the leaf alone"),
        _mails(certificate, now).replace("Once it is in Certificate and Key Management, Salesforce", "Salesforce"),
    ]
    if purpose is Purpose.JWT:
        steps.append(
            "The client that logs in needs the private key: Setup > Certificate and Key Management > Export to"
            " Keystore, then `sfkeytool unwrap FILE`. It is left out there if the key was made not exportable."
        )
    return tuple(steps)


def _import_steps(name: str, password_source: Source) -> tuple[str, str]:
    generated = password_source.kind is SourceKind.GENERATE
    password = f"the password is in {name}.jks.password" if generated else "with the password that you gave"
    return (
        f"Import {name}.jks in Setup > Certificate and Key Management > Import from Keystore ({password}). Needs the"
        " permission Manage Certificates.",
        'If the import answers "Data Not Available": admins report that it helps to create a self-signed certificate'
        " there, enable Identity Provider with it, and import again; it may be disabled afterwards.",
    )


def _to_delete(name: str, password_source: Source) -> str:
    return f"{name}.jks and {name}.jks.password" if password_source.kind is SourceKind.GENERATE else f"{name}.jks"


def _mails(certificate: "Certificate", now: datetime) -> str:
    expires_at = certificate.not_valid_after_utc
    days = mail_dates(expires_at, now)
    if not days:
        return "The certificate has expired: no mail of Certificate and Key Management is still to come."
    listed = describe_mail_dates(days, expires_at.date())
    return (
        f"Once it is in Certificate and Key Management, Salesforce should mail {listed} (give or take a"
        " day). That this holds for imported pairs is inferred: they are ordinary rows there, but no page says so."
        f" {WHO_IS_MAILED}. Assign the permission to two people at least. In a sandbox a refresh makes users' addresses"
        " end in .invalid, so that mails there probably reach nobody."
    )
