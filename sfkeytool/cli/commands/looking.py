"""``show`` and ``compare``: the commands that only read."""

import os.path
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfkeytool.cli import options
from sfkeytool.cli.command import Command, MenuPlace, Road
from sfkeytool.cli.fields import Field, Question, Values
from sfkeytool.cli.render import mail_days
from sfkeytool.cli.run import Run
from sfkeytool.cli.walked import Unread, named_files, should_be_readable
from sfkeytool.errors import EXIT_DONE, EXIT_FAILED, InputError, SfkeytoolError

if TYPE_CHECKING:
    from sfkeytool.keystores.contents import InputFile

FILES = Field(
    "files",
    list[Path],
    "Any files with keys, certificates, requests or keystores; a folder is walked.",
    metavar="FILE...",
    required=True,
    question=Question("File or folder to look into:", "paths"),
)
LEFT = Field(
    "left", Path, "A file or folder.", metavar="A", required=True, question=Question("One file or folder:", "path")
)
RIGHT = Field(
    "right", Path, "A file or folder.", metavar="B", required=True, question=Question("The other one:", "path")
)
ALIASES = Field(
    "aliases",
    list[str],
    "Which entry of a keystore, on each side that has it; given twice, the first is for A and the second for B."
    " [default: the one whose certificate or key the other side has]",
    ("--alias",),
    metavar="ALIAS",
)


def _execute_show(run: Run, values: Values) -> int:
    from sfkeytool.cli.building import build_show_request
    from sfkeytool.workflows.show import holds_something, show_file

    request = build_show_request(values)
    given = [run.secret(source, "--password", "Password") for source in request.passwords]
    shown: list[dict[str, Any]] = []
    unread = Unread()
    for path, walked in named_files(request.files, unread.add):
        try:
            file = run.read(path)
            facts = run.with_passwords(given, lambda known, file=file: show_file(file, known, run.now))  # type: ignore[misc]
        except SfkeytoolError as error:
            if walked and not should_be_readable(path, error):
                run.console.detail(error.message)
            else:
                unread.add(error, path)
            continue
        if walked and not holds_something(facts):
            run.console.detail(f"{path}: nothing in it; passed over")
            continue
        shown.append(facts)
        run.console.result(_show_lines(facts))
    if not shown and not unread.errors:
        named = ", ".join(map(str, request.files))
        raise InputError("input.nothing-found", f"{named} holds no key, certificate or keystore")
    unread.tell(run.console, beside_results=bool(shown))
    status = EXIT_FAILED if unread.errors else EXIT_DONE
    run.console.envelope(status, {"files": shown, "unreadable": unread.files})
    return status


def _execute_compare(run: Run, values: Values) -> int:
    from sfkeytool.cli.building import build_compare_request
    from sfkeytool.workflows.compare import Side, compare

    request = build_compare_request(values)
    given = [run.secret(source, "--password", "Password") for source in request.passwords]

    def side(named: Path) -> Side:
        files: list[InputFile] = []
        unread = Unread()
        for path, walked in named_files([named], unread.add):
            try:
                files.append(run.read(path))
            except SfkeytoolError as error:
                if not walked:
                    raise
                if should_be_readable(path, error):
                    unread.add(error, path)
        return Side(str(named), files, walked=os.path.isdir(named), unread=tuple(unread.errors))

    left, right = side(request.left), side(request.right)
    outcome = run.with_passwords(given, lambda known: compare(left, right, known, run.now, request.aliases))
    run.warn_about(outcome)
    run.console.envelope(outcome.exit_code, outcome.result)
    run.console.heading(outcome.result["relation"].replace("-", " "))
    run.console.result([outcome.result["meaning"]])
    for name in ("left", "right"):
        facts = outcome.result[name]
        if "candidates" in facts:
            run.console.result(
                ["", f"{facts['origin']}: {len(facts['candidates'])} could be meant, and it holds of each"]
            )
        for one in facts.get("candidates", [facts]):
            run.console.result(["", one["origin"]])
            if certificate := one.get("certificate"):
                run.console.result(_certificate_lines({**certificate, "mailDates": one["mailDates"]}, "  "))
            else:
                run.console.result([f"  key SHA-256  {one['publicKeySha256']}"])
    return outcome.exit_code


SHOW = Command(
    ("sfkeytool show pay_api.jks", "sfkeytool show export.pfx --password prompt", "sfkeytool show pay_api/ --json"),
    (FILES, options.OPENING_PASSWORD),
    _execute_show,
    place=MenuPlace(Road.OTHER, "Look into a file"),
)

COMPARE = Command(
    (
        "sfkeytool compare pay_api.jks pay_api.crt",
        "sfkeytool compare before.jks after.jks --alias pay_api",
        "sfkeytool compare pay_api/ force-app/main/default/connectedApps/Pay.connectedApp-meta.xml",
    ),
    (LEFT, RIGHT, ALIASES, options.OPENING_PASSWORD),
    _execute_compare,
    place=MenuPlace(Road.OTHER, "Compare two files: is it the same certificate?"),
)


