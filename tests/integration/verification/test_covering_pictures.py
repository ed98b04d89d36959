"""Pictures of further signatures over what was signed: told by the findings, passed only where the policy says so."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes

from bothways import examine_both_ways
from docaxis.embedded.authorities import ORGANISATIONS
from docaxis.embedded.documents import render, sample
from docaxis_signing.judgement import JudgedFile, Parties, RegisteredCertificate, judge_file
from docaxis_signing.pdf.appearance import seal_box
from docaxis_signing.policy import JudgedAs, Policy, SignerRole
from docaxis_signing.policy_files import shipped
from docaxis_signing.verdict import Cause, FileVerdict, Indication, Integrity
from pdfcases.editing import append, current
from pdfcases.honest.producers import by_fpdf, by_reportlab
from pdfcases.pages import PAGE, TEXT_OF_PAGE, assemble, objects_of, plain, stream
from pdfcases.scene import DAY, ISSUER, Scene
from pdfcases.witnesses import drawn, drawn_by_poppler

ALL = ("signatures", "foreign", "strict", "archive", "original", "certified_copy", "appendix")
STACKED = ("original", "certified_copy", "appendix")
OVER_THE_SUM = (55, 690, 330, 730)
BESIDE_IT = (340, 690, 500, 730)
HANDWRITING = (300, 200, 440, 260)


def judge(scene: Scene, data: bytes, policy: str) -> FileVerdict:
    roles = {scene.person.certificate: SignerRole.PERSON, scene.seal.certificate: SignerRole.SEAL}
    entries = {item.fingerprint(hashes.SHA256()).hex(): role for item, role in roles.items()}

    def register(sha256: str) -> RegisteredCertificate | None:
        role = entries.get(sha256)
        return None if role is None else RegisteredCertificate(sha256, role, ISSUER, scene.now - 40 * DAY)

    findings = examine_both_ways(data, trust=scene.trust, revocation=scene.lists, at=scene.now)
    file = JudgedFile("case.pdf", JudgedAs.FILE, findings)
    return judge_file(file, Policy.of_file(shipped(policy)), register, Parties(ISSUER), scene.now)


def signed_twice(scene: Scene, pdf: bytes, second: tuple[int, int, int, int]) -> tuple[bytes, bytes]:
    first = scene.sign_anyhow(pdf, "Sig1", scene.person, box=HANDWRITING)
    return first, scene.sign_anyhow(first, "Sig2", scene.seal, box=second)


def test_a_seal_over_a_third_of_the_signature_before_it_is_as_the_decree_asks(scene: Scene) -> None:
    box = tuple(round(item) for item in seal_box(HANDWRITING))
    _, data = signed_twice(scene, plain(), box)  # type: ignore[arg-type]
    for policy in ("original", "certified_copy", "appendix", "signatures", "foreign"):
        verdict = judge(scene, data, policy)
        assert verdict.findings.integrity is Integrity.INTACT
        assert verdict.indication is Indication.TOTAL_PASSED, (policy, verdict.reasons)


@pytest.mark.parametrize("policy", ALL)
def test_a_picture_over_the_text_passes_only_where_seals_may_be_stacked(scene: Scene, policy: str) -> None:
    before, data = signed_twice(scene, plain(), OVER_THE_SUM)
    assert drawn(data) != drawn(before)
    verdict = judge(scene, data, policy)
    assert verdict.findings.integrity is Integrity.INTACT_WITH_PERMITTED_CHANGES
    assert verdict.findings.signatures[0].covered_by == ("Sig2",)
    assert (verdict.indication is Indication.TOTAL_PASSED) is (policy in STACKED), verdict.reasons
    assert policy in STACKED or any("lies over what it signed" in reason for reason in verdict.reasons)


def test_the_cause_is_named(scene: Scene) -> None:
    _, data = signed_twice(scene, plain(), OVER_THE_SUM)
    assert judge(scene, data, "foreign").cause is Cause.COVERED


def test_a_picture_beside_the_text_covers_nothing(scene: Scene) -> None:
    _, data = signed_twice(scene, plain(), BESIDE_IT)
    assert judge(scene, data, "signatures").indication is Indication.TOTAL_PASSED


def of(content: bytes) -> bytes:
    return assemble(objects_of() | {TEXT_OF_PAGE: stream(content)})


DRAWINGS: dict[str, tuple[bytes, bool]] = {
    "an area": (b"0.5 g 100 100 50 50 re f", True),
    "white paper": (b"1 1 1 rg 0 0 595 842 re f", False),
    "a white area": (b"q 1 g 100 100 50 50 re f Q", False),
    "a coloured page": (b"0.9 1 1 rg 0 0 595 842 re f", False),
    "a line": (b"90 120 m 200 120 l S", True),
    "a frame around": (b"20 20 555 802 re S", False),
    "a clip": (b"100 100 50 50 re W n", False),
    "an inline picture": (b"q 50 0 0 50 100 100 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x00 EI Q", True),
    "text moved by a matrix": (b"BT /F1 10 Tf 2 0 0 2 100 110 Tm (Chuc vu) Tj ET", True),
    "text to the left": (b"BT /F1 10 Tf 20 110 Td (Noi nhan) Tj ET", False),
    "blanks": (b"BT /F1 10 Tf 100 110 Td (   ) Tj ET", False),
    "text behind smaller text below": (b"BT /F1 4 Tf 20 94 Td (" + 40 * b"a" + b") Tj /F1 40 Tf (A) Tj ET", True),
    "text that smaller text below pushes out": (
        b"BT /F1 4 Tf 100 94 Td (" + 50 * b"a" + b") Tj /F1 40 Tf (A) Tj ET",
        False,
    ),
    "text on a line that begins anew": (
        b"BT /F1 4 Tf 100 94 Td (" + 50 * b"a" + b") Tj 0 0 Td /F1 40 Tf (A) Tj ET",
        True,
    ),
    "text above its line": (b"BT /F1 20 Tf 300 Ts 100 -180 Td (9) Tj ET", True),
    "text with room between its letters": (b"BT /F1 10 Tf 80 Tc 20 110 Td (aa) Tj ET", True),
    "text with room between its words": (b"BT /F1 10 Tf 80 Tw 20 110 Td (a a) Tj ET", True),
    "text with room given as it is shown": (b'BT /F1 10 Tf 20 110 Td 0 80 (aa) " ET', True),
    "text that is stretched": (b"BT /F1 10 Tf 900 Tz 20 110 Td (aaaa) Tj ET", True),
    "white on black": (b"0 g 0 0 595 842 re f 1 g 100 100 50 50 re f", True),
    "black that is clipped": (b"q 100 100 50 50 re W n 0 g 0 0 595 842 re f Q", True),
    "black clipped away": (b"q 300 300 50 50 re W n 0 g 0 0 595 842 re f 100 100 50 50 re f Q", False),
    "text turned by its size": (b"BT /F1 -10 Tf -1 0 0 -1 150 110 Tm (Chuc vu) Tj ET", True),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_what_a_page_draws_is_found(scene: Scene, name: str) -> None:
    content, covered = DRAWINGS[name]
    _, data = signed_twice(scene, of(content), (90, 100, 190, 160))
    found = judge(scene, data, "signatures").findings.signatures[0].covered_by
    assert found == (("Sig2",) if covered else ())


BLACK = b"<< /FunctionType 2 /Domain [0 1] /C0 [1] /C1 [0] /N 1 >>"
SHADING = b"<< /ShadingType 2 /ColorSpace /DeviceGray /Coords [100 100 150 150] /Function %s >>" % BLACK
RESOURCES = (
    b"/Shading << /Grey %s >> /ColorSpace << /Black [/Separation /Black /DeviceGray %s] /Profile [/ICCBased 9 0 R] >>"
    b" /ExtGState << /Large << /Font [4 0 R 60] >> >> /XObject << /Cover 8 0 R >>" % (SHADING, BLACK)
)
OWN_LETTERS = (
    b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 0 0] /FontMatrix [1 0 0 1 0 0] /CharProcs << /a 12 0 R >>"
    b" /Encoding << /Differences [97 /a] >> /FirstChar 97 /LastChar 97 /Widths [1] /Resources << >> >>"
)
WITH_RESOURCES: dict[str, tuple[bytes, bool]] = {
    "a shading": (b"q 100 100 50 50 re W n /Grey sh Q", True),
    "an ink of its own": (b"/Black cs 1 scn 100 100 50 50 re f", True),
    "white of a profile": (b"/Profile cs 1 scn 100 100 50 50 re f", False),
    "a font out of a graphics state": (b"BT /Large gs 100 70 Td (9) Tj ET", True),
    "a form under an escaped name": (b"q 1 0 0 1 100 100 cm /Cov#65r Do Q", True),
    "a letter drawn far from its line": (b"BT /Own 1 Tf 20 20 Td (a) Tj ET", True),
    "a letter drawn elsewhere": (b"BT /Own 1 Tf 400 20 Td (a) Tj ET", False),
}


@pytest.mark.parametrize("name", WITH_RESOURCES)
def test_what_a_page_draws_by_its_resources_is_found(scene: Scene, name: str) -> None:
    content, covered = WITH_RESOURCES[name]
    own = {9: stream(b"", b"/N 1"), 12: stream(b"1 0 d0 0 g 80 80 50 50 re f"), 13: OWN_LETTERS}
    look = {8: stream(b"0 g 0 0 60 40 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 60 40]")}
    page = objects_of()[PAGE].replace(b"/Font <<", RESOURCES + b" /Font << /Own 13 0 R")
    pdf = assemble(objects_of() | own | look | {PAGE: page, TEXT_OF_PAGE: stream(content)})
    _, data = signed_twice(scene, pdf, (90, 100, 190, 160))
    found = judge(scene, data, "signatures").findings.signatures[0].covered_by
    assert found == (("Sig2",) if covered else ())


RECTANGLE = b"/Rect [%d %d %d %d]" % OVER_THE_SUM


@pytest.mark.parametrize("written", [b"/Rect 5 0 R", b"/Rect[55 690 6 0 R 730]"])
def test_a_rectangle_written_elsewhere_hides_no_picture(scene: Scene, written: bytes) -> None:
    pdf = assemble(objects_of() | {5: b"[%d %d %d %d]" % OVER_THE_SUM, 6: b"%d" % OVER_THE_SUM[2]})
    first = scene.sign(pdf, "Sig1", scene.person, stamped=True)
    data = scene.sign(
        first,
        "Sig2",
        box=OVER_THE_SUM,
        edit=lambda draft: written.ljust(len(RECTANGLE)).join(draft.rsplit(RECTANGLE, 1)),
    )
    assert drawn(data) != drawn(first)
    assert judge(scene, data, "foreign").cause is Cause.COVERED


def test_a_ground_without_a_picture_covers_too(scene: Scene) -> None:
    first = scene.sign(plain(), "Sig1", scene.person, stamped=True)
    ground = b" /MK << /BG [0 0 0] >>"

    def without_a_picture(draft: bytes) -> bytes:
        at = draft.rindex(b"/AP <<")
        end = draft.index(b">>", at) + 2
        return draft[:at] + b" " * (end - at) + draft[end:]

    data = scene.sign(first, "Sig2", box=OVER_THE_SUM, field_entries=ground, edit=without_a_picture)
    assert drawn_by_poppler(data) != drawn_by_poppler(first)
    assert judge(scene, data, "foreign").cause is Cause.COVERED


def test_a_page_that_says_it_has_kids_is_a_page(scene: Scene) -> None:
    first = scene.sign(plain(page=b"/Kids []"), "Sig1", scene.person, stamped=True)
    data = scene.sign(first, "Sig2", box=OVER_THE_SUM)
    assert drawn_by_poppler(data) != drawn_by_poppler(first)
    assert judge(scene, data, "foreign").cause is Cause.COVERED


@pytest.mark.parametrize("make", [by_reportlab, by_fpdf])
def test_text_of_other_producers_is_found(scene: Scene, make: Callable[[], bytes]) -> None:
    _, data = signed_twice(scene, make(), (0, 650, 590, 841))
    assert judge(scene, data, "signatures").cause is Cause.COVERED
    _, data = signed_twice(scene, make(), (0, 20, 200, 80))
    assert judge(scene, data, "signatures").indication is Indication.TOTAL_PASSED


def test_a_field_that_waited_over_the_text_covers_it_too(scene: Scene) -> None:
    waiting = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Sig2) /F 4 /P 10 0 R /Rect [55 690 330 730] >>"
    objects = objects_of(catalog=b"/AcroForm << /Fields [45 0 R] >>", page=b"/Annots [45 0 R]") | {45: waiting}
    first = scene.sign_anyhow(assemble(objects), "Sig1", scene.person, box=HANDWRITING)
    data = scene.sign_anyhow(first, "Sig2", scene.seal)
    assert judge(scene, data, "foreign").cause is Cause.COVERED


def test_a_picture_that_does_not_turn_with_its_page_may_be_anywhere(scene: Scene) -> None:
    first = scene.sign(plain(page=b"/Rotate 90"), "Sig1", scene.person, stamped=True)
    turning = scene.sign(first, "Sig2", box=BESIDE_IT)
    assert judge(scene, turning, "signatures").indication is Indication.TOTAL_PASSED
    staying = scene.sign(first, "Sig2", box=BESIDE_IT, edit=lambda draft: b"/F 148".join(draft.rsplit(b"/F 132", 1)))
    assert judge(scene, staying, "signatures").cause is Cause.COVERED


def test_a_stamp_of_the_first_signer_is_covered(scene: Scene) -> None:
    look = stream(b"1 0 0 rg 0 0 100 50 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 100 50]")
    objects = objects_of(page=b"/Annots [45 0 R]") | {
        45: b"<< /Type /Annot /Subtype /Stamp /Rect [100 100 200 150] /F 4 /AP << /N 46 0 R >> >>",
        46: look,
    }
    _, data = signed_twice(scene, assemble(objects), (150, 120, 250, 180))
    assert judge(scene, data, "foreign").cause is Cause.COVERED


def test_a_picture_over_another_signature_hides_who_signed(scene: Scene) -> None:
    _, data = signed_twice(scene, plain(), (290, 190, 450, 270))
    assert judge(scene, data, "foreign").cause is Cause.COVERED


def test_a_page_beyond_the_limit_is_in_doubt(scene: Scene) -> None:
    _, data = signed_twice(scene, of(b"0 0 m " * 200_000 + b"n"), (90, 100, 190, 160))
    assert judge(scene, data, "foreign").cause is Cause.COVERED


def test_documents_of_our_own_stay_intact_where_the_seal_is_on_the_signature(scene: Scene) -> None:
    box = tuple(round(item) for item in seal_box(HANDWRITING))
    _, data = signed_twice(scene, render(sample(3, ORGANISATIONS[0])), box)  # type: ignore[arg-type]
    verdict = judge(scene, data, "original")
    assert verdict.indication is Indication.TOTAL_PASSED, verdict.reasons


def test_what_a_form_draws_within_itself_ends(scene: Scene) -> None:
    page = current(plain(), PAGE).replace(b"/Font <<", b"/XObject << /Self 45 0 R >> /Font <<")
    form = stream(
        b"/Self Do", b"/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /Self 45 0 R >> >>"
    )
    pdf = append(plain(), {PAGE: page, TEXT_OF_PAGE: stream(b"/Self Do"), 45: form})
    _, data = signed_twice(scene, pdf, (90, 100, 190, 160))
    assert judge(scene, data, "foreign").cause is Cause.COVERED
