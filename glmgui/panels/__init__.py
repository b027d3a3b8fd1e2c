"""Panels: each shows and edits one slice of the document, and knows none of the others."""
