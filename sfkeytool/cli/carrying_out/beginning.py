"""The beginning of a change: what must hold before its table is written, and which one is gone on with."""

import getpass
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool import __version__
from sfkeytool.cli.carrying_out.born_in_ckm import entry_of_key
from sfkeytool.cli.carrying_out.change import prints_of
from sfkeytool.cli.carrying_out.records import read_records
from sfkeytool.cli.fields import Values
from sfkeytool.cli.generation_folders import certificate_in, entries, generations, parent
from sfkeytool.cli.lying_here import generation_in
from sfkeytool.cli.making_generation import free_generation_name
from sfkeytool.cli.org_access import OneOrg, connected, one_org
from sfkeytool.cli.run import Run
from sfkeytool.errors import CertificateError, InputError, OrgError, UsageError
from sfkeytool.model import KeystoreFormat, Notice, Purpose
from sfkeytool.names import parse_record_id
from sfkeytool.shell import shell_line
from sfkeytool.workflows.carry_out.record import CarryOut
from sfkeytool.workflows.carry_out.table import Change as Planned
from sfkeytool.workflows.carry_out.table import steps_of

if TYPE_CHECKING:
    from sfkeytool.workflows.renew import RenewRequest

EXPERIMENTAL = (
    "--carry-out is experimental: it was tried against a stand-in of an org, and against no live one yet. Go to a"
    " sandbox first"
)


def under_way(run: Run, request: "RenewRequest") -> "tuple[Path, CarryOut] | None":
    """The change of NAME, or of a generation that follows it, that was begun and is not done. Raises InputError where
    several are, and UsageError where it is of another kind than what is asked for."""
    found = [each for each in records_of(run, request.name, request.folder) if not each[1].is_done]
    if request.new_name is not None:
        found = [each for each in found if each[1].new_name == request.new_name]
    if not found:
        return None
    if len(found) > 1:
        names = ", ".join(record.new_name for _, record in found)
        raise InputError(
            "carry.several", f"several changes of {request.name} are under way: {names}", "say which: --as NAME2"
        )
    [(folder, record)] = found
    if record.same_key == request.new_key:
        kind, command = ("renewal", "renew") if record.same_key else ("rotation", "rotate")
        raise UsageError(
            "usage.carry-out",
            f"a {kind} to {record.new_name} is under way: this is the other kind",
            f"go on with sfkeytool {command}; or go back as its steps tell, and move its record away",
        )
    return folder, record


def records_of(run: Run, name: str, folder: Path) -> list[tuple[Path, CarryOut]]:
    """The changes of NAME and of what follows it, oldest first. Raises InputError."""
    from sfkeytool.workflows.generations import successors

    folders = {path.name: path for path in entries(parent(folder)) if os.path.isdir(path)}
    following = successors(name, generations(folders.values()), run.now)
    return read_records(run, {folder: name, **{folders[one.name]: one.name for one in following}})


def named_org(run: Run, values: Values) -> OneOrg:
    """The org of --target-org. Raises UsageError, OrgError, NetworkError."""
    return connected(run, one_org(run, {"target_org": values["target_org"], "api_version": None}), must_tell=True)


def reach_org(run: Run, values: Values) -> OneOrg:
    """The same, through the Salesforce CLI, with which the app is deployed, and meant beyond doubt: see guard()."""
    org = named_org(run, values)
    if org.cli_alias is None or org.identity.org_id is None:
        raise UsageError(
            "usage.target-org", "--carry-out goes through the Salesforce CLI", "name the org: --target-org ALIAS"
        )
    guard(run, values, org)
    return org


def guard(run: Run, values: Values, org: OneOrg) -> None:
    """Raises UsageError where production is to be changed without a question, or where it is another org."""
    identity, expected = org.identity, values["expect_org"]
    own = parse_record_id(identity.org_id or "")
    if expected is not None and (own is None or parse_record_id(expected.strip()) != own):
        raise UsageError(
            "usage.expect-org",
            f"{identity.alias} is the org {identity.org_id or '(it does not say which)'}, and --expect-org names"
            " another: nothing was changed",
        )
    if values["yes"] and expected is None and identity.is_sandbox is not True:
        raise UsageError(
            "usage.expect-org",
            f"{identity.alias} is {identity.kind}: --yes wants --expect-org there, the Id of the org that is meant",
            f"if it is the one: --expect-org {identity.org_id}",
        )
    if run.asker is None and not values["yes"] and not run.dry_run:
        raise UsageError(
            "usage.confirm", "--carry-out changes an org, and nobody is here to be asked", "say so beforehand: --yes"
        )


