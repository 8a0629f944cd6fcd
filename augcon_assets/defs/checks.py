"""Asset checks over stored rows; a blocking check stops the run.

The library enforces the same rules before it writes. A blocking check that fails therefore means
that something else changed the warehouse, or that a rule is incomplete.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from augcon_assets.markdown import bullets
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.warehouse import audits


@dataclass(frozen=True)
class Rule:
    """A rule over the rows of an asset; *audit* lists the violations."""

    name: str
    asset: str
    description: str
    audit: audits.Audit
    blocking: bool = True

    def spec(self) -> dg.AssetCheckSpec:
        """Return the Dagster spec of the check."""
        return dg.AssetCheckSpec(
            self.name, asset=self.asset, description=self.description, blocking=self.blocking
        )


RULES = (
    Rule(
        "text_not_empty",
        "raw_corpus",
        "Every document has text, a language and a hash that matches the text.",
        audits.empty_documents,
    ),
    Rule(
        "tree_well_formed",
        "cst_nodes",
        "Each tree has one root. Each node has two children or none, each shorter than the node, "
        "and its span lies inside the document.",
        audits.malformed_trees,
    ),
    Rule(
        "quota_and_uniqueness",
        "scored_queries",
        "No root context has more selected queries than its quota. No selected query repeats "
        "another by ROUGE-L. Every query that was left out has a reason.",
        audits.selection_errors,
    ),
    Rule(
        "responses_complete",
        "responses",
        "Every selected query has exactly one response or one rejection with a reason.",
        audits.unanswered_queries,
    ),
    Rule(
        "chat_rows_valid",
        "sft_dataset",
        "Every row has a query, a response, a split and a document in the corpus. "
        "Ids and pairs are unique.",
        audits.invalid_rows,
    ),
)


def specs(asset: str) -> list[dg.AssetCheckSpec]:
    """Return the checks of *asset* as a whole."""
    return [rule.spec() for rule in RULES if rule.asset == asset]


def broken_rules(run: StageRun, report: StageReport) -> dict[Rule, list[audits.Problem]]:
    """Return the violations of each rule of the report's asset in the stored rows."""
    documents = [p.document_id for p in report.partitions]
    return {
        rule: rule.audit(run.warehouse, documents, run.settings)
        for rule in RULES
        if rule.asset == report.stage
    }


def by_document(broken: Mapping[Rule, Sequence[audits.Problem]]) -> dict[str, list[str]]:
    """Return the violations by document."""
    found = defaultdict(list)
    for rule, problems in broken.items():
        for problem in problems:
            found[problem.subject].append(f"{rule.name}: {problem.what}")
    return found


def results(
    report: StageReport, broken: Mapping[Rule, Sequence[audits.Problem]]
) -> Iterator[dg.AssetCheckResult]:
    """Yield the result of every check of the report's asset, except ``document_checks``."""
    for rule, problems in broken.items():
        yield dg.AssetCheckResult(
            asset_key=rule.asset,
            check_name=rule.name,
            passed=not problems,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"problems": len(problems), "first": _listed(problems)},
        )


def _listed(problems: Sequence[object]) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(bullets(problems[:20]) or "none")
