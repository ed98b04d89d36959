"""The mathematics of the transparency log: pure functions over hashes, in the formats of C2SP (c2sp.org).

Nothing here reads a file, a clock or a network. ``merkle`` is the tree (RFC 6962), ``tiles`` how it is cut into files,
``note`` and ``checkpoint`` what the log signs, ``cosignature``, ``policy`` and ``witnessing`` what witnesses do,
``proof`` what travels with a receipt, and ``leaves`` what of a statement the log shows.
"""
