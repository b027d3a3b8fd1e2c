"""The style of figures that a laboratory keeps: font, sizes, line widths and colours, as values and as a TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import field_validator

from glmengine.errors import GlmError
from glmengine.figures.fonts import fonts_of_other_scripts
from glmengine.io.files.plain_text import toml_file
from glmengine.spec import Spec, param

ALWAYS_THERE = "DejaVu Sans"
"""The font that comes with matplotlib."""

DASHES = ("-", "--", "-.", ":")
"""Of the lines of one panel, in turn: colour is never the only mark."""


class Style(Spec):
    """How figures look; colours are told apart by colour-blind readers (Okabe & Ito 2008) unless others are given."""

    font: tuple[str, ...] = param(
        (ALWAYS_THERE,),
        title="Font",
        help="Names of fonts; the first one that is installed is used.",
        min_length=1,
    )
    font_size: float = param(7.0, title="Font size", help="Of labels; titles are larger, ticks smaller.", unit="pt", ge=4, le=24)
    line_width: float = param(1.2, title="Line width", help="Of curves.", unit="pt", gt=0, le=6)
    axis_width: float = param(0.6, title="Axis width", help="Of axes and ticks.", unit="pt", gt=0, le=4)
    marker_size: float = param(3.0, title="Marker size", help="Of dots.", unit="pt", gt=0, le=12)
    band_opacity: float = param(0.25, title="Opacity of bands", help="0 is nothing, 1 is solid.", ge=0, le=1)
    model: str = param("#0072B2", title="Colour of the model", help="As #RRGGBB or by name.")
    data: str = param("#555555", title="Colour of the data", help="As #RRGGBB or by name.")
    effect: str = param("#D55E00", title="Colour of effects", help="As #RRGGBB or by name.")
    lines: tuple[str, ...] = param(
        ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
        title="Colours of several lines",
        help="In turn.",
        min_length=1,
    )
    map: str = param("viridis", title="Colours of maps", help="A colour map of matplotlib.")
    signed_map: str = param(
        "RdBu_r", title="Colours of maps with a sign", help="A colour map of matplotlib that parts at its middle."
    )
    one_column: float = param(85.0, title="One column", help="Width of a figure in one column.", unit="mm", ge=20, le=500)
    two_columns: float = param(180.0, title="Two columns", help="Width of a figure over two columns.", unit="mm", ge=20, le=500)

    @field_validator("model", "data", "effect")
    @classmethod
    def _is_colour(cls, value: str) -> str:
        from matplotlib.colors import is_color_like

        if not is_color_like(value):
            raise ValueError("is no colour; write it as #RRGGBB")
        return value

    @field_validator("lines")
    @classmethod
    def _are_colours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(cls._is_colour(one) for one in value)

    @field_validator("map", "signed_map")
    @classmethod
    def _is_map(cls, value: str) -> str:
        import matplotlib

        if value not in matplotlib.colormaps:
            raise ValueError("is no colour map of matplotlib; take one such as viridis, cividis or RdBu_r")
        return value

    @field_validator("font")
    @classmethod
    def _is_installed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from matplotlib.font_manager import fontManager

        installed = set(fontManager.get_font_names())
        if not installed.intersection(value):
            raise ValueError(f"none of the fonts {', '.join(value)} is installed; add {ALWAYS_THERE}, which always is")
        return tuple(one for one in value if one in installed)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a style file.

        Raises
        ------
        GlmError
            If it cannot be read, is not TOML, or has an unknown or bad field.
        """
        path = Path(path)
        try:
            data = toml_file(path)
        except OSError as error:
            raise GlmError(f"{path.name}: cannot be read ({error.strerror}); check the path and its permissions") from error
        return cls.parse(data, path.name)

    def save(self, path: str | Path) -> None:
        """Write a style file with every field in it, to be edited."""
        import tomli_w

        from glmengine.io.files.whole import write_whole

        write_whole(path, tomli_w.dumps(self.model_dump(mode="json")).encode("utf-8"))

    def line(self, number: int) -> tuple[str, str]:
        """Colour and dashes of one of several lines."""
        return self.lines[number % len(self.lines)], DASHES[number % len(DASHES)]

    @property
    def settings(self) -> dict[str, Any]:
        """What matplotlib is set to while a figure in this style is drawn or written."""
        size = self.font_size
        return {
            "font.family": list(dict.fromkeys((*self.font, ALWAYS_THERE, *fonts_of_other_scripts()))),
            "font.size": size,
            "figure.titlesize": 1.2 * size,
            "axes.titlesize": 1.1 * size,
            "axes.labelsize": size,
            "xtick.labelsize": 0.9 * size,
            "ytick.labelsize": 0.9 * size,
            "legend.fontsize": 0.85 * size,
            "legend.frameon": False,
            "axes.titlepad": 0.6 * size,
            "axes.labelpad": 0.4 * size,
            "axes.linewidth": self.axis_width,
            "grid.linewidth": self.axis_width,
            "patch.linewidth": self.axis_width,
            **{f"{axis}.major.width": self.axis_width for axis in ("xtick", "ytick")},
            **{f"{axis}.minor.width": 0.8 * self.axis_width for axis in ("xtick", "ytick")},
            **{f"{axis}.major.size": 0.4 * size for axis in ("xtick", "ytick")},
            "lines.linewidth": self.line_width,
            "lines.markersize": self.marker_size,
            "mathtext.default": "regular",
        }


STANDARD = Style()
