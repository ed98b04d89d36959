"""The local axis: a real Kafka broker and a real PostgreSQL, started for development, the demo and the tests.

Nothing of it is for production: there the same services are given addresses of brokers and a database.
"""

from docaxis.bus.access import BrokerAccess
from docaxis.embedded.cluster import EmbeddedCluster
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.embedded.problems import EmbeddedProblem
from docaxis.embedded.properties import ListenerTls

__all__ = ["BrokerAccess", "EmbeddedCluster", "EmbeddedDatabase", "EmbeddedProblem", "ListenerTls"]
