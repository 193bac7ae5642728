"""The one error of the lab: a sentence that says what failed and what to do."""


class LabError(Exception):
    """Ends the command with its message on stderr and exit code 1."""
