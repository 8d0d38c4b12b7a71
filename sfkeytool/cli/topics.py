"""What `sfkeytool help TOPIC` tells beside the commands."""

from msgspec import Struct

from sfkeytool.errors import (
    EXIT_BUG,
    EXIT_DIFFERENT,
    EXIT_DONE,
    EXIT_DUE,
    EXIT_EXPIRED,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_PARTIAL,
    EXIT_REFUSED,
    EXIT_USAGE,
)


class Topic(Struct, frozen=True):
    """A page: paragraphs, then terms with what they mean, then more paragraphs. What stands in backticks is a command
    or a word to type."""

    title: str
    paragraphs: tuple[str, ...] = ()
    entries: tuple[tuple[str, str], ...] = ()
    closing: tuple[str, ...] = ()


TOPICS = {
    "roads": Topic(
        "Four ways to keep a certificate from expiring unseen",
        (
            "Salesforce mails only about certificates that lie in Certificate and Key Management (CKM), not about those"
            " of connected apps and External Client Apps. So the same certificate is put into CKM too, or something"
            " else looks at it.",
        ),
        (
            (
                "made here, imported",
                "`self-signed`, or `csr` and `wrap`. You make the key; it is in the org as well, where whoever may"
                " manage certificates can probably export it. For a client outside Salesforce that logs in (JWT).",
            ),
            (
                "born in CKM",
                "`ckm create`, `ckm csr`, `ckm upload`, `ckm download`; or Setup's own buttons and `ckm chain`."
                " Salesforce makes the key, a CA signs. For what Salesforce itself signs or shows: SAML, named"
                " credentials, mutual TLS, a custom domain.",
            ),
            (
                "a reminder",
                "`reminder`. The key stays with you; CKM gets a throw-away pair that expires on the same day. Where"
                " policy forbids the real key in the org.",
            ),
            (
                "audit alone",
                "`audit`. Nothing is imported: a scheduled job looks at the certificates and tells whom you name. For"
                " many apps, and beside any of the others: it alone looks at the certificate of the app itself.",
            ),
        ),
        (
            "That CKM mails of imported pairs too is inferred, not documented. For JWT logins a self-signed certificate"
            " does: no CA is asked.",
        ),
    ),
    "sources": Topic(
        "Where a password or another secret comes from (SOURCE)",
        (
            "A secret itself is never typed on the command line: other people see it in the list of processes, and it"
            " stays in the shell's history. So --password and its like take a SOURCE.",
        ),
        (
            ("env:NAME", "What the environment variable NAME holds."),
            ("file:PATH", "What the file holds, without one newline at its end."),
            (
                "cmd:COMMAND",
                "What the command prints: a password manager's, say. It is run without a shell, for 30 seconds at"
                " most; on the command line and at a question alone, in no file.",
            ),
            ("stdin", "What is piped into the command; once per command."),
            ("prompt", "You are asked, and what you type is not shown."),
            ("generate", "For a password that is being made: 24 random characters, into a file beside the keystore."),
        ),
        (
            "Without the option the variables SFKEYTOOL_PASSWORD, SFKEYTOOL_INPUT_PASSWORD and SFKEYTOOL_KEY_PASSWORD"
            " are looked at; they hold the secret itself. Without them you are asked, on a terminal.",
        ),
    ),
    "schedule": Topic(
        "An audit every morning, which tells whom you name",
        (
            "What a guided run shows as a command is what a scheduler starts: it looks into the same folders and orgs"
            " each time. Nobody is there to answer then, so addresses and passwords come from files or variables.",
        ),
        (
            (
                "the command",
                "`sfkeytool audit FOLDER --notify file:ADDRESS --state STATE`, each with its whole path. ADDRESS is a"
                " file that you alone may read, with one line such as mailto://…; STATE is made, and remembers what was"
                " told, so that each event is told once.",
            ),
            ("a trial", "The same with `--dry-run` shows what would be told, and tells nobody."),
            ("cron", "`crontab -e`, and the line: 15 6 * * * and the command, with the whole path of sfkeytool."),
            ("Windows", "Task Scheduler: a task that starts sfkeytool.exe every day, with the rest as its arguments."),
            (
                "a CI system",
                "A nightly job. It turns red by itself: the exit code is 5 where something is due, 6 where something"
                " has expired, 68 where something could not be read.",
            ),
            ("no news", "`--heartbeat env:URL` calls a dead man's switch, which tells of an audit that did not run."),
        ),
        ("An org is read through the Salesforce CLI's login of the user who runs it, or with `--client-id`.",),
    ),
    "exit-codes": Topic(
        "Exit codes: what a script may decide by",
        (),
        (
            (str(EXIT_DONE), "Done; nothing to worry about."),
            (str(EXIT_FAILED), "It could not be done: unreadable input, a wrong password, a file that exists already."),
            (str(EXIT_USAGE), "Wrong usage: missing, contradictory or malformed flags."),
            (
                str(EXIT_DIFFERENT),
                "`check`: Salesforce would refuse a file. `compare`: it is not the same certificate.",
            ),
            (str(EXIT_REFUSED), "`login`: refused by Salesforce, or --wait ran out."),
            (str(EXIT_DUE), "`audit`: something expires soon, or CKM of an org does not cover an app's certificate."),
            (str(EXIT_EXPIRED), "`audit`: something has expired."),
            (str(EXIT_PARTIAL), "`audit`: some sources could not be read."),
            (str(EXIT_BUG), "A bug in sfkeytool."),
            (str(EXIT_INTERRUPTED), "Interrupted, or No to what was about to be made: nothing was changed then."),
        ),
        ("--json says the same as `status`; `sfkeytool explain CODE` tells what a code of an error means.",),
    ),
}
