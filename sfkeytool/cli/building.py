"""From a command's values to its request: the one way, whether the values come from flags or from answers.

Apart from the commands, because requests cost time to import and ``--help`` needs none.
"""

import os
import os.path
import re
from collections.abc import Mapping
from pathlib import Path

from sfkeytool.cli import options
from sfkeytool.cli.fields import Values
from sfkeytool.errors import UsageError
from sfkeytool.model import FailOn
from sfkeytool.names import parse_unique_name
from sfkeytool.passwords import Source, SourceKind, parse_source
from sfkeytool.workflows.requests import (
    AuditRequest,
    CkmChainRequest,
    CkmCreateRequest,
    CkmUploadRequest,
    CompareRequest,
    ExplainRequest,
    LoginRequest,
    MetadataRequest,
    ShowRequest,
)
from sfkeytool.workflows.subjects import SubjectRequest

_MAIL_ADDRESS = re.compile(r"[^@\s<>&]+@[^@\s<>&]+\.[^@\s<>&]+")
_SCOPE = re.compile(r"[A-Z][A-Za-z0-9]*")
_LONGEST_WAIT_MINUTES = 24 * 60
_SHORTEST_POLL_SECONDS = 5
"""Our own bounds of ``login --wait``."""


def build_metadata_request(values: Values) -> MetadataRequest:
    """The request that these values make. Raises UsageError."""
    name = parse_name(values)
    new_only = ("label", "contact_email", "callback_url", "scopes", "permission_set", "browserforce", "project")
    if values["in_file"]:
        if given := [field for field in new_only if values[field]]:
            flags = ", ".join("--" + field.replace("_", "-") for field in given)
            raise UsageError(
                "usage.metadata", f"{flags} is for a new app; --in changes the certificate and nothing else"
            )
    elif not _MAIL_ADDRESS.fullmatch(values["contact_email"]):
        raise UsageError("usage.contact-email", "--contact-email is no mail address")
    scopes = tuple(scope for text in values["scopes"] or () for scope in text.replace(",", " ").split())
    if wrong := [scope for scope in scopes if not _SCOPE.fullmatch(scope)]:
        raise UsageError(
            "usage.scopes", f"--scopes {wrong[0]}: the Metadata API's names are wanted", "for instance Api,RefreshToken"
        )
    return MetadataRequest(
        name=name,
        folder=_output_dir(values) or Path(name),
        kind=values["kind"],
        label=values["label"],
        contact_email=values["contact_email"],
        callback_url=values["callback_url"],
        scopes=scopes,
        permission_set=bool(values["permission_set"]),
        browserforce=bool(values["browserforce"]),
        project=values["project"],
        retrieved=values["in_file"],
    )


def build_audit_request(values: Values) -> AuditRequest:
    """The request that these values make. Raises UsageError."""
    if values["within"] is not None and values["within"] < 0:
        raise UsageError("usage.within", f"--within {values['within']}: days are 0 or more")
    fail_on = None
    if values["fail_on"] is not None:
        words = [word for word in values["fail_on"].replace(",", " ").split() if word != "never"]
        if unknown := [word for word in words if word not in set(FailOn)]:
            known = ", ".join(FailOn)
            raise UsageError("usage.fail-on", f"--fail-on {unknown[0]}: there are {known}, and never")
        fail_on = frozenset(map(FailOn, words))
    return AuditRequest(
        paths=tuple(values["paths"] or ()),
        within_days=values["within"],
        fail_on=fail_on,
        passwords=_passwords(values),
        reports={name: values[name] for name in ("csv", "html", "ics", "prometheus") if values[name] is not None},
        notify=tuple(parse_source(text, "--notify") for text in values["notify"] or ()),
        state=values["state"],
        dry_run=bool(values["dry_run"]),
        certificates=values["certificates"],
        exclude=tuple(values["exclude"] or ()),
    )


def build_ckm_chain_request(values: Values) -> CkmChainRequest:
    """The request that these values make. Raises UsageError."""
    return CkmChainRequest(
        name=parse_name(values),
        files=tuple(values["files"]),
        purpose=values["purpose"],
        csr=values["csr"],
        input_passwords=tuple(parse_source(text, "--input-password") for text in values["input_password"] or ()),
        output_dir=_output_dir(values),
        force=bool(values["force"]),
    )


def build_ckm_create_request(values: Values) -> CkmCreateRequest:
    """The request that these values make. Raises UsageError."""
    return CkmCreateRequest(
        name=parse_name(values),
        subject=_subject(values),
        san=tuple(values["san"] or ()),
        bits=options.parse_bits(values["key_size"]) if values["key_size"] else 2048,
        label=values["label"],
        exportable=not values["not_exportable"],
        project=values["project"],
        deploy=bool(values["deploy"]),
        confirmed=bool(values["yes"]),
    )


def build_ckm_upload_request(values: Values) -> CkmUploadRequest:
    """The request that these values make. Raises UsageError."""
    return CkmUploadRequest(
        name=parse_name(values),
        files=tuple(values["files"]),
        csr=values["csr"],
        label=values["label"],
        input_passwords=tuple(parse_source(text, "--input-password") for text in values["input_password"] or ()),
        project=values["project"],
        deploy=bool(values["deploy"]),
        confirmed=bool(values["yes"]),
    )


