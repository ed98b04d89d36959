"""``docaxis organisations``: the directory."""

from docaxis.cli.connecting import connect
from docaxis.cli.options import Connecting
from docaxis.cli.output import output_for


async def organisations(query: str, /, *, limit: int = 20, connecting: Connecting | None = None) -> int:
    """Search the directory.

    Args:
        query: Part of a name, with or without diacritics, or a code of either form.
        limit: How many at most.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    async with connect(connecting) as axis:
        found = [dict(item) for item in await axis.organisations(query, limit=limit)]
    titles = (output.text("Mã", "Code"), output.text("Mã cũ", "Old code"), output.text("Tên", "Name"))
    rows = [[str(item.get(name) or "") for name in ("code", "old_code", "name")] for item in found]
    output.table(found, titles, rows)
    return 0
