"""Step 4 of the method: rows of query and response, the filter over all of them, and exports.

Belongs here: what a row is and how it leaves. Does not: how it was made.
"""
