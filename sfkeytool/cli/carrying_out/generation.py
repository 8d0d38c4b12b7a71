"""The step that makes the next generation."""

import os

from msgspec.structs import replace

from sfkeytool.cli.carrying_out.change import Change
from sfkeytool.cli.generation_folders import certificate_in
from sfkeytool.cli.lying_here import generation_in
from sfkeytool.errors import InputError
from sfkeytool.workflows.carry_out.engine import Action
from sfkeytool.workflows.carry_out.record import Fact

Facts = tuple[Fact, ...]


def make_action(change: Change) -> Action:
    return Action(look=lambda _: _look_at_generation(change), act=lambda _: _make(change), stays=True)


def _look_at_generation(change: Change) -> Facts | None:
    record = change.record
    if not os.path.lexists(change.new_folder):
        return None
    generation = generation_in(change.new_folder, record.new_name)
    facts = certificate_in(change.run, change.new_folder, record.new_name)
    if facts is None or generation is None or generation.follows is None or generation.follows.name != record.name:
        raise InputError(
            "carry.other-folder",
            f"{change.new_folder} is there, and is not the generation that follows {record.name}",
            "move it away, or choose another name: --as NAME2",
        )
    is_same = facts.public_key_sha256 == record.before.public_key_sha256
    if is_same != record.same_key:
        kind = "the key of" if is_same else "another key than"
        raise InputError("carry.other-folder", f"{change.new_folder} has {kind} {record.name}: not this change's")
    return (
        Fact("certificate", facts.sha256),
        Fact("public key", facts.public_key_sha256),
        Fact("valid until", f"{facts.not_after:%Y-%m-%d %H:%M} UTC"),
    )


def _make(change: Change) -> Facts:
    from sfkeytool.cli.making_generation import make_generation

    request = replace(change.request, new_name=change.record.new_name, folder=change.folder)
    make_generation(change.run, change.values | {"target_org": None}, request, agreed=True)
    facts = _look_at_generation(change)
    if facts is None:
        raise InputError("carry.files-gone", f"{change.new_folder} was made, and is not there")
    return facts
