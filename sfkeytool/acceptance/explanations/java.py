"""Messages of keytool and of Java's keystores."""

from datetime import date

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.rule import Basis
from sfkeytool.acceptance.rules import sources

_TRIED_ON = date(2026, 11, 28)
_KEYTOOL = (
    "Tried with keytool of Java 8, 11, 17, 21 and 25; its messages: "
    "https://github.com/openjdk/jdk/blob/master/src/java.base/share/classes/sun/security/tools/keytool/Resources.java"
)
_STORE = f"Tried with Java 8, 11, 17, 21 and 25; {sources.JDK_KEYSTORE}"

KEYTOOL = (
    Explanation(
        id="error.keytool.tampered",
        messages=(
            "Keystore was tampered with, or password was incorrect",
            "UnrecoverableKeyException: Password verification failed",
        ),
        meaning="The keystore's digest does not fit: the password is wrong, or the file was changed. Nobody can tell"
        " which.",
        causes=(
            "A wrong password: a line break, another keyboard layout, or letters outside ASCII, which keytool decodes"
            " by locale.",
            "The file was damaged: sent as text, cut, or changed by a version control system.",
            "Shown by Certificate and Key Management it means the same; that it shows it word for word is inferred.",
        ),
        fixes=(
            "Try the password: `sfkeytool show {file} --password prompt`.",
            "Take the keystore again from where it was made, or make a new one from key and certificate:"
            " `sfkeytool wrap {name} {file} {file} --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation=_STORE,
        retrieved=_TRIED_ON,
        rules=("ckm.store.integrity",),
    ),
    Explanation(
        id="error.keytool.pkcs12-password",
        messages=(
            "keystore password was incorrect",
            "failed to decrypt safe contents entry: javax.crypto.BadPaddingException: Given final block not properly"
            " padded",
        ),
        meaning="The password does not open this PKCS#12 keystore (PFX).",
        causes=("A wrong password.", "Another letter case, or letters outside ASCII.", "The file is damaged."),
        fixes=("Try it: `sfkeytool show {file} --password prompt`.",),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.invalid-format",
        messages=("Invalid keystore format",),
        meaning="The file is not the keystore that its type says: a JKS begins with FE ED FE ED, this one does not.",
        causes=(
            "It is a certificate or key (PEM or DER), renamed.",
            "It was damaged on the way: sent as text, or saved from a web page.",
            "It is PKCS#12 under the name .jks, and a program that knows only JKS reads it.",
        ),
        fixes=(
            "See what it is: `sfkeytool show {file}`.",
            "Make a JKS of it: `sfkeytool wrap {name} {file} --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation=_STORE,
        retrieved=_TRIED_ON,
        rules=("ckm.store.not-jks", "ckm.store.damaged"),
    ),
    Explanation(
        id="error.keytool.unrecognized-format",
        messages=("Unrecognized keystore format. Please load it with a specified type",),
        meaning="The file is no keystore of a type that Java recognises.",
        causes=("It is a certificate, a key or a chain.", "It is a BKS or BCFKS keystore of Bouncy Castle."),
        fixes=(
            "See what it is: `sfkeytool show {file}`.",
            "Make a JKS of it: `sfkeytool wrap {name} {file} --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
        rules=("ckm.store.not-jks",),
    ),
    Explanation(
        id="error.keytool.der",
        messages=(
            "toDerInputStream rejects tag type {number}",
            "DerInputStream.getLength(): lengthTag={number}, too big.",
            "java.io.IOException: Tag number over 30 is not supported",
            "java.io.IOException: Short read of DER length",
        ),
        meaning="Java took the file for PKCS#12, and it is not.",
        causes=(
            "It is PEM: tag type 45 is the hyphen of -----BEGIN.",
            "It is a JKS that an older Java opened as PKCS#12: lengthTag 109 is the second byte of every JKS.",
            "It is base64: tag type 47 is that of a JKS, 77 of a PFX; lengthTag 91 or 111 can be text as well.",
            "It was rewritten as text, by a build's filter or a transfer: lengthTag 63 is the second byte of EF BF BD.",
            "It is damaged, or empty.",
        ),
        fixes=("See what it is: `sfkeytool show {file}`.",),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
        rules=("ckm.store.not-jks",),
    ),
    Explanation(
        id="error.keytool.cut",
        messages=("java.io.EOFException", "java.io.IOException: Incomplete BER/DER data"),
        meaning="Where it comes from reading a keystore: the file ends too early.",
        causes=("A download or copy was cut off.", "It is no keystore at all, and short."),
        fixes=("Take it again from where it was made. See what is left: `sfkeytool show {file}`.",),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
        rules=("ckm.store.damaged",),
    ),
    Explanation(
        id="error.keytool.empty",
        messages=("Keystore file exists, but is empty: {file}",),
        meaning="The keystore has no bytes.",
        causes=("It was made with touch or mktemp before keytool ran.", "A write before broke off."),
        fixes=("Delete the empty file and run the command again.",),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.absent",
        messages=("Keystore file does not exist: {file}",),
        meaning="There is no file at this path.",
        causes=("The command ran in another folder.", "The name is mistyped."),
        fixes=("Give the whole path in -keystore.",),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.key-password",
        messages=(
            "Cannot recover key",
            "Failed to decrypt data for private key '{alias}'; wrong password?",
            "Get Key failed",
            "Get Key failed: Given final block not properly padded. Such issues can arise if a bad key is used during"
            " decryption.",
            "Too many failures - try later",
        ),
        meaning="The keystore opened, but the key in it has another password.",
        causes=(
            "The JKS was made from a PFX with a new password and without -destkeypass: the key kept the old one.",
            "The key was made with -keypass.",
        ),
        fixes=(
            "Try the password of the file that it came from; Salesforce wants both to be equal:"
            " `sfkeytool wrap {name} {file} --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation=_STORE,
        retrieved=_TRIED_ON,
        rules=("ckm.entry.key-password",),
    ),
    Explanation(
        id="error.keytool.no-alias",
        messages=("Alias <{alias}> does not exist", "Alias <{alias}> has no key"),
        meaning="The keystore has no entry, or no key, of this name.",
        causes=(
            "The entry has another name: a PFX without one gives the alias 1.",
            "keytool makes names lower-case; a JKS of another tool can hold one with capitals, which Java lists and"
            " does not find.",
            "The entry is a certificate alone.",
        ),
        fixes=("List the entries: `sfkeytool show {file}`.",),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
        rules=("ckm.entry.alias-case", "ckm.entry.no-private-key"),
    ),
    Explanation(
        id="error.keytool.alias-exists",
        messages=(
            "Key pair not generated, alias <{alias}> already exists",
            "Certificate not imported, alias <{alias}> already exists",
            "Destination alias <{alias}> already exists",
        ),
        meaning="The keystore has an entry of this name already; keytool does not replace it.",
        causes=("The command ran before.", "A name that is there was chosen again."),
        fixes=(
            "Take another alias. See what lies under this one: `sfkeytool show {file}`; keytool's -delete removes it,"
            " and a"
            " deleted private key is gone.",
        ),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.no-chain",
        messages=("Failed to establish chain from reply", "Incomplete certificate chain in reply"),
        meaning="keytool has the CA's certificate for your key, and not those of the CA that link it to a root.",
        causes=(
            "Intermediate and root are not in the keystore: keytool wants them imported first, each under its alias.",
            "The CA's answer holds the leaf alone.",
        ),
        fixes=(
            "Give the key and all of the CA's files at once, in any order: `sfkeytool wrap {name} {file} {file}"
            " --password"
            " generate`.",
        ),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
        rules=("ckm.chain.gap", "ckm.chain.root-missing"),
    ),
    Explanation(
        id="error.keytool.keys-differ",
        messages=(
            "Public keys in reply and keystore don't match",
            "Certificate reply does not contain public key for <{alias}>",
        ),
        meaning="The certificate was made for another key than the one under this alias.",
        causes=(
            "The key was made again after the CSR was sent.",
            "The alias is that of another entry.",
            "The CA's own certificate was imported under the key's alias.",
        ),
        fixes=(
            "Find out what belongs together: `sfkeytool compare {file} {file}`.",
            "Put the right ones together: `sfkeytool wrap {name} {file} {file} --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
        rules=("ckm.key.mismatch",),
    ),
    Explanation(
        id="error.keytool.same-reply",
        messages=("Certificate reply and certificate in keystore are identical",),
        meaning="The keystore has this certificate already; nothing was done.",
        causes=("The command ran before.", "The old certificate was taken for the renewed one."),
        fixes=("See dates and fingerprint: `sfkeytool show {file}`.",),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.not-x509",
        messages=(
            "Input not an X.509 certificate",
            "Failed to parse input",
            "signed fields invalid",
            "Could not parse certificate: java.io.IOException: Empty input",
        ),
        meaning="The file that was given as a certificate is something else.",
        causes=(
            "It is the private key, a CSR or a PFX.",
            "There is text, or a byte order mark, before -----BEGIN CERTIFICATE-----.",
            "It is a PKCS#7 chain under a misleading name.",
        ),
        fixes=(
            "See what it is: `sfkeytool show {file}`.",
            "Use it as it is: `sfkeytool wrap {name} {file} {file} --password generate` takes PEM, DER, PKCS#7 and"
            " PFX.",
        ),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.keytool.short-password",
        messages=(
            "Keystore password must be at least 6 characters",
            "Key password must be at least 6 characters",
            "New password must be at least 6 characters",
            "Password is too short - must be at least 6 characters",
        ),
        meaning="keytool makes no keystore with so short a password.",
        causes=(
            "A variable was empty.",
            "The password is short; a JKS gives 12 characters little protection as it is.",
        ),
        fixes=("Let a long one be made: `sfkeytool wrap {name} {file} {file} --password generate`.",),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
        rules=("ckm.store.short-password", "ckm.store.empty-password"),
    ),
    Explanation(
        id="error.keytool.pkcs12-key-password",
        messages=(
            "Different store and key passwords not supported for PKCS12 KeyStores.",
            "The destination pkcs12 keystore has different storepass and keypass. Please retry with -destkeypass"
            " specified.",
            "-keypasswd commands not supported if -storetype is PKCS12",
        ),
        meaning="keytool is writing PKCS#12, where keystore and key have one password. Salesforce takes JKS only.",
        causes=("JDK 9 and later write PKCS#12 unless they are told -storetype JKS or -deststoretype JKS.",),
        fixes=("Write a JKS with one password: `sfkeytool wrap {name} {file} --password generate`.",),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
        rules=("ckm.store.not-jks",),
    ),
    Explanation(
        id="error.keytool.migrate",
        messages=(
            "The {type} keystore uses a proprietary format. It is recommended to migrate to PKCS12 which is an industry"
            " standard format",
        ),
        meaning="Good advice elsewhere, wrong here: Salesforce imports JKS and refuses PKCS#12.",
        causes=("keytool says this of every JKS.",),
        fixes=(
            "Leave it as it is. If it was migrated already: `sfkeytool wrap {name} {file} --password generate` makes"
            " a JKS again.",
        ),
        basis=Basis.OBSERVED,
        citation=_KEYTOOL,
        retrieved=_TRIED_ON,
        rules=("ckm.store.not-jks",),
    ),
    Explanation(
        id="error.keytool.no-private-key",
        messages=("Cannot store non-PrivateKeys", "Private key must be accompanied by certificate chain"),
        meaning="A JKS takes a private key with its certificates, and nothing else under a key's name.",
        causes=("The entry is a secret (symmetric) key.", "A key was added without its certificate."),
        fixes=("Put key and certificate together: `sfkeytool wrap {name} {file} {file} --password generate`.",),
        basis=Basis.OBSERVED,
        citation=_STORE,
        retrieved=_TRIED_ON,
    ),
)