def begin(run: Run, values: Values, request: "RenewRequest", org: OneOrg) -> CarryOut:
    """The record of a new change, not written yet; nothing is changed. Raises our errors where it cannot be begun."""
    from sfkeytool.salesforce.ckm import list_names

    facts = certificate_in(run, request.folder, request.name)
    if facts is None:
        raise CertificateError(
            "certificate.none",
            f"{request.folder / request.name}.crt is not there, or cannot be read",
            *(
                ["fetch it: " + shell_line(["sfkeytool", "ckm", "download", "NAME", "--target-org", "ALIAS"])]
                if values.get("in_ckm")
                else []
            ),
        )
    generation = generation_in(request.folder, request.name)
    purpose = request.purpose or (generation.purpose if generation is not None else None) or Purpose.JWT
    in_ckm = bool(values.get("in_ckm"))
    if purpose is not Purpose.JWT and not in_ckm:
        raise UsageError(
            "usage.carry-out",
            f"{request.name} is for {purpose}, where no app has its certificate: --carry-out is about an app's",
            "make the next generation without it, and follow its runbook",
        )
    second, login = values.get("second_app"), values["prove_client_id"]
    if second is not None and second == values["app"]:
        raise UsageError("usage.carry-out", "--second-app is the app itself: it is another one")
    _require_login(request, values)
    key = request.folder / f"{request.name}.key"
    has_key = os.path.isfile(key)
    names = frozenset(name.lower() for name in list_names(org.client))
    new_name = request.new_name or free_generation_name(run, request, parent(request.folder), names)
    ckm_name = entry_of_key(org, request.name, facts.public_key_sha256).name if in_ckm else None
    planned = Planned(
        name=request.name,
        new_name=new_name,
        folder=str(request.folder),
        new_folder=str(parent(request.folder) / new_name),
        same_key=not request.new_key,
        is_reminder=bool(values["reminder"]),
        has_login=login is not None,
        has_old_key=has_key and second is None,
        org=org.label,
        app=second or values["app"],
        first_app=values["app"] if second is not None else None,
        ckm_name=ckm_name,
        format=KeystoreFormat.JKS if in_ckm else request.format_after(generation),
    )
    return CarryOut(
        sfkeytool=__version__,
        name=request.name,
        new_name=new_name,
        same_key=planned.same_key,
        is_reminder=planned.is_reminder,
        by=_who(),
        begun_at=run.now.replace(microsecond=0),
        org=org.identity,
        cli_alias=org.cli_alias,
        app=planned.app,
        first_app=planned.first_app,
        username=values["prove_username"],
        ckm_name=ckm_name,
        keystore_format=planned.format,
        before=prints_of(facts),
        notes=tuple(_notes(planned, has_key=has_key)),
        steps=steps_of(planned),
    )


def _require_login(request: "RenewRequest", values: Values) -> None:
    client_id, username = values["prove_client_id"], values["prove_username"]
    if (client_id is None) != (username is None):
        missing = "--username" if username is None else "--client-id"
        raise UsageError("usage.missing", f"missing: {missing}", "a login wants both")
    if request.new_key and client_id is None:
        raise UsageError(
            "usage.missing",
            "missing: --client-id and --username",
            "a rotation is proved by logins: the consumer key of the app that gets the new key, and the client's user",
        )


def _notes(planned: Planned, *, has_key: bool) -> list[str]:
    notes = []
    if planned.ckm_name is not None:
        notes.append("No login is proved: the key is in Salesforce, and nothing here can log in with it.")
    elif not planned.has_login:
        notes.append(
            "No login is proved, as no --client-id and --username were given: that the app carries the certificate is"
            " read back all the same, and the key is the same."
        )
    if not planned.same_key and not has_key:
        notes.append(
            f"{planned.name}.key is not here: that the old key is accepted was not tried, and so the way back is not"
            " proved."
        )
    return notes


def require_same(org: OneOrg, values: Values, record: CarryOut) -> None:
    """Raises UsageError, and OrgError carry.other-org, where the flags name what the change was not begun with."""
    if org.identity.org_id != record.org.org_id:
        raise OrgError(
            "carry.other-org",
            f"{org.label} is {org.identity.org_id}, and the change to {record.new_name} was begun in"
            f" {record.org.org_id} ({record.org.alias}): nothing was changed",
            "go on there; or go back as its steps tell, and move its record away",
        )
    if values.get("in_ckm") and record.ckm_name is None:
        raise UsageError(
            "usage.carry-out", f"the change to {record.new_name} was begun without --in-ckm: its key is in a file"
        )
    if values["format"] not in (None, record.keystore_format):
        raise UsageError(
            "usage.carry-out",
            f"the change to {record.new_name} was begun with a keystore in the format {record.keystore_format}",
            f"go on with that: --format {record.keystore_format}, or none",
        )
    own, second = record.first_app or record.app, record.app if record.first_app is not None else None
    if values["app"] not in (None, own) or values.get("second_app") not in (None, second):
        raise UsageError(
            "usage.carry-out",
            f"the change to {record.new_name} was begun on {own}{f' and {second}' if second else ''}: --app names that",
        )


def announce(run: Run, org: OneOrg, record: CarryOut) -> None:
    """Which org is changed, and that this is experimental: nobody may miss it."""
    identity = org.identity
    where = ", ".join(filter(None, (identity.name, identity.kind, identity.org_id, identity.instance_url)))
    verb = "would be" if run.dry_run else "is"
    message = f"the org {org.label} ({where}) {verb} changed: {record.name} → {record.new_name} on {record.target}"
    run.console.announce(Notice("carry.org", message))
    run.console.warn(Notice("carry.experimental", EXPERIMENTAL))


def _who() -> str:
    try:
        return f"{getpass.getuser()} on {platform.node()}"
    except (OSError, KeyError, ImportError):  # a system that knows no such user
        return f"(unknown) on {platform.node()}"
