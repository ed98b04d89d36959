"""Tells a cancellation of ours from one that a library lets out.

aiokafka awaits its own background tasks and lets their cancellation out where a broker goes away, as if the caller had
been cancelled. A task that believes it ends without a word, and a task group takes no notice of that.
"""

import asyncio


def being_cancelled() -> bool:
    """Say whether somebody has asked the current task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
