"""``audit``: every certificate that lies around, and how long it lives."""

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sfkeytool.audit.reports.formats import FORMATS
from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.commands.audit.road import with_questions
from sfkeytool.cli.envelope import published
from sfkeytool.cli.fields import Field, Group, Offer, Values, typed_values
from sfkeytool.cli.org_access import API_VERSION, LOGIN, TARGET_ORGS, find_orgs
from sfkeytool.cli.report_files import Reports
from sfkeytool.cli.run import Run
from sfkeytool.errors import EXIT_DONE, EXIT_FAILED, UsageError
from sfkeytool.model import Artifact, ArtifactKind, FailOn, Notice
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sfkeytool.audit.advice import Place
    from sfkeytool.audit.config import AuditConfig
    from sfkeytool.audit.model import Inventory
    from sfkeytool.model import Receipt
    from sfkeytool.workflows.audit import AuditRequest


def _days(given: int) -> int:
    if given < 0:
        raise UsageError("usage.within", f"--within {given}: days are 0 or more")
    return given


def _fail_on(given: str) -> frozenset[FailOn]:
    words = [word for word in given.replace(",", " ").split() if word != "never"]
    if unknown := [word for word in words if word not in set(FailOn)]:
        raise UsageError("usage.fail-on", f"--fail-on {unknown[0]}: there are {', '.join(FailOn)}, and never")
    return frozenset(map(FailOn, words))


PATHS = Field(
    "paths",
    list[Path],
    "Files, keystores, folders and sfdx projects; a folder is walked.",
    metavar="PATH...",
    required=True,
    unless=("config", "target_org", "client_id"),
    unless_environment=("SF_TARGET_ORG", "SF_ACCESS_TOKEN"),
)
WITHIN = Field(
    "within",
    int,
    "Due when it expires within so many days. [default: 60, or a third of a shorter life, but 2 at least]",
    ("--within",),
    metavar="DAYS",
    convert=_days,
    into="within_days",
)
FAIL_ON = Field(
    "fail_on",
    str,
    f"What decides the exit code: a list of {', '.join(FailOn)}, or never. [default: expired,within,unreadable;"
    " in orgs uncovered too]",
    ("--fail-on",),
    metavar="LIST",
    offer=(*FailOn, "never"),
    listed=True,
    convert=_fail_on,
)
EXCLUDE = Field(
    "exclude",
    list[str],
    "Leave out what has such a path or name: test/*, legacy_*. Repeatable; the last line counts them.",
    ("--exclude",),
    metavar="PATTERN",
)


_REPORTS = tuple(
    Field(
        report.name,
        Path,
        f"Write {report.what}.",
        (f"--{report.name}",),
        metavar="FILE",
        group=Group.REPORTS,
    )
    for report in FORMATS.values()
)
OPEN = Field("open_page", bool, "Show the page of --html in the browser afterwards.", ("--open",), group=Group.REPORTS)
CERTIFICATES = Field(
    "certificates",
    Path,
    "Save the certificates of the orgs' apps in this new folder, as ORG/APP.crt.",
    ("--certificates",),
    metavar="DIR",
    group=Group.REPORTS,
    offer=Offer.FOLDER,
)
CONFIG = Field(
    "config", Path, "Take what no flag says from this TOML file.", ("--config",), metavar="FILE"
)  # fmt: skip
NOTIFY = Field(
    "notify",
    list[str],
    "Tell what is due there: a SOURCE of an apprise URL (mailto://…, slack://…). Repeatable.",
    ("--notify",),
    metavar="SOURCE",
    group=Group.MESSAGES,
    offer=Offer.SOURCE,
    convert=options.sources("--notify"),
)
HEARTBEAT = Field(
    "heartbeat",
    str,
    "Call the dead man's switch whose URL this is, at the start and at the end.",
    ("--heartbeat",),
    metavar="SOURCE",
    group=Group.MESSAGES,
    offer=Offer.SOURCE,
    convert=options.source("--heartbeat"),
)
STATE = Field(
    "state",
    Path,
    "Remember here what was told, so that daily runs tell each event once.",
    ("--state",),
    metavar="FILE",
    group=Group.MESSAGES,
)
DRY_RUN = replace(
    options.DRY_RUN, help="Show what --notify would tell; tell nobody, nor --heartbeat, and write no file."
)
_FIELDS = (
    PATHS,
    TARGET_ORGS,
    WITHIN,
    FAIL_ON,
    EXCLUDE,
    options.OPENING_PASSWORD,
    *(field for report in _REPORTS for field in ((report, OPEN) if report.name == "html" else (report,))),
    CERTIFICATES,
    NOTIFY,
    HEARTBEAT,
    STATE,
    DRY_RUN,
    CONFIG,
    API_VERSION,
    *LOGIN,
)
FIELDS = with_questions(_FIELDS)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.cli.heartbeats import heartbeat

    config = _configuration(run, values["config"])
    request = audit_request(values, config)
    run.withhold([*request.passwords, *request.notify, request.heartbeat])
    with heartbeat(run, None if request.dry_run else request.heartbeat) as ended:
        return _audit(run, values, config, request, ended)


