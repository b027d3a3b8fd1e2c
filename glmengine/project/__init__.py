"""Projects: the ``.glm`` file, where its recording lies, and the question that a file of any kind puts."""
