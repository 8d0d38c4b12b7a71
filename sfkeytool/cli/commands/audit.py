"""``audit``: every certificate that lies around, and how long it lives."""

import os.path
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfkeytool.cli import options
from sfkeytool.cli.fields import Field, Question, Values
from sfkeytool.cli.render import files_facts
from sfkeytool.cli.report_files import plan_report
from sfkeytool.cli.run import Command, Run
from sfkeytool.errors import EXIT_DONE, EXIT_FAILED, KeystorePasswordError, SfkeytoolError, UsageError
from sfkeytool.model import Artifact, ArtifactKind, FailOn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sfkeytool.audit.config import AuditConfig
    from sfkeytool.audit.model import Carrier, Inventory, Source
    from sfkeytool.passwords import Secret

PATHS = Field(
    "paths",
    list[Path],
    "Files, keystores, folders and sfdx projects; a folder is walked.",
    metavar="PATH...",
    required=True,
    unless=("config",),
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
    f"What decides the exit code: a list of {', '.join(FailOn)}, or never. [default: expired,within,unreadable]",
    ("--fail-on",),
    metavar="LIST",
)


def _report(name: str, what: str) -> Field:
    return Field(
        name, Path, f"Write {what} into this file; an earlier one is replaced.", (f"--{name}",), metavar="FILE"
    )


_REPORTS = (
    _report("csv", "all certificates as CSV"),
    _report("ics", "expiries, CKM's mail days and the latest starts of renewals as calendar entries"),
    _report("prometheus", "metrics for a node exporter"),
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
_CERTIFICATE_NAMES = (
    *(".crt", ".cer", ".pem", ".der", ".p7b", ".p7c", ".p12", ".pfx", ".jks", ".jceks", ".bks", ".keystore"),
    "-meta.xml",
)
"""Endings under which a file of a walked folder is worth a word where it cannot be read: prose and programs may quote
half a certificate."""


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.audit.config import owner_of
    from sfkeytool.cli.building import build_audit_request
    from sfkeytool.cli.notifying import DeliveryStatus, notify, open_destinations
    from sfkeytool.workflows.audit import audit

    config, values = _configured(run, values)
    request = build_audit_request(values)
    plans = {name: plan_report(run, name, path, ArtifactKind.REPORT) for name, path in request.reports.items()}
    if "ics" in plans:
        from sfkeytool.audit.reports.ics import require_icalendar

        require_icalendar()
    destinations = open_destinations(run, request.notify)
    given = [run.secret(source, "--password", "Password") for source in request.passwords]
    with run.spinner("looking through the files …", wanted=True):
        seen: set[tuple[int, int]] = set()
        sources = [_look_through(run, path, given, seen) for path in request.paths]
    outcome, inventory = audit(sources, request.within_days, request.fail_on, run.now, config)
    run.warn_about(outcome)
    receipts = [
        receipt for name, plan in plans.items() for receipt in run.commit([_write(plan, _ENCODERS[name](inventory))])
    ]
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
    run.console.envelope(status, {**outcome.facts, **files_facts(receipts), "notifications": told})
    from sfkeytool.audit.reports.table import table_lines

    run.console.result(table_lines(inventory))
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
    if not values["paths"]:
        raise UsageError("usage.missing", "missing: PATH...", f"on the command line, or as paths in {path}")
    return config, values


def _look_through(run: Run, path: Path, passwords: "Sequence[Secret]", seen: set[tuple[int, int]]) -> "Source":
    """One source: what cannot be read is listed, and the rest is read all the same.

    ``seen`` holds device and inode of the files of earlier sources, and grows: no file is listed twice.
    """
    from sfkeytool.audit.files import read_carriers
    from sfkeytool.audit.model import Problem, Source
    from sfkeytool.edge.reader import walk_inputs

    walked = os.path.isdir(path)
    carriers: list[Carrier] = []
    problems: list[Problem] = []

    def problem(error: SfkeytoolError, file: Path = path) -> None:
        problems.append(Problem(str(path), str(file), error.code, error.message))

    for file in walk_inputs([path], on_error=problem):
        if not _is_new(file, seen):
            continue
        try:
            is_ckm_source = os.path.isfile(f"{file}-meta.xml")
            carriers += read_carriers(run.read(file), str(path), passwords, is_ckm_source=is_ckm_source)
        except SfkeytoolError as error:
            if walked and not _worth_a_word(file, error):
                run.console.detail(error.message)
            else:
                problem(error, file)
    return Source(str(path), tuple(carriers), tuple(problems))


def _is_new(file: Path, seen: set[tuple[int, int]]) -> bool:
    try:
        found = file.stat()
    except (OSError, ValueError):
        return True  # reading it says why
    identity = (found.st_dev, found.st_ino)
    known = identity in seen
    seen.add(identity)
    return not known


def _worth_a_word(file: Path, error: SfkeytoolError) -> bool:
    """Whether a file that lies in a walked folder should have been readable: a folder holds all sorts of things."""
    if isinstance(error, KeystorePasswordError) or error.code == "input.not-permitted":
        return True
    return file.name.lower().endswith(_CERTIFICATE_NAMES) and error.code not in ("input.unknown-kind", "input.empty")


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


_ENCODERS: "dict[str, Callable[[Inventory], bytes]]" = {"csv": _csv, "ics": _ics, "prometheus": _prometheus}

AUDIT = Command(
    "audit",
    "Every certificate in folders, keystores and sfdx projects: how long it lives, which app has a twin.",
    (
        "sfkeytool audit . --within 30",
        "sfkeytool audit pay_api force-app --csv certificates.csv --fail-on expired,uncovered",
        "sfkeytool audit keys --password env:KEYSTORE_PASSWORD --prometheus certificates.prom --json",
        "sfkeytool audit keys --notify env:ADMIN_MAIL --state audit-state.json",
    ),
    (PATHS, WITHIN, FAIL_ON, options.OPENING_PASSWORD, *_REPORTS, NOTIFY, STATE, DRY_RUN, CONFIG),
    _execute,
    details=(
        "From files alone it cannot tell whether an org's CKM holds a certificate: an app's certificate is unproved"
        " where a keystore with it was seen, uncovered otherwise; both are warnings unless --fail-on names them. CAs in"
        " chains, and what a later generation replaces, decide no exit code."
    ),
)
