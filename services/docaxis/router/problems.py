"""What can be wrong with a record the router is given."""


class RouterError(Exception):
    """Root of the router's errors."""


class RejectedWork(RouterError):
    """The record cannot be acted on, now or later: unknown submission, wrong party, a step that no table has."""