def build_show_request(values: Values) -> ShowRequest:
    """The request that these values make. Raises UsageError."""
    return ShowRequest(tuple(values["files"]), _passwords(values))


def build_compare_request(values: Values) -> CompareRequest:
    """The request that these values make. Raises UsageError."""
    aliases = tuple(values["aliases"] or ())
    if len(aliases) > 2:
        raise UsageError("usage.alias", "--alias is given once for both sides, or twice: for A and for B")
    return CompareRequest(values["left"], values["right"], _passwords(values), aliases)


def build_explain_request(values: Values) -> ExplainRequest:
    """The request that these values make. Raises UsageError."""
    if values["list"] and values["text"]:
        raise UsageError("usage.explain", "--list takes no text", "leave out one of the two")
    if not values["list"] and not values["text"]:
        raise UsageError("usage.missing", "missing: TEXT", "see all that is known: sfkeytool explain --list")
    return ExplainRequest(" ".join(values["text"]) if values["text"] else None)


def build_login_request(values: Values, environ: Mapping[str, str]) -> LoginRequest:
    """The request that these values make; ``environ`` gives host and audience where no flag does. Raises UsageError."""
    for name, flag in (("client_id", "--client-id"), ("username", "--username"), ("jwt_key_file", "--jwt-key-file")):
        if values[name] is not None and not str(values[name]).strip():
            raise UsageError("usage.empty", f"{flag} is empty: is a variable not set?")
    if values["sandbox"] and values["instance_url"]:
        raise UsageError("usage.instance-url", "--sandbox and --instance-url both say where to log in", "give one")
    key, certificate = _login_files(values)
    passwords = _passwords(values)
    if key.kind is SourceKind.STDIN and key in passwords:
        raise UsageError(
            "usage.stdin-twice", "--jwt-key-file and --password both read stdin", "use env:NAME or file:PATH for one"
        )
    wait = values["wait"] or 0
    if not 0 <= wait <= _LONGEST_WAIT_MINUTES:
        raise UsageError("usage.wait", f"--wait is 1 to {_LONGEST_WAIT_MINUTES} minutes")
    if values["poll_interval"] < _SHORTEST_POLL_SECONDS:
        raise UsageError(
            "usage.poll-interval",
            f"--poll-interval is at least {_SHORTEST_POLL_SECONDS} seconds: it spares the account",
        )
    default_url = "https://test.salesforce.com" if values["sandbox"] else environ.get("SF_ORG_INSTANCE_URL")
    return LoginRequest(
        client_id=values["client_id"].strip(),
        username=values["username"].strip(),
        instance_url=values["instance_url"] or default_url or "https://login.salesforce.com",
        key=key,
        audience=values["audience"] or environ.get("SF_AUDIENCE_URL"),
        audience_from="--audience" if values["audience"] else "SF_AUDIENCE_URL",
        external_client_app=bool(values["external_client_app"]),
        alias=values["alias"],
        passwords=passwords,
        certificate=certificate,
        old_key=values["old_key"],
        wait_seconds=60 * wait,
        poll_seconds=values["poll_interval"],
    )


def _login_files(values: Values) -> tuple[Source, Path | None]:
    """The private key and its certificate: as given, else those in the folder of NAME."""
    given = str(values["jwt_key_file"]) if values["jwt_key_file"] is not None else None
    certificate: Path | None = values["certificate"]
    name = parse_name(values) if values["name"] is not None else None
    if name is not None:
        folder = _output_dir(values) or Path(name)
        beside = folder / f"{name}.crt"
        if certificate is None and os.path.isfile(beside):
            certificate = beside
        if given is None:
            return Source(SourceKind.FILE, str(folder / f"{name}.key")), certificate
    if given is None:
        raise UsageError("usage.missing", "missing: NAME or --jwt-key-file", "which private key is to log in?")
    if given == "-":
        return Source(SourceKind.STDIN), certificate
    kind = SourceKind.ENV if given.startswith("env:") else SourceKind.FILE
    return Source(kind, given.removeprefix("env:")), certificate


def parse_name(values: Values) -> str:
    """NAME. Raises UsageError, which tells a file from a name."""
    # Completion of the folder's name leaves a slash behind it.
    given = values["name"] = values["name"].rstrip("/" + os.sep)
    try:
        return parse_unique_name(given).value
    except UsageError as error:
        if not os.path.isfile(given):
            raise
        raise UsageError(
            error.code, f"{given} is a file; the first argument is NAME", "NAME FILE… in this order"
        ) from None


def _output_dir(values: Values) -> Path | None:
    given = values["output_dir"]
    if given == "":
        raise UsageError("usage.output-dir", "--output-dir is empty: is a variable not set?")
    return Path(given) if given is not None else None


def _passwords(values: Values) -> tuple[Source, ...]:
    """Of files that are read; each is tried."""
    return tuple(parse_source(text, "--password") for text in values["password"] or ())


def _subject(values: Values) -> SubjectRequest:
    parts = {field.name: values[field.name] for field in options.SUBJECT if field.name != "subject"}
    return SubjectRequest(rfc4514=values["subject"], **parts)
