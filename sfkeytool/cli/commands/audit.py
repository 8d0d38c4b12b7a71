"""``audit``: every certificate that lies around, and how long it lives."""

import os.path
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from sfkeytool.cli import options
from sfkeytool.cli.command import Command, MenuPlace, Road
from sfkeytool.cli.fields import Field, Question, Values
from sfkeytool.cli.org_access import API_VERSION, LOGIN, TARGET_ORGS, find_orgs
from sfkeytool.cli.render import files_facts
from sfkeytool.cli.report_files import plan_report
from sfkeytool.cli.run import Run
from sfkeytool.cli.walked import should_be_readable
from sfkeytool.errors import EXIT_DONE, EXIT_FAILED, InputError, SfkeytoolError, UsageError
from sfkeytool.model import Artifact, ArtifactKind, FailOn, Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sfkeytool.audit.advice import Place
    from sfkeytool.audit.config import AuditConfig
    from sfkeytool.audit.model import Carrier, Generation, Inventory, Source
    from sfkeytool.audit.patterns import ForceIgnore
    from sfkeytool.cli.org_access import OrgAccess
    from sfkeytool.passwords import Secret
    from sfkeytool.workflows.requests import AuditRequest

PATHS = Field(
    "paths",
    list[Path],
    "Files, keystores, folders and sfdx projects; a folder is walked.",
    metavar="PATH...",
    required=True,
    unless=("config", "target_org", "client_id"),
    unless_environment=("SF_TARGET_ORG", "SF_ACCESS_TOKEN"),
    question=Question("Folder or file to look through:", "paths"),
)
WITHIN = Field(
    "within",
    int,
    "Due when it expires within so many days. [default: 60, or a third of a shorter life]",
    ("--within",),
    metavar="DAYS",
)
FAIL_ON = Field(
    "fail_on",
    str,
    f"What decides the exit code: a list of {', '.join(FailOn)}, or never. [default: expired,within,unreadable;"
    " in orgs uncovered too]",
    ("--fail-on",),
    metavar="LIST",
)
EXCLUDE = Field(
    "exclude",
    list[str],
    "Leave out files and certificates whose path or name fits, such as test/* or legacy_*. Repeatable; the last line"
    " counts them.",
    ("--exclude",),
    metavar="PATTERN",
)


def _report(name: str, what: str) -> Field:
    return Field(
        name, Path, f"Write {what} into this file; an earlier one is replaced.", (f"--{name}",), metavar="FILE"
    )


