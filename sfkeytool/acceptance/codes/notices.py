"""The codes of notices, which do not stop a run: what each means, and what to do."""

from collections.abc import Mapping

_NOTHING = "Nothing, if that is what you meant."
_UNREADABLE = "Nothing, if it does not belong there; else copy it again."

NOTICES: Mapping[str, tuple[str, str]] = {
    "audit.leads-nowhere": (
        "An app names a certificate in a way that leads to none.",
        "Name one that exists, as the advice says.",
    ),
    "audit.nobody-mailed": (
        "Nobody would receive the mails about the org's certificates.",
        "Give an active user the permission that the message names.",
    ),
    "audit.permission-unread": (
        "Those who receive the mails are not likely to read them.",
        "Give the permission to somebody who does, or take it from all, so that admins get the mails.",
    ),
    "audit.same-key": (
        "CKM holds another certificate of the app's key: its mails come in time, and speak of another day.",
        "Nothing must be done; with the app's own certificate in CKM the mails name the right day.",
    ),
    "audit.state-damaged": (
        "The file of `--state` is damaged and was set aside.",
        "Nothing: a new one was begun, and what is due is told once more.",
    ),
    "audit.uncovered": (
        "No keystore seen, or not the org's CKM, holds the app's certificate: nothing shows that mails come.",
        "Follow the advice; `sfkeytool help roads` compares the ways to be told.",
    ),
    "audit.unproved": (
        "Whether the org's CKM holds the app's certificate could not be seen.",
        "Look into the org: `--target-org`.",
    ),
    "carry.experimental": (
        "`--carry-out` was tried against no live org yet.",
        "Go to a sandbox first.",
    ),
    "carry.org": ("Which org `--carry-out` changes, on which app.", "Break off if it is not the one."),
    "certificate.expired": ("The certificate has expired.", "Renew it."),
    "certificate.not-yet-valid": ("The certificate is not valid yet.", "Wait, or check the clock that it was made by."),
    "ckm.no-keystore": (
        "The pair of the app's certificate is here, and its keystore is not.",
        "Make it again with `sfkeytool wrap`; or let a reminder do.",
    ),
    "ckm.csr-not-given": (
        "Whether the certificate belongs to the key in CKM was not tried.",
        "Give the request with `--csr`.",
    ),
    "ckm.deploying": ("The org that is named is about to be changed.", "Stop, if it is the wrong one."),
    "ckm.experimental": ("`--browser` was never reported from a live org.", "Try it in a sandbox first."),
    "ckm.keys-left-out": (
        "Private keys were left out of the chain: the certificate's own key is in Salesforce.",
        _NOTHING,
    ),
    "ckm.name-in-use": (
        "The org's CKM has a certificate of that name; what an import does then is not known.",
        "Take the free name that the message proposes.",
    ),
    "ckm.keystore-kept": (
        "The keystore was not deleted; the import is what it is.",
        "The message says why: delete it yourself when its key is safe elsewhere.",
    ),
    "ckm.names-unread": (
        "Which names the org's CKM has could not be read.",
        "Look there before you import.",
    ),
    "ckm.nearly-full": (
        "CKM holds nearly as many certificates as are reported to fit.",
        "Make room: delete in Setup what nothing uses.",
    ),
    "ckm.not-arrived": (
        "The certificate has not arrived in the org's CKM in time.",
        "Read the page's words to `sfkeytool explain`; the same command again tells whether it came later.",
    ),
    "ckm.not-noted": ("The import was proved and could not be noted in the receipt.", "The message has the reason."),
    "ckm.not-opened": (
        "The import page was not opened in a browser; the run goes on.",
        "Open it as the lines below the message say.",
    ),
    "ckm.not-shown": (
        "A new record of that name is in CKM, and the org does not show what it holds: nothing is proved.",
        "Look at it in Setup, or read it as a user who may.",
    ),
    "ckm.other-arrived": (
        "A new certificate of another name arrived in CKM meanwhile.",
        "Nothing, if somebody else brought it; else another file was chosen on the page.",
    ),
    "ckm.other-certificate": (
        "CKM has NAME now, with another certificate than the keystore's.",
        "Find out which file was chosen; delete the record in Setup if nothing uses it.",
    ),
    "ckm.page-lost": (
        "The import form was sent, and the browser did not see how it ended.",
        "Nothing; CKM is watched, and tells.",
    ),
    "ckm.san-differs": ("The certificate lacks names that were asked for.", "Ask the CA, if you need them."),
    "ckm.strangers-left-out": ("Certificates that are not part of the chain were left out.", _NOTHING),
    "ckm.subject-differs": ("The CA changed the subject.", _NOTHING),
    "ckm.unreadable-left-out": ("Something in the files cannot be read, and was left out.", _UNREADABLE),
    "compare.others": (
        "A file holds more than what was compared.",
        "See that what is meant was compared: name the one file, or the entry with `--alias`.",
    ),
    "defaults.not-taken": (
        "`sfkeytool.toml` is another user's or open to all, so that its `[defaults]` count for nothing.",
        "If it is yours, close it: `chmod go-w sfkeytool.toml`; else give the flags.",
    ),
    "config.exception-ended": (
        "An exception of the configuration has ended.",
        "Renew the certificate, or delete the exception.",
    ),
    "config.unknown-app": ("The configuration names an app that was not found.", "Correct the name, or delete it."),
    "csr.no-san": (
        "The request for a custom domain has no DNS names.",
        "Make it again with `--san`, unless the CA adds them.",
    ),
    "host.instanced": ("The host names an instance; such hosts stop working.", "Use the org's My Domain."),
    "input.folder-unprotected": (
        "Every user may replace files where NAME.key or NAME.crt was found, on a disk where modes do not hold.",
        "Keep keys on a disk with modes, or name the key that you mean.",
    ),
    "input.key-in-source": (
        "A private key stands in source, or in a repository.",
        "Take it out, and out of the history; replace a key that others could read.",
    ),
    "input.key-in-synced-folder": (
        "A private key lies in a folder of OneDrive, Dropbox, iCloud or Google Drive.",
        "Move it out, and delete it there with its old versions; replace a key that others could read.",
    ),
    "input.key-readable-by-others": (
        "Other users may read the private key.",
        "Set its mode: `chmod 600 FILE`; on Windows its access list, with the line that the message has. Where modes do"
        " not hold, move it to a disk where they do.",
    ),
    "input.mangled": (
        "A key or certificate is read, although something on its way has mangled it; most other programs refuse it.",
        "Write a clean copy, of a key with `sfkeytool unwrap FILE`, and mend what mangled it.",
    ),
    "input.of-another-user": (
        "The key or certificate that was found belongs to another user of this system.",
        "Nothing, if you expect that, as in a container; else look where it comes from.",
    ),
    "import.api-only": (
        "The user of the session has API Only User, and can open no page.",
        "Use the login of a person who may manage certificates; leave the integration user as it is.",
    ),
    "import.deleted-name": (
        "CKM had a certificate of that name that was deleted; whether the name is free again is not documented.",
        "Import a copy under another name, should the page refuse it.",
    ),
    "import.high-assurance": (
        "The org may demand a high-assurance session for certificates; no API tells.",
        "Verify your identity when the page asks for it.",
    ),
    "import.identity-provider": (
        "Where Identity Provider was never enabled, imports are reported to end with Data Not Available.",
        "If it does: the steps of `sfkeytool explain Data Not Available`.",
    ),
    "import.keystore": (
        "The import would refuse the keystore, or it could not be judged whole.",
        "Repair it with `sfkeytool check FILE --fix`, or give its password.",
    ),
    "import.name": ("CKM has a certificate of that name already.", "Import a copy under the free name that is shown."),
    "import.org": ("The org does not say which one it is.", "Look whether it is the one that you mean."),
    "import.permission": (
        "The user lacks a permission that the import needs, or the org does not tell.",
        "Ask an administrator for the permission that the message names.",
    ),
    "import.room": (
        "CKM holds nearly as many certificates as are reported to fit.",
        "Make room: delete in Setup what nothing uses.",
    ),
    "import.session": (
        "The access token is JWT-based: the org refuses it its Metadata API, or may open no page with it.",
        "Use another login, as `sf org login web`, or log in to the page by hand.",
    ),
    "key.encrypted": ("The Salesforce CLI cannot use the encrypted key.", "Make a copy in clear, as shown."),
    "key.existing-used": ("The key that is there was used; none was made.", _NOTHING),
    "key.in-clear": ("The private key is written unencrypted.", "Encrypt it with `--key-password`, if you want."),
    "key.password-unused": ("`--key-password` was not used: no key file is written.", _NOTHING),
    "login.client-id-shape": (
        "The client id does not look like a consumer key.",
        "Take the Consumer Key of the app, not its secret or name.",
    ),
    "login.clock": ("This machine's clock is wrong, so that logins may fail.", "Set it."),
    "login.entry-locked": ("An entry was not tried: no password opens it.", "Give its password too."),
    "login.not-noted": ("The login worked and could not be noted in the receipt.", "The message has the reason."),
    "login.several-certificates": (
        "The key has several certificates; the login does not tell which one the app has.",
        "Compare the app's own with `sfkeytool compare`.",
    ),
    "login.small-key": ("The key is smaller than what apps are said to take.", "Make one of 2048 bits or more."),
    "login.username-shape": ("The username does not look like one.", "Take the Username of the user, not the mail."),
    "metadata.connected-app": (
        "Orgs no longer create connected apps by default.",
        "Take an External Client App for a new one.",
    ),
    "metadata.consumer-key": (
        "A retrieved file may hold the consumer key.",
        "Keep it out of source control, as the message says.",
    ),
    "metadata.other-content": (
        "The app has something in the place of its certificate that is none.",
        "Look where it comes from.",
    ),
    "metadata.other-key": (
        "The certificate is of another key than the one on the app: clients with the old key will be refused.",
        "Find out where each client reads its key, and when it can switch; a second app leaves no gap.",
    ),
    "metadata.switches-on": (
        "The app has no certificate: its first one switches the JWT bearer flow on.",
        "Look which users are approved for the app.",
    ),
    "metadata.unfinished": (
        "A run that began to change the app did not come to its end; it was held against the app as it is now.",
        "The message says what was changed, and where the original is.",
    ),
    "heartbeat.failed": (
        "The dead man's switch could not be told; the audit is not the worse for it.",
        "Check the address, if it comes again; the switch gives its alarm by itself.",
    ),
    "notify.failed": ("A message could not be sent.", "Check the address; the next run tries again."),
    "notify.no-state": ("Without `--state` every run tells all once more.", "Add `--state FILE`."),
    "output.in-repository": (
        "Secrets were written inside a repository.",
        "Do not commit them; better use `--output-dir` outside of it.",
    ),
    "output.in-synced-folder": (
        "Secrets were written in a folder of OneDrive, Dropbox, iCloud or Google Drive.",
        "Move them out, and delete them there with their old versions; better use `--output-dir` outside of it.",
    ),
    "output.readable-by-others": (
        "Other users may read a secret that was written: its disk keeps no modes, or its folder gives a right to all.",
        "Move it to a disk where modes hold; on Windows paste the `icacls` line of the message.",
    ),
    "output.stale-keystore": (
        "A keystore in another format, of what was there before, is left beside the new one.",
        "Delete it: `ckm import NAME` does not guess which of two is meant.",
    ),
    "output.stale-password": (
        "A password file of the keystore that was there before is left.",
        "Delete it.",
    ),
    "output.unsettled": (
        "A dry run looked at a folder in which an interrupted run left something, and left it so.",
        "Nothing: a run that writes repairs it first.",
    ),
    "password.not-ascii": (
        "The password is not printable ASCII; other programs may encode it differently.",
        "Take ASCII, or `generate`.",
    ),
    "password.short": ("The password is short: a JKS can be attacked fast.", "Take a longer one, or `generate`."),
    "receipt.set-aside": ("The receipt was damaged, set aside, and a new one begun.", "Look at what was set aside."),
    "renew.expired": ("The old certificate has expired: logins may fail already.", "Follow the runbook at once."),
    "renew.followed": ("The certificate has a successor already.", "Use that one, if you did not mean a further."),
    "renew.several": (
        "More than one generation says that it follows NAME; the latest is shown.",
        "Name the one that you mean with `--as`, and look where the others come from.",
    ),
    "renew.self-signed": (
        "The old certificate was signed by a CA, the new one is self-signed.",
        "Make a request with `--csr`, if others must trust it.",
    ),
    "report.not-opened": (
        "The page of `--html` was written, and no browser could be started for it.",
        "Open the file yourself.",
    ),
    "report.not-written": (
        "A report of an audit could not be written; all else of the audit is there.",
        "Name another file with the flag that the message names.",
    ),
    "saml.outdated": (
        "SAML metadata says of itself that it is no longer valid.",
        "Download it from the identity provider anew, and look again.",
    ),
    "unwrap.clean-key": (
        "The key of a file that is no keystore was written as clean PKCS#8.",
        "Use the new file in place of the old one, which stays as it is.",
    ),
    "unwrap.damaged-certificate": (
        "The certificate of an entry is damaged; it was written, and the key is good.",
        "Do not upload it: have the key's certificate made again.",
    ),
    "unwrap.no-certificate": ("An entry has a key and no certificate for it.", "Add it when you wrap the key."),
    "unwrap.renamed": ("An entry was written under a legal name.", _NOTHING),
    "unwrap.trusted-ignored": ("Trusted certificates of the keystore were not written.", _NOTHING),
    "unwrap.unreadable": ("An entry cannot be read, and was not written.", "Export it again."),
    "wrap.certificate-left-out": (
        "Another certificate of the same key was left out.",
        "If it is meant, name it alone.",
    ),
    "wrap.ignored": ("Something in the files has no place in a keystore.", _NOTHING),
    "wrap.keys-left-out": ("Other private keys were left out.", _NOTHING),
    "wrap.placeholder-left-out": ("The CA's certificate replaces the self-signed one of the same key.", _NOTHING),
    "wrap.strangers-left-out": ("Certificates that are not part of the chain were left out.", _NOTHING),
    "wrap.unreadable-left-out": ("Something in the files cannot be read, and was left out.", _UNREADABLE),
}
