"""Measures of a dataset's quality (paper, sections 4.2 to 4.6; docs/evaluation.md).

``evaluate`` puts the measures together; each has a separate module and works on plain texts, so
that studies use the same ones: ``diversity``, ``topics``, ``granularity``, ``splits``,
``faithfulness``, ``scorer_agreement``. ``pictures``, ``tables`` and ``report`` show them.
"""
