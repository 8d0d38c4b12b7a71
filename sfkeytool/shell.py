"""Commands as people paste them: into cmd.exe and PowerShell on Windows, into a POSIX shell elsewhere.

The one place that quotes, and that takes a command apart. What it is given to quote is anybody's text: names of files,
of apps, of orgs.
"""

import re
import sys
from collections.abc import Sequence

from sfkeytool.plain_text import escaped, escaped_commands

WINDOWS = sys.platform == "win32"
CMD, POWERSHELL = "cmd.exe", "PowerShell"

# Texts and not compiled: a run needs one or two of these, and compiling all would be a part of every start.
_PLAIN_POSIX = r"(?!=)[A-Za-z0-9_@%+=:,./…-]+"
"""What a POSIX shell, and zsh, reads as itself; an ellipsis stands in blanks for a person to fill."""

_NOT_EVERYWHERE = r"`|;(?=[\s\"]*[=+\-@\uff1d\uff0b\uff0d\uff20])"
"""What could not stand where a line is shown: in a text that has backquotes around it; in a report for spreadsheets,
some of which split lines at semicolons and take what follows for a formula."""

_PLAIN_WINDOWS = r"-{0,2}[A-Za-z][A-Za-z0-9-]*|(?![-@])[\w./\\:+@…-]+"
"""What cmd.exe and PowerShell both read as itself: an option, or a word. A comma makes a list in PowerShell, ``@x`` is
splatting there, and ``-a.b`` becomes two arguments; ``=`` parts names for cmd.exe's own commands, ``del`` say."""

_PIECE_WINDOWS = r'(\\*)"|\\+|[ \t]|[^\\" \t]+'
"""Of a command: backslashes and the quotation mark behind them, backslashes, a blank, anything else."""

_EXPANDED_BY_POWERSHELL = "[$`\u201c\u201d\u201e]"
"""Between double quotes; typographic ones end them. A backtick before it is the remedy, which cmd.exe passes on."""

_ODD_IN_QUOTES = r'[^\w ./\\:=+@…,"\'-]'
"""What could be obeyed once a quotation mark in a word makes the two disagree on what stands between quotes."""

_WILD = r"[*?\[\]/]"
"""What ``del`` takes for a pattern, in PowerShell or in cmd.exe, or for a switch. Its commas part names in both."""

_COMMAND_FILES = ("sf", "npm")
"""Started through cmd.exe (``sf.cmd``): PowerShell hands it a word that has no blank without its quotes."""
_OBEYED_BY_CMD = r'[&|<>^()%"]'

_REMARKS = {
    frozenset((CMD, POWERSHELL)): "",
    frozenset((CMD,)): f" & rem for {CMD} alone",
    frozenset((POWERSHELL,)): f" # for {POWERSHELL} alone",
}


_PROGRAM = "sfkeytool"
"""As commands name it, and as people do where it is installed."""
_called = [_PROGRAM]


class _UnsafeError(Exception):
    """There is no line; the text says why."""


def call_sfkeytool(program: str) -> None:
    """Lines that run sfkeytool begin with ``program`` from now on: the path of one that PATH does not lead to."""
    _called[0] = program


def shell_line(arguments: Sequence[str], *, windows: bool = WINDOWS) -> str:
    """One line to paste, which the shell reads as exactly these arguments. Pure.

    On Windows it is right in cmd.exe and in PowerShell; where only one of the two can read it, a comment at its end,
    over which the other stumbles, says which. Where no line is safe, there is a reason in brackets in its place.
    """
    if arguments[0] == _PROGRAM:
        arguments = [*_called, *arguments[1:]]
    try:
        if not windows:
            return " ".join(map(_posix_word, arguments))
        words, shells = _windows_words(arguments)
        if words[0] != arguments[0]:
            shells -= {POWERSHELL}  # to which a quoted word that comes first is a text, and no program
            if not shells:
                raise _unsafe(arguments[0], "is a program that no line can begin with, with the rest of its line")
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


def command_words(text: str, *, windows: bool = WINDOWS) -> list[str]:
    """The arguments that ``text`` is, the program first, where no shell reads it: never none of a text that is not
    blank. Pure.

    On Windows by the rules that Microsoft documents of CommandLineToArgvW, elsewhere by those of POSIX quotes. Raises
    ValueError where a quotation mark is not closed, also where those rules would bear it.
    """
    if windows:
        return _words_on_windows(text)
    import shlex

    return shlex.split(text)


