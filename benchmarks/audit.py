"""How `sfkeytool audit` grows with the number of certificates: in files, in bundles, beside key files; and what a tree
costs in which there are none.

    python benchmarks/audit.py [--large] [--earlier FOLDER]

``--large`` adds 100,000 certificates in files, in ten bundles, and 100,000 unrelated files (700 MB on the disk of the
temporary folder). ``--earlier`` is a checkout of an earlier state, which is run beside this one, in turn. Compare within
one table: machines are noisy.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

HERE = Path(__file__).parent.parent
UNRELATED = b'"use strict";\nmodule.exports = {};\n' * 10


def certificates(count: int) -> Iterator[bytes]:
    """PEM of so many different certificates, of one key: what is measured is reading."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    for number in range(1, count + 1):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"benchmark {number}")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(number)
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=200 + number % 700))
            .sign(key, hashes.SHA256())
        )
        yield certificate.public_bytes(serialization.Encoding.PEM)


def measure(folder: Path, checkout: Path) -> tuple[float, float, int]:
    """Seconds, those of the processor in our own code, and peak memory in MB, of one run."""
    code = (
        "import resource, subprocess, sys, time\n"
        "started = time.perf_counter()\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "seconds = time.perf_counter() - started\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(seconds, used.ru_utime, used.ru_maxrss)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    seconds, user, memory = subprocess.run(
        [sys.executable, "-c", code, sys.executable, "-m", "sfkeytool", "audit", str(folder), "--json"],
        capture_output=True,
        text=True,
        check=True,
        env={**environment, "PYTHONPATH": str(checkout)},
    ).stdout.split()
    return float(seconds), float(user), int(memory) * (1 if sys.platform == "darwin" else 1024) // 2**20


def folders(parent: Path, made: list[bytes], key_pem: bytes) -> Iterator[tuple[str, int, Path]]:
    """What is measured: in words, how many of it, and where it lies."""
    count = len(made)
    files, one, mixed = (parent / f"{kind}-{count}" for kind in ("files", "one", "mixed"))
    fill(files, (("crt", pem) for pem in made))
    yield f"{count} files", count, files
    bundles = [b"".join(made[first : first + 10_000]) for first in range(0, count, 10_000)]
    fill(one, (("pem", bundle) for bundle in bundles))
    yield f"{count} certificates in {len(bundles)} file{'s' * (len(bundles) > 1)}", count, one
    if count <= 10_000:
        half = made[: count // 2]
        fill(mixed, (content for pem in half for content in (("crt", pem), ("key", key_pem))))
        yield f"{count} files, half keys", count, mixed
    else:
        unrelated = parent / "node_modules"
        fill(unrelated, (("js", UNRELATED) for _ in made))
        yield f"{count} unrelated files", count, unrelated


def fill(folder: Path, contents: Iterable[tuple[str, bytes]]) -> None:
    """Files of these endings and contents, a thousand in a folder."""
    for number, (ending, content) in enumerate(contents):
        below = folder / str(number // 1000)
        if number % 1000 == 0:
            below.mkdir(parents=True)
        (below / f"{number}.{ending}").write_bytes(content)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--earlier", type=Path)
    asked = parser.parse_args()
    checkouts = {"": HERE} | ({"  (earlier)": asked.earlier.resolve()} if asked.earlier else {})
    key_pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    print(f"Python {sys.version.split()[0]}\n")
    print(f"{'':<46}{'seconds':>9}{'user':>9}{'ms each':>9}{'peak MB':>9}")
    for count in (100, 1000, 10_000, *([100_000] if asked.large else [])):
        with tempfile.TemporaryDirectory() as temporary:
            for title, number, folder in folders(Path(temporary), list(certificates(count)), key_pem):
                for which, checkout in checkouts.items():
                    seconds, user, memory = measure(folder, checkout)
                    each = seconds / number * 1000
                    print(f"{title + which:<46}{seconds:>9.2f}{user:>9.2f}{each:>9.2f}{memory:>9}", flush=True)


if __name__ == "__main__":
    main()