_REPORTS = (
    _report("csv", "all certificates as CSV"),
    _report("html", "a page with a timeline, in one file, for a browser"),
    _report("ics", "expiries, CKM's mail days and the latest starts of renewals as calendar entries"),
    _report("prometheus", "metrics for a node exporter"),
)
CERTIFICATES = Field(
    "certificates",
    Path,
    "Save the certificates of the orgs' apps in this new folder, as ORG/APP.crt: what wrap and reminder take.",
    ("--certificates",),
    metavar="DIR",
)
CONFIG = Field(
    "config", Path, "Take what no flag says from this TOML file.", ("--config",), metavar="FILE"
)  # fmt: skip
NOTIFY = Field(
    "notify",
    list[str],
    "Tell what is due to the address that is found there, an apprise URL such as mailto://… or slack://…: env:NAME,"
    " file:PATH, stdin or prompt. Repeatable.",
    ("--notify",),
    metavar="SOURCE",
)
STATE = Field(
    "state",
    Path,
    "Remember in this file what was told, so that daily runs tell each event once.",
    ("--state",),
    metavar="FILE",
)
DRY_RUN = Field("dry_run", bool, "Show what --notify would tell, and tell nobody.", ("--dry-run",))
_ORGS_AT_ONCE = 8
"""Our own bound: each is one thread, and for the seconds of its login one process of the Salesforce CLI."""


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.audit.config import owner_of
    from sfkeytool.cli.audit_table import show_inventory
    from sfkeytool.cli.building import build_audit_request
    from sfkeytool.cli.notifying import DeliveryStatus, notify, open_destinations
    from sfkeytool.workflows.audit import audit

    config, values = _configured(run, values)
    request = build_audit_request(values)
    plans = {name: plan_report(run, name, path, ArtifactKind.REPORT) for name, path in request.reports.items()}
    saved = run.plan_new_folder(request.certificates, private=False) if request.certificates else None
    if "ics" in plans:
        from sfkeytool.audit.reports.ics import require_icalendar

        require_icalendar()
    destinations = open_destinations(run, request.notify)
    accesses = find_orgs(run, values, values["target_org"] or [], use_environment=not request.paths)
    if not (accesses or request.paths):
        raise UsageError("usage.missing", "missing: PATH..., or --target-org", "see --help for examples")
    given = [run.secret(source, "--password", "Password") for source in request.passwords]
    with run.progress("looking through the files …") as tell:
        walk = _Walk(run, given, request.exclude, tell)
        sources = [walk.look_through(path) for path in request.paths]
        stated = _stated(run, config) if accesses else {}
        sources += _read_orgs(accesses, stated, tell)
    for name in stated:
        if not any(carrier.name.lower() == name for source in sources for carrier in source.carriers):
            message = f"apps in {values['config']} names {name}, and no app is called so where this audit looks"
            run.console.warn(Notice("config.unknown-app", message))
    outcome, inventory = audit(sources, request, run.now, _place(request), config)
    run.warn_about(outcome)
    receipts = [
        receipt for name, plan in plans.items() for receipt in run.commit([_write(plan, _ENCODERS[name](inventory))])
    ]
    if saved is not None and (artifacts := _app_certificates(inventory)):
        receipts.append(run.commit_new_folder(saved, artifacts))
    deliveries = notify(
        run,
        inventory,
        destinations,
        request.state,
        owner_of=lambda name: owner_of(config, name),
        dry_run=request.dry_run,
    )
    undelivered = any(delivery.status is DeliveryStatus.FAILED for delivery in deliveries)
    status = outcome.exit_code or (EXIT_FAILED if undelivered else EXIT_DONE)
    told = [delivery.to_json() for delivery in deliveries]
    run.console.envelope(status, {**outcome.result, **files_facts(receipts), "notifications": told})
    show_inventory(run.console, inventory)
    for delivery in deliveries:
        if delivery.status is DeliveryStatus.NOT_SENT and delivery.message is not None:
            run.console.result(["", f"{delivery.destination.label} would be told:", delivery.message.subject, ""])
            run.console.result(delivery.message.body.splitlines())
    return status


def _configured(run: Run, values: Values) -> "tuple[AuditConfig, Values]":
    """The file that --config names, and the values with what it says where no flag does."""
    from sfkeytool.audit.config import AuditConfig, ended_exceptions, flag_values, parse_config
    from sfkeytool.edge.reader import read_input

    path = values["config"]
    if path is None:
        return AuditConfig(), values
    config = parse_config(read_input(path), str(path))
    for notice in ended_exceptions(config, run.now.date(), str(path)):
        run.console.warn(notice)
    spoken = {name: value for name, value in values.items() if value is not None and value != []}
    values = {**values, **flag_values(config), **spoken}
    return config, values


def _read_orgs(
    accesses: "Sequence[OrgAccess]", stated: "Mapping[str, Carrier]", tell: "Callable[[str], None]"
) -> "list[Source]":
    """Each org in a thread of its own; one that cannot be read does not stop the others."""
    if not accesses:
        return []
    from concurrent.futures import ThreadPoolExecutor, as_completed

    from sfkeytool.audit.org import read_org, unreachable

    def read(access: "OrgAccess") -> "Source":
        try:
            return replace(read_org(access.connect(), access.label, stated), way=access.way)
        except SfkeytoolError as error:
            return unreachable(access.label, error)

    pool = ThreadPoolExecutor(min(_ORGS_AT_ONCE, len(accesses)))
    try:
        futures = [pool.submit(read, access) for access in accesses]
        for done, _ in enumerate(as_completed(futures)):
            tell(f"reading orgs: {done + 1} of {len(futures)}")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C does not wait for a slow org
    return [future.result() for future in futures]


