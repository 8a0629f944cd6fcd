"""Questions that the paper leaves open, answered on corpora of the user's own.

A study is a module with one function ``run(inputs: StudyInputs) -> StudyPage`` and an entry in
``registry.STUDIES``; that is all it takes: the Dagster job ``study_<name>``, the page under
``docs/studies`` and the test that runs every study come by themselves.

``inputs`` says what is studied, ``runs`` grows trees and makes rows in a warehouse of the study's
own, ``page`` is what comes of it, ``statements`` puts figures into words.
"""
