import hashlib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from asn1crypto import core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from docaxis.embedded.authorities import Responder, TestAuthorities, open_authorities
from docaxis_signing.trust.fetching import new_client, refresh
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 10, 9, 1, 15, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Served:
    def __init__(self, directory: Path) -> None:
        self.clock = Clock()
        self.directory = directory
        self.authorities, self.responder = open_authorities(directory / "keys", directory / "trust", clock=self.clock)

    def crl(self, name: str) -> x509.CertificateRevocationList:
        answer = httpx.get(f"{self.responder.base_url}/crl/{name}.crl")
        assert answer.headers["content-type"] == "application/pkix-crl"
        return x509.load_der_x509_crl(answer.content)

    def status(self, name: str) -> ocsp.OCSPResponse:
        credential = self.authorities.credential(name)
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            credential.certificate, credential.chain[0], hashes.SHA256()
        )
        body = builder.add_extension(x509.OCSPNonce(b"0123456789"), critical=False).build().public_bytes(Encoding.DER)
        access = credential.certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        return ocsp.load_der_ocsp_response(httpx.post(access[0].access_location.value, content=body).content)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("responder"))
    yield made
    made.responder.stop()


def test_a_held_crl_grows_stale_until_it_is_published_again(served: Served) -> None:
    fresh = served.crl("gov-state")
    assert fresh.next_update_utc is not None
    assert fresh.next_update_utc > served.clock.now
    served.responder.hold_crl("gov-state", stale_by=timedelta(hours=2))
    stale = served.crl("gov-state")
    assert stale.next_update_utc == served.clock.now - timedelta(hours=2)
    served.clock.now += timedelta(days=2)
    assert served.crl("gov-state") == stale
    served.responder.publish("gov-state", lifetime=timedelta(minutes=5))
    again = served.crl("gov-state")
    assert again.next_update_utc == served.clock.now + timedelta(minutes=5)
    assert served.responder.requests("/crl/gov-state.crl") == 4


def test_a_crl_is_renewed_by_itself_at_half_of_its_life(served: Served) -> None:
    first = served.crl("public-one")
    served.clock.now += timedelta(hours=11)
    assert served.crl("public-one") == first
    served.clock.now += timedelta(hours=1)
    assert served.crl("public-one") != first


def test_ocsp_tells_good_from_revoked_and_echoes_the_nonce(served: Served) -> None:
    good = served.status("H98.14-seal")
    assert good.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert good.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"0123456789"
    good.certificates[0].verify_directly_issued_by(served.authorities.authorities["gov-local"].certificate)
    assert served.status("revoked").certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert served.status("revoked").revocation_reason is x509.ReasonFlags.key_compromise


def test_a_revocation_reaches_ocsp_at_once_and_the_crl_when_published(served: Served) -> None:
    credential = served.authorities.seal("H99.09")
    before = served.crl("public-one")
    served.authorities.revoke(credential, served.clock.now)
    assert served.status("H99.09-seal").certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert served.crl("public-one") == before
    served.responder.publish("public-one")
    found = served.crl("public-one").get_revoked_certificate_by_serial_number(credential.certificate.serial_number)
    assert found is not None


def test_ocsp_refuses_what_is_not_its_own_or_not_a_request(served: Served) -> None:
    credential = served.authorities.seal("H98.14")
    builder = ocsp.OCSPRequestBuilder().add_certificate(credential.certificate, credential.chain[0], hashes.SHA1())
    body = builder.build().public_bytes(Encoding.DER)
    other = httpx.post(f"{served.responder.base_url}/ocsp/public-two", content=body).content
    assert ocsp.load_der_ocsp_response(other).response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED
    broken = httpx.post(f"{served.responder.base_url}/ocsp/public-two", content=b"no").content
    assert ocsp.load_der_ocsp_response(broken).response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def _query(digest: str, message: bytes) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": digest}, "hashed_message": message}
    return bytes(tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": 99, "cert_req": True}).dump())


def test_the_time_stamp_says_the_clock_of_the_authority(served: Served) -> None:
    body = _query("sha256", hashlib.sha256(b"x").digest())
    answer = httpx.post(f"{served.responder.base_url}/tsa", content=body)
    assert answer.headers["content-type"] == "application/timestamp-reply"
    response = tsp.TimeStampResp.load(answer.content)
    assert response["status"]["status"].native == "granted"
    content = response["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
    assert content["gen_time"].native == served.clock.now
    assert content["nonce"].native == 99
    assert content["message_imprint"]["hashed_message"].native == hashlib.sha256(b"x").digest()


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (_query("sha1", bytes(20)), "bad_alg"),
        (_query("sha256", bytes(31)), "bad_data_format"),
        (b"garbage", "bad_data_format"),
    ],
    ids=["weak digest", "wrong length", "no query"],
)
def test_the_time_stamp_is_refused_with_a_reason(served: Served, body: bytes, failure: str) -> None:
    answer = core.Sequence.load(httpx.post(f"{served.responder.base_url}/tsa", content=body).content, strict=True)
    assert len(answer) == 1  # no token
    status = tsp.PKIStatusInfo.load(answer[0].dump())
    assert status["status"].native == "rejection"
    assert status["fail_info"].native == {failure}


def test_unknown_paths_and_methods_are_refused(served: Served) -> None:
    base = served.responder.base_url
    assert httpx.get(f"{base}/crl/nobody.crl").status_code == 404
    assert httpx.get(f"{base}/tsa").status_code == 404
    assert httpx.get(f"{base}/ocsp/gov-state").status_code == 405
    assert httpx.post(f"{base}/tsa", content=bytes(70_000)).status_code == 413
    certificate = x509.load_der_x509_certificate(httpx.get(f"{base}/certs/gov-tsa.cer").content)
    assert certificate == served.authorities.authorities["gov-tsa"].certificate


def test_a_second_start_takes_its_old_port_or_tells_the_new_one(served: Served, tmp_path: Path) -> None:
    keys = served.directory / "keys"
    assert TestAuthorities.load(keys).base_url == served.responder.base_url
    authorities, responder = open_authorities(keys, tmp_path, clock=served.clock)
    responder.stop()
    assert responder.base_url != authorities.base_url
    assert f"{responder.base_url}/crl/gov-root.crl" in (tmp_path / "trust.toml").read_text(encoding="utf-8")


def test_the_port_is_free_again_after_stop() -> None:
    responder = Responder(Clock())
    port = int(responder.base_url.rpartition(":")[2])
    responder.stop()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        assert probe.getsockname()[1] == port


async def test_the_guarded_client_fetches_every_list_over_a_socket(served: Served) -> None:
    """Look-up, pinned address, and the limits, with nothing in between replaced."""
    trust = TrustStore.load(served.directory / "trust")
    async with new_client() as client:
        got = await refresh(trust, RevocationSnapshot(), client=client, now=served.clock.now)
    assert (got.unavailable, got.refused) == ((), ())
    assert {item.authority for item in got.snapshot.lists} == {item.name for item in trust.authorities}
