"""Step 3 of the method: principles, few-shot search and responses (section 3.4).

Belongs here: asking for answers and judging them. Does not: what becomes of the rows.
"""
