"""The trust directory of the embedded axis: `trust.toml` and the certificates it names."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from docaxis_signing.durable import write_whole

from .cast import AUTHORITIES, AuthorityPlan
from .revocation import Authority

TRUST_FILE = "trust.toml"


def addresses(base_url: str, name: str) -> tuple[str, str, str]:
    """Where the responder serves CRL, OCSP answers and the certificate of an authority."""
    return f"{base_url}/crl/{name}.crl", f"{base_url}/ocsp/{name}", f"{base_url}/certs/{name}.cer"


def write(directory: Path, authorities: Mapping[str, Authority], base_url: str) -> None:
    """Write the listed authorities; the unlisted root and its sub-CA stay out."""
    (directory / "certs").mkdir(parents=True, exist_ok=True)
    parts = ["version = 1"]
    for plan in AUTHORITIES:
        if plan.source == "unlisted":
            continue
        authority = authorities[plan.name]
        (directory / "certs" / f"{plan.name}.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        parts.append(_entry(plan, authority, base_url))
    write_whole(directory / TRUST_FILE, ("\n\n".join(parts) + "\n").encode())


def _entry(plan: AuthorityPlan, authority: Authority, base_url: str) -> str:
    crl, ocsp, _ = addresses(base_url, plan.name)
    fields: dict[str, object] = {"name": plan.name, "file": f"certs/{plan.name}.pem", "purposes": list(plan.purposes)}
    if plan.issuer is None:
        certificate = authority.certificate
        fields |= {
            "source": plan.source,
            "valid_from": certificate.not_valid_before_utc,
            "valid_until": certificate.not_valid_after_utc,
            "crl": [crl],
        }
    else:
        fields |= {"issuer": plan.issuer, "crl": [crl], "ocsp": [ocsp]}
    heading = "[[anchor]]" if plan.issuer is None else "[[authority]]"
    return "\n".join([heading, *(f"{key} = {_toml(value)}" for key, value in fields.items())])


def _toml(value: object) -> str:
    # JSON strings and lists of strings are TOML too; a time is written bare
    return value.isoformat() if isinstance(value, datetime) else json.dumps(value, ensure_ascii=False)
