"""All that the method knows of models: the port, the messages, and how a reply is read.

Belongs here: what a prompt asks for and what counts as its reply. Does not: HTTP, retries, budgets
and the journal, which are in :mod:`augcon_lib.model`.
"""
