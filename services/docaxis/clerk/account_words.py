"""What the account's page and the warnings before sending say."""

from typing import Final

ACCOUNT_WORDS: Final[dict[str, tuple[str, str]]] = {
    "sign-in-with": ("Đăng nhập bằng", "Sign in with"),
    "signed-in": ("Đã đăng nhập", "Signed in"),
    "sign-out-there": ("Đăng xuất cả ở", "Sign out also at"),
    "provider-away": (
        "Hệ thống đăng nhập một lần không trả lời. Vẫn đăng nhập được bằng mật khẩu của trang này, hoặc thử lại sau.",
        "The sign-in provider does not answer. You can still sign in with your password here, or try again later.",
    ),
    "provider-no-trip": (
        "Lần đăng nhập này đã hết hạn, đã dùng rồi, hoặc bắt đầu ở trình duyệt khác. Hãy bắt đầu lại từ trang này.",
        "This sign-in has expired, was used already, or began in another browser. Begin again from this page.",
    ),
    "provider-refused": (
        "Hệ thống đăng nhập một lần không cho đăng nhập (anh/chị đã hủy, hoặc không có quyền ở đó).",
        "The sign-in provider let nobody in (you cancelled, or have no right there).",
    ),
    "provider-rejected": (
        "Không tin được câu trả lời của hệ thống đăng nhập một lần nên chưa đăng nhập. Hãy báo đơn vị vận hành trục.",
        "The sign-in provider's answer cannot be trusted, so nobody was signed in. Tell the operator of the axis.",
    ),
    "provider-nobody": (
        "Chưa có tài khoản nào được liên kết với danh tính này. Hãy hỏi quản trị của cơ quan.",
        "No account is linked to this identity. Ask your agency's administrator.",
    ),
    "my-account": ("Tài khoản của tôi", "My account"),
    "roles": ("Vai trò", "Roles"),
    "role-clerk": ("văn thư", "clerk"),
    "role-leader": ("lãnh đạo", "leader"),
    "role-administrator": ("quản trị tài khoản", "administrator of accounts"),
    "change-password": ("Đổi mật khẩu", "Change the password"),
    "password-old": ("Mật khẩu đang dùng", "Present password"),
    "password-new": ("Mật khẩu mới", "New password"),
    "password-again": ("Mật khẩu mới, lần nữa", "New password again"),
    "password-how": (
        "Ít nhất 12 ký tự; một câu dễ nhớ tốt hơn ký tự lạ. Các nơi khác đang đăng nhập sẽ bị đăng xuất.",
        "At least 12 characters; a sentence is better than odd signs. Everywhere else you will be signed out.",
    ),
    "password-length": ("Mật khẩu mới phải có từ 12 đến 200 ký tự.", "The new password has 12 to 200 characters."),
    "password-differs": ("Hai lần nhập mật khẩu mới không giống nhau.", "The new passwords are not the same."),
    "password-same": ("Mật khẩu mới trùng mật khẩu đang dùng.", "The new password is the present one."),
    "password-wrong": ("Mật khẩu đang dùng không đúng.", "The present password is not right."),
    "password-changed": ("Đã đổi mật khẩu.", "The password was changed."),
    "same-number": ("Số, ký hiệu này đã được gửi trong năm", "This number was sent before this year"),
    "same-number-text": (
        "Gửi thêm nơi nhận với đúng tệp cũ thì được; tệp khác dưới cùng số bị từ chối, trừ cập nhật, thay thế.",
        "The same file to more recipients is accepted; another file is refused unless it updates or replaces.",
    ),
    "too-many-recipients": (
        "Bản nháp có quá nhiều dòng nơi nhận; hãy dùng nhóm nhận.",
        "The draft has too many lines of recipients; use a group.",
    ),
}
