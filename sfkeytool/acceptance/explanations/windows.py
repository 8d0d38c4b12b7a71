"""Messages of Windows: certutil, PowerShell, the certificate console and .NET, about keys in its stores."""

from datetime import date

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.rule import Basis

_TRIED_ON = date(2026, 11, 28)
_CODES = "Microsoft's list of the codes: https://learn.microsoft.com/en-us/previous-versions/aa915314(v=msdn.10)"
_REPAIR = (
    "Microsoft KB 842210 (read in a copy):"
    " https://ftp.zx.net.nz/pub/archive/ftp.microsoft.com/MISC/KB/en-us/842/210.HTM"
)
_WHICH_STORE = (
    "See what is there, with serial numbers and keys: `certutil -store my` for the machine, `certutil -user -store my`"
    " for you."
)
_NEW_KEY = (
    "Make a new key where it may be kept as a file, and replace the certificate: `sfkeytool self-signed {name}"
    " --password generate`, or for a CA `sfkeytool csr {name}`. sfkeytool takes no key out of Windows that is marked as"
    " not exportable."
)

WINDOWS = (
    Explanation(
        id="error.windows.not-exportable",
        messages=(
            "Key not valid for use in specified state",
            "NTE_BAD_KEY_STATE",
            "0x8009000b",
            "-exportPFX command FAILED: 0x8009000b (-2146893813 NTE_BAD_KEY_STATE)",
            "Cannot export non-exportable private key",
            "The associated private key is marked as not exportable",
            "(Greyed out) Yes, export the private key",
            "Private key is NOT exportable",
        ),
        meaning="Windows has the private key and does not hand it out: it was made, or imported, as not exportable. So"
        ' "Yes, export the private key" is grey in the console, and only the certificate can be exported.',
        causes=(
            "The PFX was imported without Mark this key as exportable, or by a script without -Exportable.",
            "The certificate template, the policy or the program that requested it (an ACME client, say) makes such"
            " keys; so do smart cards, a TPM and an HSM.",
            "Nothing was to be exported: a program could not unlock what Windows protects for a user. Another user, a"
            " copied profile or a service account without a loaded profile get the same words; inferred.",
        ),
        fixes=(
            "Make sure that it is the key's own mark: `certutil -store my` (with `-user` for yours) says Private key is"
            " NOT exportable.",
            "Take the PFX that the key came in: `sfkeytool wrap {name} {file} --password generate`. Where it must be"
            " imported again: `Import-PfxCertificate -Exportable -FilePath {file} -CertStoreLocation"
            " Cert:\\CurrentUser\\My`.",
            _NEW_KEY,
        ),
        basis=Basis.OBSERVED,
        citation=f"{_CODES} ; https://github.com/PKISharp/ACME-PS/issues/138 ;"
        " https://github.com/win-acme/win-acme/issues/1373 ; https://github.com/oocx/acme.net/issues/24",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.windows.not-in-plain",
        messages=(
            "Private key is NOT plain text exportable",
            "WindowsCryptographicException : The requested operation is not supported.",
        ),
        meaning="The key may leave Windows in an encrypted file, a PFX, and not as plain numbers.",
        causes=(
            "A program asked for the bare key: ExportRSAPrivateKey or ExportParameters in .NET.",
            "An import without the flag for plain export: .NET's Exportable allows the PFX alone.",
        ),
        fixes=(
            "Export a PFX, which is allowed: `certutil -exportPFX my SERIAL_NUMBER {name}.pfx`, or"
            " Export-PfxCertificate.",
            "Take the key out of that: `sfkeytool wrap {name} {name}.pfx --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/dotnet/runtime/issues/36899 ; https://github.com/dotnet/runtime/issues/77590",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.windows.not-found",
        messages=(
            "Cannot find object or property",
            "CRYPT_E_NOT_FOUND",
            "0x80092004",
            "-exportPFX command FAILED: 0x80092004 (-2146885628 CRYPT_E_NOT_FOUND)",
        ),
        meaning="certutil did not find what it was asked for. With -exportPFX and -repairstore: no certificate of that"
        " serial number or thumbprint in that store, or one to which no private key belongs.",
        causes=(
            "The wrong store: certutil takes the machine's; your own certificates need `-user`.",
            "The thumbprint was copied from the certificate window and begins with an invisible character, or lacks a"
            " digit.",
            "The certificate was imported alone (.cer, .crt, .p7b): its key is on the machine that made the request.",
            "With -verify it is about revocation: the certificate names no list that could be fetched.",
        ),
        fixes=(
            _WHICH_STORE,
            'Type the serial number by hand, in quotes: `certutil -exportPFX my "SERIAL_NUMBER" {name}.pfx`.',
            'A certificate without its key: see error.windows.no-key, `certutil -repairstore my "SERIAL_NUMBER"`.',
        ),
        basis=Basis.OBSERVED,
        citation="Microsoft's list of the codes: https://learn.microsoft.com/windows/desktop/com/com-error-codes-4 ;"
        " https://github.com/GSA/piv-guides/issues/102 ; the invisible character: https://blog.octal.pl/?p=23",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.windows.no-key",
        messages=(
            "Missing stored keyset",
            "Keyset does not exist",
            "NTE_BAD_KEYSET",
            "0x80090016",
            "-exportPFX command FAILED: 0x80090016 (-2146893802 NTE_BAD_KEYSET)",
            "Cannot find the certificate and private key for decryption",
            "No key provider information",
            "Encryption test FAILED",
            "CryptAcquireCertificatePrivateKey (0x80090011)",
        ),
        meaning="Windows has the certificate, and no private key for it that this user may open.",
        causes=(
            "The command or the program has no right to the key: it is not run as administrator, or the service's"
            " account was not given the key.",
            "The certificate was imported without its key, or on another machine than the one that made the request.",
            "Certificate and key are both there and were not linked: the CA's answer was imported by double-click"
            " instead of with certreq -accept or Complete Certificate Request.",
            "The key's file is gone: a profile that was deleted or not loaded, sysprep, a restored machine.",
        ),
        fixes=(
            "Try in a window that was opened with Run as administrator.",
            'Link them again: `certutil -repairstore my "SERIAL_NUMBER"`, with `-user` for your own store. It worked'
            " when it ends with: CertUtil: -repairstore command completed successfully. Before that stands a passed"
            " test of the key. It cannot bring back a key that is not on this machine.",
            "In the console choose All Tasks > Manage Private Keys, and give the service's account read access.",
            "The key is nowhere: " + _NEW_KEY[0].lower() + _NEW_KEY[1:],
        ),
        basis=Basis.OBSERVED,
        citation=f"{_CODES} ; https://github.com/webprofusion/certify/issues/319 ;"
        " https://github.com/win-acme/win-acme/issues/1729 ; https://github.com/pnp/powershell/issues/1507 ;"
        " https://github.com/dsccommunity/CertificateDsc/pull/134",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.windows.pfx-password",
        messages=(
            "The specified network password is not correct",
            "ERROR_INVALID_PASSWORD",
            "0x80070056",
            "-importPFX command FAILED: 0x80070056 (ERROR_INVALID_PASSWORD)",
            "The password you entered is incorrect",
        ),
        meaning="Windows could not open the PFX with this password. No network is involved.",
        causes=(
            "The password is right and Windows is too old: Windows Server 2016 and earlier read no PFX that is"
            " encrypted with AES, as OpenSSL 3, newer Java and many tools write it. Proof: `openssl pkcs12 -info -noout"
            " -in {file}` says PBES2, and the file opens elsewhere.",
            "A wrong password, a blank at its end, or letters outside ASCII.",
            "An empty password: PowerShell drops an empty argument, and certutil then reads the next word.",
            "The file is damaged, or no PFX.",
        ),
        fixes=(
            "Try the password elsewhere: `sfkeytool show {file} --password prompt`.",
            "For an old Windows write the PFX again with the old ciphers: `openssl pkcs12 -export -legacy -inkey KEY"
            " -in CERTIFICATE -out {name}.pfx`. Salesforce needs none of this: its keystore is made by `sfkeytool wrap"
            " {name} {file} --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/openssl/openssl/issues/27035 ;"
        " https://github.com/acmesh-official/acme.sh/issues/6805 ;"
        " https://github.com/ansible-collections/ansible.windows/pull/582 ;"
        " https://github.com/kaikramer/keystore-explorer/issues/318",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.windows.exported",
        messages=("CertUtil: -exportPFX command completed successfully.",),
        meaning="It worked: the PFX has the certificate and its private key, under the password that was typed twice.",
        causes=("The key is exportable, and this user may read it.",),
        fixes=(
            "Make the keystore for Salesforce of it: `sfkeytool wrap {name} {file} --password generate`.",
            "Delete the PFX when the keystore is imported: whoever has it and the password has the key.",
        ),
        basis=Basis.OBSERVED,
        citation="The command: https://github.com/MicrosoftDocs/windowsserverdocs/issues/6448 ; its last line as in"
        f" public transcripts, found by its words, and in the form of {_REPAIR}",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.windows.repaired",
        messages=("CertUtil: -repairstore command completed successfully.",),
        meaning="It worked: Windows has linked the certificate to a private key that is on this machine, if a test of"
        " the key is said to have passed above.",
        causes=("Certificate and key were both there.",),
        fixes=(
            'Export it, where the key allows it: `certutil -exportPFX my "SERIAL_NUMBER" {name}.pfx`.',
            "Make the keystore for Salesforce of that: `sfkeytool wrap {name} {name}.pfx --password generate`.",
        ),
        basis=Basis.DOCUMENTED,
        citation=_REPAIR,
        retrieved=_TRIED_ON,
    ),
)
