"""``metadata``: the app's side as source for ``sf project deploy start``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfkeytool.cli import options
from sfkeytool.cli.command import Command, MenuPlace, Road
from sfkeytool.cli.fields import Field, Question, Values
from sfkeytool.cli.finishing import tell
from sfkeytool.cli.run import Run
from sfkeytool.edge.ask import Choice
from sfkeytool.errors import InputError
from sfkeytool.model import AppKind, Artifact, ArtifactKind, PlannedFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sfkeytool.model import Outcome, Receipt
    from sfkeytool.workflows.metadata import MetadataInputs
    from sfkeytool.workflows.requests import MetadataRequest

KIND = Field(
    "kind",
    AppKind,
    "What the app is. Orgs do not let connected apps be created since Spring '26, unless they allow it again.",
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
)
IN_FILE = Field(
    "in_file",
    Path,
    "A retrieved file of an app that exists: only its certificate is replaced, in place.",
    ("--in",),
    metavar="FILE",
)
CONTACT = Field(
    "contact_email",
    str,
    "Whom Salesforce may ask about the app.",
    ("--contact-email",),
    metavar="MAIL",
    required=True,
    unless=("in_file",),
    question=Question("Contact's mail address:", when=lambda values: not values.get("in_file")),
)
LABEL = Field("label", str, "The app's label. [default: NAME]", ("--label",), metavar="TEXT")
CALLBACK = Field(
    "callback_url", str, "Callback URL; the JWT bearer flow does not use it.", ("--callback-url",), metavar="URL"
)
SCOPES = Field(
    "scopes",
    list[str],
    "OAuth scopes by their Metadata API names, separated by commas. [default: Api,RefreshToken]",
    ("--scopes",),
    metavar="LIST",
)
PERMISSION_SET = Field(
    "permission_set",
    bool,
    'Also a permission set with "Receive Certificate Expiration Notifications".',
    ("--permission-set",),
)
BROWSERFORCE = Field(
    "browserforce",
    bool,
    "Also the configuration with which sfdx-browserforce-plugin imports NAME.jks.",
    ("--browserforce",),
)
PROJECT = Field(
    "project",
    Path,
    "An sfdx project, or a new folder for a minimal one. [default: the project around this folder, else"
    " NAME/NAME-project]",
    ("--project",),
    metavar="DIR",
)
_FOLDER = Field("output_dir", str, "The folder of NAME. [default: ./NAME]", ("--output-dir", "-d"), metavar="DIR")


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.cli.building import build_metadata_request
    from sfkeytool.workflows.metadata import MetadataInputs

    request = build_metadata_request(values)
    keystore = request.folder / f"{request.name}.jks"
    inputs = MetadataInputs(
        certificate=run.read(request.folder / f"{request.name}.crt"),
        keystore=run.read(keystore) if os.path.lexists(keystore) else None,
        retrieved=run.read(request.retrieved) if request.retrieved else None,
    )
    if request.retrieved is not None:
        return _replace(run, request, request.retrieved, inputs)
    return _make(run, request, inputs)


def _replace(run: Run, request: "MetadataRequest", path: Path, inputs: "MetadataInputs") -> int:
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.metadata import replaced

    plan = run.plan(path.parent, [PlannedFile(path.name, ArtifactKind.METADATA_SOURCE)], force=True, private=False)
    outcome = replaced(request, inputs, run.now)
    run.warn_about(outcome)
    receipts = run.commit([FolderWrite(plan, outcome.artifacts)]) if outcome.result["changed"] else ()
    what = "its certificate is replaced" if outcome.result["changed"] else "it holds this certificate already"
    return tell(run, outcome, receipts, f"{path}: {what}")


def _make(run: Run, request: "MetadataRequest", inputs: "MetadataInputs") -> int:
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.metadata import browserforce, new_app

    project = request.project or project_around(Path.cwd())
    existing = project is not None and os.path.lexists(project)
    target = project or request.folder / f"{request.name}-project"
    outcome = new_app(request, inputs, run.now, new_project=not existing)
    extra = None
    if request.browserforce:
        config = browserforce(request.name, (request.folder / f"{request.name}.jks").as_posix())
        plan = run.plan(request.folder, [PlannedFile(config.filename, config.kind)], force=False)
        extra = FolderWrite(plan, (config,))
    if existing:
        writes = into_project(run, target, outcome)
        run.warn_about(outcome)
        receipts: Sequence[Receipt] = run.commit(writes)
    else:
        new = run.plan_new_folder(target, private=False)
        run.warn_about(outcome)
        receipts = [run.commit_new_folder(new, outcome.artifacts)]
    if extra is not None:
        receipts = [*receipts, *run.commit([extra])]
    return tell(run, outcome, receipts, f"{outcome.result['name']}: source of a new {outcome.result['kind']}")


def into_project(run: Run, project: Path, outcome: "Outcome[Any]", *, force: bool = False) -> "list[Any]":
    """One write for each kind of metadata: its folder in the project's default package directory.

    ``force``: files that are there are replaced.
    """
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.metadata import DEFAULT_FOLDER

    base = project / _package_directory(run, project) / DEFAULT_FOLDER
    by_folder: dict[Path, list[Artifact]] = {}
    for artifact in outcome.artifacts:
        folder = base / artifact.folder
        by_folder.setdefault(folder, []).append(artifact)
        if os.path.lexists(folder / artifact.filename) and not force:
            raise InputError(
                "metadata.exists",
                f"{folder / artifact.filename} exists already; source of what exists is not made anew",
                f"the certificate of an app is replaced by sfkeytool metadata {outcome.result['name']} --in FILE",
            )
    writes = []
    for folder, artifacts in by_folder.items():
        planned = [PlannedFile(artifact.filename, artifact.kind) for artifact in artifacts]
        writes.append(FolderWrite(run.plan(folder, planned, force=force, private=False), tuple(artifacts)))
    return writes


def _package_directory(run: Run, project: Path) -> str:
    """The default package directory, relative to the project. Raises InputError for what is no sfdx project."""
    from sfkeytool.edge.shallow_json import parse_json

    path = project / "sfdx-project.json"
    if not os.path.isfile(path):
        raise InputError(
            "metadata.no-project", f"{project} is no sfdx project: it has no sfdx-project.json", "name a new folder"
        )
    try:
        folders = parse_json(run.read(path).data)["packageDirectories"]
        default = next((folder for folder in folders if folder.get("default") is True), folders[0])["path"]
        if not isinstance(default, str) or Path(default).is_absolute() or ".." in Path(default).parts:
            raise ValueError
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise InputError("metadata.no-project", f"{path} names no package directory") from None
    return default


def project_around(place: Path) -> Path | None:
    return next((folder for folder in (place, *place.parents) if os.path.isfile(folder / "sfdx-project.json")), None)


METADATA = Command(
    (
        "sfkeytool metadata pay_api --contact-email admin@example.com",
        "sfkeytool metadata pay_api --in force-app/main/default/connectedApps/Pay.connectedApp-meta.xml",
        "sfkeytool metadata pay_api --contact-email admin@example.com --permission-set --browserforce --project new",
    ),
    (
        options.NAME,
        KIND,
        IN_FILE,
        CONTACT,
        LABEL,
        CALLBACK,
        SCOPES,
        PERMISSION_SET,
        BROWSERFORCE,
        PROJECT,
        _FOLDER,
    ),
    _execute,
    details=(
        "For a new app. Salesforce makes its consumer key; none is written here. The source was tested against the"
        " Metadata API's schema and the Salesforce CLI's conversion, not against an org. For an app that exists:"
        " retrieve it, and use --in."
    ),
    place=MenuPlace(Road.OTHER, "Make the app's metadata, with the certificate in it"),
)
