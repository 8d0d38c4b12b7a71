"""The codes of errors: each with the one class that it is raised with, what it means, and what to do."""

from collections.abc import Mapping

from sfkeytool.errors import (
    CertificateError,
    InputError,
    InternalError,
    InterruptedRunError,
    KeystoreError,
    KeystorePasswordError,
    LoginRefusedError,
    NetworkError,
    OrgError,
    OutputError,
    PrivateKeyError,
    PrivateKeyPasswordError,
    SelfCheckError,
    SfkeytoolError,
    SystemFailureError,
    UsageError,
)

_BUG = "Nothing was written. Report it, with the command, the version and what `SFKEYTOOL_DEBUG=1` prints."
_LATER = "Try again later; https://status.salesforce.com tells of disturbances."
_MISSPELT = "Correct it; the message says what is wanted."

ERRORS: Mapping[type[SfkeytoolError], Mapping[str, tuple[str, str]]] = {
    UsageError: {
        "check.not-a-keystore": (
            "`check --fix` was asked to repair what is no keystore.",
            "Make a keystore of it: the hint has the `wrap` that does.",
        ),
        "usage.access-token": (
            "`SF_ACCESS_TOKEN` holds what is no access token.",
            "Look at the variable: one line of printable ASCII without blanks.",
        ),
        "usage.alias": ("`--alias` was given more than twice.", "Give it once for both sides, or twice: for A, for B."),
        "usage.api-version": ("This is no version of the API that certificates can be read with.", _MISSPELT),
        "usage.as": ("`--as` names the generation that is there already.", "Choose another name."),
        "usage.browser-missing": (
            "`--browser` found no Chrome, Edge or Chromium on this machine.",
            "Install one; or leave `--browser` out, and choose the file on the page yourself.",
        ),
        "usage.command-file": (
            "The command of `cmd:` is a .cmd or .bat file, whose arguments cmd.exe would obey.",
            "Name the program that it starts, an .exe.",
        ),
        "usage.command-line": (
            "The command line cannot be understood: an unknown command or flag, or a value of the wrong form.",
            "`--help` of the command shows its flags.",
        ),
        "usage.confirm": (
            "`--deploy`, or `--browser`, changes an org, and nobody is there to be asked.",
            "Say `--yes` if you mean it.",
        ),
        "usage.contact-email": ("`--contact-email` is no mail address.", _MISSPELT),
        "usage.date": ("A date has another form than 2026-11-24.", _MISSPELT),
        "usage.days": ("`--days` is below 1 or above what is allowed.", _MISSPELT),
        "usage.delete": (
            "`--delete` deletes the keystore in NAME's own folder alone, and never the file that keeps the key.",
            "Give NAME, or leave it out.",
        ),
        "usage.done": ("`--done` names a step that the renewal does not have.", "The message lists the steps."),
        "usage.empty": ("A flag was given with an empty value.", "Look whether the variable in it is set."),
        "usage.folder": (
            "`--output-dir` names a folder that does not hold the keystore of the app's certificate.",
            "Leave it out, and a reminder is made.",
        ),
        "usage.explain": ("`--list` shows all, and a text was given too.", "Leave out one of the two."),
        "usage.extra-missing": (
            "The flag needs a library that is not installed.",
            "Add the library, by the command that the hint names.",
        ),
        "usage.fail-on": ("`--fail-on` has a word that is not known.", "The message lists the words."),
        "usage.generation": ("All names that would be made up for the month are taken.", "Choose one with `--as`."),
        "usage.if-missing": ("`--if-missing` keeps what `--force` replaces.", "Give one of the two."),
        "usage.ics": (
            "`--ics` needs a certificate, which the CA has yet to make.",
            "Give it to `wrap`, when the CA has answered.",
        ),
        "usage.format": (
            "`--csr` makes no keystore yet, and so there is no `--format`.",
            "Give it to `wrap`, when the CA has answered.",
        ),
        "usage.headed": (
            "`--headed` without `--browser`, or `--browser` with `--no-open`.",
            "The one watches the other: give both; `--no-open` is for a person.",
        ),
        "usage.instance-url": (
            "What says where to log in contradicts itself, is missing, or is a host where this app cannot log in.",
            "Name the org's My Domain with `--instance-url`, and nothing beside it.",
        ),
        "usage.jwt-bearer": (
            "The app has no certificate, and its first one switches the JWT bearer flow on.",
            "Agree to that with `--switch-on-jwt-bearer`; `--yes` does not.",
        ),
        "usage.key-size": (
            "`--key-size` is none that Salesforce takes, or contradicts the key that is used.",
            "Take 2048, 3072 or 4096 for a new key (2048 or 4096 where Salesforce makes it); else leave it out.",
        ),
        "usage.metadata": (
            "A flag for a new app stands beside `--in`, which changes the certificate alone.",
            "Leave out one of the two.",
        ),
        "usage.missing": ("Something that is required was not given.", "The message names it."),
        "usage.name": (
            "NAME cannot be a unique name in Certificate and Key Management.",
            "Take letters, digits and single underscores, a letter first; the hint proposes one.",
        ),
        "usage.new-password": (
            "The keystore's password is missing or too short for its repaired copy.",
            "Give one with `--new-password`.",
        ),
        "usage.no-display": ("`--headed` wants a window, and there is no display.", "Leave `--headed` out."),
        "usage.no-such-file": ("The path that was typed does not exist.", "Type it again."),
        "usage.no-terminal": (
            "A secret is to be asked for, and there is no terminal.",
            "Give `env:NAME`, `file:PATH`, `cmd:COMMAND` or `stdin` instead of `prompt`.",
        ),
        "usage.old-key": ("`--old-key` holds the same key as the new one.", "Name the key that was there before."),
        "usage.one-name": ("`--as` gives one name, and several entries need one.", "Leave it out."),
        "usage.open": ("`--open` is about the page that `--html` writes.", "Add `--html FILE`, or leave it out."),
        "usage.output-dir": ("`--output-dir` is empty.", "Look whether the variable in it is set."),
        "usage.password": ("`--csr` makes no keystore yet, so it takes no `--password`.", "Give it to `wrap`."),
        "usage.password-too-short": (
            "The new password is too short.",
            "Take a longer one, or `generate`.",
        ),
        "usage.poll-interval": ("`--poll-interval` is shorter than what spares the account.", _MISSPELT),
        "usage.reminder": ("More than one certificate was given to `reminder`.", "Run it once for each."),
        "usage.san": (
            "A name for `--san` is missing, or no DNS name, IP address, mail address or URI.",
            _MISSPELT,
        ),
        "usage.scopes": ("`--scopes` has a word that the Metadata API does not know.", _MISSPELT),
        "usage.secret-on-command-line": (
            "A flag was given the secret itself; process lists and the shell's history show it.",
            "Say where it is: `env:NAME`, `file:PATH`, `cmd:COMMAND`, `stdin` or `prompt`. Change a secret that was"
            " shown.",
        ),
        "usage.source": (
            "A SOURCE is incomplete, or `generate` where the secret exists already.",
            "Write `env:NAME`, `file:PATH`, `cmd:COMMAND`, `stdin` or `prompt`.",
        ),
        "usage.stdin-is-terminal": (
            "A secret is to be read from stdin, which is a terminal and would show it.",
            "Use `prompt`, or pipe it in.",
        ),
        "usage.stdin-twice": (
            "Two things are to be read from stdin, which can be read once.",
            "Use `env:NAME`, `file:PATH` or `cmd:COMMAND` for one of them.",
        ),
        "usage.subject": (
            "A part of the subject is not allowed, or `--subject` stands beside flags for its parts.",
            _MISSPELT,
        ),
        "usage.target-org": (
            "`--target-org` is none of the Salesforce CLI's names, or stands beside a login of another kind.",
            "`sf org list` shows the names; give one way to the org.",
        ),
        "usage.text": ("A text for the metadata holds control characters.", "Leave them out."),
        "usage.unknown-host": (
            "A login would go to a host that is none of Salesforce's, and could be used by whoever has it.",
            "Look how `--instance-url` is spelt; for a domain of your own name the same host with `--audience`.",
        ),
        "usage.url": (
            "An address is none of an org's, is not https, or is one of pages, where no login goes.",
            "Write https://MYDOMAIN.my.salesforce.com.",
        ),
        "usage.wait": ("`--wait` is outside what is allowed.", _MISSPELT),
        "usage.within": ("`--within` or `--if-within` is negative.", "Take 0 or more days."),
        "usage.without-fix": ("The flag is about the copies that `--fix` makes.", "Add `--fix`, or leave it out."),
        "usage.yes": ("`--yes` is about `--deploy`.", "Add `--deploy`, or leave it out."),
        "usage.carry-out": (
            "A flag does not go with `--carry-out`, belongs to it alone, or contradicts the change that is under way.",
            "The message says which, and what to do.",
        ),
        "usage.expect-org": (
            "`--expect-org` names another org, or is wanted: `--yes` in production.",
            "Give the Id of the org that is meant.",
        ),
    },
    InputError: {
        "audit.state-foreign": (
            "The file of `--state` is none of this version's state files; it was left as it is.",
            "Name another file; a new one is made.",
        ),
        "certificate.placeholder": (
            "Where a certificate was expected stands a placeholder that something fills in later.",
            "Look into what the build makes of it.",
        ),
        "config.app": (
            "The file that the configuration names for an app does not hold just one certificate.",
            "Name a file that holds one.",
        ),
        "config.encoding": ("The configuration is not UTF-8.", "Save it as UTF-8."),
        "config.missing-key": ("An entry of the configuration lacks something that it must have.", _MISSPELT),
        "config.syntax": ("The configuration is no TOML.", "Correct it at the line that the message names."),
        "config.unknown-key": ("The configuration has a name that is not known.", _MISSPELT),
        "config.value": ("A value in the configuration is not what it must be.", _MISSPELT),
        "csr.ambiguous": ("The file holds several certificate requests.", "Give a file with the one that is meant."),
        "csr.none": ("The file holds no certificate request.", "Give the one that Setup gave out."),
        "ckm.two-keystores": (
            "NAME has a JKS and a BCFKS in its folder: which of them is meant is not guessed.",
            "Give the path of the file; or delete the one whose work is done.",
        ),
        "explain.empty": ("There is no text to explain.", "Paste the message, or see `sfkeytool explain --list`."),
        "explain.no-match": (
            "No known message, rule or code is in the text, or in the log.",
            "Paste all of the message; the hints name the nearest.",
        ),
        "explain.not-text": (
            "The file that was to be read as a log is no text: a keystore, say.",
            "See what it is: `sfkeytool show FILE`.",
        ),
        "heartbeat.address": (
            "The secret of `--heartbeat` is no https address.",
            "Write the one URL that the dead man's switch shows.",
        ),
        "input.address": (
            "An address stands where a file is read: nothing is fetched from anywhere.",
            "Download it, as the hint shows, and name the file.",
        ),
        "input.empty": ("The file is empty.", "Make or copy it again."),
        "input.encrypted-file": (
            "Another program (openssl enc, git-crypt, Ansible Vault, age, OpenPGP, SOPS) has encrypted the file.",
            "Decrypt a copy of it, as the hint shows.",
        ),
        "input.folder-open": (
            "NAME.key or NAME.crt lies in a folder where every user may replace it, and is not used.",
            "If you know it to be yours, close the folder (`chmod o-w`); a key can be named with its flag, too.",
        ),
        "input.is-directory": ("The path is a folder, and a file was expected.", "Name the file in it."),
        "input.lfs-pointer": (
            "Git LFS's pointer stands where the file should.",
            "Have the file fetched: `git lfs pull`.",
        ),
        "input.not-found": ("The file does not exist.", "Check its name; the hint proposes one that is like it."),
        "input.not-permitted": ("You may not read the file or list the folder.", "Get the permission to read it."),
        "input.not-regular": ("The path is a pipe, device or socket.", "Give a regular file."),
        "input.open-elsewhere": (
            "Another program has the file open, and lets nobody else read it; two seconds were waited.",
            "Close the file there, and run the command again.",
        ),
        "input.nothing-found": (
            "Nothing of what the command looks for is in the files and folders that were named.",
            "Name others.",
        ),
        "input.rewritten-as-text": (
            "A keystore, or DER, was rewritten as text (Maven's resource filtering, a text-mode transfer): it is lost.",
            "Take the original.",
        ),
        "input.too-large": (
            "The file is larger than any key, certificate or keystore; or the log than what is read.",
            "Check what it is; of a log give the last lines.",
        ),
        "input.unknown-kind": (
            "The file is no key, certificate, request, keystore or metadata that is known.",
            "Check what it is; the hint lists what is read.",
        ),
        "input.web-page": (
            "A web page was saved in the file's place: most often that of a login.",
            "Download the file again, logged in.",
        ),
        "input.unreadable": ("The system refused to read the file or stdin.", "The message has the system's reason."),
        "key.openssh": (
            "The private key is in OpenSSH's own format.",
            "Convert a copy, as the hint shows.",
        ),
        "metadata.encoding": ("The metadata file is not UTF-8.", "Retrieve it again."),
        "metadata.exists": (
            "A file of that name is in the project already; it was not replaced.",
            "Change the app's certificate with `--in`, or choose another NAME.",
        ),
        "metadata.malformed": ("`<certificate>` in the file holds other elements.", "Retrieve the file again."),
        "metadata.no-certificate": (
            "The app's file has no OAuth settings, which hold the certificate.",
            "Switch OAuth on for the app in Setup, and retrieve the file again.",
        ),
        "metadata.no-file": ("`--in` was given no file.", "Name the retrieved file of the app."),
        "metadata.no-project": (
            "The folder is no sfdx project, or names no package directory.",
            "Name a project's folder, or a new one.",
        ),
        "metadata.not-a-certificate": (
            "`<certificate>` in the file holds something that is no certificate.",
            "Find out who put it there; if nothing needs it, empty the element and run this again.",
        ),
        "metadata.placeholder": (
            "`<certificate>` in the file holds a placeholder that something fills in.",
            "Give that the new certificate; leave the file as it is.",
        ),
        "metadata.reference": (
            "`<certificate>` in the file holds what may be the name of a certificate in CKM.",
            "Name the new one there, or upload it once in Setup and retrieve the file again.",
        ),
        "metadata.several": ("The app's file has more than one place for the certificate.", "Retrieve it again."),
        "metadata.type": (
            "The file is metadata of another type than those that hold an app's certificate.",
            "Give the app's file; the message names the types.",
        ),
        "notify.address": (
            "The secret of `--notify` is no address that can be sent to.",
            "Write one apprise URL, such as mailto://user:password@example.com or slack://…",
        ),
        "pem.malformed": ("The PEM is damaged.", "Copy the file again, from BEGIN line to END line."),
        "pem.truncated": ("The PEM ends before its END line.", "Copy the file again."),
        "receipt.damaged": (
            "The receipt of a renewal lacks what it must tell.",
            "Look at NAME.json; if it cannot be mended, start the renewal anew.",
        ),
        "renew.no-folder": ("The folder of the certificate does not exist.", "Name it with `--output-dir`."),
        "renew.none": ("No receipt tells of a renewal.", "Begin one with `sfkeytool renew NAME`."),
        "saml.no-identity-provider": (
            "SAML metadata of a service was compared with the settings that name an identity provider.",
            "Take the metadata that the identity provider publishes, and not what the org gives out.",
        ),
        "saml.which-provider": (
            "SAML metadata describes several identity providers, and nothing tells which one is meant.",
            "Take the metadata of the one that is meant.",
        ),
        "secret.characters": ("The secret holds a NUL or a line break.", "Write it on a single line."),
        "secret.command-empty": (
            "The command of `cmd:` printed nothing.",
            "Run it by itself: it may have to be unlocked first.",
        ),
        "secret.command-failed": (
            "The command of `cmd:` did not start, or failed; what it said may hold the secret and is not shown.",
            "Run it by itself. Nothing is typed into it, and it has no terminal.",
        ),
        "secret.command-missing": (
            "There is no program that the command of `cmd:` names.",
            "Name one that is on PATH, or its path. No shell reads the command.",
        ),
        "secret.command-timeout": (
            "The command of `cmd:` did not end within 30 seconds, and was ended with all that it started.",
            "Unlock the password manager first. Nothing is typed into the command, and it has no terminal.",
        ),
        "secret.encoding": ("The secret is neither UTF-8 nor UTF-16 with a BOM.", "Save it as UTF-8."),
        "secret.env-unset": ("The variable that should hold the secret is not set.", "Set and export it."),
        "secret.too-large": ("The source holds more than any password.", "Check that it is the right one."),
        "unwrap.not-a-keystore": (
            "`unwrap` was given what is no keystore and holds no private key.",
            "See what it is: `sfkeytool show FILE`.",
        ),
        "xml.doctype": ("The XML has a document type, which no metadata has.", "Retrieve the file again."),
        "xml.malformed": ("The metadata file is not well-formed XML.", "Retrieve the file again."),
        "xml.malformed-other": (
            "The XML is not well-formed, and its root is none that holds a certificate.",
            "Name the file that holds the certificate.",
        ),
        "zip.damaged": ("The zip, or an entry of it, is damaged.", "Retrieve it again."),
        "zip.duplicate": ("An entry is twice in the zip; only the first was read.", "Make the zip again."),
        "zip.encrypted": ("An entry of the zip is encrypted.", "Unpack it yourself, and name the folder."),
        "zip.entry-name": (
            "The name of an entry is empty or leads out of the zip.",
            "Do not unpack it; ask where it comes from.",
        ),
        "zip.too-large": ("The zip, or an entry of it, is larger than a retrieve.", "Unpack and name what you need."),
        "carry.damaged": (
            "The record of a change that `--carry-out` began is damaged, or of a later version.",
            "Look into the org, then move the file away and begin anew.",
        ),
        "carry.files-gone": (
            "Files of the new generation, which the change needs, are not there any more.",
            "Put them back; or go back as the steps tell.",
        ),
        "carry.other-folder": (
            "The folder of the next generation is there, and is not that of this change.",
            "Move it away, or choose another name with `--as`.",
        ),
        "carry.other-request": (
            "The request in the folder asks for another key than the record's.",
            "Move it away; the record's own is fetched.",
        ),
        "carry.several": ("Several changes of the NAME are under way.", "Say which with `--as`."),
        "carry.switch-failed": (
            "The command of `--switch-client` did not start, failed, or did not end.",
            "See what it says by itself; the change goes on from there, or back as the message tells.",
        ),
    },
    PrivateKeyError: {
        "ckm.no-key-stays": (
            "The keystore is not deleted, as no other file is known to keep its key.",
            "Name the file that keeps it with `--key`, or leave `--delete` out.",
        ),
        "key.ambiguous": ("Several private keys could be meant.", "Choose with `--alias`, or name one file."),
        "key.another-exists": (
            "A key file of that name holds another key; a private key is never replaced.",
            "Use the key that is there, or take another NAME or `--output-dir`.",
        ),
        "key.kdf-too-expensive": (
            "Encryption asks for so much work or memory, in one file or in all of a run, that it may be an attack.",
            "If the file is yours, re-encrypt a copy with usual parameters; of many files give fewer at a time.",
        ),
        "key.malformed": ("The private key is damaged, or is none.", "Copy the file again."),
        "key.no-match": (
            "Key and certificate do not belong together.",
            "Find the key that the request was made with: `sfkeytool show` prints fingerprints.",
        ),
        "key.jwk": ("The key is a JSON Web Key.", "Have it exported as PEM (PKCS#8)."),
        "key.none": (
            "There is no private key in what was given.",
            "Add the file that the request was made from, or start over with `sfkeytool csr NAME`.",
        ),
        "key.putty": ("The private key is in PuTTY's own format.", "Convert a copy, as the hint shows."),
        "key.ssh-public": (
            "A public key in OpenSSH's own format stands where a private key or certificate should.",
            "Give the private key: the file of the same name without `.pub`.",
        ),
        "key.not-rsa": ("The key is not RSA, and Salesforce takes RSA only.", "Make a new key, and a new certificate."),
        "key.too-large": ("The key is larger than what is loaded.", "Make one of 2048, 3072 or 4096 bits."),
        "key.unsupported": (
            "The key, or its encryption, is of a kind that is not known here.",
            "Do what the hint shows: another encryption, or an RSA key.",
        ),
        "key.unsupported-size": (
            "The key has a size that Salesforce does not import.",
            "Make a new one of 2048, 3072 or 4096 bits, and a new certificate.",
        ),
    },
    PrivateKeyPasswordError: {
        "key.empty-password": ("A key cannot be encrypted with an empty password.", "Give another."),
        "key.password-needed": (
            "The private key is encrypted.",
            "Give its password as SOURCE; the hint names the flag.",
        ),
        "key.password-too-long": ("The password for the key is too long.", "Take a shorter one."),
        "key.wrong-password": (
            "The password does not open the private key, or the file is damaged.",
            "Try another password; else copy the file again.",
        ),
    },
    CertificateError: {
        "certificate.ambiguous": (
            "Several certificates could be meant.",
            "Choose with `--alias`, or name the one file.",
        ),
        "certificate.bad-signature": (
            "The signature of a self-signed certificate does not verify: it was changed, or made wrong.",
            "Fetch it once more from where it was made.",
        ),
        "certificate.is-reminder": (
            "The certificate is itself a reminder that this tool made.",
            "Give the certificate that the app has.",
        ),
        "certificate.malformed": ("The certificate is damaged.", "Copy or fetch it again."),
        "carry.old-answer": (
            "What was given as the CA's answer is the certificate that is to be followed.",
            "Give what the CA sent now.",
        ),
        "certificate.none": ("There is no certificate in what was given.", "Add the file that the CA sent back."),
        "ckm.expired": ("A certificate of the chain has expired.", "Ask the CA for its present ones."),
        "ckm.folder-differs": (
            "The keystore in NAME's folder is not the one of NAME.crt, or holds another name.",
            "Look at both with `sfkeytool compare`; wrap the right pair again.",
        ),
        "ckm.name-taken": ("The org has a certificate of that name already.", "Choose another NAME."),
        "ckm.no-leaf": (
            "There are only certificates of CAs; the one for the request is missing.",
            "Look for it in the CA's answer, often a file of its own.",
        ),
        "ckm.other-key": (
            "No certificate belongs to the key in CKM.",
            "The CA signed another request: send it the one of `sfkeytool ckm csr`.",
        ),
        "ckm.unproved": (
            "Nothing tells whether the chain belongs to the key in CKM.",
            "Give the request with `--csr`, or let the record be read with `--target-org`.",
        ),
        "compare.nothing": ("One side holds nothing that can be compared.", "Name another file."),
        "csr.malformed": ("The certificate request is damaged.", "Copy it again, or make a new one."),
        "csr.unsupported": (
            "The request's key is of a kind that is not known here.",
            "Make a request with an RSA key.",
        ),
        "login.certificate-mismatch": (
            "The key that is to log in does not belong to `--certificate`.",
            "See what belongs together with `sfkeytool compare`.",
        ),
        "metadata.keystore-differs": (
            "The keystore holds another certificate than the app would get.",
            "See what differs with `sfkeytool compare`, and give the files of one pair.",
        ),
        "pkcs7.malformed": ("The PKCS#7 bundle is damaged.", "Fetch it again from the CA."),
        "reminder.expired": (
            "The certificate has expired: a reminder would remind of nothing.",
            "Renew it with `sfkeytool renew NAME`.",
        ),
        "pair.not-valid": (
            "`--if-missing` found the pair, and its certificate has expired, or is not valid yet.",
            "Renew it with `sfkeytool renew NAME`.",
        ),
        "renew.needs-ca": (
            "The old certificate was signed by a CA, and others must trust the new one too.",
            "Make a request for the CA with `--csr`.",
        ),
        "saml.no-signing-certificate": (
            "An identity provider's metadata has no certificate to sign with, so that there is nothing to compare.",
            "Ask whoever runs it: with what it signs the file does not tell.",
        ),
    },
    KeystoreError: {
        "keystore.damaged": ("The keystore is damaged, cut short, or made wrong.", "Copy or export it again."),
        "keystore.no-such-alias": (
            "No private key of the keystore has that alias.",
            "Take one that the message lists.",
        ),
        "keystore.too-large": ("The keystore is larger than what is read.", "Export the one entry that you need."),
        "keystore.unsupported-protection": (
            "The keystore is protected in a way that is not known here.",
            "Export the entry as PKCS#12 with the program that made it.",
        ),
        "keystore.unsupported-type": (
            "The keystore is of a type that is not opened here.",
            "Export the entry as PKCS#12 with the program that made it.",
        ),
    },
    KeystorePasswordError: {
        "keystore.entry-locked": (
            "The private key of the entry has another password than the keystore.",
            "Give that password too, with the same flag once more.",
        ),
        "keystore.password-needed": (
            "The keystore needs its password.",
            "Give it as SOURCE; the hint names the flag.",
        ),
        "keystore.wrong-password": (
            "The password does not open the keystore, or the file is damaged.",
            "Try another password; else copy the file again, in binary mode.",
        ),
    },
    OutputError: {
        "output.changed": (
            "A file that was to be deleted is not the one any more that was read before; nothing was deleted.",
            "Look at it, and who else works in that folder.",
        ),
        "output.bad-name": ("A file or folder cannot have that name here.", "Choose another."),
        "output.disk-full": ("The disk is full; nothing was changed.", "Make room, or use `--output-dir`."),
        "output.duplicate": ("Two files of the run would have the same path.", "Give them different ones."),
        "output.exists": (
            "A file or folder is there already; it was kept.",
            "Choose another place, or replace files with `--force`. A private key is not replaced even so.",
        ),
        "output.failed": ("The system refused to write; nothing was changed.", "The message has the system's reason."),
        "output.is-directory": ("A folder has the name of a file that was to be written.", "Move it away."),
        "output.is-input": (
            "The run would overwrite one of its own inputs.",
            "Move it, or choose another folder with `--output-dir`.",
        ),
        "output.key-exists": (
            "A private key is there, and is never overwritten.",
            "Move it away, or choose another folder with `--output-dir`.",
        ),
        "output.locked": (
            "Another run of sfkeytool is writing to the folder.",
            "Wait for it to end, or end it: its lock goes with it.",
        ),
        "output.no-folder": (
            "The folder for a file that a flag names does not exist.",
            "Make it first: of a slip of the flag none is made.",
        ),
        "output.not-a-folder": ("What should be a folder is none, or is gone.", "Choose another place."),
        "output.not-a-report": (
            "The file is no earlier report of that kind, and was not replaced.",
            "Name another, or move it away.",
        ),
        "output.not-permitted": ("You may not write there; nothing was changed.", "Use `--output-dir`."),
        "output.not-a-receipt": (
            "NAME.json is there and was not made by sfkeytool; it was kept.",
            "Choose another NAME, or another folder with `--output-dir`.",
        ),
        "output.not-regular": ("The path is a link, pipe or device, and is not written to.", "Name another."),
        "output.not-undone": (
            "Writing failed, and so did putting everything back.",
            "Nothing is lost: run any command in that folder, which puts it back.",
        ),
        "output.open-elsewhere": (
            "Another program has the file open, and Windows lets nobody replace or remove it meanwhile; two seconds"
            " were waited.",
            "Close the file there, and run the command again.",
        ),
        "output.stdout": (
            "The result could not be written to stdout; files that were made are there.",
            "Make room where stdout leads. There is no JSON of this error.",
        ),
    },
    NetworkError: {
        "network.connection": ("The host could not be reached, or broke off.", "Check the network and the address."),
        "network.dns": ("The host's name is not known here.", "Check its spelling; behind a proxy set `HTTPS_PROXY`."),
        "network.not-salesforce": (
            "The answer is none of Salesforce's: a proxy or a sign-in page may have given it.",
            "Check `--instance-url`, and the network.",
        ),
        "network.proxy": ("The proxy is set wrong, or does not let the connection through.", "Check `HTTPS_PROXY`."),
        "network.rate-limited": ("The host takes no more for now (429).", "Wait as long as the message says."),
        "network.redirect": (
            "The host sends elsewhere, and a credential is not sent on.",
            "Name the org's own host with `--instance-url`.",
        ),
        "network.server-error": ("Salesforce itself failed.", _LATER),
        "network.timeout": ("The host did not answer in time.", "Try again; check the network."),
        "network.tls": (
            "The host could not prove who it is.",
            "Where a company inspects TLS, name its CA in `SSL_CERT_FILE`. Verification cannot be switched off.",
        ),
        "network.too-large": ("The answer is larger than any that Salesforce gives.", "Check who answers."),
    },
    OrgError: {
        "ckm.no-certificate": (
            "The record in CKM has no certificate yet, or hides it.",
            "Let the CA sign its request, and upload the answer; the hint has the command.",
        ),
        "ckm.no-password": ("The import page wants the keystore's password.", "Give it with `--password`."),
        "ckm.no-request": (
            "The API gives no request for this record.",
            "Download it in Setup > Certificate and Key Management.",
        ),
        "ckm.not-agreed": ("You did not agree; nothing was written or deployed.", "Run it again, if you do."),
        "ckm.not-ready": (
            "Something stands in the way of the import; no page was opened.",
            "The message says what, and the hints who can change it; `sfkeytool doctor` shows all of it.",
        ),
        "ckm.page-challenge": (
            "The org asks for a proof of identity, which a browser without a window cannot give.",
            "Give it yourself, with `--headed` or without `--browser`.",
        ),
        "ckm.page-changed": (
            "The import page is not as it is known: a field is missing. Nothing was imported.",
            "Import it without `--browser`, and report it.",
        ),
        "ckm.page-late": (
            "The import page did not come in time. Nothing was imported.",
            "Try again later, or import it without `--browser`.",
        ),
        "ckm.page-login": (
            "The org shows its login page in place of the import page.",
            "Look with `sfkeytool doctor` what the session and the user may.",
        ),
        "ckm.page-refused": (
            "The import page refused the keystore. Nothing was imported.",
            "Read its own message, which is shown with what is known of it.",
        ),
        "ckm.page-unreachable": (
            "The browser does not reach the org's pages.",
            "Look whether it does by itself: proxy, and the CAs that the system trusts.",
        ),
        "ckm.readback": (
            "The deployment went through, and what the org holds could not be read back, or is not what was sent.",
            "Look at it in Setup > Certificate and Key Management before anything relies on it.",
        ),
        "ckm.unknown": ("The org has no certificate of that name.", "See them all with `sfkeytool ckm list`."),
        "metadata.app-ambiguous": (
            "The org has a connected app and an External Client App of that name.",
            "Say which, with the type before it: the hint shows how.",
        ),
        "metadata.app-changed": (
            "An emergency: after a deployment more than the certificate of the app is not as it was.",
            "Put the original back with the command that is shown, and look at the app in Setup.",
        ),
        "metadata.app-hidden": (
            "The org does not show the app's OAuth settings to this user.",
            "Change the certificate in Setup; the hints go click by click.",
        ),
        "metadata.app-installed": (
            "The app came with an installed package.",
            "Ask its publisher, or make an app of your own.",
        ),
        "metadata.app-masked": (
            "The org gives out the app's file with elements that are masked or missing; nothing was changed.",
            "Change the certificate in Setup; the hints go click by click.",
        ),
        "metadata.app-rotates": (
            "The app's file asks for a new consumer key or secret; nothing was changed.",
            "Switch that off in the app's settings first.",
        ),
        "metadata.app-unknown": (
            "The org shows no app of that API name.",
            "The hint has those that it shows; the user needs View Setup.",
        ),
        "metadata.consumer-key-refused": (
            "In a dry run the org did not take the app's own consumer key; nothing was changed.",
            "Leave the element in the file, and change the certificate in Setup.",
        ),
        "metadata.not-taken": (
            "The org called the deployment a success, and the app has its old certificate still.",
            "Change the certificate in Setup; the hints go click by click.",
        ),
        "metadata.readback": (
            "The app was deployed, and could not be read back.",
            "Run the same command again: it holds the app against what it was.",
        ),
        "org.api-disabled": ("The API is off for this org or user.", "Use a user with API Enabled."),
        "org.cli-answer": ("The Salesforce CLI answered in an unknown form.", "Update it: `sf update`."),
        "org.cli-failed": ("The Salesforce CLI failed.", "Try `sf org display -o ALIAS`."),
        "org.cli-missing": (
            "The Salesforce CLI is not on PATH.",
            "Install it, or log in with `--client-id`, `--username` and `--jwt-key-file`.",
        ),
        "org.cli-timeout": ("The Salesforce CLI did not answer in time.", "Try the same with `sf` itself."),
        "org.cli-unknown": (
            "The Salesforce CLI knows no org of that name.",
            "See `sf org list`, or log in: `sf org login web --alias ALIAS`.",
        ),
        "org.deploy-failed": (
            "The org did not take the deployment.",
            "Look at its message; `sfkeytool explain` may know it.",
        ),
        "org.no-door": (
            "The org gives no address that opens a page with this session.",
            "Log in again; by Salesforce's Help access tokens that are JWT-based open none.",
        ),
        "org.not-permitted": (
            "The user may not do or see this.",
            "Use a user who may. The rest is read all the same, and what is not seen is listed.",
        ),
        "org.not-shown": (
            "The org lists certificates or apps that this user is not shown.",
            "Use a user who may see them: what is not shown may expire unseen.",
        ),
        "org.rate-limited": ("The org's API requests of the day are used up.", "Try again later."),
        "org.refused": ("The org refused the request.", "Read its own message, which is shown."),
        "org.retrieve-failed": (
            "The Salesforce CLI could not retrieve the app.",
            "Look at its message; `sfkeytool explain` may know it.",
        ),
        "org.session": ("The session is not valid, or the login failed.", "Log in again: `sf org login web`."),
        "org.unknown-field": (
            "The org does not know a field, or not for this user.",
            "A later `--api-version` may know it.",
        ),
        "org.unknown-type": ("The org does not know a type of metadata.", "A later `--api-version` may know it."),
        "carry.answer": (
            "The change waits for the CA's answer to the request that it names.",
            "Have it signed, and call the same line with `--answer FILE`.",
        ),
        "carry.clients": (
            "A rotation stops here until somebody answers where each client reads its key, and when it can switch.",
            "Give `--second-app` or `--switch-client`, or answer on a terminal.",
        ),
        "carry.deploying": (
            "A deployment is under way in the org, perhaps one that an earlier run began.",
            "Wait for its end: Setup > Deployment Status.",
        ),
        "carry.login-rate": (
            "Salesforce takes no more logins of the user for now; it stopped at once.",
            "Wait for an hour, and see which program logs in so often.",
        ),
        "ckm.nothing-to-cover": (
            "The app carries no certificate that could expire.",
            "Look which app is meant: `sfkeytool audit --target-org ALIAS`.",
        ),
        "ckm.not-covered": (
            "After the import the audit does not call the app covered.",
            "See the whole audit: `sfkeytool audit --target-org ALIAS`.",
        ),
        "ckm.not-imported": (
            "The keystore was not seen to arrive in CKM, or another certificate did.",
            "Look at what the import page says: `sfkeytool explain TEXT`.",
        ),
        "carry.not-by-ca": (
            "The record of CKM is none that a CA signs, so that it gives out no request.",
            "Make one that a CA signs: `sfkeytool ckm create`.",
        ),
        "carry.not-in-ckm": (
            "No record of CKM, or several, have the key of the NAME.",
            "See them all: `sfkeytool ckm list`.",
        ),
        "carry.not-switched": (
            "LoginHistory does not show yet that the client logs in with the new key.",
            "Keep the old key; call it again later.",
        ),
        "carry.other-app": (
            "The app carries another key's certificate, or none: logins would fail, or begin to work.",
            "Is it the right app? `sfkeytool audit` tells what each carries.",
        ),
        "carry.other-org": ("The change was begun in another org.", "Go on there."),
        "carry.too-many-logins": (
            "As many logins as one run may try have been tried.",
            "Wait for an hour, and go on.",
        ),
        "carry.undone": (
            "What an earlier run proved is not so any more.",
            "Find out who changed it, and why.",
        ),
        "carry.unknown-user": (
            "The org has no such user, or does not show it.",
            "Look at `--username`, and at what the session may see.",
        ),
    },
    LoginRefusedError: {
        "login.refused": (
            "Salesforce refused the login with a message that is not known here.",
            "Look at Setup > Login History, and at the causes that are shown.",
        ),
    },
    InternalError: {"internal.bug": ("A bug in sfkeytool.", _BUG.removeprefix("Nothing was written. "))},
    SelfCheckError: {
        "internal.check": ("What was made breaks a rule of what Salesforce takes.", _BUG),
        "internal.metadata": ("The metadata that was made does not hold the certificate.", _BUG),
        "internal.pair": ("The key and certificate that were made do not belong together.", _BUG),
        "internal.proof": ("Two files that must hold the same certificate differ.", _BUG),
        "internal.read-back": ("The keystore that was made did not read back.", _BUG),
    },
    SystemFailureError: {
        "browser.failed": (
            "The browser does not start.",
            "Start it by itself; one in a snap or flatpak cannot be driven from outside.",
        ),
        "browser.no-sandbox": (
            "The browser does not start with its sandbox, and is not started without it.",
            "Run as an ordinary user, where user namespaces are allowed; or leave `--browser` out.",
        ),
        "system.clock": ("The machine's clock says a year that leaves no room to reckon with.", "Set the clock."),
        "system.refused": (
            "The operating system refused something: a read of a failing disk, memory, a part of Python.",
            "Look at the disk, and whether the current folder is still there.",
        ),
    },
    InterruptedRunError: {
        "interrupted": (
            "Ctrl-C, or a terminating signal. The message says whether files were written; it is on stderr, and the"
            " JSON is cut short, where that was being printed.",
            "Run it again. Of a deployment that goes on, Setup > Deployment Status tells.",
        ),
    },
}
