"""``metadata``: an app's source files with the certificate in them, or one certificate replaced in a retrieved file."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.crypto import certificates
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.errors import CertificateError, InputError, SelfCheckError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.leaves import only_leaf
from sfkeytool.model import (
    AppKind,
    Artifact,
    NextStep,
    Notice,
    Outcome,
    Profile,
    Purpose,
    Request,
    Result,
    UniqueNameText,
)
from sfkeytool.salesforce import metadata_source
from sfkeytool.salesforce.certificate_element import CARRIER_TYPES, read_certificate, replace_certificate
from sfkeytool.salesforce.hosts import MY_DOMAIN_BLANK
from sfkeytool.salesforce.metadata_source import App, SourceFile
from sfkeytool.shell import line_inside, path_argument, shell_line
from sfkeytool.workflows import package
from sfkeytool.workflows.compare import compare
from sfkeytool.workflows.compared import Side
from sfkeytool.workflows.next_steps import folder_option
from sfkeytool.workflows.parts import MailDates, Proof
from sfkeytool.workflows.sfdx_project import source_artifact, source_artifacts

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

BROWSERFORCE_SCHEMA = "https://raw.githubusercontent.com/amtrack/sfdx-browserforce-plugin/main/src/plugins/schema.json"

_DEPLOY, _TO_ORG = ("sf", "project", "deploy", "start"), ("--target-org", "ALIAS")
_TESTED = (
    "This source was tested against the Metadata API's schema and the Salesforce CLI's own conversion, not against an"
    " org: deploy to a sandbox first."
)
_LOGIN_OF_EXTERNAL = (
    "An External Client App logs in at the org's My Domain (Setup > My Domain), not at login.salesforce.com or"
    " test.salesforce.com; reports give it My Domain as audience too. To try it: sfkeytool login with"
    f" `--external-client-app --instance-url {MY_DOMAIN_BLANK}`."
)
_GLOBAL_SETTINGS = b"ExtlClntAppGlobalOauthSettings"
_NEW_KEY = {
    AppKind.EXTERNAL_CLIENT_APP: (
        "Salesforce makes a new consumer key for a new app. Clients need it: Setup > External Client App Manager > the"
        " app > Settings > OAuth Settings > Consumer Key and Secret."
    ),
    AppKind.CONNECTED_APP: (
        "Salesforce makes a new consumer key for a new app. Clients need it: Setup > App Manager > the app > View >"
        " Manage Consumer Details."
    ),
}
_CONSUMER_KEY = Notice(
    "metadata.consumer-key",
    "a retrieved file may hold the consumer key (global OAuth settings do): it does not belong in source control; keep"
    " its folder, extlClntAppGlobalOauthSets, in .gitignore (.forceignore would keep it from being deployed too)",
)


class MetadataRequest(Request, frozen=True, kw_only=True):
    """``retrieved`` is a file whose certificate is replaced; otherwise the source of a new app is made.

    ``project`` is an sfdx project, or a folder that does not exist yet. ``output_dir`` is the folder of NAME.
    """

    name: str
    output_dir: Path | None = None
    kind: AppKind
    label: str | None = None
    contact_email: str = ""
    callback_url: str = metadata_source.CALLBACK_URL
    scopes: tuple[str, ...] = metadata_source.SCOPES
    permission_set: bool = False
    browserforce: bool = False
    project: Path | None = None
    retrieved: Path | None = None

    @property
    def folder(self) -> Path:
        return self.output_dir or Path(self.name)


class MetadataInputs(Struct, frozen=True):
    """NAME.crt, NAME.jks if it is there, and the retrieved file of ``--in``."""

    certificate: InputFile
    keystore: InputFile | None = None
    retrieved: InputFile | None = None


class MetadataMade(Result, frozen=True, kw_only=True):
    """Source that holds NAME's certificate: that of a new app, or a retrieved file."""

    name: UniqueNameText
    kind: Annotated[AppKind | UnsetType, Meta(description="Of a new app only")] = UNSET
    certificate: CertificateFacts
    mail_dates: MailDates
    proof: Proof
    changed: Annotated[
        bool | UnsetType, Meta(description="Of a retrieved file only: whether it held another certificate")
    ] = UNSET


