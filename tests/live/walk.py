"""The walk through all questions: agreed before, cleaned up after, whatever comes between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import requests

from live.org import Kind, LiveOrg
from live.question import Answer, CannotAsk, Outcome, Question
from sfkeytool.edge.signals import deferred_signals, terminating_signals
from sfkeytool.errors import InterruptedRunError, NetworkError, OrgError
from sfkeytool.salesforce.org import ends_everything


class NotHere(Exception):
    """The org is none to ask, or nobody agreed. With what to tell."""


@dataclass
class Walked:
    """``left`` is what could not be deleted: type and name, and why."""

    kind: Kind
    outcomes: list[Outcome] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    is_interrupted: bool = False


def agreed(org: LiveOrg, questions: Sequence[Question], ask: Callable[[str], str]) -> Kind:
    """Which org it is, once its user knows what will be done there. Raises NotHere, OrgError and NetworkError."""
    kind = org.kind()
    if not kind.is_sandbox:
        raise NotHere("this org is no sandbox and no scratch org by its own word (IsSandbox): nothing was done")
    creates = dict.fromkeys(question.creates for question in questions if question.creates)
    lines = [
        f"{org.alias}: {kind}",
        f"{len(questions)} questions. They will make there, and delete again:",
        *(f"  - {each}" for each in creates),
        "Keystores of the corpus have keys that everybody can read. Logins are at most 300, five seconds apart.",
        "Nothing that is there already is changed. What cannot be deleted is listed at the end.",
    ]
    org.say("\n".join(lines))
    if ask("Go on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise NotHere("nothing was done")
    return kind


def walk(org: LiveOrg, kind: Kind, questions: Sequence[Question]) -> Walked:
    """Asks each question; deletes what was made, also after an interrupt."""
    walked = Walked(kind)
    reason = ""
    try:
        with terminating_signals():
            for number, question in enumerate(questions, 1):
                outcome = Outcome(question, None, reason)
                if not reason:
                    outcome, reason = _asked(org, question)
                walked.outcomes.append(outcome)
                org.say(f"{number}/{len(questions)} {question.id}: {_told(outcome)}")
    except (KeyboardInterrupt, InterruptedRunError):
        walked.is_interrupted = True
        rest = questions[len(walked.outcomes) :]
        walked.outcomes += [Outcome(question, None, "the run was interrupted") for question in rest]
    finally:
        with deferred_signals():
            walked.left = [(f"{made.type} {made.name}", why) for made, why in org.clean()]
            org.door.close()
    return walked


def _told(outcome: Outcome) -> str:
    return f"{outcome.verdict}, {outcome.answer.observed if outcome.answer else outcome.reason}"


def _asked(org: LiveOrg, question: Question) -> tuple[Outcome, str]:
    """What came of it, and why nothing else is worth asking; empty where it is."""
    try:
        answer: Answer = question.ask(org)
    except CannotAsk as reason:
        return Outcome(question, None, str(reason)), ""
    except (OrgError, NetworkError) as error:
        why = f"{error.code}: {error}"
        return Outcome(question, None, why), why if ends_everything(error) else ""
    except requests.RequestException as error:
        return Outcome(question, None, f"the org did not answer ({type(error).__name__})"), ""
    except InterruptedRunError:
        raise
    except Exception as error:  # a fault in one question costs no other; its words may hold anything
        return Outcome(question, None, f"the question itself failed: {type(error).__name__}"), ""
    return Outcome(question, answer), ""
