"""Text functions for every step: languages, sentences, ROUGE-L, numbers, safe forms.

Only functions of text belong here; anything that knows documents, settings or models does not.
"""
