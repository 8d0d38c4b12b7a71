"""The inventory for Prometheus' node exporter: the text format, names and labels of x509-certificate-exporter."""

from collections.abc import Iterable, Iterator, Mapping

from sfkeytool.audit.model import Coverage, Inventory, Item
from sfkeytool.crypto.names import escape_unprintable

_HELP = {
    "x509_cert_not_after": "When the certificate expires, in seconds since the epoch",
    "x509_cert_not_before": "When the certificate begins to be valid, in seconds since the epoch",
    "x509_cert_expired": "1 if the certificate has expired",
    "sfkeytool_app_certificate_uncovered": "1 if no keystore with an app's certificate was seen",
    "sfkeytool_unreadable": "Files that could not be read",
    "sfkeytool_audit_timestamp_seconds": "When the audit ran",
}


def encode(inventory: Inventory) -> Iterator[bytes]:
    """UTF-8, LF; each series once. Pure."""
    samples: dict[str, dict[str, float]] = {name: {} for name in _HELP}
    for item in inventory.items:
        certificate = item.carrier.certificate
        not_after = item.carrier.not_after
        if not_after is None or item.carrier.reference:  # the certificate that is named has a series of its own
            continue
        labels = _labels(_label_values(item))
        samples["x509_cert_not_after"][labels] = not_after.timestamp()
        if certificate is not None:
            samples["x509_cert_not_before"][labels] = certificate.not_before.timestamp()
        samples["x509_cert_expired"][labels] = float(item.status == "expired")
        if item.coverage is not None:
            samples["sfkeytool_app_certificate_uncovered"][labels] = float(item.coverage is Coverage.UNCOVERED)
    for source in inventory.sources:
        samples["sfkeytool_unreadable"][_labels({"source": source.label})] = float(len(source.problems))
    samples["sfkeytool_audit_timestamp_seconds"][""] = inventory.at.timestamp()
    return (f"{line}\n".encode("utf-8", "replace") for line in _lines(samples))


def _label_values(item: Item) -> dict[str, str]:
    carrier, certificate = item.carrier, item.carrier.certificate
    return {
        "filepath": f"{carrier.source}/{carrier.path}" if carrier.in_org else carrier.path,
        "filename": carrier.path.replace("\\", "/").rpartition("/")[2],
        "embedded_key": carrier.part,
        "kind": str(carrier.kind),
        "name": carrier.name,
        "subject_CN": carrier.subject_name,
        "issuer_CN": carrier.issuer_name,
        "serial_number": certificate.serial_number if certificate else "",
    }


def _labels(values: Mapping[str, str]) -> str:
    escaped = (
        (name, escape_unprintable(value).replace("\\", r"\\").replace('"', r"\"")) for name, value in values.items()
    )
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"


def _lines(samples: Mapping[str, Mapping[str, float]]) -> Iterable[str]:
    for name, series in samples.items():
        if series:
            yield f"# HELP {name} {_HELP[name]}"
            yield f"# TYPE {name} gauge"
            yield from (f"{name}{labels} {value:.0f}" for labels, value in series.items())
