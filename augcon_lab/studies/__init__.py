"""Questions that the paper leaves open, answered on the user's own corpora.

A study is a module with one function ``run(inputs: StudyInputs) -> StudyPage`` and an entry in
``registry.STUDIES``. The entry adds the Dagster job ``study_<name>``, the page under
``docs/studies`` and the test that runs every study.

``inputs`` contains the arguments of a study, ``runs`` grows trees and makes rows in the study's own
warehouse, ``page`` writes the result, ``statements`` puts figures into words.
"""
