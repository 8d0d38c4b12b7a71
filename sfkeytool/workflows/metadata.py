"""``metadata``: an app's source files with the certificate in them, or one certificate replaced in a retrieved file."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from msgspec import Struct, to_builtins

from sfkeytool.crypto import certificates
from sfkeytool.errors import CertificateError, InputError, SelfCheckError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.leaves import only_leaf
from sfkeytool.model import AppKind, Artifact, ArtifactKind, Notice, Outcome, Profile, Purpose
from sfkeytool.salesforce import metadata as source
from sfkeytool.salesforce.hosts import MY_DOMAIN_BLANK
from sfkeytool.salesforce.metadata import App, SourceFile
from sfkeytool.shell import quoted_path
from sfkeytool.workflows import package
from sfkeytool.workflows.compare import Side, compare
from sfkeytool.workflows.mails import describe_mails
from sfkeytool.workflows.requests import MetadataRequest

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

PACKAGE_FOLDER = "force-app"
DEFAULT_FOLDER = "main/default"
BROWSERFORCE_SCHEMA = "https://raw.githubusercontent.com/amtrack/sfdx-browserforce-plugin/main/src/plugins/schema.json"

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


class MetadataInputs(Struct, frozen=True):
    """NAME.crt, NAME.jks if it is there, and the retrieved file of ``--in``."""

    certificate: InputFile
    keystore: InputFile | None = None
    retrieved: InputFile | None = None


def new_app(request: MetadataRequest, inputs: MetadataInputs, now: datetime, *, new_project: bool) -> Outcome[Any]:
    """The source of a new app; with ``new_project`` a whole project around it. Pure.

    Artifacts' folders are below the package directory's ``main/default``, in a new project below its root. Raises
    CertificateError for a certificate that the app would not take.
    """
    certificate, notices = _app_certificate(inputs.certificate, now)
    app = App(
        name=request.name,
        label=request.label or request.name,
        contact_email=request.contact_email or "",
        certificate_pem=certificates.encode_pem(certificate).decode("ascii"),
        callback_url=request.callback_url or source.CALLBACK_URL,
        scopes=request.scopes or source.SCOPES,
    )
    sources = list(source.build_app(request.kind, app))
    if request.permission_set:
        sources.append(source.build_permission_set())
    base = f"{PACKAGE_FOLDER}/{DEFAULT_FOLDER}/" if new_project else ""
    artifacts = [source_artifact(file.filename, file.content, base + file.folder) for file in sources]
    if new_project:
        artifacts += project_artifacts(sources)
    carrier = next(file for file in sources if certificates.encode_pem(certificate)[28:60] in file.content)
    return Outcome(
        result={
            "name": request.name,
            "kind": str(request.kind),
            "certificate": to_builtins(certificates.describe_certificate(certificate)),
            "mailDates": describe_mails(certificate, now),
            "proof": prove(inputs, InputFile(carrier.filename, carrier.content), now),
        },
        artifacts=tuple(artifacts),
        notices=(*notices, *_kind_notices(request.kind)),
        next_steps=_steps(request, sources, new_project=new_project),
    )


def replaced(request: MetadataRequest, inputs: MetadataInputs, now: datetime) -> Outcome[Any]:
    """The retrieved file with NAME.crt in the place of its certificate. Pure. Raises as replace_certificate()."""
    if inputs.retrieved is None:
        raise InputError("metadata.no-file", "there is no retrieved file")
    certificate, notices = _app_certificate(inputs.certificate, now)
    label = inputs.retrieved.label
    content = source.replace_certificate(inputs.retrieved.data, certificates.encode_der(certificate), label)
    filename = PurePath(label).name
    return Outcome(
        result={
            "name": request.name,
            "certificate": to_builtins(certificates.describe_certificate(certificate)),
            "mailDates": describe_mails(certificate, now),
            "proof": prove(inputs, InputFile(filename, _only_the_certificate(content, certificate)), now),
            "changed": content != inputs.retrieved.data,
        },
        artifacts=(source_artifact(filename, content, ""),),
        notices=(*notices, _CONSUMER_KEY),
        next_steps=(
            f"Deploy it, to a sandbox first: `sf project deploy start --source-dir {quoted_path(label)} --target-org"
            " ALIAS`",
            "A change of an app takes 2 to 10 minutes to work. With another key than before, logins with the old one"
            " fail from then on; `sfkeytool login --wait 10` tells when the new one is accepted.",
            *([_LOGIN_OF_EXTERNAL] if _GLOBAL_SETTINGS in content else []),
        ),
    )


def browserforce(name: str, jks_path: str) -> Artifact:
    """What sfdx-browserforce-plugin needs to import NAME.jks through the browser; without the password. Pure.

    The shape is that of its schema (commit 2c8d237, src/plugins/security/certificate-and-key-management/schema.json).
    """
    config = {
        "$schema": BROWSERFORCE_SCHEMA,
        "settings": {
            "security": {"certificateAndKeyManagement": {"importFromKeystore": [{"name": name, "filePath": jks_path}]}}
        },
    }
    return source_artifact(f"{name}-browserforce.json", (json.dumps(config, indent=2) + "\n").encode(), "")


def prove(inputs: MetadataInputs, made: InputFile, now: datetime) -> dict[str, Any]:
    """JSON-ready proof that what was made holds the certificate of NAME.crt, and NAME.jks if it is there."""
    sides = [Side(made.label, [made]), Side(PurePath(inputs.certificate.label).name, [inputs.certificate])]
    if inputs.keystore is not None:
        sides.append(Side(PurePath(inputs.keystore.label).name, [inputs.keystore]))
    first, *others = sides
    for other in others:
        outcome = compare(first, other, (), now)
        if not outcome.exit_code:
            continue
        if other is others[0]:
            raise SelfCheckError("internal.proof", f"{first.label} and {other.label} differ; nothing was written")
        raise CertificateError(
            "metadata.keystore-differs",
            f"{other.label} and {others[0].label} do not hold the same certificate: CKM would mail about another one",
            f"sfkeytool compare {quoted_path(inputs.certificate.label)} {quoted_path(other.label)}",
        )
    return {
        "relation": outcome.result["relation"],
        "files": [side.label for side in sides],
        "sha256": outcome.result["left"]["certificate"]["sha256"],
    }


_CONSUMER_KEY = Notice(
    "metadata.consumer-key",
    "a retrieved file may hold the consumer key (global OAuth settings do): it does not belong in source control; keep"
    " its folder, extlClntAppGlobalOauthSets, in .gitignore (.forceignore would keep it from being deployed too)",
)


def _app_certificate(file: InputFile, now: datetime) -> "tuple[Certificate, list[Notice]]":
    """NAME.crt, judged as the app would. Raises CertificateError."""
    contents = parse_contents(file, (), load_keys=False)
    found = only_leaf(contents.certificates, file.label, contents.unreadable)
    return found.certificate, list(package.judge_file(file, Profile.APP_CERT, Purpose.JWT, now))


def _only_the_certificate(content: bytes, certificate: "Certificate") -> bytes:
    """The one element that was replaced, as it stands there: a SAML certificate beside it is another matter."""
    return source.read_certificate(content) or certificates.encode_der(certificate)


def source_artifact(filename: str, content: bytes, folder: str) -> Artifact:
    """A source file, in a folder below the run's own."""
    return Artifact(filename, ArtifactKind.METADATA_SOURCE, content, folder)


