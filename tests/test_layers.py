"""Who may import whom: the house's one direction, held by reading the imports."""

import ast
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


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    """Nothing flows back: each room knows only the rooms before it."""
    name = path.relative_to(ROOT).as_posix()
    room = name.split("/")[0].removesuffix(".py")
    for imported in imports(path):
        parts = imported.split(".")
        if parts[0] == "sfkeytool" and len(parts) > 1 and parts[1] != "__version__":
            assert parts[1] in ALLOWED[room], f"{name} imports {imported}"
        if parts[0] in ONLY_THERE:
            assert name.startswith(ONLY_THERE[parts[0]]), f"{name} imports {imported}"


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


def test_help_imports_nothing_heavy() -> None:
    """--help, of commands too, and --version answer before cryptography, prompt_toolkit, rich or jks are loaded."""
    import subprocess
    import sys

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
