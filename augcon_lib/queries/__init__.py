"""Step 2 of the method: contrastive pairs, the scorer, the selection of queries (section 3.3).

Belongs here: what makes, scores and selects queries. Does not: growing trees, asking for answers.
"""
