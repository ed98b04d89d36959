"""The scene of all cases: TEST authorities with their lists, holders of certificates, a signer that obeys orders."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from asn1crypto import algos, cms, keys, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bothways import examine_both_ways
from docaxis.embedded.authorities import Credential, TestAuthorities, TimestampAuthority
from docaxis.embedded.authorities.revocation import Authority
from docaxis_signing.judgement import JudgedFile, Parties, RegisteredCertificate, judge_file
from docaxis_signing.pdf.verification import examine
from docaxis_signing.policy import JudgedAs, Policy, SignerRole
from docaxis_signing.policy_files import shipped
from docaxis_signing.trust.lists import ingest
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import DocumentFindings, FileVerdict
from pdfcases.case import Case, Sample
from pdfcases.cms import HONEST, Form, Holder, Key, asn1, sign_bytes
from pdfcases.editing import append, current, size_of
from pdfcases.pages import PAGE, form_xobject, plain

ISSUER: Final = "H98"
AUTHORITY: Final = "gov-local"
RESERVED: Final = 20_000
"""Hexadecimal digits kept for a signature; one with two stamps and its chain takes 19,000."""
DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Range = Callable[[int, int, int], Iterable[int]]


@dataclass(frozen=True, slots=True)
class _Impostor:
    """What a time-stamping authority is made of."""

    authorities: Mapping[str, Authority]
    timestamper: tuple[x509.Certificate, Key]


class Scene:
    """Keys, lists and verbs; slow things are made once."""

    def __init__(self, directory: Path) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.directory = directory
        self.authorities = TestAuthorities.create(
            directory / "authorities", base_url="http://127.0.0.1:9", now=self.now
        )
        self.authorities.write_trust(directory / "trust")
        self.trust = TrustStore.load(directory / "trust")
        self.lists = self.snapshot()
        self._samples: dict[str, Sample] = {}
        self._strangers: set[str] = set()
        self.seal = self.holder(serial=1001)
        self.person = self.holder("Tran Duc Thinh", serial=1002)
        self.stranger = self.holder("Nguoi la", serial=1003)
        self._strangers.add(self.stranger.certificate.fingerprint(hashes.SHA256()).hex())

    # --- Who signs -----------------------------------------------------------------------------------------------

    def holder(
        self,
        name: str = "TEST Van phong",
        *,
        key: Key | None = None,
        serial: int | None = None,
        starts: timedelta = -30 * DAY,
        ends: timedelta = 300 * DAY,
        usage: tuple[str, ...] = ("digital_signature", "content_commitment"),
        authority: str = AUTHORITY,
        issuer: tuple[x509.Certificate, Key] | None = None,
        ca: bool = False,
        path_length: int | None = None,
        extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    ) -> Holder:
        """Issue a certificate; by default one that may sign documents."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        above = self.authorities.authorities[authority]
        certificate, signing_key = issuer or (above.certificate, above.private_key)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(certificate.subject)
            .public_key(key.public_key())
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(self.now + starts)
            .not_valid_after(self.now + ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
            .add_extension(key_usage(*usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return Holder(builder.sign(signing_key, hashes.SHA256()), (certificate,), key)

    @cache  # noqa: B019 - one scene lives as long as the tests
    def rsa_holder(self, bits: int = 2048, exponent: int = 65_537) -> Holder:
        """Issue a certificate for an RSA key."""
        return self.holder(key=rsa.generate_private_key(exponent, bits))

    def special(self, name: str) -> Holder:
        """Give one of the holders of the TEST cast: revoked, expired, untrusted, encryption-only."""
        found = self.authorities.special(name)
        return Holder(found.certificate, found.chain, found.private_key)

    # --- What is known -------------------------------------------------------------------------------------------

    def crl(self, name: str, *, issued: datetime | None = None, **options: Any) -> bytes:
        """Issue a list of an authority."""
        return self.authorities.crl(name, now=issued or self.now - timedelta(hours=1), **options)

    def snapshot(
        self, *, without: tuple[str, ...] = (), trust: TrustStore | None = None, **replaced: bytes
    ) -> RevocationSnapshot:
        """Give all lists in force, some left out or replaced; underscores stand for hyphens in names."""
        trust = trust or self.trust
        chosen = {name.replace("_", "-"): der for name, der in replaced.items()}
        known = [item.name for item in trust.authorities if item.name not in without]
        ders = {name: chosen.get(name) or self.crl(name) for name in known}
        return RevocationSnapshot().advance(
            *(ingest(trust, name, der, now=self.now + DAY) for name, der in ders.items())
        )

    def token(
        self, at: datetime | None = None, *, digest: str = "sha256", by: Holder | Credential | None = None
    ) -> Callable[[bytes], cms.ContentInfo]:
        """Make a stamp of the scene's time-stamping authority, or of somebody who plays one."""
        playing = _Impostor(self.authorities.authorities, (by.certificate, by.private_key)) if by else self.authorities
        authority = TimestampAuthority(playing, lambda: at or self.now)  # type: ignore[arg-type]

        def stamp(stamped: bytes) -> cms.ContentInfo:
            imprint = {
                "hash_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
                "hashed_message": hashlib.new(digest, stamped, usedforsecurity=False).digest(),
            }
            request = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "cert_req": True})
            return authority.respond(request)["time_stamp_token"]

        return stamp

    # --- Documents -----------------------------------------------------------------------------------------------

    def sign(
        self,
        pdf: bytes,
        field: str = "Sig1",
        who: Holder | None = None,
        *,
        form: Form = HONEST,
        stamped: bool | datetime = False,
        box: tuple[int, int, int, int] | None = None,
        certify: int | None = None,
        entries: bytes = b"",
        field_entries: bytes = b"",
        kind: bytes = b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached",
        covers: Range | None = None,
        cms_of: Callable[[bytes], bytes] | None = None,
        digits: Callable[[bytes], bytes] | None = None,
        edit: Callable[[bytes], bytes] | None = None,
        page: int = PAGE,
    ) -> bytes:
        """Sign a document of `pages` by appending an update written by hand.

        Args:
            pdf: The document.
            field: Name of the new field.
            who: Who signs; the scene's seal by default.
            form: How the CMS object is written.
            stamped: Whether, and as of when, the signature is time-stamped.
            box: Rectangle of its appearance.
            certify: DocMDP level where it certifies.
            entries: Further entries of the signature dictionary.
            field_entries: Further entries of the field.
            kind: What the dictionary says it is.
            covers: Makes the ByteRange of start and end of `/Contents` and the length of the file.
            cms_of: Makes the CMS object of the bytes that are signed.
            digits: Makes what stands between the brackets of `/Contents`.
            edit: Changes the draft before it is signed, without changing its length.
            page: Object number of the page with the widget.
        """
        if stamped:
            form = replace(form, stamps=(self.token(None if stamped is True else stamped),))
        draft = _with_placeholder(pdf, field, box, certify, entries, field_entries, kind, page)
        draft = edit(draft) if edit else draft
        start = draft.rindex(b"/Contents <0000") + len(b"/Contents ")
        end = start + RESERVED + 2
        numbers = list((covers or (lambda start, end, size: (0, start, end, size - end)))(start, end, len(draft)))
        at = draft.rindex(b"[0 ==")
        width = draft.index(b"]", at) + 1 - at
        draft = (
            draft[:at] + (b"[%s]" % b" ".join(b"%d" % number for number in numbers)).ljust(width) + draft[at + width :]
        )
        covered = b"".join(
            draft[first : first + length] for first, length in zip(numbers[::2], numbers[1::2], strict=False)
        )
        made = cms_of(covered) if cms_of else sign_bytes(covered, who or self.seal, form)
        written = digits(made) if digits else made.hex().encode().ljust(RESERVED, b"0")
        if len(written) != RESERVED:
            raise ValueError(f"the signature takes {len(written)} digits")
        return draft[: start + 1] + written + draft[end - 1 :]

    def sign_anyhow(self, pdf: bytes, field: str = "Sig1", who: Holder | None = None, **metadata: Any) -> bytes:
        """Sign with pyHanko what is not written by `pages`: whoever made it, however it is written."""
        holder = who or self.seal
        key = holder.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        for item in holder.chain:
            store.register(asn1(item))
        box = metadata.pop("box", None)
        options: dict[str, Any] = {"md_algorithm": "sha256", "subfilter": fields.SigSeedSubFilter.PADES} | metadata
        signer = signers.PdfSigner(
            signers.PdfSignatureMetadata(field_name=field, **options),
            signers.SimpleSigner(asn1(holder.certificate), keys.PrivateKeyInfo.load(key), store),
            new_field_spec=fields.SigFieldSpec(field, on_page=0, box=box),
        )
        writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
        return bytes(asyncio.run(signer.async_sign_pdf(writer)).getvalue())

    def stamp(self, pdf: bytes, field: str = "Stamp1", at: datetime | None = None, **options: Any) -> bytes:
        """Append a document time-stamp."""
        kind = options.pop("kind", b"/Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161")
        return self.sign(pdf, field, kind=kind, cms_of=lambda covered: self.token(at)(covered).dump(), **options)

    @cached_property
    def signed(self) -> bytes:
        """One signature on one page, stamped."""
        return self.sign(plain(), stamped=True)

    @cached_property
    def pair(self) -> bytes:
        """A person's signature and a seal, both visible and stamped."""
        first = self.sign(plain(), "Sig1", self.person, stamped=True, box=(60, 200, 200, 260))
        return self.sign(first, "Sig2", stamped=True, box=(300, 200, 440, 260))

    @cached_property
    def form(self) -> bytes:
        """A document with an empty text field, signed."""
        return self.sign(plain(form=True), stamped=True)

    # --- Judging -------------------------------------------------------------------------------------------------

    def sample(self, case: Case) -> Sample:
        """Build the sample of a case, once."""
        if case.name not in self._samples:
            self._samples[case.name] = case.build(self)
        return self._samples[case.name]

    def judge(self, sample: Sample) -> FileVerdict:
        """Judge a sample as a document that a registered seal has to sign last; all but strangers are registered."""
        return self._judge(sample, examine)

    def judge_both_ways(self, sample: Sample) -> FileVerdict:
        """Judge a sample by stock pyHanko with our rules; the fast engine has to find the same."""
        return self._judge(sample, examine_both_ways)

    def _judge(self, sample: Sample, look: Callable[..., DocumentFindings]) -> FileVerdict:
        findings = look(
            sample.data,
            trust=sample.trust or self.trust,
            revocation=self.lists if sample.lists is None else sample.lists,
            at=sample.at or self.now,
        )
        rule = shipped("appendix")
        asked = replace(rule, content=replace(rule.content, integrity=sample.allowed))
        file = JudgedFile("case.pdf", JudgedAs.FILE, findings)
        received = sample.at or self.now
        return judge_file(file, Policy.of_file(asked), self._registered, Parties(ISSUER), received)

    def _registered(self, sha256: str) -> RegisteredCertificate | None:
        if sha256 in self._strangers:
            return None
        return RegisteredCertificate(sha256, SignerRole.SEAL, ISSUER, _EPOCH)


def key_usage(*names: str) -> x509.KeyUsage:
    """Make a key usage of the named bits."""
    bits = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    more = ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{bit: bit in names for bit in (*bits, *more)})


