"""Search the contacts of an Amazon Connect instance over plain HTTP."""

__version__ = "1.1.0"
