"""What a person does with the files, by commands or in Salesforce's own menus: all of it, and the first steps of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING

from sfkeytool.acceptance.mails import WHO_IS_MAILED, describe_mail_dates, mail_dates
from sfkeytool.model import KeystoreFormat, NextStep, Purpose
from sfkeytool.passwords import Source, SourceKind
from sfkeytool.shell import deletion, shell_line

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

_PLACE_BY_PURPOSE = {
    Purpose.JWT: (
        "Upload {name}.crt to the app, the same certificate as in {keystore}: Setup > External Client App Manager > the"
        " app > Settings > OAuth Settings > JWT Bearer Flow; or Setup > App Manager > the connected app > Edit > Use"
        " digital signatures. `sfkeytool metadata --app` does it through the Salesforce CLI, and reads it back. A"
        " change takes 2 to 10 minutes to work; on an app in use, logins with the old key fail from then on."
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

_CKM = "Setup > Certificate and Key Management"
_BCFKS = "only orgs in Government Cloud may import BCFKS, and what they take of it beyond that is not documented"
"""All that Salesforce Help says of it ("Exporting and Importing Certificates with a Keystore")."""
_JWT_FLOW = "Setup > External Client App Manager > the app > Settings"
_FIRST_PLACE = {
    Purpose.DOMAIN: "Setup > Domains > the domain > Edit: choose {name}.",
    Purpose.MTLS: "Setup > Named Credentials > the one that logs in with mutual TLS > Edit: choose {name}.",
    Purpose.SSO: "Setup > Single Sign-On Settings > the configuration > Edit: choose {name}.",
}


def place_step(
    name: str,
    purpose: Purpose,
    folder: PurePath | None = None,
    *,
    alias: str = "ALIAS",
    told: str = "logins with an old key fail then",
) -> NextStep:
    """Where a certificate is used. ``told`` is what becomes of the logins of its app. Pure."""
    if purpose is not Purpose.JWT:
        return NextStep(_FIRST_PLACE[purpose].format(name=name))
    line = ["sfkeytool", "metadata", name, "--app", "APP", "-o", alias, "--deploy"]
    text = f"Put it on the app (or {_JWT_FLOW}); {told}:"
    return NextStep(text, shell_line([*line, *folder_option(name, folder)]))


def import_step(name: str, folder: PurePath | None, format: KeystoreFormat = KeystoreFormat.JKS) -> NextStep:
    """Where a keystore goes. Pure."""
    known = f"; {_BCFKS}" if format is KeystoreFormat.BCFKS else ""
    text = f"Import (or {_CKM} > Import from Keystore){known}:"
    line = ["sfkeytool", "ckm", "import", name, "-o", "ALIAS", *folder_option(name, folder)]
    return NextStep(text, shell_line(line))


def deletion_step(text: str, folder: PurePath, names: Sequence[str]) -> NextStep:
    """What goes when its work is done. Pure."""
    command = deletion([str(folder / name) for name in names])
    return NextStep(text if command else f"{text} {' and '.join(names)}.", command)


def first_steps_for_keystore(
    name: str,
    purpose: Purpose,
    password_source: Source,
    folder: PurePath,
    format: KeystoreFormat = KeystoreFormat.JKS,
) -> tuple[NextStep, ...]:
    """The short form of steps_for_keystore(), of files in ``folder``. Pure."""
    return (
        import_step(name, folder, format),
        place_step(name, purpose, folder),
        deletion_step(
            f"Delete what the import left, as {format.why_delete}:",
            folder,
            _left_by_import(name, password_source, format),
        ),
    )


def first_steps_for_reminder(
    name: str, password_source: Source, folder: PurePath, format: KeystoreFormat = KeystoreFormat.JKS
) -> tuple[NextStep, ...]:
    """The short form of steps_for_reminder(). Pure."""
    return (
        import_step(name, folder, format),
        deletion_step("Delete what the import left:", folder, _left_by_import(name, password_source, format)),
        reminder_end_step(name),
    )


def reminder_end_step(name: str) -> NextStep:
    """When a reminder's work is done. Pure."""
    return NextStep(
        f"{_CKM} > {name} > Delete, once the real certificate is renewed: its mails stop. Then make a new reminder."
    )


def first_steps_for_chain(name: str, purpose: Purpose, folder: PurePath | None) -> tuple[NextStep, ...]:
    """The short form of steps_for_chain(). Pure."""
    steps = [
        NextStep(f"{_CKM} > {name} > Upload Signed Certificate: {name}-chain.crt."),
        place_step(name, purpose, folder),
    ]
    if purpose is Purpose.JWT:
        steps.append(NextStep(f"{_CKM} > Export to Keystore: the client that logs in needs the private key."))
    return tuple(steps)


