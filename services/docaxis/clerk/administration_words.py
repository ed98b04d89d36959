"""What the administrator's pages say."""

from typing import Final

ADMINISTRATION_WORDS: Final[dict[str, tuple[str, str]]] = {
    "accounts": ("Tài khoản cơ quan", "Accounts"),
    "accounts-text": (
        "Những người đăng nhập làm việc cho cơ quan của anh/chị. Mọi thay đổi đều được ghi lại kèm người làm.",
        "Who signs in to work for your organisations. Every change is kept with who made it.",
    ),
    "account-new": ("Thêm tài khoản", "Add an account"),
    "account-name": ("Tên đăng nhập", "Name to sign in with"),
    "account-name-how": (
        "Tên đăng nhập gồm 1-32 chữ thường không dấu, chữ số, dấu chấm, gạch nối.",
        "The name has 1-32 small letters without marks, digits, dots and hyphens.",
    ),
    "account-name-ending": ("Phần đuôi được thêm tự động:", "This ending is added:"),
    "account-full-name": ("Họ và tên", "Full name"),
    "account-full-name-missing": ("Ghi họ và tên, tối đa 100 ký tự.", "Give the full name, at most 100 characters."),
    "account-organisations": ("Làm việc cho", "Works for"),
    "account-organisation-missing": ("Chọn ít nhất một cơ quan.", "Choose at least one organisation."),
    "account-role-missing": ("Chọn ít nhất một vai trò.", "Choose at least one role."),
    "account-taken": ("Tên đăng nhập này đã có.", "There is an account of that name."),
    "account-too-many": (
        "Hệ thống thành viên đã có đủ 500 tài khoản; liên hệ đơn vị vận hành trục.",
        "The member system has 500 accounts; ask the operator of the axis.",
    ),
    "account-no-connection": (
        "Danh bạ không cấp kết nối cho tài khoản này (cơ quan đã đổi hệ thống?). Hãy hỏi đơn vị vận hành trục.",
        "The directory gives this account no connection (did its organisation move?). Ask the operator of the axis.",
    ),
    "account-make": ("Tạo tài khoản", "Make the account"),
    "account-state": ("Tình trạng", "State"),
    "account-active": ("đang dùng", "in use"),
    "account-disabled": ("đã khóa", "disabled"),
    "account-first-password": (
        "chưa đổi mật khẩu được cấp, hạn",
        "has not changed the password handed out, good until",
    ),
    "account-sessions": ("Nơi đang đăng nhập", "Signed in at"),
    "account-seen": ("Dùng lần cuối", "Last seen"),
    "account-roles-change": ("Vai trò", "Roles"),
    "account-roles-save": ("Lưu vai trò", "Save the roles"),
    "account-renew": ("Cấp mật khẩu mới", "New password"),
    "account-renew-text": (
        "Mật khẩu cũ và mọi nơi đang đăng nhập hết hiệu lực; tài khoản bị khóa được mở lại; kết nối gia hạn một năm.",
        "The old password and all sessions end; a disabled account is opened; its connection is renewed for a year.",
    ),
    "account-disable": ("Khóa tài khoản", "Disable the account"),
    "account-disable-text": (
        "Người này bị đăng xuất ngay và không đăng nhập lại được cho tới khi được cấp mật khẩu mới.",
        "This person is signed out at once and cannot come back until given a new password.",
    ),
    "account-end-sessions": ("Đăng xuất ở mọi nơi", "Sign out everywhere"),
    "account-once": ("Mật khẩu dùng một lần", "Password for one use"),
    "account-once-text": (
        "Chỉ hiện một lần. Đưa tận tay hoặc đọc cho người dùng; lần đăng nhập đầu phải đổi. Có hiệu lực 72 giờ.",
        "Shown once. Hand it over in person; another is chosen at the first sign-in. Good for 72 hours.",
    ),
    "account-acts": ("Đã thay đổi", "What was done"),
    "account-act-at": ("Lúc", "When"),
    "account-act-by": ("Người làm", "By"),
    "account-act-operator": ("đơn vị vận hành", "the operator"),
    "identity": ("Đăng nhập bằng", "Sign in with"),
    "identity-subject": ("Mã người dùng ở hệ thống đó", "Who this person is there"),
    "identity-text": (
        "Đúng mã mà hệ thống đăng nhập một lần cấp cho người này (không phải thư điện tử); để trống là bỏ liên kết.",
        "Exactly as the provider names this person (not an e-mail address); empty: nobody is linked.",
    ),
    "identity-save": ("Lưu liên kết", "Save the link"),
    "identity-taken": (
        "Không liên kết được: mã này không dùng được hoặc đã liên kết với người khác.",
        "It cannot be linked: it is no identity, or somebody else's.",
    ),
    "act-linked": ("liên kết đăng nhập", "linked"),
    "act-unlinked": ("bỏ liên kết đăng nhập", "unlinked"),
    "last-administrator": (
        "Đây là người quản trị cuối cùng của các cơ quan này. Giao vai trò quản trị cho người khác trước.",
        "This is the last administrator of these organisations. Make somebody else one first.",
    ),
    "password-first": (
        "Mật khẩu đang dùng được cấp để đăng nhập lần đầu. Hãy đặt mật khẩu riêng rồi mới làm việc được.",
        "This password was handed out for the first sign-in. Choose your own before anything else.",
    ),
    "act-made": ("tạo", "made"),
    "act-renewed": ("cấp mật khẩu mới", "new password"),
    "act-disabled": ("khóa", "disabled"),
    "act-roles-changed": ("đổi vai trò", "roles changed"),
    "act-sessions-ended": ("đăng xuất mọi nơi", "signed out everywhere"),
    "act-password-chosen": ("tự đổi mật khẩu", "chose a password"),
}
