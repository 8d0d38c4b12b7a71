"""``audit --notify``: each event is told once, to everybody, whatever fails: a server, a run, the state file.

Mail goes through a real SMTP server and webhooks to a real HTTP server, both on loopback.
"""

import json
import os
import random
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from disturbance import disturbed, killed, nothing
from msgspec.structs import replace

from sfkeytool.audit import notify as notify_module
from sfkeytool.audit.events import Said, thresholds
from sfkeytool.audit.facts import KeptFacts
from sfkeytool.audit.model import Carrier, CarrierKind, Coverage, Inventory, Item, Problem, Source, Status, Step
from sfkeytool.audit.notify import Destination, Message, deliver, parse_destination
from sfkeytool.audit.state import Memory, describe_state, parse_state
from sfkeytool.cli.notifying import notify, open_destinations, send_apart
from sfkeytool.cli.render import Console
from sfkeytool.cli.run import Run
from sfkeytool.errors import InputError, UsageError
from sfkeytool.passwords import Secret, parse_source
from sfkeytool.workflows.audited import Delivery, DeliveryStatus

START = datetime(2027, 1, 1, 6, 0, tzinfo=UTC)
MARK = "You may have this already"
FINGERPRINT_ROUNDS = 10


# What arrives


@dataclass
class Arrived:
    """A server's messages as (subject, text); ``healthy`` False makes it refuse."""

    address: str = ""
    messages: list[tuple[str, str]] = field(default_factory=list)
    healthy: bool = True


@contextmanager
def http_server() -> Iterator[Arrived]:
    """Takes apprise's JSON."""
    arrived = Arrived()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            value = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if arrived.healthy:
                arrived.messages.append((value["title"], value["message"]))
            self.send_response(200 if arrived.healthy else 500)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Tests are quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    arrived.address = f"json://bot:hunter2@127.0.0.1:{server.server_port}/T0K3N"
    yield arrived
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def webhook() -> Iterator[Arrived]:
    with http_server() as arrived:
        yield arrived


@contextmanager
def mail_server() -> Iterator[Arrived]:
    """Takes mail."""
    arrived = Arrived()

    class Handler:
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
            if not arrived.healthy:
                return "451 try again later"
            assert isinstance(envelope.content, bytes)
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            plain = parsed.get_body(("plain",))
            assert plain is not None
            arrived.messages.append((parsed["Subject"], plain.get_content()))
            return "250 taken"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    arrived.address = f"mailto://127.0.0.1:{port}?from=audit@example.com&to=admin@example.com"
    yield arrived
    controller.stop()


@pytest.fixture
def mail() -> Iterator[Arrived]:
    with mail_server() as arrived:
        yield arrived


