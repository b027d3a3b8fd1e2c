"""Results as files that other programs read: tables, figures, a report, a script."""

from glmengine.export.outputs import write_outputs
from glmengine.export.script import script_text
from glmengine.export.tables import coefficients_csv, scores_csv, table_csv

__all__ = ["coefficients_csv", "scores_csv", "script_text", "table_csv", "write_outputs"]
