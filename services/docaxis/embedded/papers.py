"""Makes signed documents with their metadata for the embedded axis: what an agency's drafting software would do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from docaxis.embedded.authorities import DirectTimeStamper, Organisation, TestAuthorities, TimestampAuthority
from docaxis.embedded.authorities.authorities import Credential
from docaxis.embedded.documents import (
    DocumentSpec,
    appendix,
    certified_copy,
    handwriting,
    render,
    render_document,
    sample,
    seal,
)
from docaxis_schemas.document import CopyForm, DocumentMetadata, Issuer, Signer, Urgency
from docaxis_schemas.document_types import DocumentType
from docaxis_schemas.moments import VIETNAM, Clock
from docaxis_schemas.terms import comparable
from docaxis_signing.keys import SigningKey, key_in_memory
from docaxis_signing.pdf.appearance import Picture, TopRightText, seal_box
from docaxis_signing.pdf.signing import Level, SigningRequest, sign_pdf

PERSON_FIELD: Final = "Person"
SEAL_FIELD: Final = "Seal"


@dataclass(frozen=True, slots=True)
class Paper:
    """A document ready to be handed in: what it says, its metadata, and its signed bytes."""

    spec: DocumentSpec
    metadata: DocumentMetadata
    data: bytes

    @property
    def name(self) -> str:
        """Give the file name its clerk would give it."""
        return f"{self.spec.number_notation.replace('/', '-')}.pdf"


@lru_cache(maxsize=256)
def signing_key(credential: Credential) -> SigningKey:
    """Load a TEST signer's key; the same credential is loaded once."""
    return key_in_memory(credential.certificate, credential.private_key, credential.chain)


class PaperDesk:
    """Drafts, renders and signs. ``level`` is the PAdES level of each signature."""

    def __init__(self, authorities: TestAuthorities, clock: Clock) -> None:
        self._authorities = authorities
        self._clock = clock
        self._timestamper = DirectTimeStamper(TimestampAuthority(authorities, clock))

    def draft(self, code: str, seed: int, **changes: Any) -> DocumentSpec:
        """Draft a document of an organisation, dated today, with a number of its own."""
        organisation = self.organisation(code)
        today = self._clock().astimezone(VIETNAM).date()
        number = f"{seed:02d}"
        return replace(sample(seed, organisation), issued_on=today, number=number, **changes)

    def organisation(self, code: str) -> Organisation:
        """Give an organisation of the TEST cast."""
        return self._authorities.organisation(code)

    async def original(
        self,
        code: str,
        seed: int,
        *,
        level: Level = "B-T",
        signer: Credential | None = None,
        joint_seals: Sequence[str] = (),
        final_seal: Credential | None = None,
        spec: DocumentSpec | None = None,
        prepare: Callable[[bytes], bytes] | None = None,
        signed_at: datetime | None = None,
    ) -> Paper:
        """Make an original: the authorised person signs, joint issuers seal, the issuer's seal comes last.

        ``prepare`` changes the page before anybody signs; ``signed_at`` is when the person signs, now by default.
        """
        spec = spec or self.draft(code, seed)
        page = render_document(spec)
        drafted = prepare(page.data) if prepare else page.data
        person = signer or self._authorities.person(code)
        box = page.handwriting_box
        picture = Picture(handwriting(seed), page.signature_page, box)
        moment = signed_at or self._clock()
        data = await self.sign_at(drafted, person, PERSON_FIELD, level, picture, now=moment)
        for number, joint in enumerate(joint_seals, 1):
            data = await self.sign(data, self._authorities.seal(joint), f"Joint{number}", level, None)
        stamp = Picture(seal(spec.organisation), page.signature_page, seal_box(box))
        data = await self.sign(data, final_seal or self._authorities.seal(code), SEAL_FIELD, level, stamp)
        return Paper(spec, self.metadata(code, spec), data)

    async def copy(self, code: str, original: DocumentSpec, issuer: str, *, level: Level = "B-T") -> Paper:
        """Make a certified copy (sao y) of another body's document: the copying agency's seal alone."""
        spec = certified_copy(original)
        organisation = self.organisation(code)
        look = TopRightText(("SAO Y", organisation.name), below=1)
        data = await self.sign(render(spec), self._authorities.seal(code), SEAL_FIELD, level, look)
        metadata = replace(self.metadata(issuer, spec), form_of_copy=CopyForm.SAO_Y)
        return Paper(spec, metadata, data)

    async def appendix(self, code: str, main: DocumentSpec, *, level: Level = "B-T") -> bytes:
        """Make a separate appendix of a document under the issuer's seal."""
        look = TopRightText((main.number_notation,))
        return await self.sign(render(appendix(main)), self._authorities.seal(code), SEAL_FIELD, level, look)

    async def sign(
        self, data: bytes, signer: Credential, field: str, level: Level, appearance: Picture | TopRightText | None
    ) -> bytes:
        """Append one signature now."""
        return await self.sign_at(data, signer, field, level, appearance, now=self._clock())

    async def sign_at(
        self,
        data: bytes,
        signer: Credential,
        field: str,
        level: Level,
        appearance: Picture | TopRightText | None,
        *,
        now: datetime,
    ) -> bytes:
        """Append one signature as of a moment: an expired certificate could still sign then."""
        request = SigningRequest(level, field, appearance)
        key = signing_key(signer)
        stamper = None if level == "B-B" else self._timestamper
        return await sign_pdf(data, key, request, timestamper=stamper, now=now)

    def metadata(self, code: str, spec: DocumentSpec, *, urgency: Urgency = Urgency.NORMAL) -> DocumentMetadata:
        """Give the metadata that go with a drafted document."""
        return DocumentMetadata(
            issuer=Issuer(code=code, name=spec.organisation),
            type=_type_of(spec),
            subject=spec.subject,
            place=spec.place,
            promulgated_on=spec.issued_on,
            number=spec.number,
            notation=spec.notation,
            signer=Signer(full_name=spec.signer, position=spec.position, competence=spec.capacity or None),
            urgency=urgency,
        )


def _type_of(spec: DocumentSpec) -> DocumentType:
    wanted = comparable(spec.type_name)
    named = (kind for kind in DocumentType if comparable(kind.vietnamese) == wanted)
    return next(named, DocumentType.CONG_VAN)
