"""Reports on an analysis and its result: what was asked, what was found, and how, as one HTML file that any browser opens and as PDF."""

from __future__ import annotations

from glmengine.export.report.contents import summary
from glmengine.export.report.html import report_html
from glmengine.export.report.pdf import report_pdf
from glmengine.export.report.tables import MOST_ROWS
from glmengine.export.report.writing import write_report

__all__ = ["MOST_ROWS", "report_html", "report_pdf", "summary", "write_report"]
