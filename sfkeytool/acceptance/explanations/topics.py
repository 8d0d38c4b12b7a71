"""What people ask in words of their own, when they have no message: data, the likeliest reason first."""

import re

from msgspec import Struct

_ID = re.compile(r"topic(\.[a-z0-9]+(-[a-z0-9]+)*)")


class Possibility(Struct, frozen=True):
    """``what`` it may be, and the sentence with the one command, in backquotes, that tells whether it is."""

    what: str
    tell: str


class Topic(Struct, frozen=True):
    """What a question in everyday words may be about.

    ``asked`` are sets of the concepts of VOCABULARY; a question that has all of one, and no word that is not known, is
    about this. ``possibilities`` come likeliest first, by our own judgement. ``explanations`` are the ids of the exact
    messages that lead further. Raises ValueError for an id outside the grammar or a part that is missing.
    """

    id: str
    title: str
    asked: tuple[str, ...]
    possibilities: tuple[Possibility, ...]
    explanations: tuple[str, ...]

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is no topic's id")
        if not (self.title and self.asked and self.possibilities):
            raise ValueError(f"{self.id} needs a title, what is asked, and possibilities")
        if unknown := {word for asked in self.asked for word in asked.split()} - set(VOCABULARY):
            raise ValueError(f"{self.id} asks for {sorted(unknown)}, which no word means")


VOCABULARY = {
    "ANSWER": "answer, answers, reply, response, signed certificate, signed certificates",
    "APP": "app, apps, connected app, connected apps, external client app, external client apps, eca",
    "BELONG": "belong, belongs, belonging, fit, fits, match, matches, matching",
    "CA": "ca, cas, authority, certificate authority, certification authority, authorities",
    "CAME": "came, come, arrived, received, receive, got",
    "CA_ANSWERED": "ca sent, ca answered, ca replied, ca has sent, ca has answered, ca gave",
    "CERTIFICATE": "certificate, certificates, cert, certs, crt, pem, cer",
    "CHAIN": "chain, chains, bundle, p7b, pkcs7, pkcs 7, intermediate, intermediates, root",
    "CHECK": "check, checks, checking, verify, validate, test",
    "CKM": "ckm, certificate and key management, key management",
    "CONVERT": "convert, converts, converted, converting, conversion",
    "CSR": "csr, csrs, certificate request, signing request, certificate signing request",
    "DELETE": "delete, deleting, remove, removing, clean up",
    "DEPLOY": "deploy, deploys, deployed, deploying, deployment, deployments, project deploy",
    "EXPIRED": "expired, has expired, have expired, ran out, run out, no longer valid, not valid any more, outdated",
    "EXPIRING": "expire, expires, expiring, expiry, expiration, runs out, running out, about to expire, due",
    "IMPORT": "import, imports, importing, imported, import from keystore",
    "INTEGRATION": "integration, integrations, client, clients, middleware, mulesoft, boomi, talend, informatica, "
    "workato",
    "KEY": "key, keys, private key, private keys",
    "KEYSTORE": "keystore, keystores, key store, key stores, java keystore, jks",
    "KEYTOOL": "keytool",
    "LEAKED": "leaked, leak, leaks, stolen, compromised, committed to git, committed to github, pushed to git, "
    "pushed to github, in git, into git, on github, in the repository",
    "LOGIN": "login, logins, log in, logs in, logging in, logged in, logon, log on, sign in, signing in, "
    "authenticate, authenticates, authentication, authenticating, jwt login, jwt flow, bearer flow, "
    "auth, connect to salesforce, connects to salesforce, connecting to salesforce, "
    "connection to salesforce",
    "LOST": "lost, lose, losing, forgot, forgotten, forget, missing, gone, deleted, disappeared, vanished, "
    "cannot find, cant find, can not find, not find, dont have, do not have, dont know, do not know, "
    "mislaid, no longer have",
    "MAIL": "mail, mails, email, emails, e mail, e mails, message from salesforce, notification, notifications, "
    "warning, notified, mailed, warned",
    "MAIL_CAME": "get this mail, got this mail, get this email, got this email, why this mail",
    "MAKE": "make, making, create, creating, generate, generating",
    "MISMATCH": "do not match, does not match, dont match, doesnt match, mismatch, not match, do not fit, "
    "does not fit, dont fit, doesnt fit, not fit, not belong, do not belong, does not belong, "
    "are different, differ, differs",
    "NEED": "need, needs, required, necessary, must, have to",
    "NEW": "new certificate, new key, new keystore, new cert, new jks, changed the certificate, "
    "changed the key, certificate change, key change, change of the certificate, change of the key",
    "NO_MAIL": "no mail, no mails, no email, no emails, no e mail, no e mails, no notification, no notifications, "
    "no warning, nobody was mailed, nobody got a mail, nobody gets a mail, no one was mailed, "
    "not mailed, nobody was warned, not warned, without a mail, without a warning, without warning, "
    "mail did not come, mails do not come, mails did not come, mail never came, did not get a mail, "
    "did not get the mail, didnt get a mail, didnt get the mail, get no mails, gets no mails, "
    "got no mail, got no mails, nobody got an email, nobody got a notification, nobody was notified, "
    "nobody is notified, not notified",
    "OK": "ok, okay, fine, good, acceptable",
    "OPENSSL": "openssl",
    "PASSWORD": "password, passwords, passphrase, pass phrase, store password, keystore password",
    "PFX": "pfx, p12, pkcs12, pkcs 12",
    "RENEW": "renew, renewed, renews, renewing, renewal, renewals, rotate, rotated, rotates, rotating, rotation",
    "REPLACE": "replace, replaced, replaces, replacing, replacement, exchanged",
    "ROAD": "road, roads",
    "SELF_SIGNED": "self signed, selfsigned, selfsigning",
    "SOON": "soon, next week, next month, tomorrow, today, in days, this week, this month",
    "SSO": "single sign on, sso, saml, identity provider, identity providers, idp, adfs, ad fs, entra, okta",
    "START": "where do i start, where do we start, where to start, how do i start, how to start, how do i begin, "
    "where do i begin, getting started, get started, first steps, what do i do first, what first, "
    "new here, begin",
    "TROUBLE": "fail, fails, failed, failing, failure, failures, refuse, refused, refuses, refusing, reject, "
    "rejected, rejects, rejecting, deny, denied, denies, error, errors, problem, problems, trouble, "
    "invalid, broken, broke, breaks, stopped, stopped working, stops working, not working, "
    "no longer works, no longer work, does not work, do not work, did not work, not valid, is not valid, "
    "doesnt work, dont work, didnt work, wont work, will not work, not work, works not, does not import, "
    "doesnt import, will not import, wont import, cannot, cant, can not, could not, couldnt, unable, "
    "unable to, not possible, impossible, not accept, not accepted, does not accept, doesnt accept, "
    "wont accept, will not accept, does not take, doesnt take, wont take, not take, not taken, "
    "no longer accepted, not allowed, wont let me, does not open, doesnt open, wont open, unauthorized, "
    "400, 401, not trusted, nothing works",
    "UPLOAD": "upload, uploads, uploaded, uploading, upload signed certificate",
    "USES": "uses, used, in use",
    "VALID": "valid, still valid, good until, valid until",
    "WHAT_IS": "what is, what are, whats, what does, what for",
    "WHERE": "where, where do, where does, where to, where should",
    "WHICH": "which, what, what will, is my, are my, how long, list, show me, when does, when do, when will, when is",
    "WHO": "who, whom",
    "WRONG": "wrong, incorrect, bad, not right, not correct",
}
"""Concepts, and the words for each, lower-case and without punctuation. A longer phrase goes before a shorter one."""