def first_steps_for_request(
    name: str, purpose: Purpose, folder: PurePath | None, format: KeystoreFormat = KeystoreFormat.JKS
) -> tuple[NextStep, ...]:
    """What becomes of a request for a CA, and then a keystore. ``folder`` is that of NAME where it is not ./NAME.
    Pure."""
    wanted = [*([] if purpose is Purpose.JWT else ["--purpose", purpose.value]), *format.option]
    line = ["sfkeytool", "wrap", name, "FILE…", "--password", "generate", *wanted, *folder_option(name, folder)]
    return (
        NextStep(f"Send {name}.csr to the CA, and ask for the whole chain. The key stays here."),
        NextStep("Make a keystore of its answer, of one file or several:", shell_line(line)),
    )


def folder_option(name: str, folder: PurePath | None) -> list[str]:
    """What a command about NAME needs besides where its folder is not ./NAME. Pure."""
    return [] if folder is None or folder == PurePath(name) else ["--output-dir", str(folder)]


def steps_for_keystore(
    name: str,
    purpose: Purpose,
    certificate: "Certificate",
    password_source: Source,
    now: datetime,
    *,
    ca_signed: bool,
    format: KeystoreFormat = KeystoreFormat.JKS,
) -> tuple[str, ...]:
    """Sentences that tell what to do with a new keystore. Pure."""
    steps = [
        *_import_steps(name, password_source, format),
        _PLACE_BY_PURPOSE[purpose].format(name=name, keystore=format.keystore(name)),
        _mails(certificate, now),
        f"After the import delete {_to_delete(name, password_source, format)}: {format.why_delete}. "
        + (
            f"Keep {name}.key where the client that logs in reads it, and a backup in your vault."
            if purpose is Purpose.JWT
            else f"Keep {name}.key in your vault."
        ),
        *_advice(format),
    ]
    if ca_signed and purpose is Purpose.JWT:
        steps.append("For the JWT bearer flow a self-signed certificate would do as well; no CA is needed.")
    return tuple(steps)


def _advice(format: KeystoreFormat) -> tuple[str, ...]:
    if format is KeystoreFormat.JKS:
        return (
            "keytool may advise to migrate the keystore to PKCS12. Do not: Certificate and Key Management takes JKS"
            " only (BCFKS too, in Government Cloud).",
        )
    return ("keytool opens BCFKS with Bouncy Castle's provider alone.",)


def steps_for_reminder(
    name: str,
    certificate: "Certificate",
    password_source: Source,
    now: datetime,
    format: KeystoreFormat = KeystoreFormat.JKS,
) -> tuple[str, ...]:
    """Sentences that tell what to do with a reminder. Pure."""
    return (
        *_import_steps(name, password_source, format),
        f"Do not choose {name} anywhere, and upload nothing of it: no login works with its key. It is there to expire.",
        _mails(certificate, now),
        f"After the import delete {_to_delete(name, password_source, format)}. When the real certificate is renewed,"
        f" delete {name} in Certificate and Key Management, so that its mails stop, and make a new reminder.",
    )


def steps_for_chain(name: str, purpose: Purpose, certificate: "Certificate", now: datetime) -> tuple[str, ...]:
    """Sentences that tell what to do with a CA's answer to a request of CKM. Pure."""
    steps = [
        f"Upload {name}-chain.crt in Setup > Certificate and Key Management > {name} > Upload Signed Certificate. It"
        f" worked if the list then shows the expiry {certificate.not_valid_after_utc.date()}.",
        _PLACE_BY_PURPOSE[purpose].replace("the same certificate as in {keystore}", "the leaf alone").format(name=name),
        _mails(certificate, now).replace("Once it is in Certificate and Key Management, Salesforce", "Salesforce"),
    ]
    if purpose is Purpose.JWT:
        steps.append(
            "The client that logs in needs the private key: Setup > Certificate and Key Management > Export to"
            " Keystore, then `sfkeytool unwrap FILE`. It is left out there if the key was made not exportable."
        )
    return tuple(steps)


def _import_steps(name: str, password_source: Source, format: KeystoreFormat) -> Iterable[str]:
    store, generated = format.keystore(name), password_source.kind is SourceKind.GENERATE
    password = f"the password is in {format.password(name)}" if generated else "with the password that you gave"
    if format is KeystoreFormat.BCFKS:
        yield f"{store}: {_BCFKS}. `sfkeytool check --fix` makes a JKS of it, which every org imports."
    yield from (
        f"Import {store} in Setup > Certificate and Key Management > Import from Keystore ({password}). Needs the"
        " permission Manage Certificates. `sfkeytool ckm import` opens that page, and reads back what arrived.",
        'If the import answers "Data Not Available": admins report that it helps to create a self-signed certificate'
        " there, enable Identity Provider with it, and import again; it may be disabled afterwards.",
    )


def _left_by_import(name: str, password_source: Source, format: KeystoreFormat) -> list[str]:
    """The files that are deleted after an import."""
    made = [format.password(name)] if password_source.kind is SourceKind.GENERATE else []
    return [format.keystore(name), *made]


def _to_delete(name: str, password_source: Source, format: KeystoreFormat) -> str:
    return " and ".join(_left_by_import(name, password_source, format))


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
