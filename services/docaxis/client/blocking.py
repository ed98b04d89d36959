"""The SDK without ``async``: the same client on a loop of its own, in a thread of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

from docaxis.client.axis import AxisClient
from docaxis.client.delivery import Delivery
from docaxis.client.files import OutgoingFile
from docaxis.client.items import News
from docaxis.client.submissions import Submission, SubmissionStatus, TimelineEntry
from docaxis_schemas.document import DocumentMetadata
from docaxis_schemas.lifecycle import Report
from docaxis_schemas.submission import Addressee, ContentEntry

T = TypeVar("T")


class _LoopThread:
    """Runs coroutines for callers that have no loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="docaxis-client", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class BlockingDelivery:
    """A delivery for ``with``: handed over when the block ends well."""

    def __init__(self, delivery: Delivery, thread: _LoopThread) -> None:
        self.delivery = delivery
        self._thread = thread

    def save(self, directory: Path) -> tuple[Path, ...]:
        """Fetch all contents into a directory."""
        return self._thread.run(self.delivery.save(directory))

    def report(self, code: Report | str, **words: str) -> None:
        """Report a business status."""
        self._thread.run(self.delivery.report(code, **words))

    def accept(self, *, register_number: str | None = None) -> None:
        """Report 03, accepted."""
        self._thread.run(self.delivery.accept(register_number=register_number))

    def refuse(self, reason: str) -> None:
        """Report 02, returned."""
        self._thread.run(self.delivery.refuse(reason))

    def agree(self, *, note: str | None = None) -> None:
        """Report 15: agree to what the sender asked."""
        self._thread.run(self.delivery.agree(note=note))

    def disagree(self, reason: str) -> None:
        """Report 16: refuse what the sender asked, for a reason."""
        self._thread.run(self.delivery.disagree(reason))

    def finish(self) -> None:
        """Report 06, finished."""
        self._thread.run(self.delivery.finish())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.run(self.delivery.__aexit__(kind, error, trace))


class BlockingAxis:
    """`AxisClient` for callers without a loop; ``make`` builds the client, on the loop it will live on."""

    def __init__(self, make: Callable[[], AxisClient]) -> None:
        self._thread = _LoopThread()

        async def build() -> AxisClient:
            return make()

        try:
            self._axis = self._thread.run(build())
        except BaseException:
            self._thread.close()
            raise

    def send(
        self,
        document: DocumentMetadata | Mapping[str, Any],
        files: Sequence[OutgoingFile | Path],
        recipients: Sequence[Addressee | str] = (),
        *,
        own_id: str | None = None,
        forwarded: bool = False,
        wait: int = 0,
    ) -> Submission:
        """Hand a document in; see `AxisClient.send`."""
        work = self._axis.send(document, files, recipients, own_id=own_id, forwarded=forwarded, wait=wait)
        return self._thread.run(work)

    def upload(self, path: Path) -> ContentEntry:
        """Upload a content beforehand."""
        return self._thread.run(self._axis.upload(path))

    def submission(self, submission_id: UUID) -> SubmissionStatus:
        """Give the state of a submission."""
        return self._thread.run(self._axis.submission(submission_id))

    def recall(self, submission_id: UUID, reason: str, *, recipients: Sequence[str] = ()) -> None:
        """Ask to have a submission back."""
        self._thread.run(self._axis.recall(submission_id, reason, recipients=recipients))

    def timeline(self, submission_id: UUID) -> tuple[TimelineEntry, ...]:
        """Give what happened to a submission."""
        return self._thread.run(self._axis.timeline(submission_id))

    def evidence(self, submission_id: UUID) -> tuple[Mapping[str, Any], ...]:
        """Give its evidence files."""
        return self._thread.run(self._axis.evidence(submission_id))

    def signatures(self, submission_id: UUID) -> Mapping[str, Mapping[str, Any]]:
        """Give what the axis's organisation signed of it, by event id."""
        return self._thread.run(self._axis.signatures(submission_id))

    def inbox(self, *, follow: bool = True) -> Iterator[BlockingDelivery]:
        """Give deliveries, each to be worked on in ``with delivery:``."""
        for delivery in self._iterate(self._axis.inbox(follow=follow)):
            yield BlockingDelivery(delivery, self._thread)

    def news(self, *, follow: bool = True) -> Iterator[News]:
        """Give news about what was sent."""
        return self._iterate(self._axis.news(follow=follow))

    def close(self) -> None:
        """Close the connection and end the thread."""
        self._thread.run(self._axis.close())
        self._thread.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _iterate(self, items: AsyncIterator[T]) -> Iterator[T]:
        async def following() -> tuple[T] | None:
            async for item in items:
                return (item,)
            return None

        while (found := self._thread.run(following())) is not None:
            yield found[0]
