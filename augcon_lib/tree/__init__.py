"""Step 1 of the method: root contexts and the Context-Split-Tree (section 3.2).

Belongs here: cutting text, growing trees, the rules that a tree keeps. Does not: storing them.
"""
