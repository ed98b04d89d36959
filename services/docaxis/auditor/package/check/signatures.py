"""Looks at the documents with stock pyHanko, by the package's roots and revocation lists, at the time of the verdict.

It says of each signature whether it is intact and its chain trusted. Roles and seals are the policy's, not pyHanko's.
"""

import json
import sys
from datetime import datetime
from pathlib import Path

from asn1crypto import crl, pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

HERE = Path()


def certificates(name: str) -> list[x509.Certificate]:
    data = (HERE / "trust" / name).read_bytes()
    return [x509.Certificate.load(der) for _, _, der in pem.unarmor(data, multiple=True)]


def main() -> None:
    package = json.loads((HERE / "package.json").read_bytes())
    record = json.loads((HERE / package["verdicts"][0]["record"]).read_bytes())
    lists = [one.split()[1] for one in (HERE / "trust/lists.txt").read_text("utf-8").splitlines()]
    context = ValidationContext(
        trust_roots=certificates("roots.pem"),
        other_certs=certificates("authorities.pem"),
        crls=[crl.CertificateList.load((HERE / "objects" / one).read_bytes()) for one in lists],
        moment=datetime.fromisoformat(record["verdict"]["validation_time"]),
        best_signature_time=datetime.fromisoformat(record["verdict"]["validation_time"]),
        revocation_mode="require",
        allow_fetching=False,
    )
    bad = 0
    for path in sorted((HERE / "documents").glob("*.pdf")):
        with path.open("rb") as file:
            for signature in PdfFileReader(file, strict=False).embedded_regular_signatures:
                status = validate_pdf_signature(signature, context, context)
                bad += not (status.intact and status.valid and status.trusted)
                said = f"intact={status.intact} valid={status.valid} trusted={status.trusted}"
                print(f"{path.name} {signature.field_name}: {said}")
    passed = package["verdicts"][0]["indication"] == "TOTAL-PASSED"
    sys.exit(1 if passed and bad else 0)


if __name__ == "__main__":
    main()
