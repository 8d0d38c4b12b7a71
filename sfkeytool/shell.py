"""Commands as people paste them: into cmd.exe and PowerShell on Windows, into a POSIX shell elsewhere.

The one place that quotes. What it is given is anybody's text: names of files, of apps, of orgs.
"""

import re
import sys
from collections.abc import Sequence

from sfkeytool.plain_text import escaped, escaped_commands

WINDOWS = sys.platform == "win32"
CMD, POWERSHELL = "cmd.exe", "PowerShell"

_PLAIN_POSIX = re.compile(r"(?!=)[A-Za-z0-9_@%+=:,./…-]+")
"""What a POSIX shell, and zsh, reads as itself; an ellipsis stands in blanks for a person to fill."""

_NOT_EVERYWHERE = re.compile(r"`|;(?=[\s\"]*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""What could not stand where a line is shown: in a text that has backquotes around it; in a report for spreadsheets,
some of which split lines at semicolons and take what follows for a formula."""

_PLAIN_WINDOWS = re.compile(r"-{0,2}[A-Za-z][A-Za-z0-9-]*|(?![-@=])[\w./\\:=+@…-]+")
"""What cmd.exe and PowerShell both read as itself: an option, or a word. A comma makes a list in PowerShell, ``@x`` is
splatting there, and ``-a.b`` becomes two arguments."""

_EXPANDED_BY_POWERSHELL = re.compile("[$`\u201c\u201d\u201e]")
"""Between double quotes; typographic ones end them. A backtick before it is the remedy, which cmd.exe passes on."""

_ODD_IN_QUOTES = re.compile(r'[^\w ./\\:=+@…,"\'-]')
"""What could be obeyed once a quotation mark in a word makes the two disagree on what stands between quotes."""

_WILD = re.compile(r"[*?\[\]/]")
"""What ``del`` takes for a pattern, in PowerShell or in cmd.exe, or for a switch. Its commas part names in both."""

_COMMAND_FILES = ("sf", "npm")
"""Started through cmd.exe (``sf.cmd``): PowerShell hands it a word that has no blank without its quotes."""
_OBEYED_BY_CMD = re.compile(r'[&|<>^()%"]')

_REMARKS = {
    frozenset((CMD, POWERSHELL)): "",
    frozenset((CMD,)): f" & rem for {CMD} alone",
    frozenset((POWERSHELL,)): f" # for {POWERSHELL} alone",
}


class _UnsafeError(Exception):
    """There is no line; the text says why."""


def shell_line(arguments: Sequence[str], *, windows: bool = WINDOWS) -> str:
    """One line to paste, which the shell reads as exactly these arguments. Pure.

    On Windows it is right in cmd.exe and in PowerShell; where only one of the two can read it, a comment at its end,
    over which the other stumbles, says which. Where no line is safe, there is a reason in brackets in its place.
    """
    try:
        if not windows:
            return " ".join(map(_posix_word, arguments))
        words, shells = _windows_words(arguments)
    except _UnsafeError as reason:
        return f"({reason})"
    return " ".join(words) + _REMARKS[shells]


def quoted_path(path: str, *, windows: bool = WINDOWS) -> tuple[str, str]:
    """A path as an argument that no command takes for an option, for lines whose words are written already; and what
    to say behind them: which shell alone reads it rightly, or why FILE stands in its place. Pure.
    """
    try:
        if not windows:
            return _posix_word(path_argument(path, windows=windows)), ""
        words, shells = _windows_words([path_argument(path, windows=windows)] * 2)  # a line may name it twice
    except _UnsafeError as reason:
        return "FILE", f" ({reason})"
    return words[0], f" (for {min(shells)} alone)" if len(shells) == 1 else ""


def path_argument(path: str, *, windows: bool = WINDOWS) -> str:
    """The same where no shell is in between. Pure."""
    here = ".\\" if windows else "./"  # which cmd.exe's own commands want
    return here + path if path.startswith("-") else path


def line_inside(folder: str, arguments: Sequence[str], *, windows: bool = WINDOWS) -> str:
    """One line to paste that runs ``arguments`` inside ``folder``, and leaves the reader where they are. On Windows,
    where cmd.exe and PowerShell have no such line in common, the command alone: say where it belongs. Pure."""
    line = shell_line(arguments, windows=windows)
    return line if windows else f"(cd {_posix_word(path_argument(folder, windows=False))} && {line})"


def deletion(paths: Sequence[str], *, windows: bool = WINDOWS) -> str:
    """One line to paste that deletes these files; empty where none is right in each of the shells. Pure."""
    if not windows:
        return shell_line(["rm", *(path_argument(path, windows=False) for path in paths)], windows=False)
    if any(_WILD.search(path) for path in paths):
        return ""
    words = [quoted_path(path, windows=True) for path in paths]
    return "" if any(remark for _, remark in words) else "del " + ", ".join(word for word, _ in words)


def _posix_word(argument: str) -> str:
    if "\0" in argument:
        raise _unsafe(argument, "holds a character that no argument can")
    inner = argument.replace("\\", "\\\\")
    told = _NOT_EVERYWHERE.sub(lambda found: _octal(found[0]), escaped(inner, _octal))
    if told != inner:
        # What a terminal, a log or a cell cannot show as it is goes in octal, of which every shell that has $'…'
        # (POSIX.1-2024) reads three digits at most. No quote within: to dash, which has it not, it is one word as well.
        return "$'" + re.sub("['!]", lambda found: _octal(found[0]), told) + "'"
    if _PLAIN_POSIX.fullmatch(argument):
        return argument
    return "'" + argument.replace("'", "'\"'\"'") + "'"


def _octal(character: str) -> str:
    is_byte = "\udc80" <= character <= "\udcff"  # of a name that is no UTF-8
    encoded = character.encode("utf-8", "surrogateescape" if is_byte else "surrogatepass")
    return "".join(f"\\{byte:03o}" for byte in encoded)


def _windows_words(arguments: Sequence[str]) -> tuple[list[str], frozenset[str]]:
    """The arguments, quoted, and the shells that read all of them so: never none. Raises _UnsafeError."""
    shells = frozenset((CMD, POWERSHELL))
    has_quotes = any('"' in argument for argument in arguments)
    # cmd.exe leaves a single one alone; of two it may take what is between them for a variable's name.
    if sum(argument.count("%") for argument in arguments) > 1:
        shells = frozenset((POWERSHELL,))
    words = []
    for argument in arguments:
        if not argument.isprintable():
            raise _unsafe(argument, "holds a character that cannot be typed")
        if arguments[0] in _COMMAND_FILES and _OBEYED_BY_CMD.search(argument):
            raise _unsafe(argument, f"does not reach {arguments[0]} unharmed from both {CMD} and {POWERSHELL}")
        if has_quotes and _ODD_IN_QUOTES.search(argument):
            raise _unsafe(argument, f"is not safe beside a quotation mark in {CMD} and {POWERSHELL}")
        word, readers = _windows_word(argument)
        words.append(word)
        shells &= readers
        if not shells:
            raise _unsafe(argument, f"is safe neither in {CMD} nor in {POWERSHELL}, with the rest of its line")
    return words, shells


def _windows_word(argument: str) -> tuple[str, frozenset[str]]:
    if _PLAIN_WINDOWS.fullmatch(argument) and escaped_commands(argument, _divided) == argument:
        return argument, frozenset((CMD, POWERSHELL))
    # A program takes \" for a quotation mark, and \\ for a backslash before one. PowerShell 5 passes on neither as it
    # should, nor an empty word. With a caret before them all, cmd.exe counts no quotation marks in such a word.
    inner = re.sub(r'(\\*)("|\Z)', lambda found: 2 * found[1] + ('\\^"' if found[2] else ""), argument)
    told = escaped_commands(_EXPANDED_BY_POWERSHELL.sub(lambda found: f"`{found[0]}", inner), _divided)
    shells = {CMD, POWERSHELL}
    if inner != argument or not argument:
        shells.discard(POWERSHELL)
    if told != inner:
        shells.discard(CMD)
    mark = '^"' if '"' in argument else '"'
    return mark + told + mark, frozenset(shells)


def _divided(character: str) -> str:
    return f"{character}`"  # from the one behind it, of which PowerShell takes the backtick away


def _unsafe(argument: str, reason: str) -> _UnsafeError:
    return _UnsafeError(f"no command to paste: {argument!r} {reason}")
