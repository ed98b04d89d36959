"""What can be wrong with what somebody says about a log. A proof, note or checkpoint either holds or raises."""


class TransparencyError(Exception):
    """Root of the errors of the log's mathematics."""


class RejectedProof(TransparencyError):
    """A Merkle proof does not lead to the root it is said to lead to, or has no such form."""


class RejectedNote(TransparencyError):
    """A signed note is malformed, or not signed by whom it must be signed."""


class RejectedPolicy(TransparencyError):
    """A witness policy has no meaning, or a checkpoint does not satisfy one that has."""


class RejectedTile(TransparencyError):
    """A tile or entry bundle has not the form that its name says."""


class RejectedLeaf(TransparencyError):
    """A statement, its openings and a leaf do not belong together."""
