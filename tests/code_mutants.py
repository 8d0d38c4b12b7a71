"""Would the tests notice? Small changes to our own code, one at a time, each held against the tests of its room.

    python tests/code_mutants.py [ROOM ...] [--each 40] [--minutes 60] [--seed 20261128] [--slow] [--at FILE:LINE]

A sample, by default another one each day. What survives is printed: a test is missing there, or the change makes no
difference. Needs fork(), so no Windows.

The work tree stays as it is: a change is put into the functions of a process that has imported the code and collected
the tests, and into a copy for the processes that those start. Of the room's tests those are run that reach the changed
line or start Python, the quick ones first. What stands outside functions is not changed.
"""

import argparse
import ast
import copy
import gc
import importlib
import inspect
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from textwrap import shorten
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PATIENCE = 20
"""Seconds, beside some times those that the tests took unchanged, after which a change counts as noticed."""

ROOMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "keystores": (
        "sfkeytool/keystores/*.py",
        (
            "jks_codec", "keystore_format", "pkcs12", "other_java", "saml_metadata", "metadata", "found_file",
            "reading", "guarded_xml", "kdf_budget", "wrap", "selection", "der_and_limits", "bad_input", "many_keys",
            "names", "keys", "key_loads", "check", "audit_left_out", "certificate_fields", "corpus",
        ),
    ),
    "bcfks": ("sfkeytool/keystores/bcfks/*.py", ("bcfks", "keystore_format", "check_kinds")),
    "chains": ("sfkeytool/crypto/chains.py", ("chains", "wrap", "odd_certificates", "ckm_chain", "corpus", "check_kinds")),
    "rules": (
        "sfkeytool/acceptance/rules/*.py",
        ("corpus", "rules", "check", "check_kinds", "odd_certificates", "app_certificate", "bcfks", "check_whose_key"),
    ),
    "wrap": ("sfkeytool/workflows/wrap.py", ("wrap", "selection", "keystore_format", "renew", "keys", "check", "passwords")),
    "writer": (
        "sfkeytool/edge/writer.py",
        ("writer", "writer_faults", "new_folder", "folders", "exposure", "wrap", "keystore_format"),
    ),
    "audit": (
        "sfkeytool/audit/*.py",
        (
            "audit", "audit_advice", "audit_config", "audit_left_out", "audit_org", "audit_table", "certificate_fields",
            "delivery", "heartbeat", "links", "notify", "synced", "unwritten_reports", "renew",
        ),
    ),
    "reports": (
        "sfkeytool/audit/reports/*.py",
        ("audit", "audit_html", "audit_org", "audit_table", "report_pages", "unwritten_reports", "real_dates"),
    ),
    "transport": (
        "sfkeytool/salesforce/transport.py",
        ("login", "login_hosts", "login_network", "audit_org", "ckm_org", "outside_answers"),
    ),
}  # fmt: skip
"""Modules, and the test files that are meant to hold them."""


@dataclass(frozen=True)
class Mutant:
    path: Path
    line: int
    statement: range
    """The lines in which what is changed is run, or its beginning."""
    before: str
    after: str
    codes: tuple[tuple[CodeType, CodeType], ...]
    """Of each function that is another one now: as it was, and as it is."""
    source: str
    """The whole module, changed."""

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"

    def __str__(self) -> str:
        shown = self.path.read_text("utf-8").splitlines()[self.line - 1].strip()
        return f"{self.place}: {self.before}  →  {self.after}    # {shown}"


_SWAPPED: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.And: (ast.Or,), ast.Or: (ast.And,),
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.FloorDiv,), ast.FloorDiv: (ast.Mult,),
    ast.Continue: (ast.Break,), ast.Break: (ast.Continue,),
}  # fmt: skip
_SWAPPED_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in a node's place."""
    match node:
        case ast.Compare(ops=[operator]):
            for other in _SWAPPED[type(operator)]:
                yield ast.Compare(node.left, [other()], node.comparators)
        case ast.BoolOp():
            for other in _SWAPPED[type(node.op)]:
                yield ast.BoolOp(other(), node.values)
            for left_out in node.values:
                rest = [value for value in node.values if value is not left_out]
                yield ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0]
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.BinOp() if type(node.op) in _SWAPPED and not isinstance(node.left, ast.Constant | ast.JoinedStr):
            for other in _SWAPPED[type(node.op)]:
                yield ast.BinOp(node.left, other(), node.right)
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value)
        case ast.Constant(value=int(number)):
            yield ast.Constant(number + 1)
            yield ast.Constant(number - 1)
        case ast.If(test=ast.Name() | ast.Attribute() | ast.Call() | ast.NamedExpr()):
            yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)
        case ast.Call(func=ast.Name(name)) if name in _SWAPPED_CALLS:
            yield ast.Call(ast.Name(_SWAPPED_CALLS[name], ast.Load()), node.args, node.keywords)
        case ast.Return(value=ast.expr()) if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call()) | ast.Raise():
            yield ast.Pass()
        case ast.Continue() | ast.Break():
            yield from (other() for other in _SWAPPED[type(node)])


