"""The types of administrative documents (decree 30/2020, Phụ lục III) and their numbers in edXML packets.

edXML names a type by ``Type`` (1 normative, 2 administrative) and ``TypeDetail`` (QCVN 102:2016, Sửa đổi 1:2022).
Samples of several vendors disagree about both, so a reader relies on the type's name first; the numbers that came are
kept beside it. Numbers 10-17 and 27-32 follow the older list of 32 types, not checked against the amendment's text.
"""

from typing import Final, Self

from docaxis_schemas.terms import Term, comparable

NORMATIVE: Final = 1
ADMINISTRATIVE: Final = 2

_WITHOUT_NOTATION: Final = frozenset({"thu-cong", "other"})
"""A public letter is not numbered; of another type we do not know."""


class DocumentType(Term):
    """A type of document: value, Vietnamese name, abbreviation used in the notation, edXML ``TypeDetail``."""

    abbreviation: str | None
    edxml_detail: int | None
    has_notation: bool

    def __new__(cls, value: str, vietnamese: str, abbreviation: str | None, edxml_detail: int | None) -> Self:
        term = str.__new__(cls, value)
        term._value_ = value
        term.vietnamese = vietnamese
        term.abbreviation = abbreviation
        term.edxml_detail = edxml_detail
        term.has_notation = value not in _WITHOUT_NOTATION
        return term

    def names(self) -> tuple[str, ...]:
        """Give every spelling under which the type is recognised: value, name, abbreviation."""
        return (self.value, self.vietnamese, *([self.abbreviation] if self.abbreviation else []))

    NGHI_QUYET = "nghi-quyet", "Nghị quyết", "NQ", 1
    QUYET_DINH = "quyet-dinh", "Quyết định", "QĐ", 2
    CHI_THI = "chi-thi", "Chỉ thị", "CT", 3
    QUY_CHE = "quy-che", "Quy chế", "QC", 4
    QUY_DINH = "quy-dinh", "Quy định", "QyĐ", 5
    THONG_CAO = "thong-cao", "Thông cáo", "TC", 6
    THONG_BAO = "thong-bao", "Thông báo", "TB", 7
    HUONG_DAN = "huong-dan", "Hướng dẫn", "HD", 8
    CHUONG_TRINH = "chuong-trinh", "Chương trình", "CTr", 9
    KE_HOACH = "ke-hoach", "Kế hoạch", "KH", 10
    PHUONG_AN = "phuong-an", "Phương án", "PA", 11
    DE_AN = "de-an", "Đề án", "ĐA", 12
    DU_AN = "du-an", "Dự án", "DA", 13
    BAO_CAO = "bao-cao", "Báo cáo", "BC", 14
    BIEN_BAN = "bien-ban", "Biên bản", "BB", 15
    TO_TRINH = "to-trinh", "Tờ trình", "TTr", 16
    HOP_DONG = "hop-dong", "Hợp đồng", "HĐ", 17
    CONG_VAN = "cong-van", "Công văn", None, 18
    CONG_DIEN = "cong-dien", "Công điện", "CĐ", 19
    BAN_GHI_NHO = "ban-ghi-nho", "Bản ghi nhớ", "BGN", 20
    BAN_THOA_THUAN = "ban-thoa-thuan", "Bản thỏa thuận", "BTT", 22
    GIAY_UY_QUYEN = "giay-uy-quyen", "Giấy ủy quyền", "GUQ", 24
    GIAY_MOI = "giay-moi", "Giấy mời", "GM", 25
    GIAY_GIOI_THIEU = "giay-gioi-thieu", "Giấy giới thiệu", "GGT", 26
    GIAY_NGHI_PHEP = "giay-nghi-phep", "Giấy nghỉ phép", "GNP", 27
    PHIEU_GUI = "phieu-gui", "Phiếu gửi", "PG", 30
    PHIEU_CHUYEN = "phieu-chuyen", "Phiếu chuyển", "PC", 31
    PHIEU_BAO = "phieu-bao", "Phiếu báo", "PB", None
    THU_CONG = "thu-cong", "Thư công", None, 32

    # No type of the decree: normative documents, types of Party bodies, what a later rule adds; named by `type_name`.
    OTHER = "other", "Loại khác", None, None


DECREE_30: Final = tuple(kind for kind in DocumentType if kind is not DocumentType.OTHER)
"""The 29 types of decree 30/2020."""


def type_of_edxml(type_name: str | None, detail: int | None) -> DocumentType:
    """Find the type that an edXML packet means: by name if it is known, else by number, else `OTHER`."""
    if type_name:
        wanted = comparable(type_name)
        for kind in DECREE_30:
            if wanted == comparable(kind.vietnamese):
                return kind
        return DocumentType.OTHER
    return next((kind for kind in DECREE_30 if detail is not None and kind.edxml_detail == detail), DocumentType.OTHER)
