"""A witness: cosigns the checkpoints of logs that only ever grow, for whoever runs it, with a key of its own."""

from docaxis.witness.service import WitnessService

__all__ = ["WitnessService"]
