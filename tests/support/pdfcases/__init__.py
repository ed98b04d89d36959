"""Cases of verification: documents made at test time by our own TEST authorities, each with the verdict it must get.

`attacks` holds what has to be refused, `honest` what has to pass; `scene` makes keys, lists and signatures, `rules`
tells which of the product's rules can be taken away. Nothing here is anybody else's file.
"""
