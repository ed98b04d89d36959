"""A TEST time-stamping authority after RFC 3161: answers a query in DER, or over pyHanko's interface in process."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from itertools import count

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.general import as_signing_certificate_v2
from pyhanko.sign.timestamps import TimeStamper

from docaxis_signing.asn1_encodings import keep_encodings

from .authorities import TestAuthorities
from .cast import TIMESTAMPING

keep_encodings()

POLICY = "1.3.6.1.4.1.99999.30.2"
ACCEPTED_DIGESTS = frozenset({"sha256", "sha384", "sha512"})
MICROSECONDS = 1_000_000


class TimestampAuthority:
    """Signs time-stamp tokens with RSA and SHA-256; the time comes from the clock it is given."""

    def __init__(self, authorities: TestAuthorities, clock: Callable[[], datetime]) -> None:
        certificate, key = authorities.timestamper
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("the time-stamping key must be RSA: PDF viewers and older verifiers expect it")
        self._key = key
        self._clock = clock
        self._certificate = x509.Certificate.load(certificate.public_bytes(Encoding.DER))
        issuer = authorities.authorities[TIMESTAMPING].certificate
        self._chain = [self._certificate, x509.Certificate.load(issuer.public_bytes(Encoding.DER))]
        # Encoded once: building the issuer name anew costs several milliseconds a token
        reference = as_signing_certificate_v2(self._certificate)
        self._reference = tsp.SigningCertificateV2.load(reference.dump())
        self._identifier = cms.SignerIdentifier(
            {
                "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                    {"issuer": self._certificate.issuer, "serial_number": self._certificate.serial_number}
                )
            }
        )
        self._serials = count(int(clock().timestamp() * MICROSECONDS))

    def answer(self, query: bytes) -> bytes:
        """Answer a DER `TimeStampReq` with a DER `TimeStampResp`, refusals included."""
        try:
            request = tsp.TimeStampReq.load(query, strict=True)
            digest = request["message_imprint"]["hash_algorithm"]["algorithm"].native
            length = len(request["message_imprint"]["hashed_message"].native)
        except (ValueError, TypeError, KeyError):
            return _refusal("bad_data_format")
        if digest not in ACCEPTED_DIGESTS:
            return _refusal("bad_alg")
        if length != hashlib.new(digest).digest_size:
            return _refusal("bad_data_format")
        return bytes(self.respond(request).dump())

    def respond(self, request: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Grant a token for a well-formed request."""
        now = self._clock()
        content = self._content(request, now).dump()
        attributes = cms.CMSAttributes(
            [
                _attribute("content_type", "tst_info"),
                _attribute("signing_time", cms.Time({"utc_time": core.UTCTime(now.replace(microsecond=0))})),
                _attribute("signing_certificate_v2", self._reference),
                _attribute("message_digest", hashlib.sha256(content).digest()),
            ]
        )
        signature = self._key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
        algorithm = algos.DigestAlgorithm({"algorithm": "sha256"})
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": self._identifier,
                "digest_algorithm": algorithm,
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
                "signed_attrs": attributes,
                "signature": signature,
            }
        )
        signed = {
            "version": "v3",
            "digest_algorithms": cms.DigestAlgorithms((algorithm,)),
            "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(content)},
            "signer_infos": [signer],
        }
        if request["cert_req"].native:
            signed["certificates"] = self._chain
        token = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})
        return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})

    def _content(self, request: tsp.TimeStampReq, now: datetime) -> tsp.TSTInfo:
        fields = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": request["message_imprint"],
            "serial_number": next(self._serials),
            "gen_time": now,
            "tsa": x509.GeneralName(name="directory_name", value=self._certificate.subject),
        }
        if request["nonce"].native is not None:
            fields["nonce"] = request["nonce"]
        return tsp.TSTInfo(fields)


class DirectTimeStamper(TimeStamper):
    """pyHanko's time-stamp client without a wire, for signing many documents in one process."""

    def __init__(self, authority: TimestampAuthority) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._authority = authority

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._authority.respond(req).dump())


class _Refusal(core.Sequence):  # type: ignore[misc]
    """A response without a token (RFC 3161 section 2.4.2), which asn1crypto's own class cannot encode."""

    _fields = [("status", tsp.PKIStatusInfo)]  # noqa: RUF012 - asn1crypto fills the list in


def _refusal(failure: str) -> bytes:
    return bytes(_Refusal({"status": {"status": "rejection", "fail_info": {failure}}}).dump())


def _attribute(name: str, value: object) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": name, "values": (value,)})
