"""Which steps a change has, each with its proof and its way back: all of it is written before the first one starts."""

from msgspec import Struct

from sfkeytool.model import KeystoreFormat
from sfkeytool.shell import path_argument, shell_line
from sfkeytool.workflows.carry_out.record import CarryStep

_LISTED = "Setup > Certificate and Key Management"


class Change(Struct, frozen=True):
    """What is to be carried out. ``folder`` and ``new_folder`` are those of the two generations. ``has_login``: whether
    an app and a user are known to log in with; ``has_old_key``: whether the old key is here, and is the app's own.
    ``app`` gets the certificate; ``first_app`` stays as it is beside it, where a second app gets the new key.
    ``ckm_name`` is the record of CKM in which the key was born, and stays; only then ``app`` may be None.
    ``format`` is that of the keystore that is imported."""

    name: str
    new_name: str
    folder: str
    new_folder: str
    same_key: bool
    is_reminder: bool
    has_login: bool
    has_old_key: bool
    org: str
    app: str | None
    first_app: str | None = None
    ckm_name: str | None = None
    format: KeystoreFormat = KeystoreFormat.JKS


def steps_of(change: Change) -> tuple[CarryStep, ...]:
    """In the order in which they are done. Pure."""
    if change.ckm_name is not None:
        onto_app = [_app(change), _audit(change)] if change.app is not None else []
        return (_request(change), _answer(change), _upload(change, change.ckm_name), *onto_app, _finish())
    steps = [_make(change), _import(change)]
    if not change.same_key:
        steps.append(_clients())
    if change.has_login and change.has_old_key:
        steps.append(_baseline())
    steps.append(_app(change))
    if change.has_login:
        steps.append(_login(change))
    if not change.same_key:
        steps += [_switch(change), _switched(change)]
    return (*steps, _audit(change), _finish())


def _make(change: Change) -> CarryStep:
    kind = "with the same key" if change.same_key else "with a new key"
    return CarryStep(
        id="make",
        title=f"Make {change.new_name}, {kind}",
        proof=f"{change.new_name}.crt is in its folder, and "
        + ("has the public key of" if change.same_key else "has another public key than")
        + f" {change.name}.crt.",
        way_back=f"Delete the folder {change.new_folder}: nothing knows of it yet.",
        changes=True,
    )


def _import(change: Change) -> CarryStep:
    if change.is_reminder:
        name = f"{change.new_name}'s reminder"
        return CarryStep(
            id="import",
            title=f"Bring a reminder of {change.new_name} into CKM; its key stays out of the org",
            proof="CKM has a record that it had not before, whose certificate expires with"
            f" {change.new_name}.crt, names it, and has another key.",
            way_back=f"{_LISTED}: delete the entry of {name}. Nothing uses it.",
            changes=True,
        )
    return CarryStep(
        id="import",
        title=f"Bring {change.format.keystore(change.new_name)} into Certificate and Key Management (CKM)",
        proof=f"CKM has a record that it had not before, and its body is {change.new_name}.crt.",
        way_back=f"{_LISTED} > {change.new_name} > Delete. Nothing uses it yet; {change.name} stays as it is.",
        changes=True,
    )


def _request(change: Change) -> CarryStep:
    return CarryStep(
        id="request",
        title=f"Fetch the request of the record {change.ckm_name}: {change.name}.csr, for the CA",
        proof=f"{change.name}.csr is in its folder, and asks for the key of {change.name}.crt.",
        way_back="There is nothing to take back: a request changes nothing.",
        changes=False,
    )


def _answer(change: Change) -> CarryStep:
    return CarryStep(
        id="answer",
        title=f"Take the CA's answer to {change.name}.csr, as {change.new_name}",
        proof=f"{change.new_name}.crt is in its folder: another certificate of the same key, with its chain.",
        way_back=f"Delete the folder {change.new_folder}: nothing knows of it yet.",
        changes=False,
    )


def _upload(change: Change, ckm_name: str) -> CarryStep:
    former = path_argument(f"{change.new_folder}/{change.new_name}{FORMER}")
    line = shell_line(["sfkeytool", "ckm", "upload", ckm_name, former, "-o", change.org, "--deploy"])
    return CarryStep(
        id="upload",
        title=f"Put {change.new_name}-chain.crt on the record {ckm_name} of CKM, which keeps its name and its key",
        proof=f"The record, read back, holds {change.new_name}.crt.",
        way_back=f"Put the chain back that the record had, while it is valid: `{line}`",
        changes=True,
    )


