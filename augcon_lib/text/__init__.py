"""What every step needs of text: languages, sentences, ROUGE-L, numbers, safe forms.

Belongs here: functions of text alone. Does not: what knows documents, settings or models.
"""
