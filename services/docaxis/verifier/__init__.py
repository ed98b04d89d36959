"""The verifier: judges what was submitted, in worker processes that hold no key, no credential and no network.

Nothing is imported here: worker processes start from this package and must not load what only the service needs.
"""