def _words_on_windows(text: str) -> list[str]:
    """In the first, the program's path, a backslash is always itself. In the others an even number of them before a
    quotation mark stands for half as many, and the mark begins or ends a quotation; of an odd number the last makes
    the mark an ordinary character."""
    words: list[str] = []
    word: str | None = None
    quoted = False
    for found in re.finditer(_PIECE_WINDOWS, text.strip(" \t")):
        backslashes = found[1]
        if backslashes is not None and (not words or len(backslashes) % 2 == 0):
            quoted = not quoted
            word = (word or "") + (backslashes[::2] if words else backslashes)
        elif backslashes is not None:
            word = (word or "") + backslashes[: len(backslashes) // 2] + '"'
        elif quoted or found[0] not in (" ", "\t"):
            word = (word or "") + found[0]
        elif word is not None:
            words.append(word)
            word = None
    if quoted:
        raise ValueError("a quotation mark is not closed")
    return words if word is None else [*words, word]


def line_inside(folder: str, arguments: Sequence[str], *, windows: bool = WINDOWS) -> str:
    """One line to paste that runs ``arguments`` inside ``folder``, and leaves the reader where they are. On Windows,
    where cmd.exe and PowerShell have no such line in common, the command alone: say where it belongs. Pure."""
    line = shell_line(arguments, windows=windows)
    return line if windows else f"(cd {_posix_word(path_argument(folder, windows=False))} && {line})"


def deletion(paths: Sequence[str], *, windows: bool = WINDOWS) -> str:
    """One line to paste that deletes these files; empty where none is right in each of the shells. Pure."""
    if not windows:
        return shell_line(["rm", *(path_argument(path, windows=False) for path in paths)], windows=False)
    if any(re.search(_WILD, path) for path in paths):
        return ""
    words = [quoted_path(path, windows=True) for path in paths]
    return "" if any(remark for _, remark in words) else "del " + ", ".join(word for word, _ in words)


def _posix_word(argument: str) -> str:
    if "\0" in argument:
        raise _unsafe(argument, "holds a character that no argument can")
    inner = argument.replace("\\", "\\\\")
    told = re.sub(_NOT_EVERYWHERE, lambda found: _octal(found[0]), escaped(inner, _octal))
    if told != inner:
        # What a terminal, a log or a cell cannot show as it is goes in octal, of which every shell that has $'…'
        # (POSIX.1-2024) reads three digits at most. No quote within: to dash, which has it not, it is one word as well.
        return "$'" + re.sub("['!]", lambda found: _octal(found[0]), told) + "'"
    if re.fullmatch(_PLAIN_POSIX, argument):
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
        if arguments[0] in _COMMAND_FILES and re.search(_OBEYED_BY_CMD, argument):
            raise _unsafe(argument, f"does not reach {arguments[0]} unharmed from both {CMD} and {POWERSHELL}")
        if has_quotes and re.search(_ODD_IN_QUOTES, argument):
            raise _unsafe(argument, f"is not safe beside a quotation mark in {CMD} and {POWERSHELL}")
        word, readers = _windows_word(argument)
        words.append(word)
        shells &= readers
        if not shells:
            raise _unsafe(argument, f"is safe neither in {CMD} nor in {POWERSHELL}, with the rest of its line")
    return words, shells


def _windows_word(argument: str) -> tuple[str, frozenset[str]]:
    if re.fullmatch(_PLAIN_WINDOWS, argument) and escaped_commands(argument, _divided) == argument:
        return argument, frozenset((CMD, POWERSHELL))
    # A program takes \" for a quotation mark, and \\ for a backslash before one. PowerShell 5 passes on neither as it
    # should, nor an empty word. With a caret before them all, cmd.exe counts no quotation marks in such a word.
    inner = re.sub(r'(\\*)("|\Z)', lambda found: 2 * found[1] + ('\\^"' if found[2] else ""), argument)
    told = escaped_commands(re.sub(_EXPANDED_BY_POWERSHELL, lambda found: f"`{found[0]}", inner), _divided)
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
