from docaxis_schemas.digests import contents_digest, document_digest
from docaxis_schemas.submission import ContentEntry, FileRole


def entry(role: FileRole, sha256: str) -> ContentEntry:
    return ContentEntry(role, f"{sha256}.pdf", "application/pdf", 1, sha256)


def test_the_order_of_files_and_a_file_that_comes_twice_change_nothing() -> None:
    assert contents_digest(["a", "b"]) == contents_digest(["b", "a", "b"])
    assert contents_digest(["a"]) != contents_digest(["a", "b"])


def test_another_enclosure_makes_no_other_document_but_another_appendix_does() -> None:
    main = entry(FileRole.MAIN, "a")
    assert document_digest([main, entry(FileRole.ENCLOSURE, "b")]) == document_digest([main])
    assert document_digest([main, entry(FileRole.APPENDIX, "b")]) != document_digest([main])
