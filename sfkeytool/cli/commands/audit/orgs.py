"""Orgs as sources of the audit: read side by side, and what the configuration says of their apps."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing

from msgspec.structs import replace

from sfkeytool.audit.config import AuditConfig
from sfkeytool.audit.fields import carriers_of_content
from sfkeytool.audit.model import Carrier, CarrierKind, Source, failure
from sfkeytool.audit.org import read_org, unreachable
from sfkeytool.cli.org_access import OrgAccess, warn_of_instance
from sfkeytool.cli.run import Run
from sfkeytool.edge.salesforce_cli import CliCalls
from sfkeytool.errors import InputError, SfkeytoolError
from sfkeytool.salesforce.questions import MOST_AT_ONCE

_ORGS_AT_ONCE = 50
_CONNECTIONS = 150
"""To all orgs together. Our own bounds: macOS lets a process have 256 files open, and what a processor can do is done
by fewer connections, of which each takes 3 ms to make."""

_SLICE_SECONDS = 0.5
"""On Windows, Ctrl-C does not interrupt a longer wait."""


def read_orgs(
    run: Run, accesses: Sequence[OrgAccess], stated: Mapping[str, Carrier], tell: Callable[[str], None]
) -> list[Source]:
    """Each org in a thread of its own; one that cannot be read does not stop the others. Sources and warnings are in
    the order of ``accesses``, whichever is read first."""
    if not accesses:
        return []

    calls = CliCalls()

    def read(access: OrgAccess) -> Source:
        try:
            with calls.of_this_thread(), closing(access.connect()) as client:
                return replace(read_org(client, access.label, stated, at_once=at_once), way=access.way)
        except SfkeytoolError as error:
            return unreachable(access.label, error)
        except Exception as error:
            return unreachable(access.label, failure(error))

    side_by_side = min(_ORGS_AT_ONCE, len(accesses))
    at_once = min(MOST_AT_ONCE, _CONNECTIONS // side_by_side)
    pool = ThreadPoolExecutor(side_by_side)
    try:
        futures = [pool.submit(read, access) for access in accesses]
        waiting: Collection[Future[Source]] = futures
        while waiting:
            _, waiting = wait(waiting, _SLICE_SECONDS, return_when=FIRST_COMPLETED)
            tell(f"reading orgs: {len(futures) - len(waiting)} of {len(futures)}")
    except BaseException:  # Ctrl-C does not wait for a slow org
        pool.shutdown(wait=False, cancel_futures=True)
        calls.give_up()
        raise
    pool.shutdown()
    sources = [future.result() for future in futures]
    for source in sources:
        if source.org is not None:
            warn_of_instance(run, source.org.identity.instance_url)
    return sources


def stated_certificates(run: Run, config: AuditConfig) -> dict[str, Carrier]:
    """The certificates that the configuration says apps carry, by name of the app. Raises InputError."""
    stated = {}
    for name, path in config.apps.items():
        found = carriers_of_content("", CarrierKind.CONNECTED_APP, name, str(path), run.read(path).data)
        leaves = [carrier for carrier in found if not carrier.in_chain]
        if len(leaves) != 1:
            raise InputError(
                "config.app", f"{path} holds {len(leaves)} certificates that {name} could carry; one is wanted"
            )
        stated[name] = replace(leaves[0], path=str(path))
    return stated
