"""The call journal: every answer that was paid for, and every call that was issued."""

from augcon_lib.model.journal.journal import Journal

__all__ = ["Journal"]
