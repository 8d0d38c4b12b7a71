"""explain for everyday words: the topic that is meant, or none; and never where a message is pasted."""

import re
import shlex
from collections.abc import Callable

import pytest
from conftest import Result
from msgspec.structs import replace
from test_explain import ALL, UNRELATED, filled
from test_json import validate

import sfkeytool.cli.app as app
import sfkeytool.cli.typer_app as typer_app
from sfkeytool.acceptance.explanations import EXPLANATIONS
from sfkeytool.acceptance.explanations.matching import match_messages, words_of
from sfkeytool.acceptance.explanations.topic_matching import match_topic
from sfkeytool.acceptance.explanations.topics import ASIDES, FILLER, TOPICS, VOCABULARY, Topic
from sfkeytool.workflows.explain import list_all

Cli = Callable[..., Result]

ASKED = {
    "login": """my login fails
        login failed
        I cannot log in
        can't login with jwt
        The integration cannot log in any more!
        authentication failed
        jwt login refused
        the login to our sandbox fails since yesterday
        the client is refused
        our middleware cannot connect to Salesforce
        Why does the login of pay_api not work?""",
    "login-after-renewal": """login does not work after the rotation
        login stopped working since I renewed the certificate
        the integration fails with the new certificate
        the login fails since a colleague replaced the key""",
    "import": """import failed
        Salesforce refused my keystore
        keystore refused
        keystore rejected
        cannot import the jks
        I can\u2019t import pay_api.jks
        import from keystore does not work
        CKM does not accept my JKS file
        error on import""",
    "into-org": """how do I import a jks
        import a keystore into Salesforce
        How do I import pay_api.jks into certificate and key management?
        upload a jks""",
    "onto-app": """upload certificate to connected app
        how do I upload the certificate to the external client app
        replace the certificate of the connected app
        upload pay_api.crt""",
    "certificate-refused": """upload signed certificate fails
        Salesforce rejects my certificate
        the app does not take the certificate""",
    "expired": """certificate expired
        my certificate has expired
        the login fails because the certificate has expired
        certificate expired what now
        our certificate ran out""",
    "expiring": """certificate is about to expire
        certificate expires soon
        how do I renew a certificate
        renew""",
    "when": """what expires when
        which certificates expire
        when does my certificate expire
        is my certificate still valid?""",
    "mail": """a mail came
        I got a mail from Salesforce about an expiring certificate
        expiry mail
        why did I get this mail""",
    "no-mail": """no mail came
        nobody was mailed
        who gets the mails
        who is notified
        the certificate expired without a mail""",
    "road": """which road
        which road should I take?
        where do I start
        self-signed or CA
        do I need a CA
        I need a new certificate
        what is a CSR""",
    "password": """forgot the password
        wrong password
        keystore password lost
        password not accepted""",
    "key-lost": """I lost the private key
        private key missing
        where is the key""",
    "mismatch": """key and certificate do not match
        the key does not fit the certificate
        which key belongs to this certificate""",
    "ca-answer": """I have the CA's answer
        the CA sent a p7b
        what do I do with the CA's answer""",
    "convert": """pfx to jks
        how do I convert a .pfx into a .jks
        make a keystore from pem files""",
    "where": """what is a jks
        where does the crt go
        where do I upload the certificate""",
    "deploy": """deployment fails
        deploy failed""",
    "leak": """our key leaked
        my private key was committed to git""",
    "check": """is my keystore ok
        check my keystore""",
    "in-use": """which app uses this certificate
        can I delete the old certificate
        where is the certificate used""",
    "single-sign-on": """single sign-on certificate
        our identity provider has a new certificate
        SSO fails
        the certificate of the IdP expires""",
    "tool": """openssl error
        keytool fails""",
}
QUESTIONS = [(line.strip(), f"topic.{topic}") for topic, lines in ASKED.items() for line in lines.splitlines()]

NO_TOPIC = [
    *UNRELATED,
    *"""my cat sleeps
        the login page is blue
        my login to the bank fails
        my login works
        the login does not fail
        The certificate of my birth was lost
        the import of cars from Japan failed
        Which road leads to the station?
        the road is closed
        the mail is late because of the strike
        public key
        the certificate
        keystore
        Salesforce
        error
        help
        please help me, it does not work
        what is the time
        who is the king of Spain
        a new hope
        what a way to go
        connection refused
        the client paid the bill
        my password is hunter2
        deploy the parachute
        the bundle of joy arrived
        the key to success is a good sleep
        root beer
        handshake failed
        not expired
        is the app down for everyone or just me
        the server has a problem with the certificate of the bakery
        \u043c\u043e\u0439 \u043a\u043e\u0442 \u0441\u043f\u0438\u0442
        !!! ??? ...
        42
        """.strip().splitlines(),
]  # fmt: skip


@pytest.mark.parametrize(("question", "id"), QUESTIONS)
def test_a_question_in_everyday_words_has_its_topic(question: str, id: str) -> None:
    """In capitals too, and with whatever marks."""
    for text in (question, question.upper(), f"  \u201c{question}\u201d !! "):
        assert match_messages(text) == ()
        found = match_topic(text)
        assert found is not None
        assert found.id == id


