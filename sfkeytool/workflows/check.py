"""``check``: would Salesforce take this file? And the repaired copy of one that it would not."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.acceptance.engine import Report, Verdict, judge
from sfkeytool.acceptance.rule import Severity
from sfkeytool.acceptance.subject import Subject, prepare_subject
from sfkeytool.crypto.sniff import KEYSTORE_KINDS
from sfkeytool.errors import PrivateKeyError, SfkeytoolError, UsageError
from sfkeytool.keystores.contents import Contents, FoundKey, InputFile, parse_contents
from sfkeytool.keystores.selection import Meant, gather, require_opened, select_each
from sfkeytool.model import ArtifactKind, Outcome, Profile, Purpose
from sfkeytool.names import app_name, free_name
from sfkeytool.passwords import MINIMUM_LENGTH, Secret, Source, SourceKind
from sfkeytool.shell import quoted_path
from sfkeytool.workflows.unwrap import folder_name
from sfkeytool.workflows.wrap import WrapInputs, WrapRequest, wrap_pair

if TYPE_CHECKING:
    from collections.abc import Iterator


class CheckOptions(Struct, frozen=True):
    """How files are judged. ``as_of`` is the moment for which dates are judged."""

    as_of: datetime
    profile: Profile | None = None
    purpose: Purpose = Purpose.JWT
    fix: bool = False
    taken: frozenset[str] = frozenset()
    """Lower-case names in the current folder, which no command of a fix may clash with."""
    output_dir: PurePath | None = None
    """Where repaired copies go, if not into a folder of their name."""
    several: bool = False
    """Whether there is more than one copy to be made: each gets a folder of its own then."""
    filled: frozenset[PurePath] = frozenset()
    """Folders that this run's copies went to already."""

    def folder(self, name: str) -> PurePath:
        """Of the repaired copy that is called ``name``: ./NAME-fixed, or DIR itself, or one below it for each of
        several; never one that this run filled already."""
        for number in count(1):
            called = name if number == 1 else f"{name}_{number}"
            folder = PurePath(f"{called}-fixed") if self.output_dir is None else self.output_dir
            if self.output_dir is not None and (self.several or number > 1):
                folder = self.output_dir / called
            if folder not in self.filled:
                return folder
        raise AssertionError("unreachable: there are more numbers than folders")


class Repair(Struct, frozen=True):
    """What came of repairing one private key of a file.

    With an ``outcome`` there is a copy: ``changed`` are the rules that failed before and pass now, ``report`` what is
    left. With a ``problem`` there is none, and it says why. With neither there was nothing to repair.
    """

    alias: str | None
    name: str
    outcome: Outcome[Any] | None = None
    report: Report | None = None
    changed: tuple[str, ...] = ()
    problem: SfkeytoolError | None = None
    folder: PurePath | None = None
    """Where the copy belongs."""


def check_file(file: InputFile, passwords: Sequence[Secret], options: CheckOptions) -> Report:
    """What the rules say about a file. Pure. Raises what prepare_subject() raises for malformed text and DER."""
    return judge(subject_of(file, passwords, options))


def subject_of(file: InputFile, passwords: Sequence[Secret], options: CheckOptions) -> Subject:
    """The file as the rules see it. To be repaired, one that holds a key is on its way to a keystore. Pure."""
    return prepare_subject(
        file,
        as_of=options.as_of,
        profile=options.profile,
        purpose=options.purpose,
        passwords=passwords,
        taken=options.taken,
        to_repair=options.fix,
    )


def is_recognised(subject: Subject) -> bool:
    """Whether a file that was met in a folder is meant to be judged: a keystore, or something with certificates."""
    return subject.kind in KEYSTORE_KINDS or bool(subject.listed)


def describe_report(report: Report) -> dict[str, Any]:
    """JSON-ready facts, never a secret. Pure."""
    return {
        "path": report.label,
        "type": report.type,
        "profile": str(report.profile),
        "verdict": str(report.verdict),
        "findings": [
            {
                "rule": finding.rule.id,
                "severity": str(finding.rule.severity),
                "basis": str(finding.rule.basis),
                "title": finding.rule.title,
                "where": finding.evidence.where,
                "saw": finding.evidence.saw,
                "wanted": finding.evidence.wanted,
                "salesforceMessage": finding.rule.salesforce_message,
                "fix": finding.fix,
                "citation": finding.rule.citation,
                "retrieved": finding.rule.retrieved.isoformat(),
            }
            for finding in report.findings
        ],
        "unknown": [{"rule": unknown.rule.id, "reason": unknown.reason} for unknown in report.unknown],
    }


