"""Step 4 of the method: rows of query and response, the filter over all of them, and exports.

Only the form of a row and its export belong here; how a row is generated does not.
"""