def _with_placeholder(
    pdf: bytes,
    field: str,
    box: tuple[int, int, int, int] | None,
    certify: int | None,
    entries: bytes,
    field_entries: bytes,
    kind: bytes,
    page: int,
) -> bytes:
    size = size_of(pdf)
    signature, widget, look = size, size + 1, size + 2
    left, bottom, right, top = box or (0, 0, 0, 0)
    appearance = b"/AP << /N %d 0 R >> " % look if box else b""
    if certify is not None:
        parameters = b"<< /Type /TransformParams /P %d /V /1.2 >>" % certify
        entries += b" /Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams %s >>]" % parameters
    objects = {
        1: _catalog(
            current(pdf, 1), widget, b" /Perms << /DocMDP %d 0 R >>" % signature if certify is not None else b""
        ),
        page: _annotated(current(pdf, page), widget),
        signature: b"<< %s %s /Contents <%s> /ByteRange [0 ========== ========== ==========                    ] >>"
        % (kind, entries, b"0" * RESERVED),
        widget: b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (%s) /V %d 0 R /F 132 /P %d 0 R"
        b" /Rect [%d %d %d %d] %s%s>>"
        % (field.encode(), signature, page, left, bottom, right, top, appearance, field_entries),
    }
    if box:
        objects[look] = form_xobject(b"0.8 g 0 0 %d %d re f" % (right - left, top - bottom), right - left, top - bottom)
    return append(pdf, objects)


def _catalog(value: bytes, widget: int, entry: bytes) -> bytes:
    if b"/AcroForm" in value:
        value = re.sub(rb"/Fields \[([^\]]*)\]", rb"/Fields [\1 %d 0 R]" % widget, value)
        value = value if b"/SigFlags" in value else value.replace(b"/Fields", b"/SigFlags 3 /Fields")
    else:
        value = value[:-2] + b"/AcroForm << /SigFlags 3 /Fields [%d 0 R] >> >>" % widget
    return value[:-2] + entry + b" >>"


def _annotated(value: bytes, widget: int) -> bytes:
    if b"/Annots" in value:
        return re.sub(rb"/Annots \[([^\]]*)\]", rb"/Annots [\1 %d 0 R]" % widget, value)
    return value[:-2] + b"/Annots [%d 0 R] >>" % widget


def updated(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], object]) -> bytes:
    """Append an update as pyHanko writes it."""
    writer, out = IncrementalPdfFileWriter(BytesIO(pdf), strict=False), BytesIO()
    change(writer)
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()
