"""What ``ckm import`` is asked, and what it found out."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path, PurePath
from typing import Annotated, Any

from msgspec import Meta

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.errors import EXIT_DIFFERENT, EXIT_DONE, EXIT_FAILED, CertificateError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.leaves import only_leaf
from sfkeytool.model import NextStep, Notice, Outcome, Purpose, Request, Result, UniqueNameText
from sfkeytool.passwords import Source
from sfkeytool.salesforce.org import OrgIdentity
from sfkeytool.shell import shell_line
from sfkeytool.workflows.ckm_import.deleting import is_reminder
from sfkeytool.workflows.ckm_import.keystore import ImportKeystore
from sfkeytool.workflows.ckm_import.preflight import Condition, Preflight
from sfkeytool.workflows.ckm_import.proof import Arrival, EntryProof, Proof, ProofState
from sfkeytool.workflows.next_steps import place_step, reminder_end_step
from sfkeytool.workflows.parts import MailDates
from sfkeytool.workflows.receipts import receipt_record


class ImportRequest(Request, frozen=True, kw_only=True):
    """One of ``name``, whose keystore lies in its folder, and ``file``, a keystore that others made. ``key_file`` is
    what keeps the key where the folder has no NAME.key."""

    name: str | None = None
    file: Path | None = None
    output_dir: Path | None = None
    passwords: tuple[Source, ...] = ()
    wait_seconds: int
    delete: bool = False
    key_file: Path | None = None
    confirmed: bool = False
    no_open: bool = False
    browser: bool = False
    headed: bool = False


class ImportedEntry(EntryProof, frozen=True, kw_only=True):
    """An entry of the keystore, the certificate that CKM should hold for it, and when CKM mails about that."""

    certificate: CertificateFacts
    mail_dates: MailDates


class Imported(Result, frozen=True, kw_only=True):
    """``name`` is null for a keystore that others made. ``proved``: CKM holds each entry's certificate, read back from
    it; ``present``: it did so before this run, which opened no page."""

    name: UniqueNameText | None
    keystore: str
    org: OrgIdentity
    proved: bool
    present: bool
    entries: tuple[ImportedEntry, ...]
    other_arrivals: Annotated[
        tuple[Arrival, ...], Meta(description="New records of CKM that hold none of the keystore's certificates")
    ]
    conditions: tuple[Condition, ...]
    waited_seconds: Annotated[int, Meta(ge=0)]
    deleted: Annotated[tuple[str, ...], Meta(description="Files that are gone, as --delete or a person's Yes wanted")]


def require_own(name: str, keystore: ImportKeystore, certificate: InputFile | None) -> None:
    """Raises CertificateError unless the keystore of NAME's folder holds NAME alone, with the certificate in NAME.crt
    if there is one. Pure."""
    aliases = [entry.name for entry in keystore.entries]
    if aliases and aliases != [name]:
        raise CertificateError(
            "ckm.folder-differs",
            f"{keystore.path} holds {', '.join(aliases)}, and not {name}",
            f"to import it all the same: {shell_line(['sfkeytool', 'ckm', 'import', keystore.path])}",
        )
    if certificate is None or not aliases:
        return
    contents = parse_contents(certificate, (), load_keys=False)
    if only_leaf(contents.certificates, certificate.label, contents.unreadable).certificate != (
        keystore.entries[0].certificate
    ):
        raise CertificateError(
            "ckm.folder-differs",
            f"{keystore.path} holds another certificate than {certificate.label}",
            f"see both: {shell_line(['sfkeytool', 'compare', keystore.path, certificate.label])}",
        )


def conclude(
    name: str | None,
    keystore: ImportKeystore,
    org: OrgIdentity,
    before: Preflight,
    proof: Proof,
    now: datetime,
    *,
    cli_alias: str | None = None,
    purpose: Purpose | None = None,
) -> Outcome[Imported]:
    """The result of a run; ``cli_alias`` is what the Salesforce CLI calls the org, if it is known there, and
    ``purpose`` what the pair is for, if its receipt tells. Pure.

    Exit code 0 where each entry is there as it should be, 3 where something else is, 1 where nothing is, or nothing
    that can be read.
    """
    entries = tuple(
        ImportedEntry(
            **{field: getattr(proved, field) for field in EntryProof.__struct_fields__},
            certificate=entry.facts,
            mail_dates=mail_dates(entry.facts.not_after, now),
        )
        for entry, proved in zip(keystore.entries, proof.entries, strict=True)
    )
    failed = EXIT_DIFFERENT if proof.is_other else EXIT_FAILED
    result = Imported(
        name=name,
        keystore=keystore.path,
        org=org,
        proved=proof.is_proved,
        present=before.is_there,
        entries=entries,
        other_arrivals=proof.strangers,
        conditions=before.conditions,
        waited_seconds=int(proof.waited_seconds),
        deleted=(),
    )
    return Outcome(
        result=result,
        notices=tuple(_notices(entries, proof, org)),
        first_steps=_steps(name, keystore, cli_alias, purpose) if proof.is_proved else (_EXPLAIN,),
        exit_code=EXIT_DONE if proof.is_proved else failed,
    )


_EXPLAIN = NextStep("If the page shows an error, have it explained:", shell_line(["sfkeytool", "explain", "TEXT"]))


def _steps(
    name: str | None, keystore: ImportKeystore, cli_alias: str | None, purpose: Purpose | None
) -> tuple[NextStep, ...]:
    """Of NAME, whose files lie beside the keystore, where it goes next; a keystore of others only covers."""
    alias = cli_alias or "ALIAS"
    only = keystore.entries[0] if len(keystore.entries) == 1 else None
    place = []
    if only is not None and is_reminder(only):
        place = [reminder_end_step(only.name)]
    elif only is not None and name is not None and purpose is not None:
        place = [place_step(name, purpose, PurePath(keystore.path).parent, alias=alias)]
    audit = shell_line(["sfkeytool", "audit", "--target-org", alias])
    return (*place, NextStep("See which certificates of apps CKM covers now:", audit))


def _notices(entries: Sequence[ImportedEntry], proof: Proof, org: OrgIdentity) -> list[Notice]:
    """Of what is not there as it should be."""
    found = []
    for entry in entries:
        match entry.state:
            case ProofState.OTHER:
                message = (
                    f"CKM of {org.alias} has {entry.name} now, with another certificate ({entry.found_sha256}): was"
                    " another file chosen? In Setup it can be deleted, as nothing uses it yet"
                )
                found.append(Notice("ckm.other-certificate", message))
            case ProofState.UNREAD:
                message = f"{entry.name} is new in CKM of {org.alias}, but what it holds could not be read"
                found.append(Notice("ckm.not-shown", message))
            case ProofState.MISSING:
                late = f"; the last look failed: {proof.trouble}" if proof.trouble else ""
                message = (
                    f"{entry.name} has not arrived in CKM of {org.alias} within {_minutes(proof.waited_seconds)}{late}."
                    " What the page says tells why; the same command again tells whether it came later"
                )
                found.append(Notice("ckm.not-arrived", message))
    return found


def _minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'}" if seconds >= 60 else f"{int(seconds)} seconds"


def import_record(result: Imported, now: datetime) -> dict[str, Any]:
    """What NAME.json keeps of an import that was proved."""
    return receipt_record("ckm import", now, (), result, without=("conditions", "keystore", "deleted", "otherArrivals"))
