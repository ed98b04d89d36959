"""``docaxis connector``: a folder of the agency's system, carried to and from the axis."""

from pathlib import Path

from docaxis.cli.connecting import read_profile
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Connecting, Flag
from docaxis.cli.output import output_for


async def connector(
    folder: Path,
    /,
    *,
    once: Flag = False,
    every: float = 2.0,
    queue: str | None = None,
    zip: Flag = False,  # noqa: A002 - the name of the option
    connecting: Connecting | None = None,
) -> int:
    """Carry packets between a folder and the axis, signed with the member's key.

    Args:
        folder: The folder; out/, in/, sent/ and refused/ are made in it.
        once: Send what waits, take what came, and end.
        every: Seconds between two looks.
        queue: Address of a PostgreSQL of the agency (postgresql://USER@HOST/DATABASE) with packets to send in one table
            and what came in another; passwords come from ~/.pgpass or PGPASSFILE.
        zip: Put each file of an incoming packet alone in a ZIP, as the national office's SDK does.
        connecting: How the command answers, and as whom it speaks.
    """
    from docaxis.connector import Connector  # noqa: PLC0415 - only this command needs it
    from docaxis.connector.folder import FolderTaken, UnavailableQueue  # noqa: PLC0415 - as above

    output = output_for(connecting)
    carrier = Connector(folder, read_profile(connecting), packed=zip, queue=queue)
    try:
        if not once:
            output.note(f"Đang theo dõi {folder}; dừng bằng Ctrl-C.", f"Watching {folder}; stop with Ctrl-C.")
            await carrier.run(every)
        done = await carrier.once()
    except FolderTaken as error:
        vi, en = f"{folder}: đã có một connector đang chạy.", f"{folder}: another connector is running."
        raise CommandFailed(Exit.UNAVAILABLE, "folder-taken", vi, en) from error
    except UnavailableQueue as error:
        vi, en = f"Không dùng được hàng đợi: {error}.", f"The queue cannot be used: {error}."
        raise CommandFailed(Exit.UNAVAILABLE, "queue-unavailable", vi, en) from error
    value = {"settled": done.settled, "deliveries": done.deliveries, "news": done.news}
    line = output.text(
        f"Đã gửi hoặc trả {done.settled} gói, nhận {done.deliveries} văn bản, {done.news} tin.",
        f"{done.settled} packets settled, {done.deliveries} deliveries and {done.news} pieces of news taken.",
    )
    output.result(value, line)
    return 0
