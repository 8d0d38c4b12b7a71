"""How `sfkeytool audit` grows with the number of certificates: in files, in one bundle, and beside key files.

    python benchmarks/audit.py

Needs sfkeytool installed for this Python. Compare within one table: machines are noisy.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

SFKEYTOOL = shutil.which("sfkeytool", path=str(Path(sys.executable).parent)) or "sfkeytool"


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


def measure(folder: Path) -> tuple[float, float, int]:
    """Seconds, those of the processor in our own code, and peak memory in MB, of one run."""
    code = (
        "import resource, subprocess, sys, time\n"
        "started = time.perf_counter()\n"
        "subprocess.run(sys.argv[1:], check=True, capture_output=True)\n"
        "seconds = time.perf_counter() - started\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(seconds, used.ru_utime, used.ru_maxrss)\n"
    )
    command = [sys.executable, "-c", code, SFKEYTOOL, "audit", str(folder), "--json"]
    seconds, user, memory = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds), float(user), int(memory) * (1 if sys.platform == "darwin" else 1024) // 2**20


def main() -> None:
    key_pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    print(f"Python {sys.version.split()[0]}\n")
    print(f"{'':<34}{'seconds':>9}{'user':>9}{'ms each':>9}{'peak MB':>9}")
    with tempfile.TemporaryDirectory() as temporary:
        for count in (100, 1000, 10_000):
            made = list(certificates(count))
            files, one, mixed = (Path(temporary, f"{kind}-{count}") for kind in ("files", "one", "mixed"))
            for folder in (files, one, mixed):
                folder.mkdir()
            for number, pem in enumerate(made):
                (files / f"{number}.crt").write_bytes(pem)
            (one / "all.pem").write_bytes(b"".join(made))
            for number, pem in enumerate(made[: count // 2]):
                (mixed / f"{number}.crt").write_bytes(pem)
                (mixed / f"{number}.key").write_bytes(key_pem)
            for title, folder in (("files", files), ("certificates in one file", one), ("files, half keys", mixed)):
                seconds, user, memory = measure(folder)
                print(f"{f'{count} {title}':<34}{seconds:>9.2f}{user:>9.2f}{seconds / count * 1000:>9.2f}{memory:>9}")


if __name__ == "__main__":
    main()
