"""``docaxis policy``: what is asked of a file, shown, checked, compared; and how ``docaxis verify`` finds a policy."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Speaking
from docaxis.cli.output import output_for

if TYPE_CHECKING:  # what judges is an extra
    from docaxis_signing.policy import FilePolicy


def find_policy(named: str) -> "FilePolicy":
    """Find a policy: one that comes with the program, by its name, or a TOML file.

    Raises:
        CommandFailed: There is none, or it does not say clearly what it asks for.
    """
    from docaxis_signing.policy import RejectedPolicy  # noqa: PLC0415 - an extra
    from docaxis_signing.policy_files import FILE_POLICIES, read_policy, shipped  # noqa: PLC0415 - an extra

    path = Path(named)
    if path.suffix != ".toml":
        if named not in FILE_POLICIES:
            known = ", ".join(FILE_POLICIES)
            vi = f"Không có chính sách {named!r}. Hãy chọn: {known}, hoặc một tệp .toml."
            raise CommandFailed(
                Exit.USAGE, "policy-unknown", vi, f"No policy {named!r}. Choose {known}, or a .toml file."
            )
        return shipped(named)
    try:
        return read_policy(path.read_bytes())
    except RejectedPolicy as error:
        vi, en = f"{named}: chính sách không dùng được: {error}", f"{named}: not a usable policy: {error}"
        raise CommandFailed(Exit.BAD_INPUT, "policy-invalid", vi, en) from error


def show(name: str | None = None, /, *, speaking: Speaking | None = None) -> int:
    """Show a policy.

    Args:
        name: Its name, or a TOML file; by default all that come with the program are listed.
        speaking: How the command answers.
    """
    from docaxis_signing.policy_files import FILE_POLICIES, shipped  # noqa: PLC0415 - an extra

    output = output_for(speaking)
    if name is None:
        rules = [shipped(known) for known in FILE_POLICIES]
        titles = ("", output.text("phiên bản", "version"), output.text("dùng cho", "for"), "SHA-256")
        rows = [(r.name, str(r.version), output.text(r.title_vi, r.title_en), r.sha256[:16]) for r in rules]
        output.table([_head(rule) for rule in rules], titles, rows)
        return Exit.OK
    rule = find_policy(name)
    output.result(_head(rule) | {"text": rule.text.decode()}, f"# SHA-256 {rule.sha256}", rule.text.decode().rstrip())
    return Exit.OK


def check(file: list[Path], /, *, speaking: Speaking | None = None) -> int:
    """Check policy files: each says everything it asks for, and nothing that lets pass what nobody may rely on.

    Args:
        file: The TOML files.
        speaking: How the command answers.
    """
    from docaxis_signing.policy import RejectedPolicy  # noqa: PLC0415 - an extra
    from docaxis_signing.policy_files import read_policy  # noqa: PLC0415 - an extra

    output, code = output_for(speaking), Exit.OK
    for path in file:
        try:
            rule = read_policy(path.read_bytes())
        except RejectedPolicy as error:
            code = Exit.REFUSED
            output.result({"file": str(path), "valid": False, "reason": str(error)}, f"✗ {path}: {error}")
        else:
            line = f"✓ {path}: {rule.name}/{rule.version} {rule.sha256}"
            output.result({"file": str(path), "valid": True} | _head(rule), line)
    return code


def diff(one: str, other: str, /, *, speaking: Speaking | None = None) -> int:
    """Compare two policies; ends with 1 if they ask for different things.

    Args:
        one: A name, or a TOML file.
        other: A name, or a TOML file.
        speaking: How the command answers.
    """
    from docaxis_signing.policy_files import differences  # noqa: PLC0415 - an extra

    output = output_for(speaking)
    found = list(differences(find_policy(one), find_policy(other)))
    for path, before, after in found:
        value = {"setting": path, "one": before, "other": after}
        output.result(value, path, f"- {_written(before)}", f"+ {_written(after)}")
    return Exit.REFUSED if found else Exit.OK


def _head(rule: "FilePolicy") -> dict[str, Any]:
    head = {"name": rule.name, "version": rule.version, "sha256": rule.sha256}
    return head | {"title_vi": rule.title_vi, "title_en": rule.title_en}


def _written(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
