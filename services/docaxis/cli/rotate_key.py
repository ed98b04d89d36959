"""``docaxis rotate-key``: the operator's change of the evidence key, with the registrar stopped."""

from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Speaking
from docaxis.cli.output import output_for
from docaxis_schemas.moments import to_text


async def rotate_key(kid: str, /, *, speaking: Speaking | None = None) -> int:
    """Replace the registrar's evidence key by a new one; settings are those of the registrar (DOCAXIS_...).

    Stop every registrar first, and start them again after it. A command that was interrupted is given again.

    Args:
        kid: Name of the new key, as receipts will state it; never the name of an earlier one.
        speaking: How the command answers.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - server code only where it is used

    from docaxis.composition.parts import MisconfiguredService, key_file  # noqa: PLC0415 - server code only where it is used
    from docaxis.composition.rotation import key_rotation  # noqa: PLC0415 - server code only where it is used
    from docaxis.registrar.rotation import KeyFiles, RefusedRotation  # noqa: PLC0415 - the same
    from docaxis.settings import Settings  # noqa: PLC0415 - the same
    from docaxis.storage.database import open_database  # noqa: PLC0415 - the same
    from docaxis_schemas.moments import system_clock  # noqa: PLC0415 - beside what uses it

    output = output_for(speaking)
    try:
        settings = Settings()
    except ValidationError as error:
        vi, en = "Thiết đặt DOCAXIS_... không dùng được.", f"The settings are not usable: {error.error_count()} errors."
        raise CommandFailed(Exit.CONFIGURATION, "settings", vi, en) from error
    engine = open_database(settings.database.get_secret_value(), application="rotate-key")
    try:
        files = KeyFiles(key_file(settings.keys.evidence_key, "evidence key"), settings.keys.evidence_public_keys)
        done = await key_rotation(settings, engine, system_clock).rotate(files, kid)
    except (RefusedRotation, MisconfiguredService) as error:
        vi, en = f"Không thay được khóa: {error}.", f"The key was not replaced: {error}."
        raise CommandFailed(Exit.CONFIGURATION, "key-rotation", vi, en) from error
    finally:
        await engine.dispose()
    value = {
        "retired": done.retired,
        "kid": done.kid,
        "public_key": dict(done.public_jwk),
        "since": to_text(done.since),
    }
    vi = f"Từ {to_text(done.since)} khóa ký là {done.kid}; {done.retired} đã kết thúc. Hãy khởi động lại registrar."
    en = f"From {to_text(done.since)} the key is {done.kid}; {done.retired} has ended. Start the registrar again."
    output.result(value, output.text(vi, en))
    return Exit.OK