def _stated(run: Run, config: "AuditConfig") -> "dict[str, Carrier]":
    """The certificates that the configuration says apps carry, by name of the app."""
    from sfkeytool.audit.fields import carriers_of_content
    from sfkeytool.audit.model import CarrierKind

    stated = {}
    for name, path in config.apps.items():
        found = carriers_of_content("", CarrierKind.CONNECTED_APP, name, str(path), run.read(path).data)
        leaves = [carrier for carrier in found if not carrier.in_chain]
        if len(leaves) != 1:
            raise InputError(
                "config.app", f"{path} holds {len(leaves)} certificates that {name} could carry; one is wanted"
            )
        stated[name] = replace(leaves[0], path=str(path))
    return stated


def _app_certificates(inventory: "Inventory") -> "list[Artifact]":
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


class _Walk:
    """Reads sources of files, one after the other: what cannot be read is listed, and the rest is read all the same."""

    def __init__(
        self, run: Run, passwords: "Sequence[Secret]", exclude: "Sequence[str]", tell: "Callable[[str], None]"
    ) -> None:
        self._run = run
        self._passwords = passwords
        self._exclude = exclude
        self._tell = tell
        self._seen: set[tuple[int, int]] = set()
        """Device and inode of the files of earlier sources: no file is listed twice."""
        self._projects: dict[Path, str] = {}
        self._forceignores: dict[str, ForceIgnore] = {}

    def look_through(self, path: Path) -> "Source":
        """One source."""
        from sfkeytool.audit.files import read_carriers
        from sfkeytool.audit.model import Problem, Source
        from sfkeytool.audit.zips import MAX_ZIP_BYTES
        from sfkeytool.edge.reader import INPUT_LIMIT, walk_inputs

        walked = os.path.isdir(path)
        carriers: list[Carrier] = []
        problems: list[Problem] = []
        keys: list[Path] = []
        excluded = 0

        def problem(error: SfkeytoolError, file: Path = path) -> None:
            problems.append(Problem(str(path), str(file), error.code, error.message))

        for file in walk_inputs([path], on_error=problem):
            if walked and self._is_excluded(path, file):
                excluded += 1
                continue
            if not self._is_new(file):
                continue
            if len(self._seen) % 100 == 0:
                self._tell(f"looking through the files: {len(self._seen)}")
            try:
                limit = MAX_ZIP_BYTES if file.suffix.lower() == ".zip" else INPUT_LIMIT
                content = self._run.read(file, limit=limit)
                if file.suffix == ".key" and b"PRIVATE KEY-----" in content.data:
                    keys.append(file)
                is_ckm_source = os.path.isfile(f"{file}-meta.xml")
                for read in read_carriers(content, str(path), self._passwords, is_ckm_source=is_ckm_source):
                    if isinstance(read, Problem):
                        problems.append(read)
                    else:
                        carriers.append(read if read.scope else self._in_project(read, file))
            except SfkeytoolError as error:
                if walked and not should_be_readable(file, error):
                    self._run.console.detail(error.message)
                else:
                    problem(error, file)
        generations = tuple(found for key in keys if (found := _generation(key)))
        return Source(str(path), tuple(carriers), tuple(problems), generations=generations, excluded=excluded)

    def _in_project(self, carrier: "Carrier", file: Path) -> "Carrier":
        """With the project around its file, and whether that one's ``.forceignore`` keeps it out of deployments."""
        from sfkeytool.edge.projects import project_around

        root = project_around(file.parent, self._projects)
        if not root:
            return carrier
        if root not in self._forceignores:
            self._forceignores[root] = _forceignore(Path(root, ".forceignore"))
        path = (file.parent.resolve() / file.name).relative_to(root).as_posix()
        rules = self._forceignores[root]
        ignored = rules.ignores(path) or (not path.endswith("-meta.xml") and rules.ignores(f"{path}-meta.xml"))
        return replace(carrier, scope=root, is_deployed=not ignored)

    def _is_excluded(self, source: Path, file: Path) -> bool:
        if not self._exclude:
            return False
        from sfkeytool.audit.patterns import excludes_path

        paths = {file.as_posix(), file.relative_to(source).as_posix()}
        return any(excludes_path(self._exclude, path) for path in paths)

    def _is_new(self, file: Path) -> bool:
        try:
            found = file.stat()
        except (OSError, ValueError):
            return True  # reading it says why
        identity = (found.st_dev, found.st_ino)
        known = identity in self._seen
        self._seen.add(identity)
        return not known


