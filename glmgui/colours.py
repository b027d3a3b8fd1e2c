"""Colours of the light and the dark look, by what they are for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tokens:
    """Colours by what they are for, as ``#rrggbb``.

    Attributes
    ----------
    window, base, alternate, raised : str
        Ground of the window, of lists and plots, of every other row, of buttons.
    text, muted, disabled : str
    accent, on_accent : str
        Selection and the main button, and text on it.
    border, outline : str
        Lines between areas, and around fields that can be changed.
    progress : str
        The filled part of a progress bar, on which text is still readable.
    error, warning, good : str
        Always next to a sign or a word, never the only mark.
    """

    window: str
    base: str
    alternate: str
    raised: str
    text: str
    muted: str
    disabled: str
    accent: str
    on_accent: str
    border: str
    outline: str
    progress: str
    error: str
    warning: str
    good: str


_LIGHT = Tokens(
    window="#f3f4f6", base="#ffffff", alternate="#f7f8fa", raised="#fbfbfc", text="#1b1f24", muted="#5b6470", disabled="#a3a9b1",
    accent="#0067a3", on_accent="#ffffff", border="#d3d7dd", outline="#8d959f", progress="#9fcbe8", error="#b3261e", warning="#8a5a00", good="#00694d",
)  # fmt: skip
_DARK = Tokens(
    window="#1f2227", base="#17191d", alternate="#1d2025", raised="#2b2f36", text="#e6e8eb", muted="#a2a9b3", disabled="#6b727c",
    accent="#3d94cf", on_accent="#0b0d0f", border="#3a3f47", outline="#6d747e", progress="#1f5a80", error="#ff8a80", warning="#f0b849", good="#4fd1a5",
)  # fmt: skip


def tokens(dark: bool) -> Tokens:
    """The table for light or dark."""
    return _DARK if dark else _LIGHT
