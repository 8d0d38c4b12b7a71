"""``--if-missing``: a pair that is there and fine is told apart from a failure."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.cli.fields import Field, Group
from sfkeytool.cli.finishing import read_key_inputs
from sfkeytool.cli.render import wrapped
from sfkeytool.cli.run import Run
from sfkeytool.errors import PrivateKeyError, UsageError
from sfkeytool.shell import path_argument, shell_line

if TYPE_CHECKING:
    from sfkeytool.workflows.keypair import KeyRequest

IF_MISSING = Field(
    "if_missing",
    bool,
    "Make it only where it is not there: a pair that is there and fine is exit 0.",
    ("--if-missing",),
    group=Group.WHERE,
)


def is_present(run: Run, name: str, request: "KeyRequest", folder: Path, ending: str, *, force: bool) -> bool:
    """Whether what would be made is in ``folder``, and fine; that is told. Raises our errors where it is there and not
    fine."""
    from sfkeytool.workflows.present import present_pair, present_request

    if force:
        raise UsageError("usage.if-missing", "--force replaces what --if-missing keeps", "give one of the two")
    made = folder / f"{name}{ending}"
    if not os.path.lexists(made):
        return False
    key = request.key_file or folder / f"{name}.key"
    if not os.path.lexists(key):
        raise PrivateKeyError(
            "key.none",
            f"{made} is there, and {key} is not",
            "if the key is kept elsewhere: --key FILE; what belongs together is told by "
            + shell_line(["sfkeytool", "show", path_argument(str(folder))]),
        )
    inputs = read_key_inputs(run, name, request, folder)
    file, key_file = run.read(made), inputs.reused or inputs.existing or run.read(key)
    found = run.with_passwords(
        inputs.input_passwords,
        lambda known: (
            present_pair(name, key_file, file, known, run.now)
            if ending == ".crt"
            else present_request(name, key_file, file, known)
        ),
    )
    run.console.envelope(0, found)
    until = f", valid until {found.certificate.not_after.date()}" if found.certificate else ""
    run.console.result(wrapped(f"{made} is there, and belongs to {key}{until}: nothing was made."))
    run.console.answer([])
    return True