def new_app(
    request: MetadataRequest, inputs: MetadataInputs, now: datetime, *, new_project: bool, project: str | None
) -> Outcome[MetadataMade]:
    """The source of a new app; with ``new_project`` a whole project around it. Pure.

    ``project`` is the folder of the project that the reader has to go to; None where they are in it.

    Artifacts' folders are below the package directory's ``main/default``, in a new project below its root. Raises
    CertificateError for a certificate that the app would not take.
    """
    certificate, notices = app_certificate(inputs.certificate, now)
    app = App(
        name=request.name,
        label=request.label or request.name,
        contact_email=request.contact_email,
        certificate_pem=certificates.encode_pem(certificate).decode("ascii"),
        callback_url=request.callback_url,
        scopes=request.scopes,
    )
    sources = metadata_source.build_app(request.kind, app)
    carrier = next(file for file in sources if file.type in CARRIER_TYPES)
    if request.permission_set:
        sources += (metadata_source.build_permission_set(),)
    return Outcome(
        result=MetadataMade(
            name=request.name,
            kind=request.kind,
            certificate=certificates.describe_certificate(certificate),
            mail_dates=mail_dates(certificate.not_valid_after_utc, now),
            proof=_prove(inputs, certificate, carrier.content, carrier.filename, now),
        ),
        artifacts=source_artifacts(sources, new_project=new_project),
        notices=(*notices, *_kind_notices(request.kind)),
        next_steps=_steps(request, sources, new_project=new_project),
        first_steps=_first_steps(request, sources, project, new_project=new_project),
    )


def replaced(request: MetadataRequest, inputs: MetadataInputs, now: datetime) -> Outcome[MetadataMade]:
    """The retrieved file with NAME.crt in the place of its certificate. Pure. Raises as replace_certificate()."""
    if inputs.retrieved is None:
        raise InputError("metadata.no-file", "there is no retrieved file")
    certificate, notices = app_certificate(inputs.certificate, now)
    label = inputs.retrieved.label
    content = replace_certificate(inputs.retrieved.data, certificates.encode_der(certificate), label)
    filename = PurePath(label).name
    changed = content != inputs.retrieved.data
    deploy = [*_DEPLOY, "--source-dir", path_argument(label), *_TO_ORG]
    return Outcome(
        result=MetadataMade(
            name=request.name,
            certificate=certificates.describe_certificate(certificate),
            mail_dates=mail_dates(certificate.not_valid_after_utc, now),
            proof=_prove(inputs, certificate, content, filename, now),
            changed=changed,
        ),
        artifacts=(source_artifact(filename, content, ""),) if changed else (),
        notices=(*notices, _CONSUMER_KEY),
        next_steps=(
            f"Deploy it, to a sandbox first: `{shell_line(deploy)}`",
            "A change of an app takes 2 to 10 minutes to work. With another key than before, logins with the old one"
            " fail from then on; `sfkeytool login --wait 10` tells when the new one is accepted.",
            *([_LOGIN_OF_EXTERNAL] if _GLOBAL_SETTINGS in content else []),
        ),
        first_steps=(
            NextStep("Deploy it, to a sandbox first:", shell_line(deploy)),
            NextStep(
                "See the login accepted, 2 to 10 minutes later. With another key than before, logins with the old one"
                " fail from then on.",
                shell_line(_login(request, external=_GLOBAL_SETTINGS in content)),
            ),
        ),
    )


def browserforce(name: str, keystore_path: str) -> Artifact:
    """What sfdx-browserforce-plugin needs to import NAME's keystore through the browser; without the password. Pure.

    The shape is that of its schema (commit 2c8d237, src/plugins/security/certificate-and-key-management/schema.json).
    """
    config = {
        "$schema": BROWSERFORCE_SCHEMA,
        "settings": {
            "security": {
                "certificateAndKeyManagement": {"importFromKeystore": [{"name": name, "filePath": keystore_path}]}
            }
        },
    }
    return source_artifact(f"{name}-browserforce.json", (json.dumps(config, indent=2) + "\n").encode(), "")


def _prove(inputs: MetadataInputs, certificate: "Certificate", document: bytes, filename: str, now: datetime) -> Proof:
    """That what was made holds the certificate of NAME.crt, and NAME.jks if it is there.

    Of ``document`` the one element counts that an app has its certificate in: a SAML certificate beside it is another
    matter. Raises SelfCheckError, and CertificateError for the keystore.
    """
    der = certificates.encode_der(certificate)
    label = PurePath(inputs.certificate.label).name
    if read_certificate(document) != der:
        raise SelfCheckError("internal.proof", f"{filename} and {label} differ; nothing was written")
    stores = same_in_keystore(inputs, der, now)
    return Proof(relation="same-certificate", files=(filename, label, *stores), sha256=certificates.fingerprint(der))


def same_in_keystore(inputs: MetadataInputs, der: bytes, now: datetime) -> tuple[str, ...]:
    """The keystore's name, proved to hold NAME.crt; nothing where there is none. Raises CertificateError. Pure."""
    if inputs.keystore is None:
        return ()
    label, store = (PurePath(file.label).name for file in (inputs.certificate, inputs.keystore))
    sides = (Side(label, [InputFile(label, der)]), Side(store, [inputs.keystore]))
    if compare(*sides, (), now).exit_code:
        labels = (inputs.certificate.label, inputs.keystore.label)
        raise CertificateError(
            "metadata.keystore-differs",
            f"{store} and {label} do not hold the same certificate: CKM would mail about another one",
            shell_line(["sfkeytool", "compare", *map(path_argument, labels)]),
        )
    return (store,)


