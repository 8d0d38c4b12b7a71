"""Who may import whom: the house's one direction, held by reading the imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sfkeytool

ROOT = Path(sfkeytool.__file__).parent
BASE = {"errors", "model", "passwords", "names", "outside_json", "plain_text", "shell"}
CORE = BASE | {"crypto", "keystores"}
ALLOWED = {
    "errors": set[str](),
    "model": set[str](),
    "names": {"errors"},
    "outside_json": set[str](),
    "passwords": {"errors"},
    "plain_text": set[str](),
    "shell": {"plain_text"},
    "crypto": BASE | {"crypto"},
    "keystores": CORE,
    "acceptance": CORE | {"acceptance"},
    "salesforce": CORE | {"acceptance", "salesforce"},
    "audit": CORE | {"acceptance", "salesforce", "audit"},
    "workflows": CORE | {"acceptance", "salesforce", "audit", "workflows"},
    "edge": BASE | {"edge"},
    "cli": CORE | {"acceptance", "salesforce", "audit", "workflows", "edge", "cli"},
    "__main__": {"cli"},
    "__init__": set[str](),
}
ONLY_THERE = {
    "typer": ("cli/",),
    "rich": ("cli/",),
    "questionary": ("edge/drawn_questions.py",),
    "prompt_toolkit": ("edge/ask.py", "edge/drawn_questions.py"),
    "jks": ("keystores/other_java.py",),
    "icalendar": ("audit/reports/ics.py",),
    "apprise": ("audit/notify.py",),
    "playwright": ("edge/browser_errand.py",),
    "requests": ("audit/bounded_answers.py",),
    "subprocess": (
        "edge/apart.py",
        "edge/browser.py",
        "edge/programs.py",
        "edge/salesforce_cli.py",
        "edge/secret_command.py",
        "edge/switch_command.py",
    ),
    "click": (),
}
MODULES = sorted(ROOT.rglob("*.py"))


def imports(path: Path) -> list[str]:
    """Dotted names of all that a module imports, wherever in the file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("room", ALLOWED)
def test_a_module_imports_only_what_its_room_may(room: str) -> None:
    """Nothing flows back: each room knows only the rooms before it."""
    names = {path: path.relative_to(ROOT).as_posix() for path in MODULES}
    own = {path: name for path, name in names.items() if name.split("/")[0].removesuffix(".py") == room}
    assert own
    for path, name in own.items():
        for imported in imports(path):
            parts = imported.split(".")
            if parts[0] == "sfkeytool" and len(parts) > 1 and parts[1] != "__version__":
                assert parts[1] in ALLOWED[room], f"{name} imports {imported}"
            if parts[0] in ONLY_THERE:
                assert name.startswith(ONLY_THERE[parts[0]]), f"{name} imports {imported}"


def test_each_module_has_a_room() -> None:
    assert {path.relative_to(ROOT).as_posix().split("/")[0].removesuffix(".py") for path in MODULES} <= set(ALLOWED)


@pytest.mark.slow
def test_only_the_edge_and_the_cli_touch_files_and_processes() -> None:
    """A core that cannot open a path cannot leak into one."""
    for path in MODULES:
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(("edge/", "cli/")) or name == "__main__.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("open", "print", "input"), f"{name} calls {node.func.id}()"
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("read_bytes", "write_bytes", "read_text", "write_text", "utcnow", "today"), (
                    f"{name} uses .{node.attr}"
                )
        assert "subprocess" not in imports(path)
        assert not any(
            imported.startswith("os.") or imported == "os"
            for imported in imports(path)
            if "crypto" not in name and "keystores" not in name
        )


