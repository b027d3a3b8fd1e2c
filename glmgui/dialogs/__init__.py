"""Windows that open over the main one: questions, the guide, the command palette, details of an error, export, about."""
