"""The steps of a key that was born in CKM: the request of its record, the CA's answer, and that on the record."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.cli.carrying_out.change import Change
from sfkeytool.cli.carrying_out.onto_app import refuse_running_deployment
from sfkeytool.cli.generation_folders import certificate_in
from sfkeytool.cli.org_access import OneOrg, read_entry
from sfkeytool.errors import CertificateError, InputError, OrgError, SfkeytoolError
from sfkeytool.shell import shell_line
from sfkeytool.workflows.carry_out.engine import Action
from sfkeytool.workflows.carry_out.record import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sfkeytool.keystores.contents import InputFile
    from sfkeytool.passwords import Secret
    from sfkeytool.salesforce.ckm import CkmEntry
    from sfkeytool.workflows.signed_chain import SignedChain

Facts = tuple[Fact, ...]
_DEPLOY_SECONDS = 40 * 60.0
"""The Salesforce CLI itself waits 33 minutes for a deployment."""


def request_action(change: Change) -> Action:
    return Action(look=lambda _: _look_at_request(change), act=lambda _: _fetch_request(change))


def answer_action(change: Change) -> Action:
    return Action(look=lambda _: _look_at_answer(change), act=lambda _: _take_answer(change), stays=True)


def upload_action(change: Change) -> Action:
    return Action(look=lambda _: _look_at_record(change), act=lambda _: _upload(change), stays=True)


def entry_of_key(org: OneOrg, name: str, public_key_sha256: str) -> "CkmEntry":
    """The record of CKM that has the key of ``name``, whatever it is called. Raises OrgError and NetworkError."""
    from sfkeytool.salesforce.ckm import list_certificates

    org.client.begin_anew()
    listing = list_certificates(org.client)
    if not listing.names_read:
        raise listing.errors[0]
    found = [entry for entry in listing.entries if public_key_sha256 in _keys_of(entry)]
    found = [entry for entry in found if entry.name.lower() == name] or found
    if len(found) != 1:
        raise OrgError(
            "carry.not-in-ckm",
            f"CKM of {org.label} shows {len(found) or 'no'} records with the key of {name}: one is wanted",
            "see them all: " + shell_line(["sfkeytool", "ckm", "list"]),
        )
    if found[0].ca_signed is False:
        raise OrgError(
            "carry.not-by-ca",
            f"the record {found[0].name} in CKM of {org.label} is none that a CA signs: it gives out no request",
            "make one that a CA signs, and move to it: " + shell_line(["sfkeytool", "ckm", "create"]),
        )
    return found[0]


def _keys_of(entry: "CkmEntry") -> "Iterator[str]":
    from sfkeytool.crypto.certificates import fingerprint
    from sfkeytool.workflows.ckm_record import held_by

    try:
        held = held_by(entry)
    except SfkeytoolError:  # another record's: that of NAME is looked for
        return
    yield from (fingerprint(spki) for _, spki in held.key_owners)


def _ckm_name(change: Change) -> str:
    assert change.record.ckm_name is not None  # noqa: S101 - else there are no such steps
    return change.record.ckm_name


def _request_file(change: Change) -> Path:
    return change.folder / f"{change.record.name}.csr"


def _look_at_request(change: Change) -> Facts | None:
    from sfkeytool.crypto.certificates import fingerprint
    from sfkeytool.crypto.keys import spki_der
    from sfkeytool.workflows.signed_chain import parse_request

    path = _request_file(change)
    if not os.path.lexists(path):
        return None
    key = fingerprint(spki_der(parse_request(change.run.read(path)).csr.public_key()))
    if key != change.record.before.public_key_sha256:
        raise InputError(
            "carry.other-request",
            f"{path} asks for another key than that of {change.record.name}.crt",
            "move it away: the record's own request is fetched then",
        )
    return (Fact("request", str(path)), Fact("public key in it", key))


def _fetch_request(change: Change) -> Facts:
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.ckm_csr import CkmCsrRequest, ckm_csr, planned

    request = CkmCsrRequest(name=change.record.name)
    change.client.begin_anew()
    entry = read_entry(change.run, change.org, _ckm_name(change))
    try:
        outcome = ckm_csr(request, entry, change.org.identity, change.org.cli_alias)
    except OrgError as error:
        if error.code == "ckm.no-request":
            error.hints = (*error.hints, f"save it as {_request_file(change)}, and go on")
        raise
    plan = change.run.plan(change.folder, planned(request), force=False)
    change.run.commit([FolderWrite(plan, outcome.artifacts)], agreed=True)
    facts = _look_at_request(change)
    if facts is None:
        raise InputError("carry.files-gone", f"{_request_file(change)} was written, and is not there")
    return facts


def _look_at_answer(change: Change) -> Facts | None:
    record = change.record
    if not os.path.lexists(change.new_folder):
        return None
    facts = certificate_in(change.run, change.new_folder, record.new_name)
    before = record.before
    is_other = facts is None or facts.public_key_sha256 != before.public_key_sha256
    if facts is None or is_other or facts.sha256 == before.certificate_sha256:
        raise InputError(
            "carry.other-folder",
            f"{change.new_folder} is there, and has no new certificate of the key of {record.name}",
            "move it away, or choose another name: --as NAME2",
        )
    return (
        Fact("certificate", facts.sha256),
        Fact("public key", facts.public_key_sha256),
        Fact("valid until", f"{facts.not_after:%Y-%m-%d %H:%M} UTC"),
    )


def _take_answer(change: Change) -> Facts:
    """The chain, into the folder of the new generation, with the one that the record has."""
    from sfkeytool.crypto.certificates import encode_pem
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.model import Artifact, ArtifactKind
    from sfkeytool.workflows.carry_out.answered import Answered
    from sfkeytool.workflows.carry_out.table import FORMER
    from sfkeytool.workflows.ckm_record import held_by
    from sfkeytool.workflows.receipts import receipt_record
    from sfkeytool.workflows.renew import Follows

    record, run, new = change.record, change.run, change.record.new_name
    chain = _chain(change)
    change.client.begin_anew()
    former = held_by(read_entry(run, change.org, _ckm_name(change))).chain
    artifacts = [
        Artifact.of(new, ArtifactKind.CERTIFICATE, encode_pem(chain.leaf)),
        Artifact.of(new, ArtifactKind.CHAIN, chain.pem),
    ]
    if former:
        artifacts.append(Artifact(f"{new}{FORMER}", ArtifactKind.CHAIN, b"".join(map(encode_pem, former))))
    follows = Follows(
        name=record.name,
        same_key=True,
        certificate_sha256=record.before.certificate_sha256,
        not_after=record.before.not_after,
    )
    answered = Answered(name=new, follows=follows, certificate=chain.facts[0])
    receipt = receipt_record("renew", run.now, artifacts, answered)
    run.commit([FolderWrite(run.plan_new_folder(change.new_folder), tuple(artifacts), receipt)], agreed=True)
    facts = _look_at_answer(change)
    if facts is None:
        raise InputError("carry.files-gone", f"{change.new_folder} was made, and is not there")
    return facts


def _chain(change: Change) -> "SignedChain":
    """That of --answer. Raises OrgError carry.answer where there is none yet, and as build_signed_chain()."""
    from sfkeytool.model import Purpose
    from sfkeytool.workflows.signed_chain import build_signed_chain, parse_request

    path = _request_file(change)
    paths = change.values.get("answer") or []
    if not paths:
        raise OrgError(
            "carry.answer",
            f"this waits for the CA's answer to {path}",
            f"send {path} to your CA; ask for the whole chain",
        )
    files: list[InputFile] = [change.run.read(Path(each)) for each in paths]
    asked = parse_request(change.run.read(path))

    def build(known: "Sequence[Secret]") -> "SignedChain":
        return build_signed_chain(change.record.new_name, files, asked, known, Purpose.DOMAIN, change.run.now)

    passwords = [
        change.run.secret(source, "--input-password", "Password of the file")
        for source in change.request.input_passwords
    ]
    chain = change.run.with_passwords(passwords, build)
    if chain.facts[0].sha256 == change.record.before.certificate_sha256:
        raise CertificateError(
            "carry.old-answer",
            f"this is the certificate that {change.record.name} has: the CA's answer is another one",
            "give what the CA sent now: --answer FILE",
        )
    for notice in chain.notices:
        change.run.console.warn(notice)
    return chain


def _look_at_record(change: Change) -> Facts | None:
    """Whether the record holds the new certificate, whoever brought it."""
    from sfkeytool.workflows.ckm_upload import differs_after_upload

    wanted = certificate_in(change.run, change.new_folder, change.record.new_name)
    if wanted is None:
        return None
    change.client.begin_anew()
    entry = read_entry(change.run, change.org, _ckm_name(change))
    if differs_after_upload(entry, wanted):
        return None
    return (
        Fact("record of CKM", f"{entry.name} ({entry.record_id or 'its Id was not told'})"),
        Fact("certificate in it, read back", wanted.sha256),
        Fact("it expires", f"{wanted.not_after:%Y-%m-%d}"),
    )


def _upload(change: Change) -> Facts:
    from sfkeytool.workflows.ckm_upload import CkmUploadInputs, CkmUploadRequest, ckm_upload, differs_after_upload
    from sfkeytool.workflows.sfdx_project import Destination

    run, name = change.run, _ckm_name(change)
    if change.was_begun("upload"):
        refuse_running_deployment(change)
    request_file = _request_file(change)
    inputs = CkmUploadInputs(
        [run.read(change.new_folder / f"{change.record.new_name}-chain.crt")],
        run.read(request_file) if os.path.lexists(request_file) else None,
        read_entry(run, change.org, name),
    )
    destination = Destination("", is_new=False, org=change.org.identity, cli_alias=change.org.cli_alias)
    outcome = ckm_upload(CkmUploadRequest(name=name), inputs, destination, run.now)
    wanted = change.new_facts()
    if outcome.result.certificate.sha256 != wanted.sha256:
        raise InputError("carry.files-gone", f"{change.new_folder} has another chain than its certificate's")
    files = {f"{artifact.folder}/{artifact.filename}": artifact.content for artifact in outcome.artifacts}
    _deploy(change, name, files)
    facts = _look_at_record(change)
    if facts is None:
        difference = differs_after_upload(read_entry(run, change.org, name), wanted)
        raise OrgError(
            "ckm.readback",
            f"{change.org.label} took the deployment, but {difference or 'was changed again'}",
            "look at it in Setup > Certificate and Key Management before anything relies on it",
        )
    return facts


def _deploy(change: Change, name: str, files: "dict[str, bytes]") -> None:
    """Through the user's own Salesforce CLI. Raises OrgError and OutputError."""
    from sfkeytool.edge.kept_originals import make_package, work_folder
    from sfkeytool.edge.salesforce_cli import run_salesforce_cli
    from sfkeytool.salesforce import cli_bridge
    from sfkeytool.salesforce.metadata_source import SourceFile, build_package_xml

    run, version = change.run, change.client.version
    member = SourceFile("certs", f"{name}.crt", b"", "Certificate", name)
    with work_folder(run.environ) as work, run.progress(f"deploying to {change.org.label} …"):
        package = work / "deployed"
        make_package(package, {"package.xml": build_package_xml([member], version), **files})
        arguments = cli_bridge.package_arguments(change.org.cli_alias or change.org.label, str(package), version)
        environment = cli_bridge.cli_environment(run.environ)
        done = run_salesforce_cli([*arguments, "--json"], environment, timeout_seconds=_DEPLOY_SECONDS, cwd=work)
        cli_bridge.parse_deploy(done.stdout, change.org.label)
