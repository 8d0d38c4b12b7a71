"""The options that every command has: how it talks. Light on purpose: --help of sfkeytool needs no others."""

from sfkeytool.cli.fields import Field, Group
from sfkeytool.edge.colors import Color


def _output(name: str, help: str, *short: str) -> Field:
    return Field(name, bool, help, ("--" + name.replace("_", "-"), *short), group=Group.OUTPUT)


JSON = _output("json", "One JSON object on stdout; no question is asked.")
NO_PROMPT = _output("no_prompt", "Never ask; missing values are an error.")
PLAIN = _output(
    "plain",
    "For screen readers: numbered choices, no colour, nothing drawn twice. [default: where $TERM is dumb or"
    " $SFKEYTOOL_PLAIN is set]",
)
QUIET = _output("quiet", "Only the paths that were written, one a line; and errors.", "-q")
VERBOSE = _output("verbose", "Say on stderr what is done.", "-v")
COLOR = Field(
    "color",
    Color,
    "Colours and bold type. [default: auto: on a terminal, unless $NO_COLOR; with $FORCE_COLOR]",
    ("--color",),
    group=Group.OUTPUT,
)

EVERYWHERE = (JSON, NO_PROMPT, PLAIN, QUIET, VERBOSE, COLOR)
