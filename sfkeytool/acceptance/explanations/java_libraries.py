"""Messages of Java programs about keys and keystores: KeyFactory, Bouncy Castle, Spring, Mule, old Java versions."""

from datetime import date

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.rule import Basis

_TRIED_ON = date(2026, 11, 28)
_JAVA = "Tried with Java 8u504, 11.0.24, 17.0.15, 21.0.8 and 25.0.3"
_BOUNCY_CASTLE = "Tried with Bouncy Castle 1.72 on Java 17"
_SEE = "See what the file is: `sfkeytool show {file}`."
_MAKE_JKS = "Make a JKS of it, which every Java reads: `sfkeytool wrap {name} {file} --password generate`."

JAVA_LIBRARIES = (
    Explanation(
        id="error.keytool.old-java",
        messages=(
            "Algorithm HmacPBESHA256 not available",
            "Integrity check failed: java.security.NoSuchAlgorithmException: Algorithm HmacPBESHA256 not available",
            "ObjectIdentifier() -- data isn't an object ID (tag = 48)",
            "PBES2 SecretKeyFactory not available",
            "1.2.840.113549.1.5.13 SecretKeyFactory not available",
        ),
        meaning="This Java is older than the encryption of the PFX or of the key: SHA-256 and AES, as newer Java and"
        " OpenSSL 3 write it. Java 8 and 11 open such a PFX since updates of theirs, and Java 17 does.",
        causes=(
            "The keystore was made with Java 16 or later, or with OpenSSL 3, and is read by an older Java: another"
            " machine, a build server, the Java inside a program.",
            "An encrypted PKCS#8 key (PBES2) is read with Java's own EncryptedPrivateKeyInfo, which only newer Java"
            " can.",
        ),
        fixes=(
            "See which Java runs: `java -version`, in the program's own environment; update it.",
            _MAKE_JKS,
        ),
        basis=Basis.OBSERVED,
        citation=f"{_JAVA}; https://github.com/GoogleChromeLabs/bubblewrap/issues/837 ;"
        " https://github.com/ibm-messaging/kafka-java-vertx-starter/issues/239 ;"
        " https://github.com/openjdk/jdk/pull/8615",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.key-size-policy",
        messages=(
            "Illegal key size",
            "exception decrypting data - java.security.InvalidKeyException: Illegal key size",
            "exception unwrapping private key - java.security.InvalidKeyException: Illegal key size",
        ),
        meaning="An old Java may not use keys of more than 128 bits, here for the encryption of the file. It is not"
        " about the size of your RSA key.",
        causes=(
            "An early Java 8 or older, without the unlimited-strength policy files, opens a PFX or a key that uses"
            " AES-256 or 3DES by Bouncy Castle.",
        ),
        fixes=(
            "Update Java: a current Java 8 has no such limit. For an older one install the policy files (JCE Unlimited"
            " Strength Jurisdiction Policy).",
            _MAKE_JKS,
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/todvora/eet-client/issues/10 ;"
        " https://github.com/CyberSource/cybersource-sdk-java/issues/96 ;"
        " https://github.com/dropwizard/dropwizard/pull/2411",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.key-is-pkcs1",
        messages=("algid parse error, not a sequence", "version mismatch: (supported: 00, parsed: 01"),
        meaning="Java's KeyFactory takes PKCS#8, and the key is in an older form: what stands under BEGIN RSA PRIVATE"
        " KEY (PKCS#1) or BEGIN EC PRIVATE KEY (SEC 1).",
        causes=(
            "openssl genrsa before 3.0, ssh-keygen or a CA's portal wrote the key so.",
            "It is an EC key; for Salesforce it must be RSA.",
        ),
        fixes=(
            "Write it as PKCS#8: `sfkeytool unwrap {file}`, or `openssl pkcs8 -topk8 -nocrypt -in {file} -out"
            " {name}-pkcs8.key`. Changing the BEGIN line alone does not do it.",
        ),
        basis=Basis.OBSERVED,
        citation=_JAVA,
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.other-structure",
        messages=(
            "DER input, Integer tag error",
            "DerValue.getBigIntegerInternal, not expected {number}",
        ),
        meaning="Java expected a version number, with which a private key (PKCS#8) and a PFX begin, and found something"
        " else.",
        causes=(
            "It is a certificate or a public key: a .crt in place of the key, or under the name .p12.",
            "It is an encrypted PKCS#8 key, read as one that is not encrypted.",
            "keytool -gencert or -printcertreq was given a certificate in place of a request: not expected -96.",
        ),
        fixes=(
            _SEE,
            "Take the encryption off, into a file of your own: `sfkeytool unwrap {file} --password prompt`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_JAVA}; https://github.com/rouxemmanuel/DigitalSigning/issues/35",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.key-bytes",
        messages=(
            "java.security.InvalidKeyException: Unable to decode key",
            "java.security.InvalidKeyException: invalid key format",
            "java.security.InvalidKeyException: Invalid RSA private key",
            "java.security.InvalidKeyException: Missing key encoding",
        ),
        meaning="The bytes that the program handed to Java's KeyFactory are no whole private key in PKCS#8.",
        causes=(
            "The PEM text itself was handed over: BEGIN and END lines and base64 must be taken off first.",
            "It is cut, or empty: the variable was not set.",
            "It is another kind of key, EC for RSA.",
        ),
        fixes=(
            _SEE,
            "Write it as clean PKCS#8: `sfkeytool unwrap {file}`.",
        ),
        basis=Basis.OBSERVED,
        citation=_JAVA,
        retrieved=_TRIED_ON,
        wrapper=True,
    ),
    Explanation(
        id="error.keytool.base64",
        messages=("IllegalArgumentException: Illegal base64 character {code}",),
        meaning="Java's Base64 decoder met a character that is not base64; it names its code in hexadecimal.",
        causes=(
            "2d is the hyphen: the BEGIN and END lines were left in.",
            "a and d are line ends: the basic decoder takes none; getMimeDecoder() does.",
            "20 is a blank and 5c a backslash: the key went through a variable that made blanks or \\n of its line"
            " ends.",
        ),
        fixes=(
            "Mend the key: `sfkeytool unwrap {file}`.",
            "In the program take off the BEGIN and END lines and all white space, then decode.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_JAVA}: codes 2d and a; the others follow from ASCII",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.no-password-given",
        messages=(
            "UnrecoverableKeyException: Password must not be null",
            'Get Key failed: Cannot read the array length because "{variable}" is null',
            "no password supplied when one expected",
            "The KeyStore password cannot be null",
            "The Key password cannot be null",
        ),
        meaning="The program opened the keystore, or was about to, without a password for it or for the key.",
        causes=(
            "The property or variable that should hold it is not set in this environment, or its name is misspelt.",
            "Only the keystore's password is configured, and the library wants the key's as well: they are the same in"
            " what Salesforce exports and sfkeytool writes.",
        ),
        fixes=(
            "Configure both, keystore password and key password. Try it: `sfkeytool show {file} --password prompt`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_JAVA}; {_BOUNCY_CASTLE}; Mule's source:"
        " https://github.com/mulesoft/mule/blob/master/core/src/main/java/org/mule/runtime/core/privileged/security/tls/"
        "TlsConfiguration.java",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.bad-padding",
        messages=(
            "Given final block not properly padded. Such issues can arise if a bad key is used during decryption",
            "Cannot retrieve the PKCS8EncodedKeySpec",
            "pad block corrupted",
        ),
        meaning="The password does not decrypt it. Which one, the keystore's or the key's, stands in the lines around.",
        causes=("A wrong password, mostly.", "The file is damaged or cut."),
        fixes=("Try it: `sfkeytool show {file} --password prompt`.",),
        basis=Basis.OBSERVED,
        citation=f"{_JAVA}; {_BOUNCY_CASTLE}",
        retrieved=_TRIED_ON,
        wrapper=True,
    ),
    Explanation(
        id="error.keytool.bc-password",
        messages=(
            "BCFKS KeyStore corrupted: MAC calculation failed",
            "KeyStore integrity check failed",
            "PKCS12 key store mac invalid - wrong password or corrupted file",
            "password incorrect or store tampered with",
        ),
        meaning="Bouncy Castle says of a BCFKS, BKS or PFX: the password is wrong, or the file was changed. Nobody can"
        " tell which.",
        causes=(
            "A wrong password, or none.",
            "The file was damaged: sent as text, filtered by a build, cut.",
            "A PFX of a few programs is refused by Bouncy Castle although Java opens it.",
        ),
        fixes=(
            "Try the password: `sfkeytool show {file} --password prompt`.",
            "Take the keystore again from where it was made.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_BOUNCY_CASTLE}; https://github.com/StrongKey/fido2/issues/22 ;"
        " https://github.com/bcgit/bc-java/issues/2120 ; https://github.com/bcgit/bc-java/issues/1875",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.bc-key-password",
        messages=(
            "BCFKS KeyStore unable to recover private key ({alias})",
            "mac check in CCM failed",
            "java.security.UnrecoverableKeyException: no match",
        ),
        meaning="Bouncy Castle opened the keystore, and the key in it has another password.",
        causes=("The key was stored under a password of its own.", "No key password was given."),
        fixes=(
            "Give the key's password; a keystore for Salesforce has one for both: `sfkeytool wrap {name} {file}"
            " --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_BOUNCY_CASTLE}; https://github.com/StrongKey/fido2/issues/4",
        retrieved=_TRIED_ON,
        rules=("ckm.entry.key-password",),
    ),
    Explanation(
        id="error.keytool.bc-other-file",
        messages=(
            "Wrong version of key store",
            "stream does not represent a PKCS12 key store",
            "long form definite-length more than 31 bits",
            "java.io.IOException: unknown tag {number} encountered",
            "BC JKS store is read-only and only supports certificate entries",
        ),
        meaning="The file is not a keystore of the type that Bouncy Castle was told to open.",
        causes=(
            "It is a JKS, opened as BKS, BCFKS or PKCS12.",
            "It is a PFX, a certificate or a key under another name.",
            "It is base64, or damaged.",
        ),
        fixes=(_SEE, "Name its real type in the program: JKS, PKCS12, BKS or BCFKS."),
        basis=Basis.OBSERVED,
        citation=_BOUNCY_CASTLE,
        retrieved=_TRIED_ON,
        rules=("ckm.store.not-jks",),
    ),
    Explanation(
        id="error.keytool.bc-cut",
        messages=(
            "corrupted stream - out of bounds length found: {number} >= {number}",
            "DEF length {number} object truncated by {number}",
        ),
        meaning="The file ends too early: Bouncy Castle names the length that it should have.",
        causes=("A download or copy was cut off.",),
        fixes=("Take it again from where it was made. See what is left: `sfkeytool show {file}`.",),
        basis=Basis.OBSERVED,
        citation=_BOUNCY_CASTLE,
        retrieved=_TRIED_ON,
        rules=("ckm.store.damaged",),
    ),
    Explanation(
        id="error.keytool.no-bouncy-castle",
        messages=(
            "KeyStoreException: BCFKS not found",
            "NoSuchAlgorithmException: BCFKS KeyStore not available",
        ),
        meaning="Java alone knows no BCFKS: it is the keystore of Bouncy Castle, which is not there.",
        causes=("Bouncy Castle's library is not on the class path, or not registered as a provider.",),
        fixes=(
            "With keytool: add -provider org.bouncycastle.jce.provider.BouncyCastleProvider -providerpath and the path"
            " of bcprov's .jar.",
            _MAKE_JKS,
        ),
        basis=Basis.OBSERVED,
        citation=_JAVA,
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.spring-key-store",
        messages=("Could not load key store '{file}'", "Could not load key store from {file}"),
        meaning="Spring Boot, or Quarkus, could not open the keystore of its configuration. Why stands below, after"
        " Caused by.",
        causes=(
            "The path is wrong: it wants classpath: or file: before it, and the file in the .jar or beside it.",
            "The password or the type (JKS, PKCS12) does not fit the file.",
            "The build changed the file: Maven's resource filtering breaks binary files.",
        ),
        fixes=("Explain the line after Caused by.", "Look at the file that arrived: `sfkeytool show {file}`."),
        basis=Basis.OBSERVED,
        citation="Spring Boot's tests: https://github.com/spring-projects/spring-boot",
        retrieved=_TRIED_ON,
        wrapper=True,
    ),
    Explanation(
        id="error.keytool.mule-alias",
        messages=('Key with alias "{alias}" was not found', "The KeyStore location cannot be null"),
        meaning="Mule found no key of that name, or no keystore, as its TLS context names them.",
        causes=(
            "The alias differs: Java lists it in lower case, and Mule compares letter by letter.",
            "The keystore is another one, or its path is not set in this environment.",
        ),
        fixes=("List the entries with their aliases: `sfkeytool show {file}`.",),
        basis=Basis.OBSERVED,
        citation="Mule's source:"
        " https://github.com/mulesoft/mule/blob/master/core/src/main/java/org/mule/runtime/core/privileged/security/tls/"
        "TlsConfiguration.java",
        retrieved=_TRIED_ON,
        rules=("ckm.entry.alias-case",),
    ),
)
