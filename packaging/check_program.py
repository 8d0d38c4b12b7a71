"""Starts a built program and has it do its work: ``check_program.py PROGRAM``. Any Python does, with nothing installed.

A pair, its check, a keystore from a CA's answer, reports, a message to a server on loopback, old keystores, what it
says where a library is missing, what it prints to be pasted, how large it is and how fast it starts.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
WINDOWS = sys.platform == "win32"
STARTS = 9
SECONDS_OF_A_FILE, SECONDS_OF_A_FOLDER = 0.5, 0.2
MEGABYTES = 40 if WINDOWS else 50
NOTHING: Mapping[str, str] = {}


class Program:
    """``kind``: a single file that unpacks itself, a folder beside the program, or a shiv file."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self.folder = folder
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.is_shiv = path.suffix == ".pyz"
        self.is_file = not self.is_shiv and not (path.parent / "_internal").is_dir()
        self.command = [sys.executable, str(path)] if self.is_shiv else [str(path)]

    def __call__(
        self, *arguments: str, code: int = 0, variables: Mapping[str, str] = NOTHING
    ) -> subprocess.CompletedProcess[str]:
        """What it says, once it has ended with ``code``."""
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env={**clean_environment(), "TMPDIR": str(self.temporary), "TEMP": str(self.temporary), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=120,
            check=False,
        )
        said = f"{' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        if done.returncode != code:
            raise SystemExit(f"not {code}, but {said}")
        return done

    def result(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self(*arguments, "--json", code=code).stdout)
        return answer


def clean_environment() -> Mapping[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("SFKEYTOOL_", "SF_", "PYTHON", "CI"))
    }


def expect(holds: object, what: str) -> None:
    if not holds:
        raise SystemExit(f"FAILED: {what}")
    print(f"  {what}")


def main(path: Path) -> None:
    print(f"{path.name}:")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        program = Program(path, Path(place).resolve())
        starts(program)
        if program.is_file:
            megabytes = path.stat().st_size / 1e6
            expect(megabytes <= MEGABYTES, f"{megabytes:.1f} MB, at most {MEGABYTES}")
        makes_a_pair(program)
        wraps(program)
        reads_old_keystores(program)
        reports(program)
        notifies(program)
        goes_to_an_org(program)
        completes(program)
        if not program.is_shiv:
            says_what_is_missing(program)
            prints_its_own_name(program)
        expect(not list(program.temporary.iterdir()), "nothing is left in the folder of temporary files")


def starts(program: Program) -> None:
    version = (ROOT / "sfkeytool" / "__init__.py").read_text(encoding="utf-8").partition('__version__ = "')[2]
    expect(program("--version").stdout.split() == ["sfkeytool", version.partition('"')[0]], "says its version")
    expect("self-signed" in program("--help").stdout, "shows its help")
    times = [(time.perf_counter(), sum(os.times()[:4]))]
    for _ in range(STARTS):
        program("--help")
        times.append((time.perf_counter(), sum(os.times()[:4])))
    clock, processor = (median(after - before for before, after in pairwise(each)) for each in zip(*times, strict=True))
    said = f"--help in {clock:.2f} s, median of {STARTS}"
    if WINDOWS or program.is_shiv:  # where Wine runs it, the time is Wine's
        print(f"  {said}")
    else:  # what else the machine does makes the processor's time longer by little
        limit = SECONDS_OF_A_FILE if program.is_file else SECONDS_OF_A_FOLDER
        expect(processor <= limit, f"{said}; {processor:.2f} s of a processor, at most {limit}")


def makes_a_pair(program: Program) -> None:
    program("self-signed", "pay", "--password", "generate", "--quiet")
    made = {path.name for path in (program.folder / "pay").iterdir()}
    expect({"pay.key", "pay.crt", "pay.jks", "pay.jks.password", "pay.json"} <= made, "makes a pair")
    program("check", "pay/pay.jks", "--password", "file:pay/pay.jks.password")
    program("check", "pay/pay.crt")
    program("compare", "pay/pay.crt", "pay/pay.jks", "--password", "file:pay/pay.jks.password")
    expect(True, "checks and compares it")