def _inside_functions(
    node: ast.AST, around: range | None = None
) -> Iterator[tuple[ast.AST, str, int | None, ast.AST, range]]:
    """Each node that runs when a function is called, and where it hangs: its parent's field, and the place in a list.

    And the lines of the statement ``around`` it. What is written for people or for types is left out.
    """
    function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for field, value in ast.iter_fields(node):
        if (function and field != "body") or field in ("annotation", "decorator_list"):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr | ast.pattern):
                continue
            if isinstance(child, ast.keyword) and child.arg == "strict":
                continue
            lines = around
            if (function or around) and isinstance(child, ast.stmt | ast.Lambda):
                lines = _own_lines(child)
            elif function:
                lines = _own_lines(node)
            if lines:
                yield node, field, index, child, lines
            yield from _inside_functions(child, lines)


def _own_lines(node: Any) -> range:
    """Of a statement, without those that it holds."""
    body = node.body if isinstance(getattr(node, "body", None), list) else []
    return range(node.lineno, body[0].lineno if body and body[0].lineno > node.lineno else node.end_lineno + 1)


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _pairs(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The functions of two versions of a module that differ, however deep they lie."""
    others: defaultdict[tuple[str, int], list[CodeType]] = defaultdict(list)
    for code in new.co_consts:
        if isinstance(code, CodeType):
            others[code.co_name, code.co_firstlineno].append(code)
    for code in old.co_consts:
        if isinstance(code, CodeType) and (found := others[code.co_name, code.co_firstlineno]):
            other = found.pop(0)
            if code != other:
                yield code, other
            yield from _pairs(code, other)


def mutants_of(path: Path, with_source: Collection[int] = ()) -> Iterator[Mutant]:
    """All of them, in the same order each time; those of some numbers with their source."""
    count = 0
    tree = ast.parse(path.read_bytes())
    old = compile(tree, str(path), "exec", dont_inherit=True)
    for parent, field, index, node, lines in list(_inside_functions(tree)):
        for changed in changes(node):
            put = ast.fix_missing_locations(ast.copy_location(copy.copy(changed), node))
            _put(parent, field, index, put)
            with suppress(SyntaxError):  # `return` where nothing may follow, and such
                codes = tuple(_pairs(old, compile(tree, str(path), "exec", dont_inherit=True)))
                if all(before.co_freevars == after.co_freevars for before, after in codes) and codes:
                    line = getattr(node, "lineno", lines.start)
                    source = ast.unparse(tree) if count in with_source else ""
                    yield Mutant(path, line, lines, _shown(node), _shown(changed), codes, source)
                    count += 1
            _put(parent, field, index, node)


def _shown(node: ast.AST) -> str:
    return shorten(ast.unparse(ast.fix_missing_locations(copy.copy(node))).split(":\n")[0], 100)


class Sampling:
    """A pytest plugin: instead of the tests once it runs, for each mutant of a sample, those that concern it."""

    def __init__(self, paths: Sequence[Path], mutants: Sequence[Mutant], ends_at: float, package: Path) -> None:
        self.paths = paths
        self.package = package  # a copy
        self.mutants = mutants
        self.ends_at = ends_at
        self.out = os.fdopen(os.dup(1), "w", buffering=1)  # what pytest does not capture
        self.seconds: dict[pytest.Item, float] = {}
        self.reached: defaultdict[tuple[str, int], set[pytest.Item]] = defaultdict(set)
        self.starting: set[pytest.Item] = set()
        self.functions: list[FunctionType] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for path in self.paths:
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        started = time.monotonic()
        self._run_unchanged(session)
        spent = time.monotonic() - started
        self.out.write(f"{len(self.seconds)} of {len(session.items)} tests, {spent:.0f} seconds\n")
        gc.unfreeze()  # or those that were there when the tests were collected are not told
        names = set(map(str, self.paths))
        self.functions = [
            one for one in gc.get_objects() if isinstance(one, FunctionType) and one.__code__.co_filename in names
        ]
        tally: Counter[str] = Counter()
        for mutant in self.mutants:
            if time.monotonic() > self.ends_at:
                break
            killer = self._killer(session, mutant)
            tally["killed" if killer else "live"] += 1
            if not killer:
                tests = len(self._reaching(mutant))
                self.out.write(f"{mutant}  ({f'{tests} tests reach it' if tests else 'no test reaches it'})\n")
        self.out.write(
            f"{tally.total()} of {len(self.mutants)} tried, {tally['killed']} killed, {tally['live']} live\n"
        )
        return True

    def _run_unchanged(self, session: pytest.Session) -> None:
        """Learn which lines each test reaches, and which start Python.

        One that fails proves nothing, nor does one that leaves a server for all.
        """
        names = set(map(str, self.paths))
        here: set[tuple[str, int]] = set()
        started_python: list[object] = []

        def audit(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "subprocess.Popen" and sys.executable in map(str, arguments[1]):
                started_python.append(arguments)

        def calls(frame: FrameType, event: str, argument: Any) -> Any:
            return lines if frame.f_code.co_filename in names else None

        def lines(frame: FrameType, event: str, argument: Any) -> Any:
            here.add((frame.f_code.co_filename, frame.f_lineno))
            return lines

        sys.addaudithook(audit)
        items = [item for item in session.items if not _needs_a_server_of_all(item)]
        for item, following in zip(items, [*items[1:], *items[:1]], strict=True):
            here.clear()
            started_python.clear()
            failed = session.testsfailed
            started = time.monotonic()
            threading.settrace(calls)
            sys.settrace(calls)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            sys.settrace(None)
            threading.settrace(None)
            if session.testsfailed > failed:
                self.out.write(f"left out, it fails as it is: {item.nodeid}\n")
                continue
            self.seconds[item] = time.monotonic() - started
            if started_python:
                self.starting.add(item)
            for line in here:
                self.reached[line].add(item)
        session.testsfailed = 0

    def _reaching(self, mutant: Mutant) -> set[pytest.Item]:
        lines = (self.reached[str(mutant.path), line] for line in mutant.statement)
        return self.starting.union(*lines) & self.seconds.keys()

    def _killer(self, session: pytest.Session, mutant: Mutant) -> str | None:
        """The test that fails, or that time is up; None where all pass."""
        while True:
            items = sorted(self._reaching(mutant), key=lambda item: (self.seconds[item], item.nodeid))
            number = self._first_failing(session, items, mutant) if items else None
            if number is None or number == len(items):
                return None if number is None else "time"
            if self._passes(session, items[number]):
                return items[number].nodeid
            del self.seconds[items[number]]  # it fails in any case, run like this

    @cache  # noqa: B019 - one of these lives as long as the process
    def _passes(self, session: pytest.Session, item: pytest.Item) -> bool:
        return self._first_failing(session, [item], None) is None

    def _first_failing(
        self, session: pytest.Session, items: Sequence[pytest.Item], mutant: Mutant | None
    ) -> int | None:
        """In a process of its own; len(items): it did not end."""
        if mutant:
            copied = self.package / mutant.path.relative_to(ROOT)
            shutil.rmtree(copied.parent / "__pycache__", ignore_errors=True)  # it goes by times and sizes
            copied.write_text(mutant.source, "utf-8")
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.setsid()
            os.write(writing, f"{self._run_changed(session, items, mutant)}\n".encode())
            os._exit(0)
        os.close(writing)
        patience = PATIENCE + 5 * sum(self.seconds[item] for item in items)
        answer = os.read(reading, 20) if select.select([reading], [], [], patience)[0] else b""
        os.close(reading)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if mutant:
            shutil.rmtree(copied.parent / "__pycache__", ignore_errors=True)
            shutil.copyfile(mutant.path, copied)
        return None if answer == b"None\n" else int(answer or len(items))

    def _run_changed(self, session: pytest.Session, items: Sequence[pytest.Item], mutant: Mutant | None) -> int | None:
        try:
            os.chdir(self.package)  # from there a started Python imports first
            sys.path.insert(0, str(self.package))
            os.environ["PYTHONPATH"] = str(self.package)
            for before, after in mutant.codes if mutant else ():
                for function in self.functions:
                    if function.__code__ == before and function.__code__.co_filename == before.co_filename:
                        function.__code__ = after
            if java := sys.modules.get("oracle_java"):
                java._java.cache_clear()  # the parent's answers the parent
            session._setupstate.teardown_exact(items[0])  # not what all share
            for number, item in enumerate(items):
                following = items[number + 1] if number + 1 < len(items) else items[0]
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.testsfailed:
                    return number
        except BaseException:
            return len(items)
        return None


def _needs_a_server_of_all(item: pytest.Item) -> bool:
    """Its threads would not be there in another process."""
    known = getattr(item, "_fixtureinfo").name2fixturedefs.values()  # noqa: B009 - of pytest, and not public
    return any(one.scope == "session" and inspect.isgeneratorfunction(one.func) for [*_, one] in known)


def sample(room: str, each: int, seed: str, at: Sequence[str] = ()) -> tuple[list[Path], list[Mutant], int]:
    """The files of a room, the mutants to try, and how many there are."""
    paths = sorted(path for path in ROOT.glob(ROOMS[room][0]) if path.stat().st_size)
    every = [(path, number, one) for path in paths for number, one in enumerate(mutants_of(path))]
    chosen = [(path, number) for path, number, mutant in every if mutant.place in at]
    if not at:
        listed = [(path, number) for path, number, _ in every]
        chosen = random.Random(f"{seed} {room}").sample(listed, min(each, len(every)))
    whole = {
        (path, number): mutant
        for path in {path for path, _ in chosen}
        for number, mutant in enumerate(mutants_of(path, {number for other, number in chosen if other == path}))
    }
    return paths, [whole[one] for one in chosen], len(every)


def run_room(room: str, each: int, minutes: float, seed: str, at: Sequence[str], slow: bool) -> int:
    """pytest's exit code."""
    ends_at = time.monotonic() + 60 * minutes
    paths, mutants, total = sample(room, each, seed, at)
    print(f"{room}: {len(mutants)} of {total} mutants, seed {seed}", flush=True)
    if not mutants:
        return 0
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        words = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--basetemp", f"{folder}/tests"]
        files = [f"tests/test_{name}.py" for name in ROOMS[room][1]]
        Path(folder).chmod(0o755)  # tests run some as nobody
        shutil.copytree(ROOT / "sfkeytool", f"{folder}/package/sfkeytool", ignore=shutil.ignore_patterns("__pycache__"))
        sampling = Sampling(paths, mutants, ends_at, Path(folder, "package"))
        sys.stdout.flush()
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)  # pytest has nothing to say here
        return int(pytest.main([*words, *([] if slow else ["-m", "not slow"]), *files], plugins=[sampling]))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("rooms", nargs="*", default=[], metavar="ROOM", help=", ".join(ROOMS))
    parser.add_argument("--each", type=int, default=40, help="mutants of a room")
    parser.add_argument("--minutes", type=float, default=60, help="at most, for all rooms")
    parser.add_argument("--seed", default=f"{datetime.now(UTC):%Y%m%d}")
    parser.add_argument("--slow", action="store_true", help="also with the tests that are slow")
    parser.add_argument("--at", action="append", default=[], help="all mutants of a line, as FILE:LINE")
    given = parser.parse_args()
    rooms = given.rooms or list(ROOMS)
    if len(rooms) == 1:
        return run_room(rooms[0], given.each, given.minutes, given.seed, given.at, given.slow)
    ends_at = time.monotonic() + 60 * given.minutes
    codes = []
    for number, room in enumerate(rooms):  # each in a process that has imported nothing yet
        minutes = max(0, ends_at - time.monotonic()) / 60 / (len(rooms) - number)
        words = [room, "--each", given.each, "--minutes", minutes, "--seed", given.seed]
        words += [word for line in given.at for word in ("--at", line)] + ["--slow"] * given.slow
        codes.append(subprocess.run([sys.executable, __file__, *map(str, words)], check=False).returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
