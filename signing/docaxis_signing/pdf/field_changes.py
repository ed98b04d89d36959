"""What an update may change of one field: a signature is put in, or a value is filled in and its appearance with it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from docaxis_signing.pdf.comparison import Change, Ledger, Modified, differing_keys, names
from docaxis_signing.pdf.objects import Snapshot, Stream, Text, referred, same
from docaxis_signing.pdf.syntax import Name, Reference

SIGNING_CHANGES: Final = frozenset(
    {b"V", b"AP", b"AS", b"DA", b"F", b"Ff", b"M", b"MK", b"P", b"Q", b"StructParent", b"Type"}
)
"""Entries of an empty signature field that signing it may change. `/Rect` is not among them: the place was signed."""
FILLING_CHANGES: Final = frozenset({b"V", b"AP", b"AS", b"I", b"M", b"MK", b"RV", b"TI"})
"""Entries of any other field that filling it in may change, all of them only together with `/V`."""
NEW_FIELD: Final = SIGNING_CHANGES | frozenset(
    {b"FT", b"T", b"TU", b"TM", b"Subtype", b"Rect", b"BS", b"Border", b"H", b"NM", b"Lock", b"SV", b"Kids", b"Parent"}
    | {b"DR", b"Contents"}
)
"""Entries of a signature field and its widget (ISO 32000-2, tables 166, 192, 226, 238). No actions: they would run."""
DOCUMENT_TIMESTAMP: Final = Name(b"ETSI.RFC3161")
READ_ONLY: Final = 1
"""Bit of `/Ff`. Acrobat sets it on the fields that a signature locks, signed ones among them."""
MAX_KIDS: Final = 1000
_BOX_TOLERANCE: Final = 0.5
"""Points by which the box of an appearance may differ: viewers round it."""


def judge_new_field(ledger: Ledger, number: int) -> None:
    """Judge a field that an update adds to the form.

    Raises:
        Modified: It is no signature field, or brings more than a signature needs.
    """
    value = ledger.new.value(number)
    if ledger.old.place(number) is not None and number not in ledger.differing:
        raise Modified(f"object {number}, already there when it was signed, became a field")
    if not isinstance(value, dict) or value.get(b"FT") != Name(b"Sig"):
        raise Modified(f"an update adds the field {number}, which is none for a signature")
    widgets = _widgets(ledger, number, value)
    for widget in widgets:
        if other := widget.keys() - NEW_FIELD:
            raise Modified(f"an update adds a signature field with {names(other)}")
    visible = any(map(_visible, widgets))
    ledger.pictured |= {number, *referred(ledger.new.resolve(value.get(b"Kids", [])))}
    ledger.found(_level(ledger, value, visible=visible))
    if b"V" not in value and any(b"AP" in widget for widget in widgets) and visible:
        raise Modified("an update adds an empty signature field that draws something")


def _widgets(ledger: Ledger, number: int, value: Mapping[bytes, Any]) -> list[Mapping[bytes, Any]]:
    """Give the dictionaries that make up a new field, and let pages show them."""
    kids = ledger.new.resolve(value.get(b"Kids", []))
    numbers = sorted(referred(kids))
    if not isinstance(kids, list) or len(numbers) != len(kids) or len(kids) > MAX_KIDS:
        raise Modified(f"the field {number} has kids that are no references")
    found = [value]
    for kid in numbers:
        widget = ledger.new.value(kid)
        if kid not in ledger.differing or not isinstance(widget, dict):
            raise Modified(f"an update makes object {kid} the widget of a new field")
        found.append(widget)
    ledger.widgets |= {number, *numbers}
    return found


def _visible(widget: Mapping[bytes, Any]) -> bool:
    box = widget.get(b"Rect")
    if box is None:
        return False
    if not isinstance(box, list) or len(box) != 4 or not all(type(item) in (int, float) for item in box):
        return True
    return bool(box[0] != box[2] and box[1] != box[3])


def _level(ledger: Ledger, field: Mapping[bytes, Any], *, visible: bool) -> Change:
    """Tell a further signature from an invisible document time-stamp and from a field still to be signed."""
    if b"V" not in field:
        return Change.FORM
    value = field[b"V"]
    signature = ledger.new.resolve(value)
    if not isinstance(value, Reference) or not isinstance(signature, dict):
        raise Modified("the value of a signature field is no signature dictionary of its own")
    if ledger.old.place(value.number) is not None and value.number not in ledger.differing:
        raise Modified("a signature field takes an object for its value that was there before")
    if b"ByteRange" not in signature or not isinstance(ledger.new.place(value.number), tuple):
        raise Modified("a signature field takes for its value what no scan finds as a signature")
    if signature.get(b"SubFilter") != DOCUMENT_TIMESTAMP:
        return Change.SIGNATURE
    return Change.STAMP if visible else Change.VALIDATION


def compare_field(ledger: Ledger, number: int) -> None:
    """Compare an object that differs, if it was a field or the widget of one.

    Raises:
        Modified: It differs in more than signing or filling in needs.
    """
    old, new = ledger.old.value(number), ledger.new.value(number)
    if not _is_field(old):
        return
    if not isinstance(new, dict):
        raise Modified(f"the field {number} was removed")
    changed = differing_keys(old, new)
    if changed <= {b"Ff"} and _only_locked(old.get(b"Ff", 0), new.get(b"Ff", 0)):
        ledger.understood(number, {b"Ff"})
    elif inherited(ledger.old.resolve, old, b"FT") == Name(b"Sig"):
        _compare_signature_field(ledger, number, changed)
    else:
        _compare_filled_field(ledger, number, changed)


def _only_locked(old: Any, new: Any) -> bool:
    return type(old) is int and type(new) is int and old | READ_ONLY == new


def _is_field(value: Any) -> bool:
    """Say whether a dictionary is a field or its widget; other annotations are none."""
    if not isinstance(value, dict) or value.get(b"Subtype", Name(b"Widget")) != Name(b"Widget"):
        return False
    return b"FT" in value or (b"Parent" in value and (b"T" in value or b"Subtype" in value))


def inherited(resolve: Any, field: Mapping[bytes, Any], key: bytes) -> Any:
    """Give an entry of a field, its own or an ancestor's.

    Raises:
        Modified: It is its own ancestor.
    """
    for _ in range(MAX_KIDS):
        if key in field or b"Parent" not in field:
            return resolve(field.get(key))
        parent = resolve(field[b"Parent"])
        if not isinstance(parent, dict):
            return None
        field = parent
    raise Modified("a field is its own ancestor")


def _compare_signature_field(ledger: Ledger, number: int, changed: frozenset[bytes]) -> None:
    old, new = ledger.old.value(number), ledger.new.value(number)
    if inherited(ledger.old.resolve, old, b"V") is not None:
        raise Modified(f"the signed field {number} was changed: {names(changed)}")
    if other := changed - SIGNING_CHANGES:
        raise Modified(f"the signature field {number} was changed: {names(other)}")
    _own_appearance(ledger, number, old)
    if b"V" not in new and changed & {b"AP", b"AS", b"F"}:
        raise Modified(f"the signature field {number} draws something and is not signed")
    ledger.found(_level(ledger, new, visible=_visible(new)) if b"V" in new else Change.FORM)
    ledger.widgets.add(number)
    ledger.pictured |= {number, *referred(ledger.new.resolve(new.get(b"Kids", [])))}
    ledger.understood(number, SIGNING_CHANGES)
    ledger.follow({key: item for key, item in old.items() if key in SIGNING_CHANGES - {b"AP", b"V"}})


def _compare_filled_field(ledger: Ledger, number: int, changed: frozenset[bytes]) -> None:
    old, new = ledger.old.value(number), ledger.new.value(number)
    locked = {b"Ff"} if _only_locked(old.get(b"Ff", 0), new.get(b"Ff", 0)) else set()
    if other := changed - FILLING_CHANGES - locked:
        raise Modified(f"the field {number} was changed: {names(other)}")
    if same(*(inherited(*view, b"V") for view in ((ledger.old.resolve, old), (ledger.new.resolve, new)))):
        raise Modified(f"the appearance of field {number} was changed and its value was not")
    ledger.found(Change.FORM)
    ledger.filled.add(title_of(ledger.old, old))
    for kid in (number, *referred(old.get(b"Kids", []))):
        widget = ledger.old.value(kid)
        if _is_field(widget):
            _same_box(ledger, widget, ledger.new.value(kid))
            _own_appearance(ledger, kid, widget)
            ledger.understood(kid, FILLING_CHANGES)
    ledger.follow({key: item for key, item in old.items() if key in FILLING_CHANGES - {b"AP", b"V", b"RV"}})


def _own_appearance(ledger: Ledger, number: int, field: Mapping[bytes, Any]) -> None:
    """Take note that what a field was drawn with is its own to change, and nothing else's."""
    reference = field.get(b"AP")
    if isinstance(reference, Reference):
        ledger.owned[reference.number] = number