def _show_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"{facts['path']}: {facts['type']}"
    if store := facts.get("keystore"):
        yield from _store_lines(store)
    for key in facts["keys"]:
        fits = ", belongs to none of the certificates here" if facts["certificates"] and not key["certificates"] else ""
        encrypted = ", encrypted" if key["encrypted"] else ""
        yield f"  private key{_alias(key)}: {key['algorithm']} {key['bits'] or ''}{encrypted}{fits}"
        yield f"    key SHA-256  {key['publicKeySha256']}"
    for alias in facts["lockedKeys"]:
        yield f"  private key {alias!r}: not opened, it needs its password"
    for certificate in facts["certificates"]:
        yield f"  certificate{_alias(certificate)}"
        yield from _certificate_lines(certificate, "    ")
    for request in facts["requests"]:
        yield "  certificate request"
        yield from _request_lines(request, "    ")
    for unreadable in facts["unreadableCertificates"]:
        yield f"  certificate{_alias(unreadable)} that cannot be read: {unreadable['reason']}"
    for ignored in facts["ignored"]:
        yield f"  not read: {ignored}"
    yield ""


def _store_lines(store: Mapping[str, Any]) -> Iterator[str]:
    version = f" version {store['version']}" if "version" in store else ""
    integrity = "integrity verified" if store["integrity"] == "verified" else "integrity not checked (no password)"
    yield f"  {store['type']}{version}, {_entries(len(store['entries']))}, {integrity}"
    if store.get("trailingBytes"):
        yield f"  {store['trailingBytes']} bytes follow after its end"
    for entry in store["entries"]:
        made = f", {entry['createdAt'][:10]}" if entry["createdAt"] else ""
        chain = ""
        if entry["kind"] == "private-key":
            order = "" if entry["chainInOrder"] else " (not in order)"
            chain = (
                f", chain of {entry['chainLength']}{order}" if entry["chainLength"] else ", no one certificate of it"
            )
        name = "(no name)" if entry["alias"] is None else repr(entry["alias"])
        yield f"  entry {name}: {entry['kind']}{made}{chain}"


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


_SELF_SIGNATURES = {
    "verified": "self-signed",
    "bad": "itself, but its signature does NOT VERIFY",
    "not-tested": "itself; its signature was not tested",
}


def _certificate_lines(facts: Mapping[str, Any], indent: str) -> Iterator[str]:
    bits = f" {facts['keyBits']}" if facts["keyBits"] else ""
    days_left = facts.get("daysLeft")
    left = (
        ""
        if days_left is None
        else f" ({days_left} days left)"
        if days_left >= 0
        else f" (expired {-days_left} days ago)"
    )
    yield f"{indent}subject      {facts['subject'] or '(empty)'}"
    own = _SELF_SIGNATURES.get(facts["selfSignature"], facts["issuer"])
    yield f"{indent}issuer       {own}"
    yield f"{indent}valid        {facts['notBefore'][:10]} to {facts['notAfter'][:10]}{left}"
    if facts["mailDates"] and not facts["isCa"]:
        expires = date.fromisoformat(facts["notAfter"][:10])
        days = [date.fromisoformat(day) for day in facts["mailDates"]]
        yield f"{indent}CKM mails    {mail_days(days, expires)}, if CKM holds it (give or take a day)"
    yield f"{indent}key          {facts['keyAlgorithm']}{bits}, signed with {facts['signatureAlgorithm']}"
    if facts["san"]:
        yield f"{indent}SAN          {', '.join(facts['san'])}"
    yield f"{indent}SHA-256      {facts['sha256']}"
    yield f"{indent}key SHA-256  {facts['publicKeySha256']}"
    yield from (f"{indent}unusual      {words}" for words in facts["unusual"])


def _request_lines(facts: Mapping[str, Any], indent: str) -> Iterator[str]:
    yield f"{indent}subject      {facts['subject'] or '(empty)'}"
    yield f"{indent}key          {facts['keyAlgorithm']} {facts['keyBits'] or ''}"
    yield f"{indent}signature    {'valid' if facts['signatureValid'] else 'NOT VALID'}"
    if facts["san"]:
        yield f"{indent}SAN          {', '.join(facts['san'])}"
    yield f"{indent}key SHA-256  {facts['publicKeySha256']}"
    yield from (f"{indent}unusual      {words}" for words in facts["unusual"])
    yield from (f"{indent}a CA asks    {wanted}" for wanted in facts["caAsks"])


def _alias(facts: Mapping[str, Any]) -> str:
    return f" {facts['alias']!r}" if facts.get("alias") else ""
