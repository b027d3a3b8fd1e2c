"""The main window and the strips around its panels."""
