"""Dialogs over the window: questions, the guide, details of an error, export, about."""