def project_artifacts(sources: Sequence[SourceFile]) -> list[Artifact]:
    """What makes a folder with ``sources`` an sfdx project of its own. Pure."""
    project = {
        "packageDirectories": [{"path": PACKAGE_FOLDER, "default": True}],
        "sourceApiVersion": source.API_VERSION,
    }
    ignored = "# Once retrieved, these hold the consumer key.\n**/extlClntAppGlobalOauthSets/\n"
    return [
        source_artifact("sfdx-project.json", (json.dumps(project, indent=2) + "\n").encode(), ""),
        source_artifact("package.xml", source.build_package_xml(sources), "manifest"),
        source_artifact(".gitignore", ignored.encode(), ""),
    ]


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


def _steps(request: MetadataRequest, sources: Sequence[SourceFile], *, new_project: bool) -> tuple[str, ...]:
    deploy = (
        "in the project's folder: `sf project deploy start --manifest manifest/package.xml --target-org ALIAS`"
        if new_project
        else "`sf project deploy start --target-org ALIAS "
        + " ".join(f"--metadata {file.type}:{file.member}" for file in sources)
        + "`"
    )
    steps = [_TESTED, f"Deploy, {deploy}" if new_project else f"Deploy: {deploy}", _NEW_KEY[request.kind]]
    steps.append(
        "Users must be approved for the app: in its policies choose the profiles or permission sets whose users may"
        " log in. The policy here lets no others in."
    )
    if request.kind is AppKind.EXTERNAL_CLIENT_APP:
        steps.append(_LOGIN_OF_EXTERNAL)
    if request.permission_set:
        steps.append(
            "Assign the permission set, to two people at least: `sf org assign permset"
            f" --name {source.PERMISSION_SET} --target-org ALIAS`. By the release note of Summer '24 whoever has it"
            " gets the mails of 60, 30 and 10 days before an expiry, which administrators get while nobody has it."
        )
    if request.browserforce:
        steps.append(
            f"{request.name}-browserforce.json imports the keystore through the browser. Its password is not in it: add"
            ' "password" beside "filePath" in a copy outside version control, run'
            " `sf browserforce apply -f COPY --target-org ALIAS`, and delete the copy."
        )
    return tuple(steps)