def wraps(program: Program) -> None:
    shutil.copy(FIXTURES / "corpus" / "signed.p7b", program.folder / "answer.p7b")
    shutil.copy(FIXTURES / "kept" / "leaf.key", program.folder / "leaf.key")
    program("wrap", "signed", "answer.p7b", "leaf.key", "--password", "generate", "--quiet")
    program("check", "signed/signed.jks", "--password", "file:signed/signed.jks.password")
    expect((program.folder / "signed" / "signed-chain.crt").is_file(), "makes a keystore from a CA's .p7b")


def reads_old_keystores(program: Program) -> None:
    opens = {"SFKEYTOOL_PASSWORD": "worthless-corpus-password"}
    for name in ("jceks.jks", "bks.jks", "bcfks.jks", "pfx.p12"):
        program("show", str(FIXTURES / "corpus" / name), variables=opens)
        expect(True, f"reads {name}")


def reports(program: Program) -> None:
    files = {f"--{form}": f"report.{form}" for form in ("csv", "html", "ics", "markdown", "prometheus", "sarif")}
    program("audit", "pay", "--fail-on", "never", *(word for pair in files.items() for word in pair))
    for name in files.values():
        expect((program.folder / name).stat().st_size > 100, f"writes {name}")


def notifies(program: Program) -> None:
    arrived: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["message"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing is told."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (program.folder / "address").write_text(f"json://127.0.0.1:{server.server_port}/", encoding="utf-8")
    program("self-signed", "soon", "--days", "1", "--password", "generate", "--quiet")
    program("audit", "soon", "--fail-on", "never", "--notify", "file:address", "--state", "state.json")
    server.shutdown()
    expect(len(arrived) == 1 and "soon" in arrived[0], "tells a server of what expires soon")
    (program.folder / "mail").write_text("mailto://user:secret@example.com", encoding="utf-8")
    program("audit", "soon", "--fail-on", "never", "--notify", "file:mail", "--state", "other.json", "--dry-run")
    expect(True, "knows addresses of mail")


def goes_to_an_org(program: Program) -> None:
    """Its TLS is there: the door is closed all the same."""
    login = ("login", "pay", "--client-id", "3MVG9", "--username", "a@b.example")
    refused = program(*login, "--instance-url", "https://localhost:9", code=1)
    expect("no connection to localhost:9" in refused.stderr, "says that a server cannot be reached")


def completes(program: Program) -> None:
    asked = {"_SFKEYTOOL_COMPLETE": "bash", "_SFKEYTOOL_LINE": "sfkeytool self-s"}
    expect("self-signed" in program(variables=asked).stdout, "answers a shell's completion")
    expect("complete" in program("completion", "bash").stdout, "has the scripts for completion")


def says_what_is_missing(program: Program) -> None:
    answer = program.result("ckm", "import", "pay", "--target-org", "prod", "--browser", "--yes", code=2)
    expect(answer["code"] == "usage.extra-missing", "says that the driven browser is not inside")
    expect(not any("-m pip" in action for action in answer["actions"]), "and names no pip that it has not")


def prints_its_own_name(program: Program) -> None:
    """``wrap`` is told of after a request; the line runs as it stands, from wherever the reader is."""
    lone = next_command(program, "lone", {})
    expect(str(program.path) in lone, "begins lines to paste with its path where PATH does not find it")
    bare = program.folder / "bin"
    bare.mkdir()
    name = bare / ("sfkeytool.exe" if WINDOWS else "sfkeytool")
    if WINDOWS and program.is_file:
        shutil.copy(program.path, name)
    elif not WINDOWS:
        name.symlink_to(program.path)
    else:
        return
    found = Program.__new__(Program)
    found.__dict__.update(program.__dict__, command=[str(name)])
    line = next_command(found, "found", {"PATH": f"{bare}{os.pathsep}{os.environ['PATH']}"})
    expect(line.split()[0] == "sfkeytool", "and with its bare name where PATH does")


def next_command(program: Program, name: str, variables: Mapping[str, str]) -> str:
    said = program("csr", name, variables=variables)
    lines: Sequence[str] = (said.stdout + said.stderr).splitlines()
    return next(line for line in lines if f" wrap {name}" in line).strip()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