def repair(
    file: InputFile,
    before: Report,
    passwords: Sequence[Secret],
    new_password: tuple[Secret, Source] | None,
    options: CheckOptions,
    now: datetime,
    as_name: str | None = None,
) -> tuple[Repair, ...]:
    """A repaired JKS for each private key of a file, by wrap() itself; a problem for each that has none. Pure but for
    the salt of the keystores.

    The password stays as it was where it is long enough, unless there is a new one; so does the name, made legal,
    unless there is ``as_name`` for the only key. Raises UsageError ``usage.new-password`` when one is needed, and
    ``usage.one-name`` for one name and several keys.
    """
    stem = PurePath(file.label).stem
    if before.profile is not Profile.CKM_IMPORT:
        name, path = free_name(app_name(stem), options.taken), quoted_path(file.label)
        hint = f"sfkeytool wrap {name} {path} FILE --password generate (FILE: the private key) makes one"
        problem = UsageError("check.not-a-keystore", f"{file.label}: --fix repairs keystores only", hint)
        wrong = any(finding.rule.severity is Severity.ERROR for finding in before.findings)
        return (Repair(None, stem, problem=problem if wrong else None),)
    if not before.findings and before.verdict is Verdict.ACCEPT:
        return (Repair(None, stem),)
    try:
        contents = parse_contents(file, passwords)
    except SfkeytoolError as error:
        return (Repair(None, stem, problem=error),)
    return tuple(_repair_each(contents, before, new_password, options, now, stem, as_name))


def _repair_each(
    contents: Contents,
    before: Report,
    new_password: tuple[Secret, Source] | None,
    options: CheckOptions,
    now: datetime,
    stem: str,
    as_name: str | None,
) -> "Iterator[Repair]":
    heap = gather([contents], by_alias=False)
    # As Java does, the last of several under one alias; those without an alias (PFX) are told apart by themselves.
    found = {entry.alias if entry.alias is not None else number: entry for number, entry in enumerate(heap.entries)}
    taken: set[str] = set()
    if as_name is not None and len(found) > 1:
        message = f"{contents.label} holds {len(found)} private keys, and --as is the name of one"
        raise UsageError("usage.one-name", message, "leave --as out: each gets the name of its entry, made legal")
    options = replace(options, several=options.several or len(found) > 1)
    for entry, meant in select_each(replace(heap, entries=tuple(found.values()))) if found else ():
        name = folder_name(as_name or entry.alias or stem, taken).value
        try:
            if meant is None:
                require_opened(replace(heap, entries=(entry,)))
            else:
                yield _repair_one(meant, entry.alias, name, contents, before, new_password, options, now)
        except UsageError:
            raise
        except SfkeytoolError as error:
            if meant is None:  # the command again, with what it lacks
                again = f"sfkeytool check --fix {quoted_path(contents.label)} --password prompt --password prompt"
                error.hints = (f"give both: {again}",)
            yield Repair(entry.alias, name, problem=error)
    if not found:
        new = free_name(stem, options.taken)
        problem = PrivateKeyError(
            "key.none",
            f"{contents.label} holds no private key: nothing can be made of it",
            f"with the key: sfkeytool wrap {new} {quoted_path(contents.label)} FILE"
            " --input-password prompt --password generate (FILE: the private key)",
            f"without it, start over: sfkeytool csr {new}",
        )
        yield Repair(None, stem, problem=problem)


def _repair_one(
    meant: Meant,
    alias: str | None,
    name: str,
    contents: Contents,
    before: Report,
    new_password: tuple[Secret, Source] | None,
    options: CheckOptions,
    now: datetime,
) -> Repair:
    password, source = new_password or (_same_password(meant.key, contents), Source(SourceKind.PROMPT))
    request = WrapRequest(name=name, files=(), purpose=options.purpose, password=source)
    inputs = WrapInputs(files=(), password=password, with_key=False)
    outcome = wrap_pair(request, meant, gather([contents]), inputs, now)
    store = next(artifact for artifact in outcome.artifacts if artifact.kind is ArtifactKind.KEYSTORE)
    as_profile = replace(options, profile=Profile.CKM_IMPORT)
    where = options.folder(name)
    report = check_file(InputFile(str(where / store.filename), store.content), [password], as_profile)
    changed = tuple(sorted(_concerning(alias, before) - set(report.rule_ids)))
    if not changed:
        return Repair(alias, name, report=report)
    return Repair(alias, name, outcome, report, changed, folder=where)


def _same_password(key: FoundKey, contents: Contents) -> Secret:
    opened_with = contents.store.password if contents.store else key.file_password
    if opened_with is None or opened_with.length < MINIMUM_LENGTH:
        had = "no password" if opened_with is None else f"a password of {opened_with.length} characters"
        raise UsageError(
            "usage.new-password",
            f"{contents.label} has {had}: its repaired copy needs one of at least {MINIMUM_LENGTH}",
            "--new-password generate, or env:NAME, file:PATH, stdin, prompt",
        )
    return opened_with


def _concerning(alias: str | None, report: Report) -> set[str]:
    """The rules that failed for this entry or for the file as a whole."""
    entry = f"{report.label}, entry {alias!r}"
    return {
        finding.rule.id
        for finding in report.findings
        if finding.evidence.where == report.label or finding.evidence.where.startswith(entry)
    }


def describe_repair(result: Repair) -> dict[str, Any]:
    """JSON-ready facts of one repair, without its files. Pure."""
    facts: dict[str, Any] = {"alias": result.alias, "name": result.name, "changed": list(result.changed)}
    if result.outcome is not None:
        facts["nextSteps"] = list(result.outcome.next_steps)
    if result.report is not None:
        report = describe_report(result.report)
        facts |= {part: report[part] for part in ("verdict", "findings", "unknown")}
    if result.problem is not None:
        facts["problem"] = {
            "code": result.problem.code,
            "message": result.problem.message,
            "actions": list(result.problem.hints),
        }
    return facts