FORMER = "-former.crt"
"""What follows NAME in the name of the file with the chain that a record had before."""


def _clients() -> CarryStep:
    return CarryStep(
        id="clients",
        title="Where does each client read its key, and when can it switch?",
        proof="Somebody who knows has answered, after every place was listed where the old public key was seen.",
        way_back="There is nothing to take back: nothing was changed.",
        changes=False,
    )


def _baseline() -> CarryStep:
    return CarryStep(
        id="baseline",
        title="Log in once before the app is touched, with the key that the clients have",
        proof="Salesforce accepts the login: what is refused later was not refused before.",
        way_back="There is nothing to take back: a login changes nothing.",
        changes=False,
    )


def _app(change: Change) -> CarryStep:
    if change.same_key:
        title = f"Put {change.new_name}.crt on the app {change.app}: the key is the same, no login should fail"
    elif change.first_app is not None:
        title = f"Put {change.new_name}.crt on the second app {change.app}; {change.first_app} stays as it is"
    else:
        title = f"Put {change.new_name}.crt on the app {change.app}: from then on logins with the old key fail"
    return CarryStep(
        id="app",
        title=title,
        proof=f"The app, read back, carries {change.new_name}.crt, and differs from before in nothing else.",
        way_back=_app_back(change),
        changes=True,
    )


def _app_back(change: Change) -> str:
    if change.first_app is not None:
        return f"Leave the clients on {change.first_app}: its certificate was not touched."
    old = ["-d", path_argument(change.folder)] if change.folder != change.name else []
    line = ["sfkeytool", "metadata", change.name, *old, "--app", change.app or "", "-o", change.org, "--deploy"]
    way_back = f"Put {change.name}.crt on the app again: `{shell_line(line)}`"
    if change.same_key:
        return way_back
    return f"{way_back}. The old key {change.name}.key works when that has spread, which takes minutes."


def _login(change: Change) -> CarryStep:
    if change.same_key:
        title = "Log in again and again while the change spreads"
        proof = "Not one login is refused."
    else:
        title = "Log in with the new key until it is accepted; with the old one too, to know when it no longer is"
        proof = "Salesforce accepts the new key."
    way_back = "That of the app's step. A login changes nothing."
    return CarryStep(id="login", title=title, proof=proof, way_back=way_back, changes=False)


def _switch(change: Change) -> CarryStep:
    app = f"to the consumer key of {change.app}, and" if change.first_app is not None else ""
    return CarryStep(
        id="switch",
        title=" ".join(filter(None, ("Switch the clients", app, f"to {change.new_name}.key"))),
        proof="The command of --switch-client ended well; without one, whoever switches the clients was told how.",
        way_back=_clients_back(change),
        changes=True,
    )


def _switched(change: Change) -> CarryStep:
    return CarryStep(
        id="switched",
        title="See that the clients log in with the new key",
        proof="LoginHistory has a login of the user at the app after our own last one, and none that failed since."
        " Whether every refused login is listed there is not documented.",
        way_back=_clients_back(change),
        changes=False,
    )


def _clients_back(change: Change) -> str:
    if change.first_app is not None:
        return (
            f"Give the clients {change.name}.key and the consumer key of {change.first_app} again: it was not touched."
        )
    return f"Give the clients {change.name}.key again. {_app_back(change)}"


def _audit(change: Change) -> CarryStep:
    return CarryStep(
        id="audit",
        title="Audit: does CKM cover what the app carries?",
        proof=f"The audit of the org calls the app {change.app} {'reminder' if change.is_reminder else 'covered'}.",
        way_back="There is nothing to take back: the audit reads only.",
        changes=False,
    )


def _finish() -> CarryStep:
    return CarryStep(
        id="finish",
        title="Tell what is left of the old generation, and what to do with it by hand",
        proof="It is told, and stands in the evidence. No entry of CKM and no key is ever deleted here.",
        way_back="There is nothing to take back.",
        changes=False,
    )
