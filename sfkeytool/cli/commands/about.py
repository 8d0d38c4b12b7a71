"""``help``, ``completion`` and ``version``: what sfkeytool tells of itself."""

import sys

from sfkeytool import __version__
from sfkeytool.cli.command import Command, Example
from sfkeytool.cli.commands import ABOUT, GROUPS, TABLE
from sfkeytool.cli.completion_scripts import Shell, script
from sfkeytool.cli.fields import Field, Offer, Values
from sfkeytool.cli.help import help_width, page_of, print_help, topic_lines
from sfkeytool.cli.run import Run
from sfkeytool.cli.topics import TOPICS
from sfkeytool.errors import UsageError


def _help(run: Run, values: Values) -> int:  # noqa: ARG001 - there is nothing to run
    print_help(_pages(" ".join(values["words"] or ())), sys.stdout)
    return 0


def _pages(wanted: str) -> list[str]:
    """What there is about it. Raises UsageError."""
    width = help_width()
    page = page_of([] if wanted == "sfkeytool" else wanted.split(), width)
    if page is not None:
        return list(page)
    if wanted in TOPICS:
        return list(topic_lines(wanted, width))
    rows = [row.name for row in (*TABLE, *ABOUT)]
    from difflib import get_close_matches

    near = get_close_matches(wanted, [*rows, *GROUPS, *TOPICS], n=3, cutoff=0.65)
    hint = " or ".join(f"sfkeytool help {name}" for name in near) or "sfkeytool help lists them all"
    raise UsageError("usage.command-line", f"there is no command and no topic {wanted!r}", hint)


HELP = Command(
    (
        Example("One command", "sfkeytool help ckm list"),
        Example("A topic: which way to go", "sfkeytool help roads"),
    ),
    (
        Field(
            "words",
            list[str],
            f"A command, or one of the topics {', '.join(TOPICS)}.",
            metavar="[COMMAND]...",
            offer=Offer.HELP,
        ),
    ),
    _help,
)


def _completion(run: Run, values: Values) -> int:  # noqa: ARG001
    print(script(values["shell"]), end="")
    return 0


COMPLETION = Command(
    (
        Example("bash, in ~/.bashrc", 'eval "$(sfkeytool completion bash)"'),
        Example("zsh, in ~/.zshrc after compinit", 'eval "$(sfkeytool completion zsh)"'),
        Example("fish, in ~/.config/fish/config.fish", "sfkeytool completion fish | source"),
        Example("PowerShell, in $PROFILE", "sfkeytool completion powershell | Out-String | iex"),
    ),
    (Field("shell", Shell, f"One of {', '.join(Shell)}.", metavar="SHELL", required=True),),
    _completion,
    details=(
        "Writes a short script for the shell, which asks sfkeytool at each Tab: for commands, options, and values such"
        " as names of folders here, aliases of orgs, variables, steps and rules."
    ),
)


def _version(run: Run, values: Values) -> int:  # noqa: ARG001
    print(f"sfkeytool {__version__}")
    return 0


VERSION = Command((Example("The same as --version and -V", "sfkeytool version"),), (), _version)
