"""One pass over the bytes gives what several gave: digests over what signatures cover, and names of active content."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_signing.pdf import active
from docaxis_signing.pdf.hashing import Digests
from docaxis_signing.pdf.syntax import resolved

ESCAPED = re.compile(rb"/(?=[^#]{0,16}#[0-9A-Fa-f]{2})[A-Za-z#0-9]{2,48}")
WRITTEN = (
    b"/ JS JavaScript Launch #4a #4A#53 S # EmbeddedFile s << x #47oTo#52 X FA A#42 #6 1 /#4c#61#75#6e#63#68 /JS#20 \n"
)
PIECES = st.lists(st.sampled_from([*WRITTEN.split(b" "), b" ", b"/JS /B#41"]), max_size=14).map(b"".join)


@given(PIECES)
def test_names_of_active_content_are_found_whether_escaped_or_not(data: bytes) -> None:
    plain = {match[1] for match in active._NAMES.finditer(data)}
    written_out = (resolved(match[0]) + b" " for match in ESCAPED.finditer(data))
    hidden = {match[1] for name in written_out if (match := active._NAMES.match(name))}
    assert active._named(data) == {name.decode() for name in plain | hidden}


@given(st.data(), st.binary(min_size=1, max_size=300))
def test_digests_of_one_pass_are_those_of_several(data: st.DataObject, document: bytes) -> None:
    places = st.integers(0, len(document))
    digests = Digests(document, data.draw(st.lists(places, max_size=4)))
    for _ in range(3):
        gap, start, end = sorted(data.draw(st.tuples(places, places, places)))
        expected = hashlib.sha256(document[:gap] + document[start:end]).digest()
        assert digests.around(gap, start, end) == expected
    assert digests.whole() == hashlib.sha256(document).hexdigest()


@pytest.mark.parametrize("gaps", [(), (3,), (1, 3, 5)])
def test_a_digest_is_asked_for_again_and_again(gaps: tuple[int, ...]) -> None:
    digests = Digests(b"abcdefg", gaps)
    for _ in range(2):
        assert digests.around(3, 5, 7) == hashlib.sha256(b"abcfg").digest()
        assert digests.whole() == hashlib.sha256(b"abcdefg").hexdigest()
