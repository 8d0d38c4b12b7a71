"""The mistakes that programs make with keys in Java, and what its versions throw.

``java_answers.json`` holds the answers of the versions that people have. To add those of another: `python
tests/java_mistakes.py FOLDER` makes the files there with openssl and keytool, KeyMistakes.java is compiled (`javac
--release 8`) and run in that folder, with an argument where Bouncy Castle is on the class path, and `python
tests/java_mistakes.py java_answers.json OUTPUT` takes what it printed.
"""

import base64
import json
import shlex
import subprocess
import sys
from pathlib import Path

TAMPERED, FORMAT, DER, STRUCTURE, BYTES = "tampered", "invalid-format", "der", "other-structure", "key-bytes"

MISTAKES: dict[str, tuple[str, ...]] = {
    "JKS pay.crt": (FORMAT,),
    "JKS pay.cer": (FORMAT,),
    "JKS pay.b64": (FORMAT,),
    "JKS utf8.jks": (FORMAT,),
    "JKS cut.jks": ("cut",),
    "JKS cut.p12": (FORMAT, "cut"),
    "PKCS12 pay.jks": (DER,),
    "PKCS12 pay.crt": (DER,),
    "PKCS12 pay.cer": (STRUCTURE,),
    "PKCS12 pay.b64": (DER,),
    "PKCS12 utf8.jks": (DER,),
    "PKCS12 cut.jks": (DER,),
    "PKCS12 cut.p12": ("cut", DER),
    "JKS wrong password": (TAMPERED,),
    "PKCS12 wrong password": ("pkcs12-password",),
    "JKS key's password": ("key-password",),
    "PKCS12 key's password": ("key-password",),
    "JKS no password": ("no-password-given",),
    "JKS no chain": ("no-private-key",),
    "JKS secret key": ("no-private-key",),
    "BCFKS without provider": ("no-bouncy-castle",),
    "KeyFactory pay.key": (BYTES,),
    "KeyFactory pkcs1.der": ("key-is-pkcs1",),
    "KeyFactory locked.der": (STRUCTURE,),
    "KeyFactory pay.cer": (STRUCTURE,),
    "KeyFactory sec1.der": ("key-is-pkcs1",),
    "KeyFactory ec.der": (BYTES,),
    "KeyFactory empty": (BYTES,),
    "Base64 pay.key": ("base64",),
    "Certificate pay.key": ("not-x509",),
    "Certificate empty": ("not-x509",),
    "BC BCFKS wrong password": ("bc-password",),
    "BC BCFKS cut": ("bc-cut",),
    "BC BCFKS pay.crt": ("bc-other-file",),
    "BC BCFKS pay.jks": ("bc-other-file",),
    "BC BCFKS key's password": ("bc-key-password",),
    "BC BKS wrong password": ("bc-password",),
    "BC BKS cut": ("cut",),
    "BC BKS pay.crt": ("bc-other-file",),
    "BC BKS pay.jks": ("bc-other-file",),
    "BC BKS key's password": ("bc-key-password",),
    "BC PKCS12 wrong password": ("bc-password",),
    "BC PKCS12 cut": (),
    "BC PKCS12 pay.crt": ("bc-other-file",),
    "BC PKCS12 pay.jks": ("bc-other-file",),
}
"""Mistake → explanations, without ``error.keytool.``, that the answer finds: the first first, no others.

Not every version refuses every one: since Java 9 a JKS opens as PKCS12, and the other way round. Of a PFX that is cut
Bouncy Castle says nothing but java.io.IOException, and that explains nothing."""

PREPARATION = """
openssl req -x509 -newkey rsa:2048 -nodes -keyout pay.key -out pay.crt -subj /CN=pay -days 3650
openssl pkcs12 -export -inkey pay.key -in pay.crt -name pay -passout pass:changeit -out pay.p12
openssl x509 -in pay.crt -outform DER -out pay.cer
openssl rsa -in pay.key -traditional -outform DER -out pkcs1.der
openssl pkcs8 -topk8 -in pay.key -outform DER -passout pass:changeit -out locked.der
openssl ecparam -genkey -name prime256v1 -noout -outform DER -out sec1.der
openssl pkcs8 -topk8 -nocrypt -in sec1.der -inform DER -outform DER -out ec.der
keytool -importkeystore -srckeystore pay.p12 -srcstorepass changeit -destkeystore pay.jks -deststoretype JKS
 -deststorepass changeit
keytool -importkeystore -srckeystore pay.p12 -srcstorepass changeit -destkeystore two.jks -deststoretype JKS
 -deststorepass changeit -destkeypass another
""".replace("\n ", " ")


def prepare(folder: Path) -> None:
    """Makes the files that the mistakes are made with."""
    for line in PREPARATION.strip().splitlines():
        subprocess.run(shlex.split(line), cwd=folder, capture_output=True, check=True, timeout=60)
    store = (folder / "pay.jks").read_bytes()
    (folder / "pay.b64").write_bytes(base64.encodebytes(store))
    (folder / "utf8.jks").write_bytes(store.decode("utf-8", "replace").encode())
    (folder / "cut.jks").write_bytes(store[:900])
    (folder / "cut.p12").write_bytes((folder / "pay.p12").read_bytes()[:900])
    (folder / "empty").touch()


def add(answers: Path, output: str) -> None:
    """Adds what KeyMistakes printed, by Java's version."""
    known = json.loads(answers.read_text(encoding="utf-8")) if answers.exists() else {}
    first, *rest = output.split("\n## ")
    version = first.split()[1]
    known[version] = {lines[0]: lines[1:] for lines in (part.rstrip().splitlines() for part in rest)}
    answers.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        prepare(Path(sys.argv[1]))
    else:
        add(Path(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="utf-8"))
