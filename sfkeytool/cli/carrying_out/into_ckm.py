"""The step that brings a keystore into the org's CKM."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.cli.bringing import bring
from sfkeytool.cli.carrying_out.change import Change
from sfkeytool.cli.generation_folders import certificate_in
from sfkeytool.cli.made_reminder import make_reminder
from sfkeytool.names import reminder_name
from sfkeytool.passwords import SourceKind
from sfkeytool.workflows.carry_out.engine import Action, Memory
from sfkeytool.workflows.carry_out.record import Fact

if TYPE_CHECKING:
    from sfkeytool.cli.keystore_field import Found
    from sfkeytool.crypto.certificates import CertificateFacts
    from sfkeytool.workflows.ckm_import.keystore import ImportEntry
    from sfkeytool.workflows.ckm_import.proof import EntryProof

Facts = tuple[Fact, ...]


def import_action(change: Change) -> Action:
    return Action(
        look=lambda _: _look_into_ckm(change),
        act=lambda memory: _import(change, memory),
        remember=lambda: _remember_rows(change),
        stays=_entry(change) is not None or not change.record.has_proved("import"),
    )


def _remember_rows(change: Change) -> Memory:
    from sfkeytool.workflows.ckm_import.proof import read_rows

    return {"rows": " ".join(sorted(read_rows(change.client)))}


def _look_into_ckm(change: Change) -> Facts | None:
    """What CKM holds of it, whoever brought it: a record with this very certificate."""
    from sfkeytool.workflows.ckm_import.proof import ProofState, prove_present

    entry = _entry(change)
    if entry is None:
        return None
    [proof] = prove_present(change.client, [entry])
    return _import_facts(proof, entry.facts) if proof.state is ProofState.SAME else None


def _import_facts(proof: "EntryProof", facts: "CertificateFacts") -> Facts:
    return (
        Fact("record of CKM", f"{proof.name} ({proof.record_id or 'its Id was not told'})"),
        Fact("certificate in it, read back", facts.sha256),
        Fact("it expires", f"{facts.not_after:%Y-%m-%d}"),
    )


def _entry(change: Change) -> "ImportEntry | None":
    """What CKM is to hold; None where that is not made yet, or gone."""
    from sfkeytool.workflows.ckm_import.keystore import ImportEntry, read_import_keystore

    if certificate_in(change.run, change.new_folder, change.record.new_name) is None:
        return None
    if not change.record.is_reminder:
        return ImportEntry(change.record.new_name, change.new_certificate())
    path = reminder_keystore(change)
    if not os.path.isfile(path):
        return None
    # A BCFKS tells nothing without its password.
    entries = (
        read_import_keystore(change.run.read(path), (), change.run.now).entries or _keystore(change).keystore.entries
    )
    return entries[0] if len(entries) == 1 else None


def reminder_keystore(change: Change) -> Path:
    """Where a reminder of the new generation lies, if one is made."""
    name = reminder_name(change.record.new_name)
    return change.new_folder.parent / name / change.record.keystore_format.keystore(name)


def _import(change: Change, memory: Memory) -> Facts:
    if change.record.is_reminder:
        _make_reminder(change)
    found = _keystore(change)
    rows, wait = memory["rows"].split(), change.wait_seconds
    entry = bring(change.run, change.org, found, rows, wait, change.clock, program=change.program)
    return _import_facts(entry, found.keystore.entries[0].facts)


def _keystore(change: Change) -> "Found":
    from sfkeytool.cli.keystore_field import find_keystore
    from sfkeytool.workflows.ckm_import.result import ImportRequest

    path = reminder_keystore(change) if change.record.is_reminder else None
    name = path.stem if path is not None else change.record.new_name
    folder = path.parent if path is not None else change.new_folder
    given = change.request.password
    readable = given is not None and given.kind is not SourceKind.GENERATE
    request = ImportRequest(
        name=name, output_dir=folder, passwords=(given,) if given and readable else (), wait_seconds=0
    )
    return find_keystore(change.run, request)


def _make_reminder(change: Change) -> None:
    keystore = reminder_keystore(change)
    if not os.path.lexists(keystore):
        certificate = change.new_folder / f"{change.record.new_name}.crt"
        make_reminder(change.run, keystore, change.run.read(certificate), change.request.password)
