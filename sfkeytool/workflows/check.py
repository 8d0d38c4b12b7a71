"""``check``: would Salesforce take this file? And the repaired copy of one that it would not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from sfkeytool.acceptance.engine import Report, Verdict, judge, quoted_path
from sfkeytool.acceptance.rule import Severity
from sfkeytool.acceptance.subject import Subject, prepare_subject
from sfkeytool.crypto import certificates
from sfkeytool.crypto.sniff import KEYSTORE_KINDS
from sfkeytool.errors import KeystorePasswordError, PrivateKeyError, SfkeytoolError, UsageError
from sfkeytool.keystores.contents import Contents, FoundKey, InputFile, parse_contents
from sfkeytool.model import ArtifactKind, Outcome, Profile, Purpose
from sfkeytool.names import free_name
from sfkeytool.passwords import MINIMUM_LENGTH, Secret, Source, SourceKind
from sfkeytool.workflows.requests import WrapRequest
from sfkeytool.workflows.unwrap import folder_name
from sfkeytool.workflows.wrap import Heap, WrapInputs, wrap_heap

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class CheckOptions:
    """How files are judged. ``as_of`` is the moment for which dates are judged."""

    as_of: datetime
    profile: Profile | None = None
    purpose: Purpose = Purpose.JWT
    fix: bool = False
    taken: frozenset[str] = frozenset()
    """Lower-case names in the current folder, which no command of a fix may clash with."""
    output_dir: PurePath | None = None
    """Where repaired copies go, if not into a folder of their name."""

    def folder(self, name: str) -> PurePath:
        """Of the repaired copy that is called ``name``."""
        return self.output_dir or PurePath(f"{name}-fixed")


@dataclass(frozen=True)
class Repair:
    """What came of repairing one private key of a file.

    With an ``outcome`` there is a copy: ``changed`` are the rules that failed before and pass now, ``report`` what is
    left. With a ``problem`` there is none, and it says why. With neither there was nothing to repair.
    """

    alias: str | None
    name: str
    outcome: Outcome | None = None
    report: Report | None = None
    changed: tuple[str, ...] = ()
    problem: SfkeytoolError | None = None


def check_file(file: InputFile, passwords: Sequence[Secret], options: CheckOptions) -> Report:
    """What the rules say about a file. Pure. Raises what prepare_subject() raises for malformed text and DER."""
    return judge(subject_of(file, passwords, options))


def subject_of(file: InputFile, passwords: Sequence[Secret], options: CheckOptions) -> Subject:
    """The file as the rules see it. To be repaired, one that holds a key is on its way to a keystore. Pure."""
    subject = prepare_subject(
        file,
        as_of=options.as_of,
        profile=options.profile,
        purpose=options.purpose,
        passwords=passwords,
        taken=options.taken,
    )
    contents = subject.contents
    if options.fix and options.profile is None and contents is not None and (contents.keys or contents.locked):
        return replace(subject, profile=Profile.CKM_IMPORT)
    return subject


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
        name, path = free_name(stem, options.taken), quoted_path(file.label)
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
    # As Java does, the last of several under one alias; those without an alias (PFX) are told apart by themselves.
    found = {key.alias if key.alias is not None else number: key for number, key in enumerate(contents.keys)}
    taken: set[str] = set()
    if as_name is not None and len(found) > 1:
        message = f"{contents.label} holds {len(found)} private keys, and --as is the name of one"
        raise UsageError("usage.one-name", message, "leave --as out: each gets the name of its entry, made legal")
    for key in found.values():
        name = folder_name(as_name or key.alias or stem, taken).value
        try:
            yield _repair_one(key, name, contents, before, new_password, options, now)
        except UsageError:
            raise
        except SfkeytoolError as error:
            yield Repair(key.alias, name, problem=error)
    for alias in contents.locked:
        problem = KeystorePasswordError(
            "keystore.entry-locked",
            f"{contents.label}: the private key of {alias!r} has another password than the keystore",
            f"give both: sfkeytool check --fix {quoted_path(contents.label)} --password prompt --password prompt",
        )
        yield Repair(alias, folder_name(alias, taken).value, problem=problem)
    if not contents.keys and not contents.locked:
        new = free_name(stem, options.taken)
        problem_ = PrivateKeyError(
            "check.no-key",
            f"{contents.label} holds no private key: nothing can be made of it",
            f"with the key: sfkeytool wrap {new} {quoted_path(contents.label)} FILE"
            " --input-password prompt --password generate (FILE: the private key)",
            f"without it, start over: sfkeytool csr {new}",
        )
        yield Repair(None, stem, problem=problem_)


def _repair_one(
    key: FoundKey,
    name: str,
    contents: Contents,
    before: Report,
    new_password: tuple[Secret, Source] | None,
    options: CheckOptions,
    now: datetime,
) -> Repair:
    password, source = new_password or (_same_password(key, contents), Source(SourceKind.PROMPT))
    request = WrapRequest(name=name, files=(), purpose=options.purpose, password=source)
    inputs = WrapInputs(files=(), password=password, with_key=False)
    outcome = wrap_heap(request, _heap_of(key, contents), inputs, now)
    store = next(artifact for artifact in outcome.artifacts if artifact.kind is ArtifactKind.KEYSTORE)
    as_profile = replace(options, profile=Profile.CKM_IMPORT)
    where = str(options.folder(name) / store.filename)
    report = check_file(InputFile(where, store.content), [password], as_profile)
    changed = tuple(sorted(_concerning(key, before) - set(report.rule_ids)))
    return Repair(key.alias, name, outcome, report, changed) if changed else Repair(key.alias, name, report=report)


def _heap_of(key: FoundKey, contents: Contents) -> Heap:
    """The key, the certificate that its entry has for it, and all certificates that are nobody's in particular."""
    fitting = [one for one in contents.certificates if certificates.spki_der(one.certificate) == key.spki_der]
    own = [one for one in fitting if one.alias == key.alias] or fitting
    others = [one for one in contents.certificates if one not in fitting]
    distinct = {one.der: one for one in (*own, *others)}
    return Heap((key,), tuple(distinct.values()), ())


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


def _concerning(key: FoundKey, report: Report) -> set[str]:
    """The rules that failed for this key or for the file as a whole."""
    entry = f"{report.label}, entry {key.alias!r}"
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
