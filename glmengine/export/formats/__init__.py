"""Formats in which the numbers of a result are exported, one file each."""

from glmengine.export.formats.table import FORMATS, Format, export_result

__all__ = ["FORMATS", "Format", "export_result"]
