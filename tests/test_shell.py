"""What is printed to be pasted: every name is one word, and the line runs nothing but its command."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import THOROUGH
from hypothesis import given, settings
from hypothesis import strategies as st

import sfkeytool
from sfkeytool.cli.commands import TABLE
from sfkeytool.cli.render import clean
from sfkeytool.shell import deletion, line_inside, quoted_path, shell_line

ROOT = Path(sfkeytool.__file__).parent
HOSTILE = [
    "pay$(touch${IFS}PWNED).connectedApp-meta.xml",
    "a`touch PWNED`b",
    "a;touch PWNED",
    "a&touch PWNED&",
    "a|touch PWNED",
    "a\ntouch PWNED\n",
    "a>PWNED",
    'it\'s "quoted" $HOME',
    "'",
    "''$(touch PWNED)'",
    "!!",
    "it's !x",
    "-rf",
    "--output-dir",
    "=ls",
    "~root",
    "a*?[b]{c,d}",
    "back\\slash\\",
    "\\n\\041",
    "tab\there",
    "\x1b]0;title\x07",
    "a\n'$(touch PWNED)'",
    "Müller & Söhne GmbH.crt",
    "\u202egpj.crt",
    "no utf-8 \udcff\udc80",
    "##[error]x",
    "##vso[task.setvariable variable=a]b",
    "::error file=a::b",
    "it's ::add-mask::x",
    "a; =cmd",
    "a;\u200b=cmd",
    "#comment",
    "%PATH%",
    "",
    " ",
]


@pytest.mark.skipif(sys.platform == "win32", reason="lines for Windows are asserted below as text")
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("shell", ["bash -c", "bash --norc -ic"])
@pytest.mark.slow
def test_a_posix_shell_reads_the_very_name(name: str, shell: str, tmp_path: Path) -> None:
    """As it is shown, after clean(); nothing else is run or written, with history expansion as at a prompt too."""
    code = "import sys; sys.stdout.buffer.write(b'|'.join(map(__import__('os').fsencode, sys.argv[1:])))"
    line = clean(shell_line([sys.executable, "-c", code, name, "end"], windows=False))
    done = subprocess.run(
        [*shell.split(), line], cwd=tmp_path, capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.stdout == name.encode("utf-8", "surrogateescape") + b"|end"
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="there is no /bin/sh")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_shell_without_ansi_c_quotes_runs_nothing_else(name: str, tmp_path: Path) -> None:
    """dash, behind many a /bin/sh, reads another name, but one word."""
    line = shell_line(["printf", "%s|", name, "it's", "$(touch PWNED)"], windows=False)
    done = subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, capture_output=True, check=False)
    assert done.stdout.count(b"|") == 3 + name.count("|")
    assert done.stdout.endswith(b"|it's|$(touch PWNED)|")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("windows", [False, True])
def test_a_line_is_what_a_terminal_and_a_log_show(name: str, windows: bool) -> None:
    """No escape sequence, no command of a CI system: clean() leaves the line alone, so what is copied is the line."""
    line = shell_line(["sfkeytool", "show", name], windows=windows)
    if not line.startswith("(no command to paste: "):
        assert clean(line) == line
        assert line.isprintable()


BOTH = {
    "pay.crt": "pay.crt",
    "a b.crt": '"a b.crt"',
    "AT&T": '"AT&T"',
    "a;b|c<d>(e)^f": '"a;b|c<d>(e)^f"',
    "it's": '"it\'s"',
    "a,b": '"a,b"',
    "@a": '"@a"',
    "100%": '"100%"',
    "C:\\keys\\pay.crt": "C:\\keys\\pay.crt",
    "C:\\keys\\": "C:\\keys\\",
    "-d.x": '"-d.x"',
    "--output-dir": "--output-dir",
    "Müller": "Müller",
    "a!b": '"a!b"',
    "user@example.com": "user@example.com",
    "#a": '"#a"',
    "~": '"~"',
}
POWERSHELL = {
    "pay$(touch x).xml": '"pay`$(touch x).xml"',
    "a`b": '"a``b"',
    "%TEMP%.crt": '"%TEMP%.crt"',
    "“a”": '"`“a`”"',
    "##[error]a": '"#`#[error]a"',
    "a::error::b": '"a:`:error::b"',
    "AT&T$x": '"AT&T`$x"',
}
CMD = {"": '""', "my keys\\": '"my keys\\\\"', 'a "b"': '^"a \\^"b\\^"^"', 'a\\"b': '^"a\\\\\\^"b^"'}
NEITHER = ['a"&b', 'a"$(b)', 'a"%TEMP%', "a\nb", "$x dir\\", "a\x1bb"]


@pytest.mark.parametrize(("name", "word"), BOTH.items())
def test_windows_one_line_for_both_shells(name: str, word: str) -> None:
    """Nothing that either of cmd.exe and PowerShell expands stands in it."""
    assert shell_line(["sfkeytool", "show", name], windows=True) == f"sfkeytool show {word}"


@pytest.mark.parametrize(("name", "word"), POWERSHELL.items())
def test_windows_a_line_for_powershell_alone_says_so(name: str, word: str) -> None:
    """In a comment, which cmd.exe takes for arguments too many."""
    assert shell_line(["sfkeytool", "show", name], windows=True) == f"sfkeytool show {word} # for PowerShell alone"


@pytest.mark.parametrize(("name", "word"), CMD.items())
def test_windows_a_line_for_cmd_alone_says_so(name: str, word: str) -> None:
    """In a comment, before which PowerShell 5 stops."""
    assert shell_line(["sfkeytool", "show", name], windows=True) == f"sfkeytool show {word} & rem for cmd.exe alone"


@pytest.mark.parametrize("name", NEITHER)
def test_windows_no_line_where_none_is_safe_in_either(name: str) -> None:
    """But the reason, with the name in it, and FILE in lines that are written already."""
    line = shell_line(["sfkeytool", "show", name], windows=True)
    assert line.startswith(f"(no command to paste: {name!r} ")
    assert "sfkeytool" not in line
    path, remark = quoted_path(name, windows=True)
    assert path == "FILE"
    assert f"no command to paste: {name!r} " in remark


def test_windows_two_names_that_need_different_shells_have_no_line() -> None:
    """And percent signs count over the whole line: cmd.exe takes what is between two of them for a variable."""
    assert shell_line(["sfkeytool", "show", "$a", "my keys\\"], windows=True).startswith("(no command to paste: ")
    line = shell_line(["sfkeytool", "show", "5%", "a&b", "7%"], windows=True)
    assert line == 'sfkeytool show "5%" "a&b" "7%" # for PowerShell alone'
    assert quoted_path("5%", windows=True) == ('"5%"', " (for PowerShell alone)")


def test_windows_a_command_file_is_given_nothing_that_cmd_obeys() -> None:
    """PowerShell hands AT&T to sf.cmd without its quotes, whatever is typed, and cmd.exe runs T."""
    assert shell_line(["sf", "project", "deploy", "AT&T"], windows=True).startswith("(no command to paste: 'AT&T' ")
    assert shell_line(["sf", "project", "deploy", "a b"], windows=True) == 'sf project deploy "a b"'


def as_a_program_reads(line: str) -> list[str]:
    """The arguments of a program on Windows, by the rules of Microsoft's C runtime ("Parsing C command-line
    arguments")."""
    arguments, word, quoted, begun = [], "", False, False
    for blanks, slashes, mark, other in re.findall(r'([ \t]+)|(\\*)(")|(\\+|[^ \t"\\])', line):
        if blanks and not quoted:
            arguments += [word] if begun else []
            word, begun = "", False
            continue
        begun = True
        word += blanks + other
        if mark:
            word += "\\" * (len(slashes) // 2)
            if len(slashes) % 2:
                word += mark
            else:
                quoted = not quoted
    assert not quoted
    return arguments + ([word] if begun else [])


def as_cmd_passes_on(line: str) -> str:
    """What cmd.exe starts a program with, at its prompt: a caret counts outside quotes, which it toggles itself."""
    assert line.count("%") < 2
    passed, quoted = "", False
    characters = iter(line.removesuffix(" & rem for cmd.exe alone"))
    for character in characters:
        if character == "^" and not quoted:
            passed += next(characters)
            continue
        assert quoted or character not in "&|<>()"
        quoted ^= character == '"'
        passed += character
    return passed


def as_powershell_reads(line: str) -> list[str]:
    """The words of a line in PowerShell's argument mode, as far as such lines hold of it ("about_Parsing")."""
    words = []
    rest = line.removesuffix(" # for PowerShell alone")
    while rest:
        if quoted := re.match(r'"((?:`.|[^"`$“-„])*)"(?= |\Z)', rest):
            assert not {found[1] for found in re.finditer(r"`(.)", quoted[1])} & set("0abefnrtuv")
            words.append(re.sub(r"`(.)", r"\1", quoted[1]))
        else:
            quoted = re.match(r"-{0,2}[A-Za-z][\w-]*(?= |\Z)|[^\W]?[\w./\\:=+@…-]*(?= |\Z)", rest)
            assert quoted
            assert quoted[0]
            words.append(quoted[0])
        rest = rest[quoted.end() :].removeprefix(" ")
    return words


PIECES = [*"ab.-/\\\"'`$%&|<>^()@#:,;=!~ “”é[{", "##[", "##vso[", "::error", '" "', "\\\\", "$(a)", "`n"]
WORDS = st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), min_size=1, max_size=3)