def _forceignore(path: Path) -> "ForceIgnore":
    from sfkeytool.audit.patterns import ForceIgnore, parse_forceignore
    from sfkeytool.edge.reader import read_input

    try:
        return parse_forceignore(read_input(path).decode("utf-8", "replace"))
    except InputError:  # most projects have one, none must
        return ForceIgnore()


def _generation(key: Path) -> "Generation | None":
    """The folder of a key file, if it is one of a NAME: with its certificate, as sfkeytool makes it."""
    from sfkeytool.audit.model import Generation
    from sfkeytool.cli.commands.renew import generation_in
    from sfkeytool.names import parse_unique_name

    folder, name = key.parent, key.stem
    try:
        if parse_unique_name(name).value != name or not os.path.isfile(folder / f"{name}.crt"):
            return None
    except UsageError:
        return None
    receipt = generation_in(folder, name)
    purpose = receipt.purpose if receipt is not None else None
    return Generation(str(folder), name, purpose, has_keystore=os.path.isfile(folder / f"{name}.jks"))


def _write(plan: Any, content: bytes) -> Any:
    from sfkeytool.edge.writer import FolderWrite

    [planned] = plan.files
    return FolderWrite(plan, (Artifact(planned.filename, planned.kind, content),))


def _csv(inventory: "Inventory") -> bytes:
    from sfkeytool.audit.reports.csv_file import encode_csv

    return encode_csv(inventory)


def _ics(inventory: "Inventory") -> bytes:
    from sfkeytool.audit.reports.ics import inventory_calendar

    return inventory_calendar(inventory)


def _prometheus(inventory: "Inventory") -> bytes:
    from sfkeytool.audit.reports.prometheus import encode_prometheus

    return encode_prometheus(inventory)


def _html(inventory: "Inventory") -> bytes:
    from sfkeytool.audit.reports.html_page import encode_html

    return encode_html(inventory)


_ENCODERS: "dict[str, Callable[[Inventory], bytes]]" = {
    "csv": _csv,
    "html": _html,
    "ics": _ics,
    "prometheus": _prometheus,
}

AUDIT = Command(
    (
        "sfkeytool audit --target-org prod --target-org uat --html certificates.html",
        "sfkeytool audit . --within 30",
        "sfkeytool audit pay_api force-app --csv certificates.csv --fail-on expired,uncovered",
        "sfkeytool audit keys --password env:KEYSTORE_PASSWORD --prometheus certificates.prom --json",
        "sfkeytool audit keys --notify env:ADMIN_MAIL --state audit-state.json",
    ),
    (
        PATHS,
        TARGET_ORGS,
        WITHIN,
        FAIL_ON,
        EXCLUDE,
        options.OPENING_PASSWORD,
        *_REPORTS,
        CERTIFICATES,
        NOTIFY,
        STATE,
        DRY_RUN,
        CONFIG,
        API_VERSION,
        *LOGIN,
    ),
    _execute,
    details=(
        "An app's certificate is covered where CKM of its org holds the same one, so that Salesforce's mails tell of"
        " it; uncovered decides the exit code there. From files alone nobody can tell: it is unproved where a keystore"
        " with it was seen, uncovered otherwise, and both are warnings unless --fail-on names them. CAs in chains, and"
        " what a later generation replaces, decide no exit code. An org is only read, never changed."
    ),
    place=MenuPlace(Road.AUDIT, "See what expires when, in folders, sfdx projects and orgs"),
)
