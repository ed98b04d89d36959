"""What can be wrong with a statement that is to be signed."""


class RegistrarError(Exception):
    """Root of the registrar's errors."""


class RejectedStatement(RegistrarError):
    """No statement of this axis: oversized, not canonical, of another axis, or not what its record says it is."""


class ContradictoryStatement(RejectedStatement):
    """Another statement was signed under this event id: never signed, and somebody has to look."""


class RefusedToSign(RegistrarError):
    """The log's past does not hold, on disk, in the database or before a witness: nothing more is signed."""
