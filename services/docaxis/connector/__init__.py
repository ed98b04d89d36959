"""The edge connector: a folder of an agency's system on one side, the axis on the other, the member's key in between.

Packets that the system puts into ``out/`` are taken apart, signed with the member's key and sent; what comes is written
into ``in/`` as packets, signed for and reported as arrived. Everything that matters lies in files that were moved or
made durable before the next step, and every step may be done twice: after kill -9 the connector goes on where it was.
Behind the folder there may be a queue: tables of the agency's own PostgreSQL.
"""

from docaxis.connector.running import Connector

__all__ = ["Connector"]
