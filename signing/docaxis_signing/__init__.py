"""Rings 1 and 2: keys, signatures, verdicts and trust. Depends on the schemas and on nothing else of ours."""