FILLER = (
    "a about admin admins after again all also always am an and another any anybody anymore anyone api are as at"
    " back be bearer because been before being but by can cli colleague colleagues company could day days did do"
    " does doing during each every everything file files first following for from get gets getting go goes going"
    " had happened happening happens has have he hello help here hey hi hour hours how hub i if in instead into is"
    " it its just jwt know last many may me mean means might mine month months more morning much my named new"
    " night now oauth of off old on once one only or org orgs our ours out over please prod production put ready"
    " reason salesforce sandbox sandboxes says scratch setup sf sfdx sfkeytool she should showed since so some"
    " somebody someone something still suddenly take tell than thanks that the their them then there these they"
    " thing this those to today token tokens too tool tried try trying turn twice uat until up us use user users"
    " using version via want was we week weeks were what when where which while whole why will with would year"
    " years yesterday yet you your"
)
"""Words that change nothing. "Not" is none of them: with it a sentence may say the opposite."""

ASIDES = (
    "what now, now what, what do i do, what do i do now, what do we do, what to do, what should i do,"
    " what should we do, what can i do, how do i, why does, why is, is there a way"
)
"""Phrases that change nothing either."""

TOPICS = (
    Topic(
        id="topic.login",
        title="A login of an integration fails",
        asked=(
            "LOGIN TROUBLE",
            "INTEGRATION TROUBLE",
            "INTEGRATION LOGIN TROUBLE",
            "APP LOGIN TROUBLE",
            "APP KEY TROUBLE",
            "LOGIN WRONG",
            "LOGIN CERTIFICATE TROUBLE",
            "LOGIN KEY TROUBLE",
            "LOGIN KEYSTORE TROUBLE",
            "INTEGRATION CERTIFICATE TROUBLE",
            "INTEGRATION LOGIN CERTIFICATE TROUBLE",
        ),
        possibilities=(
            Possibility(
                "The user may not use the app: its policy, profile or permission set is missing.",
                "One login names the reason: `sfkeytool login {name}`.",
            ),
            Possibility(
                "The key is not that of the certificate on the app: one of the two was replaced.",
                "Compare them: `sfkeytool compare {file} {file}`.",
            ),
            Possibility(
                "The certificate has expired. Whether an app then refuses is reported both ways.",
                "See until when: `sfkeytool show {file}`.",
            ),
            Possibility(
                "The login goes to the wrong place: a sandbox's user to production, or an External Client App to"
                " anything but the org's My Domain.",
                "Try it for a sandbox: `sfkeytool login {name} --sandbox`; for an External Client App with"
                " --external-client-app and --instance-url.",
            ),
            Possibility(
                "The consumer key is another app's, the app is a few minutes old, or the user is inactive or locked.",
                "The answer to a login tells them apart: `sfkeytool login {name}`.",
            ),
        ),
        explanations=(
            "error.jwt.not-approved",
            "error.jwt.invalid-assertion",
            "error.jwt.audience",
            "error.jwt.not-installed",
            "error.jwt.client-id",
            "error.python.node-key-not-read",
            "error.tls.node",
        ),
    ),
    Topic(
        id="topic.login-after-renewal",
        title="A login fails since a certificate was renewed or a key replaced",
        asked=(
            "LOGIN TROUBLE RENEW",
            "INTEGRATION TROUBLE RENEW",
            "INTEGRATION LOGIN TROUBLE RENEW",
            "APP LOGIN TROUBLE RENEW",
            "LOGIN TROUBLE CERTIFICATE RENEW",
            "LOGIN TROUBLE KEY RENEW",
            "INTEGRATION TROUBLE CERTIFICATE RENEW",
            "LOGIN TROUBLE REPLACE",
            "LOGIN TROUBLE KEY REPLACE",
            "LOGIN TROUBLE CERTIFICATE REPLACE",
            "LOGIN TROUBLE NEW",
            "INTEGRATION TROUBLE REPLACE",
            "INTEGRATION TROUBLE NEW",
            "INTEGRATION LOGIN TROUBLE NEW",
        ),
        possibilities=(
            Possibility(
                "Only one side was changed: the app still has the old certificate, or the client the old key.",
                "Which step of the runbook is open: `sfkeytool renew {name} --status`.",
            ),
            Possibility(
                "The change of the app is minutes old: it takes 2 to 10 of them, by a vendor's guide.",
                "Wait until the key is accepted: `sfkeytool login {name} --wait 10`.",
            ),
            Possibility(
                "The app got another certificate than the one of this key.",
                "Compare the key with the certificate that the app has: `sfkeytool compare {file} {file}`.",
            ),
        ),
        explanations=("error.jwt.invalid-assertion", "error.jwt.not-approved"),
    ),
    Topic(
        id="topic.import",
        title="Certificate and Key Management does not import a keystore",
        asked=(
            "IMPORT TROUBLE",
            "KEYSTORE TROUBLE",
            "KEYSTORE IMPORT TROUBLE",
            "CERTIFICATE IMPORT TROUBLE",
            "CKM TROUBLE",
            "CKM KEYSTORE TROUBLE",
            "CKM CERTIFICATE TROUBLE",
            "KEYSTORE UPLOAD TROUBLE",
            "PFX IMPORT TROUBLE",
            "PFX TROUBLE",
            "KEY IMPORT TROUBLE",
            "KEYSTORE CERTIFICATE TROUBLE",
        ),
        possibilities=(
            Possibility(
                "The file is PKCS#12 under the name of a JKS: keytool writes that unless it is told otherwise.",
                "Every fault that is known is found by `sfkeytool check {file} --password prompt`.",
            ),
            Possibility(
                "The key in it has a password of its own, or the entry a name that Salesforce does not take.",
                "Both are mended in a copy by `sfkeytool check --fix {file} --password prompt`.",
            ),
            Possibility(
                "There is no private key in it: the CA's answer was put into a new keystore.",
                "See the entries: `sfkeytool show {file}`.",
            ),
            Possibility(
                "The org is not ready (Salesforce says: Data Not Available). The file is not the reason then.",
                "What helps: `sfkeytool explain Data Not Available`.",
            ),
        ),
        explanations=(
            "error.ckm.alias-not-acceptable",
            "error.ckm.key-password",
            "error.ckm.no-private-key",
            "error.ckm.mismatch",
            "error.ckm.data-not-available",
        ),
    ),
    Topic(
        id="topic.into-org",
        title="How a keystore gets into an org",
        asked=(
            "IMPORT KEYSTORE",
            "IMPORT KEYSTORE CKM",
            "IMPORT CKM",
            "IMPORT KEY",
            "IMPORT KEY CKM",
            "IMPORT KEY CERTIFICATE",
            "IMPORT CERTIFICATE",
            "IMPORT CERTIFICATE CKM",
            "IMPORT CERTIFICATE KEYSTORE",
            "UPLOAD KEYSTORE",
            "UPLOAD KEYSTORE CKM",
            "UPLOAD CERTIFICATE CKM",
        ),
        possibilities=(
            Possibility(
                "The keystore is NAME.jks: no API takes a private key, so one page of Setup does.",
                "It is opened for you, and what arrived is read back, by `sfkeytool ckm import {name} --target-org"
                " ALIAS`.",
            ),
            Possibility(
                "A permission, the name or the org itself may stand in the way.",
                "What does, without changing anything: `sfkeytool doctor {name} --target-org ALIAS`.",
            ),
            Possibility(
                "Setup > Certificate and Key Management > Import from Keystore, by hand.",
                "Whether the file will be taken: `sfkeytool check {file} --password prompt`.",
            ),
        ),
        explanations=("error.ckm.data-not-available", "error.ckm.alias-not-acceptable"),
    ),
    Topic(
        id="topic.onto-app",
        title="How a certificate gets onto an app",
        asked=(
            "UPLOAD CERTIFICATE",
            "UPLOAD CERTIFICATE APP",
            "UPLOAD APP",
            "APP CERTIFICATE REPLACE",
            "DEPLOY CERTIFICATE",
            "DEPLOY CERTIFICATE APP",
        ),
        possibilities=(
            Possibility(
                "The app is in an org, and you have the Salesforce CLI. An app has one certificate: with another key,"
                " logins with the old one fail from then on.",
                "What it carries now, and with --deploy the change, read back: `sfkeytool metadata {name} --app APP"
                " --target-org ALIAS`.",
            ),
            Possibility(
                "You have the app's retrieved file, and deploy it yourself, whole and at once.",
                "Only the certificate in it is replaced, or added: `sfkeytool metadata {name} --in {file}`.",
            ),
            Possibility(
                "There is no app yet.",
                "The source of one: `sfkeytool metadata {name}`.",
            ),
            Possibility(
                "By hand: Setup > External Client App Manager > the app > Settings > OAuth Settings > JWT Bearer Flow;"
                " or Setup > App Manager > the connected app > Edit > Use digital signatures.",
                "Whether the app takes the file: `sfkeytool check {file}`.",
            ),
        ),
        explanations=("error.jwt.invalid-assertion", "error.deploy.consumer-key-given"),
    ),
    Topic(
        id="topic.certificate-refused",
        title="Salesforce does not take a certificate",
        asked=(
            "CERTIFICATE TROUBLE",
            "UPLOAD TROUBLE",
            "CERTIFICATE UPLOAD TROUBLE",
            "APP CERTIFICATE TROUBLE",
            "APP UPLOAD TROUBLE",
            "CHAIN TROUBLE",
            "CHAIN UPLOAD TROUBLE",
            "CA ANSWER TROUBLE",
        ),
        possibilities=(
            Possibility(
                "It went to the wrong place: an app takes NAME.crt, Import from Keystore NAME.jks, Upload Signed"
                " Certificate the chain for a request that was made there.",
                "See what the file is: `sfkeytool show {file}`.",
            ),
            Possibility(
                "It is one that an app or Certificate and Key Management refuses: an EC key, a key of another size.",
                "Each reason is found by `sfkeytool check {file}`.",
            ),
            Possibility(
                "For Upload Signed Certificate: it belongs to another request, or the chain is not whole or not in"
                " order.",
                "The file that it takes is made by `sfkeytool ckm chain {name} {file}`.",
            ),
        ),
        explanations=("error.ckm.not-rsa", "error.ckm.unsupported-size"),
    ),
    Topic(
        id="topic.expired",
        title="A certificate has expired",
        asked=(
            "EXPIRED",
            "CERTIFICATE EXPIRED",
            "KEYSTORE EXPIRED",
            "KEY EXPIRED",
            "APP EXPIRED",
            "APP CERTIFICATE EXPIRED",
            "LOGIN TROUBLE EXPIRED",
            "LOGIN TROUBLE CERTIFICATE EXPIRED",
            "INTEGRATION TROUBLE EXPIRED",
            "INTEGRATION TROUBLE CERTIFICATE EXPIRED",
            "CERTIFICATE EXPIRED RENEW",
        ),
        possibilities=(
            Possibility(
                "It is the one on the app: make the next one now, with the same key, so that the client changes"
                " nothing.",
                "The new pair and what to do with it, in order: `sfkeytool renew {name} --password generate`.",
            ),
            Possibility(
                "It is an old one that nothing uses any more, beside the one that replaced it.",
                "What replaced what, and what else is due: `sfkeytool audit .`.",
            ),
            Possibility(
                "Its key is not at hand: then only a new pair helps, on the app and with the client.",
                "Make it: `sfkeytool self-signed {name} --password generate`.",
            ),
        ),
        explanations=("error.ckm.expiry-mail",),
    ),
    Topic(
        id="topic.expiring",
        title="A certificate is about to expire",
        asked=(
            "CERTIFICATE EXPIRING",
            "CERTIFICATE EXPIRING SOON",
            "EXPIRING SOON",
            "KEYSTORE EXPIRING",
            "KEY EXPIRING",
            "APP CERTIFICATE EXPIRING",
            "APP CERTIFICATE EXPIRING SOON",
            "RENEW",
            "CERTIFICATE RENEW",
            "CERTIFICATE EXPIRING RENEW",
            "CERTIFICATE EXPIRING SOON RENEW",
            "KEYSTORE RENEW",
            "KEY RENEW",
            "KEY CERTIFICATE RENEW",
            "APP CERTIFICATE RENEW",
            "NEED CERTIFICATE RENEW",
            "CERTIFICATE REPLACE",
            "KEY REPLACE",
            "KEYSTORE REPLACE",
            "CERTIFICATE EXPIRING REPLACE",
        ),
        possibilities=(
            Possibility(
                "You have its key: the next one with the same key, while both verify the same logins.",
                "The new pair with a runbook: `sfkeytool renew {name} --password generate`.",
            ),
            Possibility(
                "The key must be a new one too: by policy, or since it leaked.",
                "With each step, its check and the way back: `sfkeytool rotate {name} --password generate`.",
            ),
            Possibility(
                "A CA has to sign it.",
                "The request for it: `sfkeytool renew {name} --csr`.",
            ),
            Possibility(
                "The key was made in Salesforce and never left.",
                "How that goes: `sfkeytool help ckm csr`.",
            ),
        ),
        explanations=("error.ckm.expiry-mail",),
    ),
    Topic(
        id="topic.when",
        title="What expires when?",
        asked=(
            "WHICH EXPIRING",
            "WHICH EXPIRED",
            "WHICH CERTIFICATE EXPIRING",
            "WHICH CERTIFICATE EXPIRED",
            "WHICH CERTIFICATE EXPIRING SOON",
            "WHICH EXPIRING SOON",
            "WHICH KEY EXPIRING",
            "WHICH KEYSTORE EXPIRING",
            "WHICH APP CERTIFICATE EXPIRING",
            "WHICH CERTIFICATE VALID",
            "WHICH KEYSTORE VALID",
            "WHICH VALID",
        ),
        possibilities=(
            Possibility("One file.", "Its dates: `sfkeytool show {file}`."),
            Possibility("All that is in folders and projects here.", "A table of it: `sfkeytool audit .`."),
            Possibility(
                "All of an org, its apps' certificates too.",
                "An org is read, never changed, by `sfkeytool audit --target-org ALIAS`.",
            ),
        ),
        explanations=(),
    ),
    Topic(
        id="topic.mail",
        title="A mail came about a certificate that expires",
        asked=(
            "MAIL CAME",
            "MAIL_CAME",
            "MAIL_CAME CERTIFICATE",
            "MAIL EXPIRING",
            "MAIL EXPIRED",
            "MAIL CERTIFICATE",
            "MAIL CERTIFICATE EXPIRING",
            "MAIL CERTIFICATE EXPIRED",
            "MAIL CAME CERTIFICATE",
            "MAIL CAME EXPIRING",
            "MAIL CAME CERTIFICATE EXPIRING",
            "MAIL CAME CERTIFICATE EXPIRED",
            "MAIL CAME CERTIFICATE EXPIRING SOON",
        ),
        possibilities=(
            Possibility(
                "Salesforce mails about a certificate in Certificate and Key Management that something still uses.",
                "What uses it, and what stops: `sfkeytool audit --target-org ALIAS`.",
            ),
            Possibility(
                "It is about an old record: the certificate was replaced and never deleted.",
                "Which ones are there: `sfkeytool ckm list --target-org ALIAS`.",
            ),
            Possibility(
                "It is time for the next one.",
                "A new pair with a runbook: `sfkeytool renew {name} --password generate`.",
            ),
        ),
        explanations=("error.ckm.expiry-mail",),
    ),
    Topic(
        id="topic.no-mail",
        title="No mail came, or not to the right people",
        asked=(
            "NO_MAIL",
            "NO_MAIL CERTIFICATE",
            "NO_MAIL EXPIRED",
            "NO_MAIL EXPIRING",
            "NO_MAIL CERTIFICATE EXPIRED",
            "NO_MAIL CERTIFICATE EXPIRING",
            "NO_MAIL WHO",
            "WHO MAIL",
            "WHO MAIL CAME",
            "WHO MAIL CERTIFICATE",
            "WHO MAIL EXPIRING",
            "WHO MAIL CERTIFICATE EXPIRING",
            "MAIL LOST",
        ),
        possibilities=(
            Possibility(
                "The certificate is on an app alone. Salesforce mails about those in Certificate and Key Management.",
                "Which apps are not covered: `sfkeytool audit --target-org ALIAS`.",
            ),
            Possibility(
                "The mails go to others: to holders of a permission, or to administrators.",
                "Who is mailed when: `sfkeytool explain error.ckm.expiry-mail`.",
            ),
            Possibility(
                "It is a sandbox: users' addresses end in .invalid there after a refresh, so that mails probably reach"
                " nobody.",
                "Be told by something else, which runs every day: `sfkeytool help audit`.",
            ),
        ),
        explanations=("error.ckm.expiry-mail",),
    ),
    Topic(
        id="topic.road",
        title="Which road to take",
        asked=(
            "START",
            "WHICH ROAD",
            "NEW",
            "NEED NEW",
            "MAKE NEW",
            "MAKE CERTIFICATE",
            "MAKE KEYSTORE",
            "MAKE KEY",
            "MAKE KEY CERTIFICATE",
            "SELF_SIGNED CA",
            "SELF_SIGNED CA CERTIFICATE",
            "SELF_SIGNED",
            "NEED CA",
            "NEED CA CERTIFICATE",
            "NEED CERTIFICATE",
            "WHICH NEED CERTIFICATE",
            "NEED KEYSTORE",
            "CSR",
            "MAKE CSR",
            "NEED CSR",
            "WHAT_IS CSR",
        ),
        possibilities=(
            Possibility(
                "A client outside Salesforce logs in (JWT): a self-signed certificate does, no CA is asked.",
                "Key, keystore and certificate at once: `sfkeytool self-signed {name} --password generate`.",
            ),
            Possibility(
                "Somebody else checks the certificate (a custom domain, mutual TLS, single sign-on), or a policy wants"
                " a CA.",
                "The request for it: `sfkeytool csr {name}`.",
            ),
            Possibility(
                "Salesforce itself signs with the key, which need not leave it.",
                "Let it be born there: `sfkeytool help ckm create`.",
            ),
            Possibility(
                "The real key must not enter the org, and mails are wanted.",
                "A throw-away pair that expires with it: `sfkeytool reminder {file} --password generate`.",
            ),
            Possibility(
                "There are many apps, or nobody reads Salesforce's mails.",
                "All that expires, every day: `sfkeytool audit .`.",
            ),
            Possibility(
                "None of these is clearly it.",
                "The roads side by side: `sfkeytool help roads`.",
            ),
        ),
        explanations=(),
    ),
    Topic(
        id="topic.password",
        title="A password is lost, or not accepted",
        asked=(
            "PASSWORD TROUBLE",
            "PASSWORD WRONG",
            "PASSWORD LOST",
            "PASSWORD KEYSTORE TROUBLE",
            "PASSWORD KEYSTORE WRONG",
            "PASSWORD KEYSTORE LOST",
            "PASSWORD PFX TROUBLE",
            "PASSWORD PFX LOST",
            "PASSWORD KEY TROUBLE",
            "PASSWORD KEY LOST",
            "PASSWORD IMPORT TROUBLE",
            "PASSWORD WRONG IMPORT",
            "PASSWORD KEYSTORE IMPORT TROUBLE",
            "PASSWORD CERTIFICATE LOST",
            "WHERE PASSWORD",
            "WHERE PASSWORD KEYSTORE",
            "WHICH PASSWORD",
            "WHICH PASSWORD KEYSTORE",
        ),
        possibilities=(
            Possibility(
                "It was generated: it stands beside the keystore, in NAME.jks.password or NAME.bcfks.password, until"
                " somebody deletes that.",
                "Try it: `sfkeytool check {file} --password prompt`.",
            ),
            Possibility(
                "The keystore opens and its key has another password, or the file is damaged: a wrong password looks"
                " the same.",
                "What can be seen without it: `sfkeytool show {file}`.",
            ),
            Possibility(
                "Nobody has it, and the key lies beside as a file: a new keystore needs no old password.",
                "Make it: `sfkeytool wrap {name} {file} {file} --password generate`.",
            ),
            Possibility(
                "Nobody has it, and the key was in the keystore alone: nobody gets it out again.",
                "Start over: `sfkeytool self-signed {name} --password generate`.",
            ),
        ),
        explanations=("error.keytool.tampered", "error.keytool.key-password", "error.ckm.key-password"),
    ),
    Topic(
        id="topic.key-lost",
        title="A private key is missing",
        asked=(
            "KEY LOST",
            "KEY CERTIFICATE LOST",
            "KEY KEYSTORE LOST",
            "KEYSTORE LOST",
            "WHERE KEY",
            "WHERE KEY KEYSTORE",
            "CA ANSWER KEY LOST",
        ),
        possibilities=(
            Possibility(
                "It is in a keystore, a PFX or another folder.",
                "See what a folder holds: `sfkeytool show .`.",
            ),
            Possibility(
                "It is in the org: Setup > Certificate and Key Management > Export to Keystore, if it may be exported.",
                "That keystore is taken apart by `sfkeytool unwrap {file} --password prompt`.",
            ),
            Possibility(
                "It is gone: no certificate and no CA can bring it back.",
                "Start over: `sfkeytool self-signed {name} --password generate`, or with a CA by"
                " sfkeytool csr.",
            ),
        ),
        explanations=("error.ckm.no-private-key", "error.keytool.no-private-key"),
    ),
    Topic(
        id="topic.mismatch",
        title="Do a key and a certificate belong together?",
        asked=(
            "KEY CERTIFICATE MISMATCH",
            "KEYSTORE CERTIFICATE MISMATCH",
            "KEY MISMATCH",
            "CERTIFICATE MISMATCH",
            "KEY CERTIFICATE BELONG",
            "KEYSTORE CERTIFICATE BELONG",
            "WHICH KEY CERTIFICATE BELONG",
            "WHICH KEY BELONG",
            "WHICH CERTIFICATE BELONG",
            "CHAIN MISMATCH",
            "WRONG CERTIFICATE",
            "WRONG KEY",
            "WRONG CERTIFICATE UPLOAD",
            "WRONG KEY CERTIFICATE",
            "KEY CHAIN MISMATCH",
        ),
        possibilities=(
            Possibility(
                "They are of different generations: one was made anew, the other was not.",
                "The answer for any two files: `sfkeytool compare {file} {file}`.",
            ),
            Possibility(
                "They belong together, and the chain begins with the CA's certificate.",
                "In which order they are: `sfkeytool show {file}`.",
            ),
            Possibility(
                "The files are mixed up: several keys, several certificates.",
                "Those that fit are found and put together by `sfkeytool wrap {name} {file} {file} --password"
                " generate`.",
            ),
        ),
        explanations=("error.ckm.mismatch", "error.openssl.no-match", "error.keytool.keys-differ"),
    ),
    Topic(
        id="topic.ca-answer",
        title="The CA has answered",
        asked=(
            "CA ANSWER",
            "CA_ANSWERED",
            "CA_ANSWERED CHAIN",
            "CA_ANSWERED CERTIFICATE",
            "CA CAME CHAIN",
            "CA CAME CERTIFICATE",
            "CA CAME ANSWER",
            "CA ANSWER CHAIN",
            "CA ANSWER CAME CERTIFICATE",
            "CERTIFICATE CAME",
            "CHAIN CAME",
            "ANSWER CAME",
        ),
        possibilities=(
            Possibility(
                "The key was made here, with a request: NAME.key lies in the folder of NAME.",
                "All files of the answer, in any order: `sfkeytool wrap {name} {file} {file} --password generate`.",
            ),
            Possibility(
                "The request came out of Certificate and Key Management.",
                "The file for Upload Signed Certificate: `sfkeytool ckm chain {name} {file}`.",
            ),
            Possibility(
                "It is not clear to which request it belongs.",
                "See what it holds: `sfkeytool show {file}`.",
            ),
        ),
        explanations=("error.keytool.no-chain", "error.keytool.keys-differ"),
    ),
    Topic(
        id="topic.convert",
        title="From one kind of file to another",
        asked=(
            "PFX KEYSTORE",
            "PFX",
            "IMPORT PFX",
            "NEED CERTIFICATE KEYSTORE",
            "NEED PFX KEYSTORE",
            "CONVERT PFX",
            "CONVERT PFX KEYSTORE",
            "CONVERT KEYSTORE",
            "CONVERT CERTIFICATE",
            "CONVERT CERTIFICATE KEYSTORE",
            "CONVERT KEY CERTIFICATE KEYSTORE",
            "CONVERT KEYSTORE KEY",
            "MAKE PFX KEYSTORE",
            "MAKE CERTIFICATE KEYSTORE",
            "MAKE KEY CERTIFICATE KEYSTORE",
            "CONVERT CHAIN",
            "CONVERT CHAIN KEYSTORE",
        ),
        possibilities=(
            Possibility(
                "PFX, PEM or PKCS#7 into the JKS that Salesforce imports.",
                "Files in any order and mix: `sfkeytool wrap {name} {file} --password generate`.",
            ),
            Possibility(
                "A JKS or PFX into a key and a certificate.",
                "Take it apart: `sfkeytool unwrap {file} --password prompt`.",
            ),
        ),
        explanations=("error.keytool.migrate", "error.openssl.legacy-pfx"),
    ),
    Topic(
        id="topic.where",
        title="Which file goes where",
        asked=(
            "WHERE CERTIFICATE",
            "WHERE KEYSTORE",
            "WHERE UPLOAD",
            "WHERE IMPORT",
            "WHERE UPLOAD CERTIFICATE",
            "WHERE IMPORT KEYSTORE",
            "WHERE UPLOAD KEYSTORE",
            "WHERE CHAIN",
            "WHAT_IS KEYSTORE",
            "WHAT_IS CERTIFICATE",
            "WHAT_IS CHAIN",
            "WHAT_IS PFX",
            "WHERE CERTIFICATE IMPORT",
        ),
        possibilities=(
            Possibility(
                "NAME.jks goes to Setup > Certificate and Key Management > Import from Keystore.",
                "There, with proof: `sfkeytool ckm import {name} --target-org ALIAS`.",
            ),
            Possibility(
                "NAME.crt goes to the app, where the client logs in with NAME.key.",
                "What the app has now: `sfkeytool metadata {name} --app APP --target-org ALIAS`.",
            ),
            Possibility(
                "NAME-chain.crt goes to Upload Signed Certificate, where the request came from the org.",
                "What a file is: `sfkeytool show {file}`.",
            ),
        ),
        explanations=(),
    ),
    Topic(
        id="topic.check",
        title="Will Salesforce take a file?",
        asked=(
            "CHECK KEYSTORE",
            "CHECK CERTIFICATE",
            "CHECK CHAIN",
            "CHECK CSR",
            "OK KEYSTORE",
            "OK CERTIFICATE",
            "OK CHAIN",
            "CHECK KEYSTORE IMPORT",
            "CHECK KEYSTORE OK",
            "CHECK CERTIFICATE OK",
        ),
        possibilities=(
            Possibility(
                "A keystore, for Certificate and Key Management.",
                "What it would say, and why: `sfkeytool check {file} --password prompt`.",
            ),
            Possibility(
                "A certificate for an app, a chain for Upload Signed Certificate, or a request for a CA.",
                "Which of these it is, the file tells: `sfkeytool check {file}`.",
            ),
            Possibility(
                "It is the one that the app, or the other file, has.",
                "Whether they hold the same: `sfkeytool compare {file} {file}`.",
            ),
        ),
        explanations=(),
    ),
    Topic(
        id="topic.in-use",
        title="What uses a certificate, and may it go?",
        asked=(
            "WHICH USES",
            "WHO USES CERTIFICATE",
            "WHICH USES CERTIFICATE",
            "WHICH APP USES",
            "WHICH APP USES CERTIFICATE",
            "WHERE USES",
            "WHERE USES CERTIFICATE",
            "WHERE USES KEY",
            "DELETE CERTIFICATE",
            "DELETE KEYSTORE",
            "DELETE KEY",
            "DELETE CERTIFICATE CKM",
        ),
        possibilities=(
            Possibility(
                "It is in an org: apps, settings and Apex may name it. That nothing uses it is never proved.",
                "What is seen to use it: `sfkeytool audit --target-org ALIAS`.",
            ),
            Possibility(
                "It was followed by another one: the old one goes after the client and the app have the new one.",
                "Which step is open: `sfkeytool renew {name} --status`.",
            ),
            Possibility(
                "It is a keystore that was imported: it and its password are no longer needed. The private key is, by"
                " the client that logs in.",
                "What the file holds: `sfkeytool show {file}`.",
            ),
        ),
        explanations=("error.ckm.expiry-mail",),
    ),
    Topic(
        id="topic.deploy",
        title="A deployment with certificates or apps fails",
        asked=("DEPLOY TROUBLE", "DEPLOY APP TROUBLE", "DEPLOY CERTIFICATE TROUBLE", "DEPLOY APP CERTIFICATE TROUBLE"),
        possibilities=(
            Possibility(
                "The source is of a new app and holds a consumer key, which Salesforce gives out itself. From the file"
                " of an app in use never delete it.",
                "Source without one is written by `sfkeytool metadata {name}`.",
            ),
            Possibility(
                "It names a certificate that the org does not have: a private key cannot be deployed.",
                "What is there: `sfkeytool ckm list --target-org ALIAS`.",
            ),
            Possibility(
                "The Salesforce CLI is older than the kind of metadata.",
                "Update it: `sf update`.",
            ),
        ),
        explanations=(
            "error.deploy.consumer-key-given",
            "error.deploy.consumer-key-taken",
            "error.deploy.no-certificate-named",
            "error.deploy.unsupported-type",
        ),
    ),
    Topic(
        id="topic.leak",
        title="A key, a keystore or a password has got out",
        asked=(
            "KEY LEAKED",
            "KEYSTORE LEAKED",
            "PASSWORD LEAKED",
            "PFX LEAKED",
            "KEY KEYSTORE LEAKED",
            "PASSWORD KEYSTORE LEAKED",
            "KEY CERTIFICATE LEAKED",
        ),
        possibilities=(
            Possibility(
                "The private key, or a keystore whose password a person chose: somebody may log in with it. Replace the"
                " app's certificate, today; deleting the file does not help.",
                "A new key, and each step: `sfkeytool rotate {name} --password generate`.",
            ),
            Possibility(
                "Only a certificate: that is public, and nothing has to be done.",
                "What the file holds: `sfkeytool show {file}`.",
            ),
            Possibility(
                "The same key may be in use elsewhere.",
                "Whether two files have it: `sfkeytool compare {file} {file}`.",
            ),
        ),
        explanations=(),
    ),
    Topic(
        id="topic.single-sign-on",
        title="The identity provider of single sign-on, and its certificate",
        asked=(
            "SSO CERTIFICATE",
            "SSO TROUBLE",
            "SSO LOGIN TROUBLE",
            "SSO CERTIFICATE EXPIRED",
            "SSO CERTIFICATE EXPIRING",
            "SSO CERTIFICATE RENEW",
            "SSO CERTIFICATE REPLACE",
            "SSO NEW",
        ),
        possibilities=(
            Possibility(
                "The identity provider signs, or will sign, with another certificate than the org has: everybody who"
                " logs in through it is refused. No mail of Salesforce tells of it.",
                "Its metadata against the org's settings: `sfkeytool compare {file} {file}`.",
            ),
            Possibility(
                "Its certificate expires.",
                "What it publishes, for what, and until when: `sfkeytool show {file}`.",
            ),
            Possibility(
                "Nobody looks at it.",
                "A row for each certificate that it signs with, every day: `sfkeytool audit {file}`.",
            ),
        ),
        explanations=(),
    ),
    Topic(
        id="topic.tool",
        title="openssl or keytool says no",
        asked=(
            "OPENSSL TROUBLE",
            "KEYTOOL TROUBLE",
            "OPENSSL KEY TROUBLE",
            "KEYTOOL KEYSTORE TROUBLE",
            "KEYTOOL IMPORT TROUBLE",
            "OPENSSL PFX TROUBLE",
            "OPENSSL CERTIFICATE TROUBLE",
        ),
        possibilities=(
            Possibility(
                "The message says which: several dozen are known.",
                "Paste it whole, or pipe it: `sfkeytool explain -`.",
            ),
            Possibility("The file is not what its name says.", "What it is: `sfkeytool show {file}`."),
            Possibility(
                "The tool is not needed: wrap, unwrap and check do what it was started for.",
                "From what is there to a keystore: `sfkeytool wrap {name} {file} --password generate`.",
            ),
        ),
        explanations=("error.keytool.tampered", "error.openssl.no-start-line", "error.openssl.mac"),
    ),
)  # fmt: skip
"""In the order in which docs/errors.md has them."""
