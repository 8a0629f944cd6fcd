"""Step 3 of the method: principles, few-shot search and responses (section 3.4).

Only requesting and judging answers belongs here; the further handling of rows does not.
"""