_BASE = {
    "cli.app", "cli.boundary", "cli.command", "cli.commands", "cli.envelope", "cli.fields", "cli.help",
    "cli.output_options", "cli.render", "cli.stdout", "cli.terminal", "cli.topics", "edge.ask", "edge.colors",
    "edge.signals", "edge.typed_path", "errors", "model", "passwords", "plain_text",
}  # fmt: skip
"""What --help of all and of a group needs, and every run has."""
_RUN = {
    "cli.agreement",
    "cli.attempts",
    "cli.ci_secret",
    "cli.defaults",
    "cli.opening",
    "cli.pipeline",
    "cli.run",
    "edge.disk",
    "edge.open_elsewhere",
    "shell",
}
"""What every command's module needs."""
_EXPLAIN = {
    "acceptance.blanks", "acceptance.codes", "acceptance.codes.errors", "acceptance.codes.notices",
    "acceptance.explanations", "acceptance.explanations.clients", "acceptance.explanations.explanation",
    "acceptance.explanations.handshakes", "acceptance.explanations.java", "acceptance.explanations.java_libraries",
    "acceptance.explanations.jsonwebtoken", "acceptance.explanations.key_libraries", "acceptance.explanations.logins",
    "acceptance.explanations.matching", "acceptance.explanations.openssl", "acceptance.explanations.openssl_enc",
    "acceptance.explanations.setup", "acceptance.explanations.tls", "acceptance.explanations.trust_stores", "acceptance.explanations.windows",
    "acceptance.mails", "acceptance.rule", "acceptance.rules",
    "acceptance.rules.sources", "cli.commands.explain", "cli.typer_app", "crypto.der", "crypto.limits",
    "edge.log_reader", "workflows.explain",
}  # fmt: skip
_LIBRARIES = {"msgspec", "typing_extensions"}
_OF_TYPER = {"typer", "annotated_doc", "click", "colorama", "shellingham"}
STARTS: dict[str, tuple[str, set[str], set[str]]] = {
    "--version": ("run_main(['--version'])", {"__main__"}, set()),
    "--help": ("run_app(['--help'])", _BASE, _LIBRARIES),
    "ckm --help": ("run_app(['ckm', '--help'])", _BASE, _LIBRARIES),
    "explain --help": ("run_app(['explain', '--help'])", _BASE | _RUN | {"cli.commands.explain"}, _LIBRARIES),
    "explain": ("run_app(['explain', 'Cannot recover key'])", _BASE | _RUN | _EXPLAIN, _LIBRARIES | _OF_TYPER),
    "completion": (
        "answer({'_SFKEYTOOL_COMPLETE': 'bash', '_SFKEYTOOL_LINE': 'sfkeytool explain --'})",
        _BASE | _RUN | {"cli.commands.explain", "cli.completion", "cli.completion_scripts", "names"},
        _LIBRARIES,
    ),
}
"""What answers at once: how it is called, the most that it may import of ours, and of others."""
_PROBE = """
import sys
before = set(sys.modules)
def run_main(arguments):
    from sfkeytool.__main__ import main
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit:
        pass
def run_app(arguments):
    from sfkeytool.cli.app import run_app
    assert run_app(arguments) == 0
def answer(environ):
    from sfkeytool.cli.completion import answer
    assert '--list' in answer(environ)
{call}
print('LOADED', *sorted(set(sys.modules) - before), file=sys.stderr)
"""


@pytest.mark.parametrize("start", STARTS)
def test_what_answers_at_once_imports_nothing_that_it_does_not_need(start: str) -> None:
    """A module more is a deliberate one: who adds it here has measured it (benchmarks/commands.py)."""
    call, ours, others = STARTS[start]
    loaded = _loaded_by(call)
    packages = {name.rpartition(".")[0] for name in ours} | {"acceptance", "cli"}
    own = {name.removeprefix("sfkeytool.") for name in loaded if name.startswith("sfkeytool.")}
    ours_there = {"edge.patterns"} if sys.platform == "win32" else set()  # no shell replaces a pattern there
    assert own - packages <= ours | ours_there
    tops = {name.partition(".")[0] for name in loaded} - {"sfkeytool"}
    assert tops - set(sys.stdlib_module_names) <= others
    slow = {"asyncio", "email", "http", "ssl", "tomllib", "xml", "sqlite3", "importlib.metadata"}
    if not others & _OF_TYPER:
        slow |= {"bz2", "difflib", "lzma", "shutil", "subprocess", "traceback", "unicodedata"}
    assert not slow & loaded


def test_the_version_needs_hardly_more_than_python() -> None:
    """Neither typing nor regular expressions, which are a third of such a run."""
    loaded = _loaded_by(STARTS["--version"][0])
    assert not {"typing", "re", "contextlib", "enum", "functools"} & loaded


def test_a_keystore_is_made_without_what_reads_other_kinds_of_file() -> None:
    """Half of what wrap takes is imports; those of XML and of HTML's names wait for a file that has some."""
    loaded = _loaded_by("import sfkeytool.cli.commands.wrap, sfkeytool.workflows.wrap, sfkeytool.workflows.self_signed")
    assert "sfkeytool.keystores.jks" in loaded
    rooms = {f"sfkeytool.keystores.{name}" for name in ("metadata_field", "metadata_xml", "saml_metadata")}
    assert not {"html", "xml", "ssl", "http", *rooms} & loaded


def _loaded_by(call: str) -> set[str]:
    """Modules that the call imports, of a Python that has none from site-packages yet."""
    code = f"import sys; sys.path[:] = {sys.path!r}\n" + _PROBE.replace("{call}", call)
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stderr.partition("LOADED ")[2].split())


def test_help_imports_nothing_heavy() -> None:
    """--help, of commands too, and --version answer before cryptography, prompt_toolkit, rich or jks are loaded."""
    code = (
        "import sys\n"
        "import sfkeytool.__main__\n"
        "from sfkeytool.cli.app import run_app\n"
        "assert run_app(['--help']) == 0\n"
        "assert run_app(['self-signed', '--help']) == run_app(['audit', '--help']) == 0\n"
        "heavy = {'cryptography', 'questionary', 'prompt_toolkit', 'rich', 'jks', 'Cryptodome', 'pydantic', 'asyncio'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stderr