def app_certificate(file: InputFile, now: datetime) -> "tuple[Certificate, tuple[Notice, ...]]":
    """NAME.crt, judged as the app would. Raises CertificateError. Pure."""
    contents = parse_contents(file, (), load_keys=False)
    found = only_leaf(contents.certificates, file.label, contents.unreadable)
    return found.certificate, package.judge_file(file, Profile.APP_CERT, Purpose.JWT, now)


def _kind_notices(kind: AppKind) -> list[Notice]:
    if kind is AppKind.EXTERNAL_CLIENT_APP:
        return [_CONSUMER_KEY]
    return [
        Notice(
            "metadata.connected-app",
            "creating connected apps is off by default in orgs since Spring '26: unless yours still may, the deployment"
            " fails. By the Winter '27 release notes connected apps lose support with Summer '27 and keep working;"
            ' Setup has a button "Migrate to External Client App". For a new app take --kind external-client-app',
        )
    ]


def _deploy_line(sources: Sequence[SourceFile], *, new_project: bool) -> list[str]:
    """The Salesforce CLI's command for what was made, inside the project."""
    if new_project:
        return [*_DEPLOY, "--manifest", "manifest/package.xml", *_TO_ORG]
    members = [word for file in sources for word in ("--metadata", f"{file.type}:{file.member}")]
    return [*_DEPLOY, *_TO_ORG, *members]


def _login(request: MetadataRequest, *, external: bool) -> list[str]:
    external_only = ["--external-client-app", "--instance-url", MY_DOMAIN_BLANK] if external else []
    folder = folder_option(request.name, request.output_dir)
    who = ("--client-id", "CONSUMER_KEY", "--username", "USER")
    return ["sfkeytool", "login", request.name, *who, *external_only, "--wait", "10", *folder]


def _first_steps(
    request: MetadataRequest, sources: Sequence[SourceFile], project: str | None, *, new_project: bool
) -> tuple[NextStep, ...]:
    """The short form of _steps(); ``project`` is where the reader is not."""
    deploy = _deploy_line(sources, new_project=new_project)
    app = {
        AppKind.EXTERNAL_CLIENT_APP: (
            "Setup > External Client App Manager > the app > Settings > OAuth Settings > Consumer Key and Secret: the"
            " clients need the new consumer key.",
            "Setup > External Client App Manager > the app > Policies: choose the profiles or permission sets whose"
            " users may log in. No others are let in.",
        ),
        AppKind.CONNECTED_APP: (
            "Setup > App Manager > the app > View > Manage Consumer Details: the clients need the new consumer key.",
            "Setup > App Manager > the app > Manage: choose the profiles or permission sets whose users may log in. No"
            " others are let in.",
        ),
    }[request.kind]
    return (
        NextStep(
            "Deploy it inside the project's folder. It was tried against no org: a sandbox first.",
            line_inside(project, deploy) if project is not None else shell_line(deploy),
        ),
        *map(NextStep, app),
    )


def _steps(request: MetadataRequest, sources: Sequence[SourceFile], *, new_project: bool) -> tuple[str, ...]:
    where = ", in the project's folder" if new_project else ""
    deploy = f"Deploy{where}: `{shell_line(_deploy_line(sources, new_project=new_project))}`"
    steps = [_TESTED, deploy, _NEW_KEY[request.kind]]
    steps.append(
        "Users must be approved for the app: in its policies choose the profiles or permission sets whose users may"
        " log in. The policy here lets no others in."
    )
    if request.kind is AppKind.EXTERNAL_CLIENT_APP:
        steps.append(_LOGIN_OF_EXTERNAL)
    if request.permission_set:
        assign = ["sf", "org", "assign", "permset", "--name", metadata_source.PERMISSION_SET, *_TO_ORG]
        steps.append(
            f"Assign the permission set, to two people at least: `{shell_line(assign)}`. By the release note of"
            " Summer '24 whoever has it gets the mails of 60, 30 and 10 days before an expiry, which administrators"
            " get while nobody has it."
        )
    if request.browserforce:
        steps.append(
            f"{request.name}-browserforce.json imports the keystore through the browser. Its password is not in it: add"
            ' "password" beside "filePath" in a copy outside version control, run'
            " `sf browserforce apply -f COPY --target-org ALIAS`, and delete the copy."
        )
    return tuple(steps)