def _audit(
    run: Run, values: Values, config: "AuditConfig", request: "AuditRequest", ended: "Callable[[int], None]"
) -> int:
    """``ended`` is told the exit code before it is shown, so that its warnings are among the others."""
    from sfkeytool.audit.config import owner_of
    from sfkeytool.cli.audit_table import show_inventory
    from sfkeytool.cli.commands.audit.orgs import read_orgs, stated_certificates
    from sfkeytool.cli.commands.audit.walking import Walk
    from sfkeytool.cli.notifying import notify, open_destinations
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.audit import audit
    from sfkeytool.workflows.audited import DeliveryStatus, audited

    if values["open_page"] and "html" not in request.reports:
        raise UsageError("usage.open", "--open is about the page that --html writes", "add --html FILE")
    others = {"certificates": request.certificates, "state": request.state}
    reports = Reports(run, request.reports, {name: path for name, path in others.items() if path is not None})
    saved = (
        run.plan_new_folder(request.certificates, private=False, elsewhere="name another folder with --certificates")
        if request.certificates
        else None
    )
    destinations = open_destinations(run, request.notify)
    writes = [*reports.planned(), *([FolderWrite(saved, ())] if saved is not None else [])]
    told = [f"what is due is told by {to.service}, {to.label}" for to in destinations]
    told += [f"what was told is kept in {request.state}"] if destinations and request.state else []
    run.agreement.reach(writes, [] if run.dry_run else told)
    accesses = find_orgs(run, values, request.orgs, use_environment=not request.paths)
    if not (accesses or request.paths):
        raise UsageError("usage.missing", "missing: PATH..., or --target-org")
    given = [run.secret(source, "--password", "Password") for source in request.passwords]
    with run.progress("looking through the files …") as tell:
        walk = Walk(run, given, request.exclude, tell)
        sources = [walk.look_through(path) for path in request.paths]
        stated = stated_certificates(run, config) if accesses else {}
        sources += read_orgs(run, accesses, stated, tell)
    for name in stated:
        if not any(carrier.name.lower() == name for source in sources for carrier in source.carriers):
            message = f"apps in {values['config']} names {name}, and no app is called so where this audit looks"
            run.console.warn(Notice("config.unknown-app", message))
    outcome = audit(sources, request, run.now, _place(request), config)
    inventory = outcome.result
    run.warn_about(outcome)
    receipts = reports.write(inventory)
    if saved is not None and (artifacts := _app_certificates(inventory)):
        with reports.kept_apart(saved.folder):
            receipts += run.commit([FolderWrite(saved, tuple(artifacts))])
    if values["open_page"] and not run.dry_run:
        _open(run, request.reports["html"], receipts)
    deliveries = notify(
        run,
        inventory,
        destinations,
        request.state,
        owner_of=lambda name: owner_of(config, name),
        dry_run=request.dry_run,
    )
    failed = reports.failed or any(delivery.status is DeliveryStatus.FAILED for delivery in deliveries)
    status = outcome.exit_code or (EXIT_FAILED if failed else EXIT_DONE)
    ended(status)
    if run.console.json_output:
        run.console.envelope(status, audited(inventory, deliveries), published(receipts))
        return status
    show_inventory(run.console, inventory)
    for delivery in deliveries:
        if delivery.status is DeliveryStatus.NOT_SENT:
            run.console.result(["", f"{delivery.destination} would be told:", delivery.subject or "", ""])
            run.console.result((delivery.body or "").splitlines())
    if run.agreement.asks:
        run.console.say("To have this every morning: " + shell_line(["sfkeytool", "help", "schedule"]))
    return status


