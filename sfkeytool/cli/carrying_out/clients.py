"""The question that decides an outage: where does each client read its key, and when can it switch?"""

import os
from typing import TYPE_CHECKING

from sfkeytool.cli.carrying_out.change import Change
from sfkeytool.edge.ask import Choice
from sfkeytool.errors import Declined, OrgError
from sfkeytool.passwords import Source, SourceKind
from sfkeytool.shell import shell_line
from sfkeytool.workflows.carry_out.engine import Action
from sfkeytool.workflows.carry_out.record import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sfkeytool.audit.model import Source as AuditSource

Facts = tuple[Fact, ...]
_MOST_PLACES = 40
_SECOND, _BY_HAND, _NOT_NOW = "second", "hand", "no"
_QUESTION = "Where does each client read its key, and when can it switch?"


def clients_action(change: Change) -> Action:
    return Action(look=lambda _: None, act=lambda _: _settle(change))


def switch_action(change: Change) -> Action:
    return Action(look=lambda _: None, act=lambda _: _switch(change))


def _settle(change: Change) -> Facts:
    """The places, and the answer. Raises OrgError carry.clients where there is none: --yes does not answer it."""
    places = list(_places(change))
    record = change.record
    told = [
        f"An app holds one certificate: once {record.new_name}.crt is on {record.app}, logins with the old key fail.",
        f"The public key of {record.name} stands, as far as was read, in:",
        *(f"  {place}" for place in places[:_MOST_PLACES]),
        *([f"  and {len(places) - _MOST_PLACES} more"] if len(places) > _MOST_PLACES else []),
        "Where else the private key lies, in vaults, CI variables and other machines, nobody can see from here.",
    ]
    if record.first_app is not None:
        told[0] = f"{record.first_app} keeps the old certificate: its clients go on until they are moved."
    for line in told:
        change.run.console.say(line)
    facts = [Fact("the old public key was seen in", place) for place in places[:_MOST_PLACES]]
    return (*facts, *_answer(change))


def _answer(change: Change) -> Facts:
    record, command = change.record, change.values.get("switch_client")
    if record.first_app is not None:
        beside = f"{record.app} gets the new key beside {record.first_app}: no gap"
        return (Fact("the clients", f"are moved one by one: {beside}"),)
    if command is not None:
        _source(command)
        return (Fact("the client", "is switched by the command of --switch-client, once the new key is accepted"),)
    if change.run.asker is None:
        raise _unanswered(change)
    asker = change.run.asker
    choices = (
        Choice(
            _SECOND,
            "By a second app",
            "The new key beside the old: the only way without a gap. Nothing is touched now.",
        ),
        Choice(_BY_HAND, "By hand, as soon as the new key is accepted", "Logins with the old key fail until then."),
        Choice(_NOT_NOW, "I do not know yet", "Nothing is touched."),
    )
    answer = asker.choice(_QUESTION, choices, default=_SECOND, back=False)
    if answer == _SECOND:
        raise _unanswered(change)
    if answer == _NOT_NOW:
        raise Declined
    where = asker.text("Where does each client read its key (a path, a vault, a variable)?", check=_not_empty)
    when = asker.text("When can it switch, and who does it?", check=_not_empty)
    return (
        Fact("the clients are switched", "by hand, as soon as the new key is accepted"),
        Fact("where each client reads its key", where),
        Fact("when it can switch, and who does it", when),
    )


def _not_empty(answer: str) -> None:
    from sfkeytool.errors import UsageError

    if not answer.strip():
        raise UsageError("usage.empty", "the change is not begun without an answer")


def _unanswered(change: Change) -> OrgError:
    record = change.record
    metadata = shell_line(["sfkeytool", "metadata", record.new_name])
    return OrgError(
        "carry.clients",
        f"{_QUESTION} The app {record.app} was not touched; --yes does not answer this",
        f"without a gap: make a second app ({metadata} writes its source), approve the same users for it, and give"
        " --second-app APP2, with its consumer key as --client-id",
        "with one app, where a command switches the client: --switch-client COMMAND",
        "or answer on a terminal",
    )


def _places(change: Change) -> "Iterator[str]":
    """Where the old public key was seen: in the org, and in the files beside the generations."""
    from sfkeytool.audit.org import read_org
    from sfkeytool.cli.commands.audit.walking import Walk

    sources: list[AuditSource] = []
    with change.run.progress("looking where the old public key stands …") as tell:
        sources.append(read_org(change.client, change.org.label, {}))
        beside = change.folder.parent if str(change.folder.parent) else change.folder
        sources.append(Walk(change.run, (), (), tell).look_through(beside))
    old = change.record.before.public_key_sha256
    seen: dict[str, None] = {}
    for source in sources:
        for carrier in source.carriers:
            if carrier.certificate is not None and carrier.certificate.public_key_sha256 == old:
                for where in (carrier.where, *carrier.also_in):
                    seen[where] = None
    own = change.folder / f"{change.record.name}.key"
    if os.path.isfile(own):
        seen[str(own)] = None
    yield from seen


def _source(command: str) -> Source:
    return Source(SourceKind.COMMAND, command)


def _switch(change: Change) -> Facts:
    record, command = change.record, change.values.get("switch_client")
    key = change.new_folder / f"{record.new_name}.key"
    if command is None:
        line = f"Give the clients the new key now: {key.absolute()}"
        if record.first_app is not None:
            line += f", and the consumer key of {record.app}"
        change.run.console.say(line)
        if change.run.asker is not None and not change.values["yes"]:
            if not change.run.asker.confirm("Have they been given it?", default=False):
                raise Declined
            return (Fact("the clients", "were given the new key, says whoever carried this out"),)
        return (Fact("whoever switches the clients", "was told where the new key is"),)
    from sfkeytool.edge.switch_command import run_switch_command

    told = {
        "CARRY_OUT_NAME": record.new_name,
        "CARRY_OUT_KEY_FILE": str(key.absolute()),
        "CARRY_OUT_CERTIFICATE_FILE": str(key.with_suffix(".crt").absolute()),
    }
    with change.run.progress("switching the client …"):
        run_switch_command(_source(command), "--switch-client", change.run.environ, change.run.withheld, told)
    program = os.path.basename(command.split()[0]) if command.split() else command  # noqa: PTH119 - words, no path
    return (Fact("the command of --switch-client", f"{program} … ended with exit code 0"),)
