"""The fault run: a lab that is broken on purpose, and a checker that does not trust its agents.

`plan` decides what breaks when (pure, from a seed), `breaker` does it, `observer` watches from
outside, `rules` judges what was seen (pure), `run` and `scenarios` are what people start.
"""