@settings(max_examples=1500 if THOROUGH else 200, deadline=None)
@given(WORDS)
def test_windows_each_shell_passes_on_the_very_words(words: list[str]) -> None:
    """As both are documented: in the shells that the line is for, and in PowerShell 5, which quotes a word with blanks
    again and escapes nothing, as in later ones."""
    arguments = ["sfkeytool", "show", *words]
    line = shell_line(arguments, windows=True)
    if line.startswith("(no command to paste: "):
        return
    if not line.endswith(" # for PowerShell alone"):
        assert as_a_program_reads(as_cmd_passes_on(line)) == arguments
    if not line.endswith(" & rem for cmd.exe alone"):
        read = as_powershell_reads(line)
        assert read == arguments
        assert as_a_program_reads(" ".join(f'"{word}"' if " " in word else word for word in read)) == arguments


def test_windows_a_program_with_a_blank_in_its_path_is_for_cmd_alone() -> None:
    """PowerShell would print the text. Where only PowerShell could read the rest, there is no line."""
    python = r"C:\Users\Jo Doe\python.exe"
    assert shell_line([python, "-m"], windows=True) == f'"{python}" -m & rem for cmd.exe alone'
    assert shell_line([python, "5%", "6%"], windows=True).startswith("(no command to paste: ")


