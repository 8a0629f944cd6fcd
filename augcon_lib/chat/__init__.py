"""All that the method knows about models: the port, the messages, and how a reply is read.

Requests and the form of replies belong here; HTTP, retries, budgets and the journal do not, they
are in :mod:`augcon_lib.model`.
"""