def test_there_are_enough_of_both() -> None:
    """None lost in an edit, and a topic that nobody asked for is not tried."""
    assert len(QUESTIONS) == len(set(QUESTIONS)) >= 65
    assert len(NO_TOPIC) == len(set(NO_TOPIC)) >= 60
    assert {id for _, id in QUESTIONS} == {topic.id for topic in TOPICS}


@pytest.mark.parametrize("text", NO_TOPIC)
def test_anything_else_has_none(text: str) -> None:
    """One word that is not known is enough, and so is a sentence that says nothing of what is wrong."""
    assert match_topic(text.strip()) is None


def test_no_match_is_an_error_as_ever(cli: Cli) -> None:
    """Exit 1 and the nearest three messages."""
    result = cli("explain", "my cat sleeps", "--json")
    assert (result.code, result.json["code"], len(result.json["actions"])) == (1, "explain.no-match", 3)


def test_no_part_of_a_message_becomes_a_topic() -> None:
    """Neither the whole, which has an explanation, nor any three words of it or more: those say what they quote."""
    parts = {text for _, message in ALL for text in _parts(message)}
    assert [text for text in sorted(parts) if match_topic(text) is not None] == []


def _parts(message: str) -> list[str]:
    words = words_of(filled(message))
    parts = {words[start:end] for end in range(3, len(words) + 1) for start in range(min(end - 2, 40))}
    plain = " ".join(words_of(re.sub(r"\{\w+\}", " ", message)))
    return [text for text in map(" ".join, parts) if f" {text} " in f" {plain} "]


def test_a_message_in_a_question_is_explained_as_the_message() -> None:
    """The topic is for those who have none."""
    from sfkeytool.workflows.explain import explain

    found = explain("my login fails: user hasn't approved this consumer").result
    assert [one.id for one in found.explanations] == ["error.jwt.not-approved"]
    assert found.topics == ()


def test_the_answer_names_what_tells_and_what_leads_further(cli: Cli) -> None:
    """For people in order; for scripts by the schema, also by its id."""
    out = cli("explain", "my", "login", "fails").out
    parts = [
        "A login of an integration fails",
        " 1. ",
        "`sfkeytool login ",
        " 2. ",
        "`sfkeytool compare ",
        "invalid assertion",
    ]
    assert [out.index(part) for part in parts] == sorted(out.index(part) for part in parts)
    for question in ("my login fails", "TOPIC.LOGIN"):
        result = cli("explain", question, "--json")
        assert result.code == 0
        validate(result.json, "explain")
        [topic] = result.json["result"]["topics"]
        assert topic["id"] == "topic.login"
        assert {"id": "error.jwt.audience", "message": "audience is invalid"} in topic["further"]
    assert "topic.login" in cli("explain", "topic.logn").err


# The data


@pytest.mark.parametrize("topic", list_all().result.topics, ids=lambda topic: topic.id)
def test_every_command_of_a_topic_is_one(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    """One a possibility, which the real parser takes, and whose rest a terminal is asked for; no placeholder is left."""
    taken: list[str] = []

    def take(name: str, command: object, given: object) -> int:
        taken.append(name)
        return 0

    monkeypatch.setattr(typer_app, "run_command", take)
    for possible in topic.possibilities:
        [line] = re.findall(r"`([^`]+)`", possible.tell)
        assert "{" not in possible.what + possible.tell
        program, *arguments = shlex.split(line)
        if program == "sfkeytool":
            assert app.run_app(arguments) == 0, line
            assert line.startswith(f"sfkeytool {taken.pop()} ")
        else:
            assert line == "sf update"


def test_topics_lead_to_explanations_that_exist() -> None:
    """Ids are unique; each set of concepts belongs to one topic."""
    known = {explanation.id for explanation in EXPLANATIONS}
    assert {id for topic in TOPICS for id in topic.explanations} <= known
    assert len({topic.id for topic in TOPICS}) == len(TOPICS)
    asked = [frozenset(asked.split()) for topic in TOPICS for asked in topic.asked]
    assert len(asked) == len(set(asked))


def test_a_word_means_one_thing() -> None:
    """A phrase stands under one concept, and all are written as texts are compared; "not" changes everything."""
    phrases = [phrase.strip() for line in (ASIDES, *VOCABULARY.values()) for phrase in line.split(",")]
    assert [phrase for phrase in phrases if phrases.count(phrase) > 1] == []
    assert [phrase for phrase in (*phrases, *FILLER.split()) if " ".join(words_of(phrase)) != phrase] == []
    assert not {"not", "no", "never", "without", "nothing", "nobody", "none"} & set(FILLER.split())
    assert set(VOCABULARY) == {word for topic in TOPICS for asked in topic.asked for word in asked.split()}


@pytest.mark.parametrize(
    "change", [{"id": "login"}, {"id": "error.jwt.login"}, {"title": ""}, {"asked": ("LOGIN OOPS",)}, {"asked": ()}]
)
def test_a_topic_must_be_complete(change: dict[str, object]) -> None:
    """An id outside the grammar, or a concept that no word means: refused where it is written."""
    with pytest.raises(ValueError, match=r"topic|login"):
        replace(TOPICS[0], **change)
