"""Looking a certificate up: its entry alone says what the whole list says of it."""

from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from docaxis_signing.trust.listed import list_of_one, listed_serials

KEY = ec.generate_private_key(ec.SECP256R1())
SERIALS = st.integers(min_value=1, max_value=2**159 - 1)
ENTRIES = st.lists(
    st.tuples(
        st.sampled_from([1, 127, 128, 255, 256, 2**63, 2**158]) | SERIALS,
        st.datetimes(datetime(1960, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001 - what hypothesis asks for
        st.none() | st.datetimes(datetime(1960, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001 - same
        st.booleans(),
    ),
    max_size=6,
)


@given(ENTRIES, SERIALS)
def test_an_entry_is_read_out_of_a_list_of_its_own_as_out_of_the_whole(entries: Any, absent: int) -> None:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A")]))
        .last_update(datetime(2026, 1, 1, tzinfo=UTC))
        .next_update(datetime(2026, 1, 2, tzinfo=UTC))
    )
    for serial, revoked, invalid, reason in entries:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revoked.replace(microsecond=0))
        if invalid is not None:
            entry = entry.add_extension(x509.InvalidityDate(invalid.replace(microsecond=0)), critical=False)
        if reason:
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    der = builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)
    whole, index = x509.load_der_x509_crl(der), listed_serials(der)
    assert index is not None
    assert index.keys() == {serial for serial, *_ in entries}
    for serial in {absent, *index}:
        expected = whole.get_revoked_certificate_by_serial_number(serial)
        if serial not in index:
            assert expected is None
            continue
        alone = x509.load_der_x509_crl(list_of_one(der, index[serial])).get_revoked_certificate_by_serial_number(serial)
        assert alone is not None
        assert expected is not None
        assert alone.revocation_date_utc == expected.revocation_date_utc
        assert list(alone.extensions) == list(expected.extensions)