@pytest.mark.skipif(sys.platform == "win32", reason="lines for Windows: test_cmd_exe.py")
@pytest.mark.parametrize("name", [name for name in HOSTILE if name and "/" not in name])
def test_a_deletion_takes_the_very_files_and_a_line_inside_stays_inside(name: str, tmp_path: Path) -> None:
    """And the reader is where they were."""
    folder = tmp_path / name
    folder.mkdir()
    for other in ("a", "b", "c"):
        (folder / other).touch()
    line = deletion([f"{name}/a", f"{name}/b"])
    inside = line_inside(name, ["touch", "d"])
    subprocess.run(["bash", "-c", f"{line}; {inside}; touch here"], cwd=tmp_path, check=True)
    assert {path.name for path in folder.iterdir()} == {"c", "d"}
    assert {path.name for path in tmp_path.iterdir()} == {folder.name, "here"}


def test_windows_deletes_with_commas_and_only_what_both_shells_read_alike() -> None:
    """``del a, b`` is right in both; a bracket is a pattern in PowerShell, a slash a switch in cmd.exe, to which ``a=b``
    is two files."""
    assert deletion(["pay\\pay.jks", "my pay\\b"], windows=True) == 'del pay\\pay.jks, "my pay\\b"'
    assert deletion(["a=b"], windows=True) == 'del "a=b"'
    for odd in ("a[1]\\b", "a*", "a/b", "50%a%"):
        assert deletion([odd, "b"], windows=True) == ""
    assert line_inside("pay", ["sf", "x"], windows=True) == "sf x"


def test_a_path_is_no_option() -> None:
    """Neither for us nor for openssl."""
    assert quoted_path("-x y", windows=False) == ("'./-x y'", "")
    assert quoted_path("-x", windows=True) == (".\\-x", "")


COMMAND = re.compile(
    rf"\b(?:sfkeytool (?:{'|'.join(sorted({row.name.split()[0] for row in TABLE}))})|openssl [a-z]\w+"
    r"|sf (?:org|project|browserforce|update)|keytool -|git (?:grep|add|rm)|chmod|icacls|env -|cp)\b[^,;:()`.\n]*\0"
)
"""A command in words with a value in it, before what ends a command."""


def unquoted(source: str) -> list[tuple[int, str]]:
    """Lines of a program, and texts, in which a command is put together without shell_line()."""
    found = []
    for node in ast.walk(ast.parse(source)):
        parts: list[ast.expr] = []
        match node:
            case ast.JoinedStr():
                parts = node.values
            case ast.BinOp(op=ast.Add()):
                parts = operands(node)
            case ast.BinOp(op=ast.Mod(), left=left):
                parts = [left, node.right]
            case ast.Call(func=ast.Attribute(value=ast.Constant() as text, attr="format")):
                parts = [ast.Constant(re.sub(r"\{\w*\}", "\0", str(text.value)))]
        joined = "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in parts)
        if command := COMMAND.search(joined):
            found.append((getattr(node, "lineno", 0), command[0]))
    return found


def operands(node: ast.expr) -> list[ast.expr]:
    """Those of a sum, and what f-strings among them are made of."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*operands(node.left), *operands(node.right)]
    return node.values if isinstance(node, ast.JoinedStr) else [node]


def test_no_command_is_put_together_by_hand() -> None:
    """shell_line() quotes; in an f-string each value would be a hole."""
    found = {
        (path.name, text)
        for path in sorted(ROOT.rglob("*.py"))
        for _, text in unquoted(path.read_text(encoding="utf-8"))
    }
    assert found == {("html_page.py", "sfkeytool audit on \0")}


@pytest.mark.parametrize(
    "source",
    [
        'f"see it: sfkeytool show {label}"',
        'f"openssl pkey -in {label} -out x"',
        'f"hint: `sf org display -o {alias}`"',
        '"sfkeytool show " + label',
        'f"{start}: sfkeytool wrap a" + f" {label}"',
        '"sfkeytool show %s" % label',
        '"sfkeytool show {}".format(label)',
    ],
)
def test_that_walk_finds_what_it_is_for(source: str) -> None:
    """A test that cannot fail would keep nothing."""
    assert unquoted(source)
