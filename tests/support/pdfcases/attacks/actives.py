"""Content: what a document does beside being read, and what keeps it from being read."""

import zlib
from io import BytesIO

import pikepdf

from docaxis_signing.verdict import Cause, Indication, Integrity
from pdfcases.case import Case, Group, Sample, Witness, attack
from pdfcases.editing import last_startxref
from pdfcases.pages import assemble, objects_of, plain, stream
from pdfcases.scene import Scene
from pdfcases.witnesses import fact

OPEN = Indication.INDETERMINATE


def _holds(name: str) -> Witness:
    return fact(f"qpdf finds /{name}", lambda sample: _found(sample.data, f"/{name}"))


def _found(data: bytes, name: str) -> bool:
    with pikepdf.open(BytesIO(data)) as document:
        return any(name in item for item in map(str, document.objects)) or name in str(document.Root)


def _active(name: str, about: str, kind: str, catalog: bytes, objects: dict[int, bytes]) -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(scene.sign(assemble(objects_of(catalog=catalog) | objects)))

    build.__name__, build.__doc__ = name, about
    return attack(
        Group.CONTENT,
        fact(f"/{kind} stands in the file", lambda sample: f"/{kind}".encode() in sample.data),
        Cause.ACTIVE_CONTENT,
        integrity=Integrity.INTACT,
        indication=OPEN,
        rule="active-content",
    )(build)


ACTIVE = (
    _active(
        "script_when_opened",
        "A script runs when the document is opened.",
        "JavaScript",
        b"/OpenAction << /S /JavaScript /JS (app.alert) >>",
        {},
    ),
    _active(
        "script_in_a_stream",
        "The script stands in a stream.",
        "JS",
        b"/OpenAction << /S /JavaScript /JS 30 0 R >>",
        {30: stream(b"app.alert(1)")},
    ),
    _active(
        "program_started",
        "A program is started.",
        "Launch",
        b"/OpenAction << /S /Launch /F (cmd.exe) >>",
        {},
    ),
    _active(
        "form_sent_away",
        "The document sends what was filled in.",
        "SubmitForm",
        b"/AA << /WC << /S /SubmitForm /F (http://127.0.0.1/) >> >>",
        {},
    ),
    _active("xml_form", "An XFA form is drawn in place of the pages.", "XFA", b"/Extra << /XFA (form) >>", {}),
    _active(
        "rich_media",
        "A film or flash is embedded.",
        "RichMedia",
        b"/Extra 30 0 R",
        {30: b"<< /Subtype /RichMedia >>"},
    ),
)


@attack(
    Group.CONTENT,
    fact("the name is written with an escape", lambda sample: b"/Java#53cript" in sample.data),
    Cause.ACTIVE_CONTENT,
    integrity=Integrity.INTACT,
    indication=OPEN,
    rule="active-content",
)
def script_under_an_escaped_name(scene: Scene) -> Sample:
    """The script's name is written with an escape, which every reader resolves."""
    return Sample(scene.sign(plain(catalog=b"/OpenAction << /S /Java#53cript /J#53 (app.alert) >>")))


@attack(
    Group.CONTENT,
    _holds("JavaScript"),
    Cause.ACTIVE_CONTENT,
    integrity=Integrity.INTACT,
    indication=OPEN,
    rule="active-content",
)
def script_in_a_compressed_object(scene: Scene) -> Sample:
    """The script stands in an object stream, where no search of the bytes finds it."""
    out = BytesIO()
    with pikepdf.open(BytesIO(plain())) as document:
        document.Root.Names = document.make_indirect(pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=[])))
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return Sample(scene.sign_anyhow(out.getvalue()))


@attack(
    Group.CONTENT,
    _holds("JavaScript"),
    Cause.ACTIVE_CONTENT,
    integrity=Integrity.INTACT,
    indication=OPEN,
    rule="active-content",
)
def script_behind_a_long_text_in_compressed_objects(scene: Scene) -> Sample:
    """Nine million letters stand before the script in its object stream, for who searches the beginning alone."""
    inside = {61: b"(%s)" % (b"a" * 9_000_000), 62: b"<< /S /JavaScript /JS (app.alert) >>"}
    pdf = plain(page=b"/AA << /O 62 0 R >>")
    return Sample(scene.sign_anyhow(_with_compressed(pdf, inside)))


def _with_compressed(pdf: bytes, inside: dict[int, bytes]) -> bytes:
    """Append an update that brings objects in an object stream, below a table that is a stream too."""
    values = list(inside.values())
    places = [sum(len(value) + 1 for value in values[:index]) for index in range(len(values))]
    head = b" ".join(b"%d %d" % item for item in zip(inside, places, strict=True)) + b" "
    entries = b"/Type /ObjStm /Filter /FlateDecode /N %d /First %d" % (len(inside), len(head))
    body = b"90 0 obj\n%s\nendobj\n" % stream(zlib.compress(head + b" ".join(values)), entries)
    rows = [bytes([2, 0, 0, 0, 90, index]) for index in range(len(inside))]
    start = len(pdf) + len(body)
    rows += [bytes([1, *at.to_bytes(4), 0]) for at in (len(pdf), start)]
    listed = b" ".join(b"%d 1" % number for number in (*inside, 90, 91))
    table = b"/Type /XRef /Size 92 /W [1 4 1] /Index [%s] /Root 1 0 R /Prev %d" % (listed, last_startxref(pdf))
    section = b"91 0 obj\n%s\nendobj\n" % stream(b"".join(rows), table)
    return pdf + body + section + b"startxref\n%d\n%%%%EOF\n" % start


def _encrypted(name: str, about: str, user: str) -> Case:
    def build(scene: Scene) -> Sample:
        out = BytesIO()
        with pikepdf.open(BytesIO(plain())) as document:
            document.save(out, encryption=pikepdf.Encryption(owner="owner", user=user))
        return Sample(out.getvalue())

    build.__name__, build.__doc__ = name, about
    witness = fact("/Encrypt in the trailer", lambda sample: b"/Encrypt" in sample.data)
    return attack(Group.CONTENT, witness, Cause.ENCRYPTED, integrity=Integrity.UNREADABLE)(build)


ENCRYPTED = (
    _encrypted("encrypted_with_a_password", "Nobody can read the document without a password.", "secret"),
    _encrypted("encrypted_with_an_owner_password", "Everybody can read it, but it is encrypted all the same.", ""),
)


def _before(name: str, about: str, head: bytes) -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(head + scene.signed, honest=scene.signed)

    build.__name__, build.__doc__ = name, about
    witness = fact("bytes stand before the header", lambda sample: not sample.data.startswith(b"%PDF"))
    return attack(Group.CONTENT, witness, Cause.UNREADABLE, integrity=Integrity.UNREADABLE)(build)


POLYGLOTS = (
    _before(
        "archive_in_front",
        "The file is an archive to one program and a document to another.",
        b"PK\x03\x04" + bytes(26),
    ),
    _before("page_of_the_web_in_front", "The file is a web page to a browser.", b"<script>alert(1)</script>\n"),
)
