"""The lab: a whole MetaStack cluster in namespaces of one machine.

`deploy/metastack-lab` is the only entry; `cli` reads its arguments, `lab` does what they say.
"""
