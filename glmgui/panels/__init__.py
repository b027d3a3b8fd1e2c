"""The parts of the window: each shows and edits one slice of the document and knows none of the others."""
