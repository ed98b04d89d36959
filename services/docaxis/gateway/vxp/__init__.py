"""The interface that existing software of agencies speaks (VXP, as a provincial axis offers it over HTTP).

Names, headers and error codes are those that clients in the field know. Behind each call stands the same rule as behind
our own interface; what the field mixes up, transport and business states, is kept apart and refused with a word why.
"""
