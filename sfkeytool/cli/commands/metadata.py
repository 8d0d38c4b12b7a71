"""``metadata``: the app's side: source for ``sf project deploy start``, a retrieved file, or an app in an org."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.ending import Told
from sfkeytool.cli.fields import Field, Group, Offer, Question, Values, typed_values
from sfkeytool.cli.finishing import tell
from sfkeytool.cli.org_access import API_VERSION, TARGET_ORG
from sfkeytool.cli.render import certificate_line
from sfkeytool.cli.run import Run
from sfkeytool.cli.sfdx_project import project_around, write_source
from sfkeytool.edge.ask import Choice
from sfkeytool.edge.own_keystore import own_keystore
from sfkeytool.errors import UsageError
from sfkeytool.model import AppKind, ArtifactKind, PlannedFile
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from sfkeytool.workflows.metadata import MetadataInputs, MetadataMade, MetadataRequest

_MAIL_ADDRESS = re.compile(r"[^@\s<>&]+@[^@\s<>&]+\.[^@\s<>&]+")
_SCOPE = re.compile(r"[A-Z][A-Za-z0-9]*")
_NEW_ONLY = ("label", "contact_email", "callback_url", "scopes", "permission_set", "browserforce", "project")
_ORG_ONLY = ("target_org", "api_version", "deploy", "yes", "switch_on_jwt_bearer")


def _mail_address(given: str) -> str:
    if not _MAIL_ADDRESS.fullmatch(given):
        raise UsageError("usage.contact-email", "--contact-email is no mail address")
    return given


def _scopes(given: Sequence[str]) -> tuple[str, ...] | None:
    scopes = tuple(scope for text in given for scope in text.replace(",", " ").split())
    if wrong := [scope for scope in scopes if not _SCOPE.fullmatch(scope)]:
        raise UsageError(
            "usage.scopes", f"--scopes {wrong[0]}: the Metadata API's names are wanted", "for instance Api,RefreshToken"
        )
    return scopes or None


_FIELDS = (
    options.MADE_NAME,
    Field(
        "kind",
        AppKind,
        "What the app is; since Spring '26 orgs create no connected apps, unless they allow it again.",
        ("--kind",),
        default=AppKind.EXTERNAL_CLIENT_APP,
        parse=AppKind,
        question=Question(
            "What is the app?",
            "choice",
            menu_only=True,
            choices=(
                Choice("external-client-app", "External Client App"),
                Choice("connected-app", "Connected app (off by default since Spring '26, no support from Summer '27)"),
            ),
        ),
    ),
    Field(
        "in_file",
        Path,
        "A retrieved file of an app that exists: only its certificate is replaced, in place, or added.",
        ("--in",),
        metavar="FILE",
        into="retrieved",
    ),
    Field(
        "contact_email",
        str,
        "Whom Salesforce may ask about the app.",
        ("--contact-email",),
        metavar="MAIL",
        required=True,
        convert=_mail_address,
        unless=("in_file", "app"),
        question=Question(
            "Contact's mail address:", when=lambda values: not (values.get("in_file") or values.get("app"))
        ),
    ),
    Field(
        "app",
        str,
        "An app in the org of --target-org, by its API name: shows its certificate beside NAME.crt.",
        ("--app",),
        metavar="APP",
        group=Group.ORG,
    ),
    Field(
        "deploy",
        bool,
        "With --app: put NAME.crt on it through the Salesforce CLI, after asking; then read back.",
        ("--deploy",),
        group=Group.ORG,
    ),
    Field("yes", bool, "Do not ask before --deploy.", ("--yes",), into="confirmed", group=Group.ORG),
    Field(
        "switch_on_jwt_bearer",
        bool,
        "Agree that the first certificate of an app switches the JWT bearer flow on; --yes does not.",
        ("--switch-on-jwt-bearer",),
        group=Group.ORG,
    ),
    replace(TARGET_ORG, question=None),
    API_VERSION,
    Field("label", str, "The app's label. [default: NAME]", ("--label",), metavar="TEXT"),
    Field(
        "callback_url",
        str,
        "Callback URL; the JWT bearer flow does not use it.",
        ("--callback-url",),
        metavar="URL",
        convert=lambda given: given or None,
    ),
    Field(
        "scopes",
        list[str],
        "OAuth scopes by their Metadata API names, separated by commas. [default: Api,RefreshToken]",
        ("--scopes",),
        metavar="LIST",
        convert=_scopes,
    ),
    Field(
        "permission_set",
        bool,
        'Also a permission set with "Receive Certificate Expiration Notifications".',
        ("--permission-set",),
    ),
    Field(
        "browserforce",
        bool,
        "Also the configuration with which sfdx-browserforce-plugin imports NAME's keystore.",
        ("--browserforce",),
    ),
    Field(
        "project",
        Path,
        "An sfdx project, or a new folder for a minimal one. [default: the project around this folder, else"
        " NAME/NAME-project]",
        ("--project",),
        metavar="DIR",
        group=Group.WHERE,
        offer=Offer.FOLDER,
    ),
    Field(
        "output_dir",
        str,
        "Folder of NAME. [default: ./NAME]",
        ("--output-dir", "-d"),
        metavar="DIR",
        group=Group.WHERE,
        offer=Offer.FOLDER,
        convert=options.folder,
    ),
    options.DRY_RUN,
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.workflows.metadata import MetadataInputs, MetadataRequest

    _refuse_mixed(values)
    typed = typed_values(_FIELDS, values)
    request = MetadataRequest.from_values(typed)
    run.settle(request.folder)
    keystore = request.folder / f"{request.name}.jks"
    inputs = MetadataInputs(
        certificate=run.read_found(request.folder / f"{request.name}.crt", named=False),
        keystore=run.read(keystore) if os.path.lexists(keystore) else None,
        retrieved=run.read(request.retrieved) if request.retrieved else None,
    )
    if typed["app"] is not None:
        from sfkeytool.cli.app_certificate import change_app
        from sfkeytool.workflows.app_change import AppCertificateRequest

        return change_app(run, values, AppCertificateRequest.from_values(typed), inputs)
    if request.retrieved is not None:
        return _replace(run, request, request.retrieved, inputs)
    return _make(run, request, inputs)


def _refuse_mixed(values: Values) -> None:
    """A new app, a retrieved file and an app in an org are three things. Raises UsageError."""

    def given(names: Sequence[str]) -> str:
        return ", ".join("--" + name.replace("_", "-") for name in names if values[name])

    if values["in_file"] and values["app"]:
        raise UsageError("usage.metadata", "--in is a file, --app an app in an org: give one")
    if (values["in_file"] or values["app"]) and (flags := given(_NEW_ONLY)):
        which = "--in" if values["in_file"] else "--app"
        raise UsageError(
            "usage.metadata", f"{flags} is for a new app; {which} changes the certificate and nothing else"
        )
    if not values["app"] and (flags := given(_ORG_ONLY)):
        raise UsageError("usage.metadata", f"{flags} is about an app in an org", "name it: --app APP")


def _replace(run: Run, request: "MetadataRequest", path: Path, inputs: "MetadataInputs") -> int:
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.metadata import replaced

    plan = run.plan_file(path, ArtifactKind.METADATA_SOURCE, "--in", force=True)
    outcome = replaced(request, inputs, run.now)
    run.warn_about(outcome)
    about = [certificate_line(outcome.result.certificate)]
    receipts = run.commit([FolderWrite(plan, outcome.artifacts)], about) if outcome.artifacts else ()
    what = "its certificate is replaced" if outcome.artifacts else "it holds this certificate already"
    return tell(run, outcome, receipts, f"{path}: {what}", _told(outcome.result))


def _make(run: Run, request: "MetadataRequest", inputs: "MetadataInputs") -> int:
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.metadata import browserforce, new_app

    around = request.project or project_around(Path.cwd())
    project = around or request.folder / f"{request.name}-project"
    run.settle(project.parent)
    is_new = around is None or not os.path.lexists(project)
    inside = not is_new and around == project_around(Path.cwd())
    outcome = new_app(request, inputs, run.now, new_project=is_new, project=None if inside else str(project))
    beside = []
    if request.browserforce:
        config = browserforce(request.name, own_keystore(request.folder, request.name).as_posix())
        plan = run.plan(request.folder, [PlannedFile(config.filename, config.kind)], force=False)
        beside.append(FolderWrite(plan, (config,)))
    run.warn_about(outcome)
    receipts = write_source(
        run,
        project,
        outcome.artifacts,
        is_new=is_new,
        force=False,
        instead="the certificate of an app is replaced by "
        + shell_line(["sfkeytool", "metadata", request.name, "--in", "FILE"]),
        beside=beside,
        about=[certificate_line(outcome.result.certificate)],
    )
    heading = f"{request.name}: source of a new {request.kind}"
    return tell(run, outcome, receipts, heading, _told(outcome.result))


def _told(made: "MetadataMade") -> Told:
    return Told(made.name, made.certificate, made.mail_dates, made.proof)


COMMAND = Command(
    (
        Example(
            "A new External Client App with the certificate in it",
            "sfkeytool metadata pay_api --contact-email me@acme.com",
        ),
        Example(
            "An app that was retrieved: its certificate is replaced",
            "sfkeytool metadata pay --in Pay.connectedApp-meta.xml",
        ),
        Example(
            "An app in a sandbox gets it, and nothing else of the app changes",
            "sfkeytool metadata pay_api --app Pay -o uat --deploy",
        ),
    ),
    _FIELDS,
    _execute,
    answers=(
        Answer("metadata", "metadata.MetadataMade", publishes=True, next_steps=True),
        Answer("metadata-app", "app_change.AppCertificate", publishes=True, next_steps=True),
    ),
    details=(
        "For a new app. Salesforce makes its consumer key; none is written here. The source was tested against the"
        " Metadata API's schema and the Salesforce CLI's conversion, not against an org. For an app that exists:"
        " --app with the org it is in, or retrieve it, and use --in. --deploy was tried against no live org either: a"
        " sandbox first."
    ),
    place=MenuPlace(
        Aim.MORE, "Make an app's metadata with the certificate", "Source for sf project deploy start.", step=3
    ),
)