def title_of(view: Snapshot, field: Mapping[bytes, Any]) -> str:
    """Give the name of a field."""
    title = inherited(view.resolve, field, b"T")
    raw = title.value if isinstance(title, Text) else b"?"
    return raw.decode("utf-16") if raw.startswith((b"\xfe\xff", b"\xff\xfe")) else raw.decode("latin-1")


def _same_box(ledger: Ledger, old: Any, new: Any) -> None:
    """Check that a new appearance fills the box of the old one: a larger one would be squeezed, a turned one turned."""
    before, after = _drawn(ledger.old.resolve, old), _drawn(ledger.new.resolve, new)
    if before is None or after is None:
        return
    if not same(before.entries.get(b"Matrix", _UNTURNED), after.entries.get(b"Matrix", _UNTURNED)):
        raise Modified("the appearance of a field was turned or stretched")
    boxes = [list(_numbers(stream.entries.get(b"BBox"))) for stream in (before, after)]
    if len(boxes[0]) != len(boxes[1]) or any(abs(a - b) > _BOX_TOLERANCE for a, b in zip(*boxes, strict=True)):
        raise Modified("the appearance of a field got another box")


_UNTURNED: Final = [1, 0, 0, 1, 0, 0]


def _drawn(resolve: Any, field: Any) -> Stream | None:
    appearance = resolve(field.get(b"AP")) if isinstance(field, dict) else None
    normal = resolve(appearance.get(b"N")) if isinstance(appearance, dict) else None
    return normal if isinstance(normal, Stream) else None


def _numbers(value: Any) -> Iterable[float]:
    return (item for item in value if type(item) in (int, float)) if isinstance(value, list) else ()
