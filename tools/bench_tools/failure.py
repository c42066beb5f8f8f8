"""The error that ends a program with a message."""


class Failure(Exception):
    """The program cannot go on. The message is for the user: it says what
    failed, on what, and what to do."""
