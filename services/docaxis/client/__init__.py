"""The SDK for integrators: send documents, take deliveries, report on them, check evidence.

async with AxisClient(url, credential, signer, member="bo-noi-vu") as axis:
    async for delivery in axis.inbox():
        async with delivery:
            await delivery.save(Path("incoming"))
            await delivery.accept(register_number="128")
"""

from docaxis.client.axis import AxisClient, addressee
from docaxis.client.blocking import BlockingAxis, BlockingDelivery
from docaxis.client.connection import InsecureAddress, Patience
from docaxis.client.delivery import Delivery
from docaxis.client.errors import (
    ClientError,
    ProblemReport,
    RejectedAnswer,
    RejectedByAxis,
    RejectedContent,
    RejectedFile,
    RejectedProfile,
    UnavailableAxis,
)
from docaxis.client.files import OutgoingFile
from docaxis.client.items import Entry, News, NewsKind
from docaxis.client.profile import Profile, load_profile, profile_directory, write_profile
from docaxis.client.reconciling import Comparison, RegisterEntry, RejectedRegister, read_register
from docaxis.client.remembering import FileMemory, InboxMemory, TransientMemory
from docaxis.client.submissions import DeliveryStatus, DocumentLink, Submission, SubmissionStatus, TimelineEntry
from docaxis.client.subscription import KafkaInbox, Subscription
from docaxis_schemas.holdings import Direction, Held
from docaxis_schemas.submission import Addressee, FileRole
from docaxis_signing.statements import MemberKey, MemberSigner

__all__ = [
    "Addressee",
    "AxisClient",
    "BlockingAxis",
    "BlockingDelivery",
    "ClientError",
    "Comparison",
    "Delivery",
    "DeliveryStatus",
    "Direction",
    "DocumentLink",
    "Entry",
    "FileMemory",
    "FileRole",
    "Held",
    "InboxMemory",
    "InsecureAddress",
    "KafkaInbox",
    "MemberKey",
    "MemberSigner",
    "News",
    "NewsKind",
    "OutgoingFile",
    "Patience",
    "ProblemReport",
    "Profile",
    "RegisterEntry",
    "RejectedAnswer",
    "RejectedByAxis",
    "RejectedContent",
    "RejectedFile",
    "RejectedProfile",
    "RejectedRegister",
    "Submission",
    "SubmissionStatus",
    "Subscription",
    "TimelineEntry",
    "TransientMemory",
    "UnavailableAxis",
    "addressee",
    "load_profile",
    "profile_directory",
    "read_register",
    "write_profile",
]
