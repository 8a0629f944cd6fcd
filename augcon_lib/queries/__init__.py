"""Step 2 of the method: contrastive pairs, the scorer, the selection of queries (section 3.3).

Pairing, scoring and selecting queries belong here; growing trees and requesting answers do not.
"""
