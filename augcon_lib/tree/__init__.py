"""Step 1 of the method: root contexts and the Context-Split-Tree (section 3.2).

Only cutting text, growing trees and the rules of a tree belong here; storing trees does not.
"""