@pytest.fixture(autouse=True)
def _fast_fingerprints(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no CA is loaded for mail that goes without TLS, hundreds of times."""
    monkeypatch.setattr(notify_module, "FINGERPRINT_ROUNDS", FINGERPRINT_ROUNDS)
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)


# What there is to tell


def certificate(name: str, until: datetime, life_days: int = 365) -> KeptFacts:
    not_before = until - timedelta(days=life_days)
    return KeptFacts(
        subject=f"CN={name}",
        issuer=f"CN={name}",
        serial_number="01",
        not_before=not_before,
        not_after=until,
        key_algorithm="RSA",
        key_bits=2048,
        signature_algorithm="sha256",
        san=(),
        key_usage=(),
        extended_key_usage=(),
        is_ca=False,
        self_signed=True,
        digest=sha256(f"{name} {until}".encode()).digest(),
        public_key_digest=b"",
        self_signature=None,
        unusual=(),
    )


def item(
    name: str,
    until: datetime,
    now: datetime,
    *,
    life_days: int = 365,
    kind: CarrierKind = CarrierKind.KEYSTORE,
    coverage: Coverage | None = None,
    path: str = "",
    advice: Sequence[Step] = (),
) -> Item:
    """A certificate, judged as the audit does."""
    within = min(60, life_days // 3)
    days = (until.date() - now.date()).days
    status = Status.EXPIRED if until <= now else Status.DUE if days <= within else Status.FINE
    carrier = Carrier("keys", kind, name, path or f"keys/{name}.jks", certificate=certificate(name, until, life_days))
    return Item(carrier, status, days, within, coverage, advice=tuple(advice))


def inventory(now: datetime, *items: Item, problems: Sequence[Problem] = ()) -> Inventory:
    return Inventory(now, (Source("keys", tuple(item.carrier for item in items), tuple(problems)),), items)


def run_at(now: datetime, **environ: str) -> Run:
    return Run(Console(), None, environ, now)


def told(found: Inventory, to: Sequence[Destination], state: Path | None, **options: Any) -> list[DeliveryStatus]:
    return [delivery.status for delivery in deliveries(found, to, state, **options)]


class Telling:
    """told() in a process that forks for killed(), which has none of this one's fixtures.

    What it sends with is made where it is unpickled, and not in each fork: apprise looks through all that it knows.
    """

    def __init__(self, found: Inventory, addresses: Sequence[str], state: Path) -> None:
        self.given = found, addresses, state
        self.to = [destination(Arrived(address)) for address in addresses]

    def __reduce__(self) -> tuple[Any, ...]:
        return Telling, self.given

    def __call__(self) -> list[DeliveryStatus]:
        notify_module.FINGERPRINT_ROUNDS = FINGERPRINT_ROUNDS
        os.environ["SSL_CERT_FILE"] = os.devnull
        found, _, state = self.given
        return told(found, self.to, state)


def deliveries(found: Inventory, to: Sequence[Destination], state: Path | None, **options: Any) -> tuple[Delivery, ...]:
    return notify(run_at(found.at), found, to, state, **{"send": send_here, **options})


def send_here(to: Destination, message: Message, check: Callable[[], None]) -> str | None:
    """In this process: what is told, and when, is the same; tests/test_delivery.py is about the one that sends."""
    return deliver(to, message)


def destination(arrived: Arrived) -> Destination:
    return parse_destination(Secret(arrived.address), "env:ADDRESS")


SOON = START + timedelta(days=20)


# The message


@pytest.mark.slow
def test_a_message_arrives_by_mail_and_webhook_with_everything_that_is_due(
    mail: Arrived, webhook: Arrived, tmp_path: Path
) -> None:
    """Most urgent first, one line a certificate with its places, owner and what helps."""
    pay = item("pay", SOON, START, advice=[Step("same key", ("sfkeytool", "renew", "pay"))])
    twin = replace(pay, carrier=replace(pay.carrier, kind=CarrierKind.CKM_SOURCE, path="force-app/certs/pay.crt"))
    found = inventory(
        START,
        pay,
        twin,
        item("old", START - timedelta(days=3), START),
        item("App", START + timedelta(300), START, kind=CarrierKind.CONNECTED_APP, coverage=Coverage.UNCOVERED),
        item("far", START + timedelta(days=200), START),
        problems=[Problem("keys", "keys/x.jks", "keystore.wrong-password", "wrong password for keys/x.jks")],
    )
    both = [destination(mail), destination(webhook)]
    assert told(
        found,
        both,
        tmp_path / "state.json",
        owner_of=lambda name: "payments team" if name == "pay" else "",
        send=send_apart,
    ) == [
        DeliveryStatus.SENT,
        DeliveryStatus.SENT,
    ]
    [(subject, body)] = webhook.messages
    assert subject == (
        "sfkeytool: 1 certificate has expired, 1 certificate expires within 30 days, 1 app certificate is uncovered,"
        " 1 source could not be read"
    )
    assert body.splitlines() == [
        "Expired:",
        "- old (CN=old), until 2026-12-29, 3 days ago",
        "  in keys/old.jks",
        "",
        "Expires within 30 days:",
        "- pay (CN=pay), until 2027-01-21, 20 days left",
        "  in keys/pay.jks",
        "  in force-app/certs/pay.crt",
        "  owner: payments team",
        "  same key: sfkeytool renew pay",
        "",
        "Uncovered: nothing that was read makes Certificate and Key Management mail about these:",
        "- App (CN=App), until 2027-10-28, 300 days left",
        "  in keys/App.jks",
        "",
        "Not read:",
        "- wrong password for keys/x.jks",
        "",
        "sfkeytool audit, 2027-01-01 06:00 UTC",
    ]
    [(mailed_subject, mailed_body)] = mail.messages
    assert mailed_subject == subject
    assert [line.strip() for line in mailed_body.splitlines() if line.strip()] == [
        line.strip() for line in body.splitlines() if line.strip()
    ]


def test_a_foreign_name_cannot_forge_a_line(webhook: Arrived) -> None:
    """Whoever may name an app may not write our message."""
    found = inventory(START, item("x\n\nAll is well\x1b[2J", SOON, START))
    told(found, [destination(webhook)], None)
    [(_, body)] = webhook.messages
    assert "- x\\0A\\0AAll is well\\1B[2J (CN=x" in body


def test_a_message_about_thousands_stays_short_enough_to_read(webhook: Arrived) -> None:
    """The subject has the number; the rest is for the command."""
    told(inventory(START, *(item(f"c{n}", SOON, START) for n in range(2000))), [destination(webhook)], None)
    [(subject, body)] = webhook.messages
    assert subject == "sfkeytool: 2000 certificates expire within 30 days"
    assert body.count("\n- ") == 51
    assert "- and 1950 more: sfkeytool audit lists them all" in body


# Once


@pytest.mark.parametrize(
    ("within", "days"),
    [(60, (60, 30, 10, 1, 0)), (45, (45, 30, 10, 1, 0)), (15, (15, 10, 1, 0)), (2, (2, 1, 0)), (0, (0,)),
     (90, (90, 60, 30, 10, 1, 0))]
)  # fmt: skip
def test_thresholds_are_ckms_days_as_far_as_they_fit_the_life(within: int, days: tuple[int, ...]) -> None:
    """A 47-day certificate is not told of when it is made."""
    assert thresholds(within) == days


def lifetime(webhook: Arrived, state: Path, days: Sequence[int], **options: Any) -> list[str]:
    """The subjects of runs on so many days before the expiry of one certificate."""
    until = START + timedelta(days=400)
    to = [destination(webhook)]
    for left in days:
        now = until - timedelta(days=left, hours=5)
        assert set(told(inventory(now, item("pay", until, now, **options)), to, state)) <= {"sent", "nothing-due"}
    return [subject.removeprefix("sfkeytool: 1 certificate ") for subject, _ in webhook.messages]


def test_a_certificate_is_told_of_on_ckms_days_and_once_it_has_expired(webhook: Arrived, tmp_path: Path) -> None:
    """60, 30, 10, 1 and 0 days before, and the day after: six messages in a hundred daily runs."""
    assert lifetime(webhook, tmp_path / "state.json", range(90, -10, -1)) == [
        "expires within 60 days",
        "expires within 30 days",
        "expires within 10 days",
        "expires within 1 day",
        "expires today",
        "has expired",
    ]


def test_a_run_that_was_down_on_the_day_tells_the_most_urgent_once(webhook: Arrived, tmp_path: Path) -> None:
    """From 61 days to 8: one message, not three; nor does a clock that goes back tell the others."""
    assert lifetime(webhook, tmp_path / "state.json", [61, 8, 7, 40]) == ["expires within 10 days"]


def test_a_short_life_has_a_third_of_it_to_act(webhook: Arrived, tmp_path: Path) -> None:
    """A 47-day certificate: 15 days before, not on its first day."""
    subjects = lifetime(webhook, tmp_path / "state.json", range(47, 9, -1), life_days=47)
    assert subjects == ["expires within 15 days", "expires within 10 days"]


def test_a_renewed_certificate_starts_afresh(webhook: Arrived, tmp_path: Path) -> None:
    """The same place, another certificate: its own days."""
    to = [destination(webhook)]
    assert told(inventory(START, item("pay", SOON, START)), to, tmp_path / "state.json") == ["sent"]
    later = START + timedelta(days=360)
    renewed = inventory(later, item("pay", later + timedelta(days=20), later))
    assert told(renewed, to, tmp_path / "state.json") == ["sent"]


def test_what_is_over_is_told_again_when_it_comes_back_and_what_is_out_of_sight_is_not(
    webhook: Arrived, tmp_path: Path
) -> None:
    """Covered and uncovered again is news; an org that could not be read for a day is not."""
    to, state = [destination(webhook)], tmp_path / "state.json"

    def on_day(day: int, coverage: Coverage | None, *, seen: bool = True) -> list[DeliveryStatus]:
        now = START + timedelta(days=day)
        app = item("App", START + timedelta(days=900), now, kind=CarrierKind.CONNECTED_APP, coverage=coverage)
        return told(inventory(now, *([app] if seen else [])), to, state)

    assert on_day(0, Coverage.UNCOVERED) == ["sent"]
    assert on_day(1, Coverage.UNCOVERED, seen=False) == ["nothing-due"]
    assert on_day(2, Coverage.UNPROVED) == ["nothing-due"]
    assert on_day(3, Coverage.UNCOVERED) == ["nothing-due"]
    assert on_day(4, None) == ["nothing-due"]
    assert on_day(5, Coverage.UNCOVERED) == ["sent"]


def test_an_unreadable_file_is_told_once_until_it_could_be_read(webhook: Arrived, tmp_path: Path) -> None:
    """A problem that returns is a new one; another problem of the same file is not."""
    to, state = [destination(webhook)], tmp_path / "state.json"
    problem = Problem("keys", "keys/x.jks", "keystore.damaged", "keys/x.jks is damaged")
    other = replace(problem, code="keystore.wrong-password", message="wrong password for keys/x.jks")
    days = [[problem], [problem], [other], [], [problem], [problem]]
    assert [told(inventory(START + timedelta(days=n), problems=day), to, state)[0] for n, day in enumerate(days)] == [
        "sent", "nothing-due", "nothing-due", "nothing-due", "sent", "nothing-due",
    ]  # fmt: skip


def test_what_decides_no_exit_code_is_not_told(webhook: Arrived) -> None:
    """CAs of chains, superseded certificates, accepted exceptions."""
    silent = replace(item("pay", SOON, START), counts=False)
    assert told(inventory(START, silent), [destination(webhook)], None) == ["nothing-due"]
    assert webhook.messages == []


def test_a_dry_run_shows_what_would_be_said_and_changes_nothing(webhook: Arrived, tmp_path: Path) -> None:
    """No message, no state, no lock; the next true run tells it."""
    to, found = [destination(webhook)], inventory(START, item("pay", SOON, START))
    [shown] = deliveries(found, to, tmp_path / "state.json", dry_run=True)
    assert shown.status == "not-sent"
    assert shown.subject == "sfkeytool: 1 certificate expires within 30 days"
    assert (webhook.messages, list(tmp_path.iterdir())) == ([], [])
    assert told(found, to, tmp_path / "state.json") == ["sent"]
    assert told(found, to, tmp_path / "state.json", dry_run=True) == ["nothing-due"]


def test_without_a_state_file_every_run_tells_and_says_so(webhook: Arrived, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is remembered behind anybody's back."""
    for _ in range(2):
        assert told(inventory(START, item("pay", SOON, START)), [destination(webhook)], None) == ["sent"]
    assert "without --state every run tells all that is due once more" in capsys.readouterr().err


# The address


@pytest.mark.parametrize(
    "address", ["hunter2", "slack://hunter2", "mailto://bot:hunter2@", "nope://hunter2", "", "json://a, json://hunter2"]
)
def test_a_wrong_address_is_refused_before_anything_is_sent_and_not_shown(
    address: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """It is read from a SOURCE because it is secret; apprise would log it."""
    with pytest.raises(InputError) as error:
        open_destinations(run_at(START, HOOK=address), [parse_source("env:HOOK", "--notify")])
    assert error.value.code == "notify.address"
    assert error.value.message.startswith("what --notify env:HOOK holds is no address")
    shown = "".join([error.value.message, *error.value.hints, *capfd.readouterr(), caplog.text])
    assert "hunter2" not in shown


def test_without_the_library_its_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """apprise comes with an extra."""
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "apprise", raising=False)
    with pytest.raises(UsageError) as error:
        open_destinations(run_at(START, HOOK="json://localhost"), [parse_source("env:HOOK", "--notify")])
    assert error.value.code == "usage.extra-missing"
    assert "apprise" in error.value.hints[0]


def test_the_state_file_holds_no_address_and_is_private(webhook: Arrived, tmp_path: Path) -> None:
    """Not even a hash that is the same in another file."""
    to, found = [destination(webhook)], inventory(START, item("pay", SOON, START))
    keys = set()
    for name in ("one.json", "two.json"):
        told(found, to, tmp_path / name)
        text = (tmp_path / name).read_text()
        assert not any(secret in text for secret in ("hunter2", "T0K3N", "127.0.0.1", "json:", "pay"))
        keys |= set(json.loads(text)["destinations"])
    assert len(keys) == 2
    if sys.platform != "win32":
        assert (tmp_path / "one.json").stat().st_mode & 0o777 == 0o600


# The state file


STATE_BEGINNING = b'{"kind":"sfkeytool-audit-state","format":1,'


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 640, b'{"kind": "sfkeytool-audit-st', STATE_BEGINNING + b"{" * 100_000]
)
def test_a_damaged_state_file_is_set_aside_and_what_is_due_is_told_once_more(
    webhook: Arrived, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    """Twice is better than never; and nothing is deleted."""
    to, found = [destination(webhook)], inventory(START, item("pay", SOON, START))
    (tmp_path / "state.json").write_bytes(content)
    assert told(found, to, tmp_path / "state.json", dry_run=True) == ["not-sent"]
    assert (tmp_path / "state.json").read_bytes() == content
    assert told(found, to, tmp_path / "state.json") == ["sent"]
    assert told(found, to, tmp_path / "state.json") == ["nothing-due"]
    assert (tmp_path / "state.json.damaged-20270101T060000Z").read_bytes() == content
    assert "is damaged and was set aside as state.json.damaged-20270101T060000Z" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN PRIVATE KEY-----",
        b'{"name": "sfkeytool"}',
        b'{\n  // settings of another tool\n  "name": "x"\n}',
        b'{"name": "cut',
        b"{" * 100_000,
        b"[]",
        b'{"kind": "sfkeytool-audit-state", "format": 2}',
        b'{"kind": "sfkeytool-audit-state", "format": 1, "salt": "00", "destinations": {"x": {}}}',
        b'{"kind": "sfkeytool-audit-state", "format": 1, "salt": 5, "destinations": []}',
        b'{"kind": "sfkeytool-audit-state", "format": true, "salt": "00", "destinations": {}}',
        b'{"kind": "sfkeytool-audit-state", "format": 1, "salt": "0g", "destinations": {}}',
        *(
            b'{"kind": "sfkeytool-audit-state", "format": 1, "salt": "00", "destinations": {"%s": %s}}'
            % (b"0" * 32, memory)
            for memory in (
                b"[]",
                b'{"said": {}}',
                b'{"attemptedAt": "2027-01-01T06:00:00", "said": {}}',
                b'{"attemptedAt": null, "said": {"a": [30]}}',
                b'{"attemptedAt": null, "said": {"a": ["30", "2027-01-01"]}}',
                b'{"attemptedAt": null, "said": {"a": [true, "2027-01-01"]}}',
                b'{"attemptedAt": null, "said": {"a": [30, "2027-01-32"]}}',
                b'{"attemptedAt": null, "said": {"a": [30, "2027-01-01"]}, "address": "x"}',
            )
        ),
    ],
)
def test_somebody_elses_file_is_no_state_file_and_stays(
    webhook: Arrived, tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong --state costs nothing."""
    path = tmp_path / "state.json"
    path.write_bytes(content)
    assert told(inventory(START, item("pay", SOON, START)), [destination(webhook)], path) == ["failed"]
    assert "it was left as it is; give another file with --state" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]
    assert path.read_bytes() == content
    assert webhook.messages == []


def test_the_state_file_of_an_earlier_release_is_read_and_its_format_stays() -> None:
    """What was told is not told again after an update, nor after going back."""
    filed: dict[str, Any] = {
        "kind": "sfkeytool-audit-state",
        "format": 1,
        "salt": "0123456789abcdef0123456789abcdef",
        "destinations": {
            "f" * 32: {
                "attemptedAt": "2027-01-01T06:00:00.123456+00:00",
                "said": {"expires/0/1": [-1, "2026-12-31"], "uncovered/0/1": [0, "2026-11-30"]},
            },
            "0" * 32: {"attemptedAt": None, "said": {}},
        },
    }
    state = parse_state(filed, "s")
    assert state.memory("f" * 32) == Memory(
        {"expires/0/1": Said(-1, date(2026, 12, 31)), "uncovered/0/1": Said(0, date(2026, 11, 30))},
        datetime(2027, 1, 1, 6, 0, 0, 123456, UTC),
    )
    written = describe_state(state)
    attempted = written["destinations"]["f" * 32].pop("attemptedAt")
    assert datetime.fromisoformat(attempted) == datetime(2027, 1, 1, 6, 0, 0, 123456, UTC)
    del filed["destinations"]["f" * 32]["attemptedAt"]
    assert json.loads(json.dumps(written)) == filed


def test_the_folder_of_the_state_file_must_exist(
    webhook: Arrived, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typing error makes no second memory."""
    found = inventory(START, item("pay", SOON, START))
    assert told(found, [destination(webhook)], tmp_path / "nowhere" / "state.json") == ["failed"]
    assert "where the state is to be kept, does not exist; make the folder first" in capsys.readouterr().err
    assert webhook.messages == []


def test_what_is_long_gone_is_forgotten_and_what_is_still_there_is_not(webhook: Arrived, tmp_path: Path) -> None:
    """The state file does not grow for ever; a certificate that lies expired for years is not told of again."""
    to, state = [destination(webhook)], tmp_path / "state.json"
    stays = START - timedelta(days=1)
    found = inventory(START, item("stays", stays, START), *(item(f"c{n}", SOON, START) for n in range(50)))
    assert told(found, to, state) == ["sent"]

    def remembered(day: int) -> int:
        now = START + timedelta(days=day)
        assert told(inventory(now, item("stays", stays, now)), to, state) == ["nothing-due"]
        [memory] = json.loads(state.read_text())["destinations"].values()
        return len(memory["said"])

    assert [remembered(day) for day in (1, 400, 401, 2000)] == [51, 51, 1, 1]


def test_a_destination_that_is_not_used_any_more_is_forgotten(mail: Arrived, webhook: Arrived, tmp_path: Path) -> None:
    """After a year and a month."""
    state = tmp_path / "state.json"
    told(inventory(START, item("pay", SOON, START)), [destination(mail), destination(webhook)], state)
    for day, known in ((1, 2), (401, 1)):
        told(inventory(START + timedelta(days=day)), [destination(webhook)], state)
        assert len(json.loads(state.read_text())["destinations"]) == known


# When something fails


def test_a_failed_delivery_is_retried_for_that_destination_alone(
    mail: Arrived, webhook: Arrived, tmp_path: Path
) -> None:
    """The next run mails; the webhook, which had it, is left in peace."""
    both, found = [destination(mail), destination(webhook)], inventory(START, item("pay", SOON, START))
    mail.healthy = False
    assert told(found, both, tmp_path / "state.json") == ["failed", "sent"]
    mail.healthy = True
    both = [destination(mail), destination(webhook)]
    assert told(found, both, tmp_path / "state.json") == ["sent", "nothing-due"]
    assert told(found, both, tmp_path / "state.json") == ["nothing-due", "nothing-due"]
    assert [len(mail.messages), len(webhook.messages)] == [1, 1]
    assert MARK in mail.messages[0][1]
    assert MARK not in webhook.messages[0][1]


def test_a_failure_is_a_warning_that_says_why_and_nothing_secret(
    webhook: Arrived, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """An HTTP status is told; an address, which apprise would log, is not."""
    caplog.set_level(0)
    webhook.healthy = False
    assert told(inventory(START, item("pay", SOON, START)), [destination(webhook)], None) == ["failed"]
    shown = "".join(
        [*capfd.readouterr(), *(record.getMessage() for record in caplog.records if record.name == "apprise")]
    )
    assert "env:ADDRESS: JSON did not take the message (HTTP 500); the next run tries" in shown
    assert "hunter2" not in shown
    assert "T0K3N" not in shown


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.slow
def test_after_a_kill_at_any_step_each_event_is_told_once_or_said_to_be_a_repetition(
    webhook: Arrived, tmp_path: Path
) -> None:
    """Twice only where the kill came after the server took the message and before that was on disk."""
    to, found = [destination(webhook)], inventory(START, item("pay", SOON, START))
    with disturbed(nothing) as steps:
        told(found, to, tmp_path / "undisturbed.json")
    repeated = []
    for when, step in enumerate(steps):
        webhook.messages.clear()
        state = tmp_path / f"{when}.json"
        assert killed(Telling(found, [webhook.address], state), when, "links"), step
        before = len(webhook.messages)
        assert told(found, to, state) == [
            DeliveryStatus.SENT if len(webhook.messages) > before else DeliveryStatus.NOTHING_DUE
        ]
        assert told(found, to, state) == ["nothing-due"]
        assert len(webhook.messages) in (1, 2), f"step {when}: {step}"
        if len(webhook.messages) == 2:
            assert MARK not in webhook.messages[0][1]
            assert MARK in webhook.messages[1][1]
            repeated.append(when)
    assert repeated == list(range(repeated[0], repeated[-1] + 1)), "one window, that of the record"
    assert len(repeated) < len(steps) / 3


def test_nothing_is_sent_when_the_attempt_cannot_be_written_down(
    webhook: Arrived, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk is found before the message, not after it."""
    to, found = [destination(webhook)], inventory(START, item("pay", SOON, START))

    def full(number: int, name: str) -> None:
        if name == "write":
            raise OSError(28, "No space left on device")

    with disturbed(full):
        assert told(found, to, tmp_path / "state.json") == ["failed"]
    assert (
        "no space is left on the disk; make room, or give another file with --state; the next run tries"
        in capsys.readouterr().err
    )
    assert webhook.messages == []
    assert list(tmp_path.iterdir()) == []


def test_two_runs_at_once_take_turns(webhook: Arrived, tmp_path: Path) -> None:
    """Both see the same event; one tells it."""
    found, statuses = inventory(START, item("pay", SOON, START)), []
    to = [destination(webhook)]
    runs = [
        threading.Thread(target=lambda: statuses.extend(told(found, to, tmp_path / "state.json", send=send_apart)))
        for _ in range(4)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert sorted(statuses) == ["nothing-due", "nothing-due", "nothing-due", "sent"]
    assert len(webhook.messages) == 1


@pytest.mark.slow
def test_a_year_of_daily_runs_tells_each_event_once(mail: Arrived, webhook: Arrived, tmp_path: Path) -> None:
    """With servers that refuse, runs that are killed at any step, renewals and a file that cannot be read."""
    year = Year(tmp_path / "state.json", [mail, webhook])
    for day in range(Year.DAYS):
        year.run(day)
    for arrived in (mail, webhook):
        assert year.first_tellings(arrived) == year.expected(arrived), arrived.address
        assert year.repetitions(arrived) <= year.accepted_and_killed[arrived.address]
    assert year.failures > 10
    assert year.kills > 10 or sys.platform == "win32"


class Year:
    """A year of runs. Certificates are renewed 5 days after they have expired; disturbances are random, but seeded.

    A disturbance lasts a day, and none comes in the two days after: so that no event is overtaken by a later one, but
    that of a certificate's last two days. None comes on the last day, after which nobody tells.
    """

    DAYS = 365
    BROKEN_AGAIN = 300
    """The day from which on the file cannot be read for the second time."""
    CERTIFICATES = (("pay", 75, 365), ("sso", 140, 365), ("edge", 30, 90), ("tls", 47, 47), ("late", 363, 730))

    def __init__(self, state: Path, arrived: Sequence[Arrived], seed: int = 27) -> None:
        self.state, self.arrived = state, arrived
        self.random = random.Random(seed)
        self.calm_until = 0
        self.kills = self.failures = 0
        self.accepted_and_killed: Counter[str] = Counter()
        self.missed: set[tuple[str, int]] = set()
        self.before_again: dict[str, int] = {}
        """How many messages had arrived by the day on which the file broke again."""

    @property
    def to(self) -> list[Destination]:
        """Made anew, as each run does: apprise counts the time between two messages of one object."""
        return [destination(each) for each in self.arrived]

    def inventory(self, day: int) -> Inventory:
        now = START + timedelta(days=day)
        items = [
            item(name, self.until(first, life, day), now, life_days=life) for name, first, life in self.CERTIFICATES
        ]
        covered = Coverage.UNCOVERED if 100 <= day < 150 else Coverage.UNPROVED
        items.append(
            item(
                "App", START + timedelta(days=999), now, kind=CarrierKind.CONNECTED_APP, coverage=covered, life_days=999
            )
        )
        bad = 120 <= day < 130 or day >= self.BROKEN_AGAIN
        problems = [Problem("keys", "keys/x.jks", "keystore.damaged", "keys/x.jks is damaged")] if bad else []
        return inventory(now, *items, problems=problems)

    @staticmethod
    def until(first: int, life: int, day: int) -> datetime:
        """The end of the certificate that is in use on ``day``; noon, so that the last day is told of as such."""
        end = first
        while end + 5 < day:
            end += life
        return START + timedelta(days=end, hours=6)

    def run(self, day: int) -> None:
        found = self.inventory(day)
        calm = day < self.calm_until or day == self.DAYS - 1
        disturbance = "" if calm else self.random.choice(["", "", "refused", "killed"])
        if disturbance:
            self.calm_until = day + 2
        before = {each.address: len(each.messages) for each in self.arrived}
        if day == self.BROKEN_AGAIN:
            self.before_again = before
        self.attempt(found, disturbance, before)
        if disturbance:
            self.missed |= {(each.address, day) for each in self.arrived if len(each.messages) == before[each.address]}

    def attempt(self, found: Inventory, disturbance: str, before: dict[str, int]) -> None:
        if disturbance == "killed" and sys.platform != "win32":
            addresses = [each.address for each in self.arrived]
            if killed(Telling(found, addresses, self.state), self.random.randrange(60), "links"):
                self.kills += 1
                for each in self.arrived:
                    self.accepted_and_killed[each.address] += len(each.messages) - before[each.address]
            return
        unhealthy = self.random.choice(self.arrived) if disturbance == "refused" else None
        if unhealthy:
            unhealthy.healthy = False
        self.failures += told(found, self.to, self.state).count(DeliveryStatus.FAILED)
        if unhealthy:
            unhealthy.healthy = True

    def expected(self, arrived: Arrived) -> Counter[str]:
        """Each certificate at each of its days, once; the app once; the file each time that it broke."""
        events = Counter({"App uncovered": 1, "keys/x.jks": 1, "keys/x.jks again": 1})
        for name, first, life in self.CERTIFICATES:
            for end in range(first, 365 + 60, life):
                for days in (*thresholds(min(60, life // 3)), -1):
                    if max(0, end - days) < 365 and not (
                        days in (1, 0) and (arrived.address, end - days) in self.missed
                    ):
                        until = START + timedelta(days=end)
                        events[f"{name} until {until:%Y-%m-%d} at {days}"] += 1
        return events

    def tellings(self, arrived: Arrived) -> list[tuple[str, bool]]:
        """What was told, and whether in a message that calls itself a possible repetition."""
        events = []
        for number, (_, body) in enumerate(arrived.messages):
            again = " again" if self.before_again and number >= self.before_again[arrived.address] else ""
            level = ""
            for line in body.replace("\xa0", " ").splitlines():
                if line.endswith(":"):
                    level = line
                elif line.strip().startswith("- "):
                    event = self.event(level, line)
                    events.append((event + again if event == "keys/x.jks" else event, MARK in body))
        return events

    @staticmethod
    def event(heading: str, line: str) -> str:
        name, until = line.strip()[2:].split(" ")[0], line.partition("until ")[2][:10]
        if heading.startswith("Expire"):
            days = {"Expired:": "-1", "Expires today:": "0"}.get(heading) or heading.split(" ")[2]
            return f"{name} until {until} at {days}"
        return f"{name} uncovered" if heading.startswith("Uncovered") else name

    def first_tellings(self, arrived: Arrived) -> Counter[str]:
        events: Counter[str] = Counter()
        for event, marked in self.tellings(arrived):
            if not (marked and event in events):
                events[event] += 1
        return events

    def repetitions(self, arrived: Arrived) -> int:
        events, repeated = set(), 0
        for event, marked in self.tellings(arrived):
            repeated += marked and event in events
            events.add(event)
        return repeated