def _open(run: Run, page: Path, receipts: "Sequence[Receipt]") -> None:
    """An audit is none the worse where there is no browser."""
    from sfkeytool.edge.browser import open_page

    if not any(file.path == page for receipt in receipts for file in receipt.files):
        return  # why it was not written is told already
    if reason := open_page(page, run.environ):
        run.console.warn(Notice("report.not-opened", f"{page} was written and is not shown: {reason}"))


def audit_request(values: Values, config: "AuditConfig") -> "AuditRequest":
    """What these values ask for, and ``config`` where they do not: key by key, of the reports format by format.

    Raises UsageError.
    """
    from sfkeytool.workflows.audit import AuditRequest

    said = {name: value for name, value in typed_values(FIELDS, values).items() if value not in (None, ())}
    reports = {name: said[name] for name in FORMATS if name in said}
    return AuditRequest.from_values({**config.asks, **said, "reports": {**config.reports, **reports}})


def _configuration(run: Run, path: Path | None) -> "AuditConfig":
    """What the file that --config names says."""
    from sfkeytool.audit.config import AuditConfig, ended_exceptions, parse_config
    from sfkeytool.audit.toml_reading import CONFIG_LIMIT
    from sfkeytool.edge.reader import read_input

    if path is None:
        return AuditConfig()
    config = parse_config(read_input(path, limit=CONFIG_LIMIT), str(path))
    for notice in ended_exceptions(config, run.now.date(), str(path)):
        run.console.warn(notice)
    return config


def _app_certificates(inventory: "Inventory") -> list[Artifact]:
    from ssl import DER_cert_to_PEM_cert

    artifacts = []
    # A dict, as an org may be named twice.
    for path, der in {item.saved_as: item.carrier.der for item in inventory.items if item.saved_as}.items():
        folder, _, filename = path.rpartition("/")
        artifacts.append(Artifact(filename, ArtifactKind.CERTIFICATE, DER_cert_to_PEM_cert(der).encode(), folder))
    return artifacts


def _place(request: "AuditRequest") -> "Place":
    from sfkeytool.audit.advice import Place

    try:
        names = frozenset(path.name.lower() for path in Path().iterdir())
    except OSError:  # nothing can be made there, whatever its name
        names = frozenset()
    return Place(names, str(request.certificates or ""))


COMMAND = Command(
    (
        Example("What expires when, in the folders here", "sfkeytool audit . --within 30"),
        Example("In two orgs, as a page for a browser", "sfkeytool audit -o prod -o uat --html certificates.html"),
        Example("Every day, by a scheduler: who is told", "sfkeytool audit keys --notify env:MAIL --state seen.json"),
        Example(
            "In a pipeline: it fails when something has expired",
            "sfkeytool audit force-app --fail-on expired --json",
        ),
    ),
    FIELDS,
    _execute,
    answers=(Answer("audit", "audited.Audited", publishes=True, exit_codes=(0, 1, 5, 6, 68)),),
    details=(
        "An app's certificate is covered where CKM of its org holds the same one, so that Salesforce's mails tell of"
        " it; uncovered decides the exit code there. From files alone nobody can tell: it is unproved where a keystore"
        " with it was seen, uncovered otherwise, and both are warnings unless --fail-on names them. CAs in chains, and"
        " what a later generation replaces, decide no exit code. An org is only read, never changed."
    ),
    place=MenuPlace(
        Aim.LOOK, "See what expires when", "Files, folders, sfdx projects and orgs are read, never changed."
    ),
)
