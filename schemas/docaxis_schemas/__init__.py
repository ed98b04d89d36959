"""Ring 1: what crosses the wire. Types, tables and codecs; no input or output, nothing of ours below it."""
