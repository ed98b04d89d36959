"""Speed without another judge: pyHanko still decides, functions of it that cost most are replaced by equal ones.

Theory of operation. Each replacement takes the plain case only and hands everything else to the function it stands
for. Its pin, the SHA-256 of the replaced source, is checked before anything is replaced: on a mismatch nothing is, and
the verifier says so. What is remembered between documents is keyed by all that the answer depends on, and is bounded;
of paths only good ones are kept. `FastEngine` puts the replacements in and takes them out again; without it stock
pyHanko runs, which is what the shadow run and the differential test compare with.
"""

from docaxis_signing.pdf.speed.engine import FastEngine

__all__ = ["FastEngine"]
