"""Functions of two variables as one sheet of small images, laid out as their numbers along either."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmgui.drawings.series import Axis, Image, Table, images_table


@dataclass(frozen=True, eq=False)
class Mosaic:
    """Functions of a two-dimensional basis.

    Attributes
    ----------
    x : (nx,) float
    y : (ny,) float
        Where they are evaluated.
    values : (n, nx, ny) float
        Consecutive ones run along y.
    n_x : int
        Groups of them along x.
    x_axis, y_axis : Axis
        Of the two variables.
    sheet : Image
        All of them beside each other, over the numbers of the functions.
    levels : (float, float)
        The range of the colours.
    """

    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    n_x: int
    x_axis: Axis
    y_axis: Axis
    sheet: Image
    levels: tuple[float, float]

    @property
    def n_y(self) -> int:
        """Functions along y."""
        return len(self.values) // self.n_x

    def numbers(self) -> Table:
        """Every function as numbers."""
        images = [Image(str(number + 1), self.x, self.y, values) for number, values in enumerate(self.values)]
        return images_table(images, self.x_axis, self.y_axis, Axis("value"))


def mosaic_of(x: np.ndarray, y: np.ndarray, values: np.ndarray, n_x: int, x_axis: Axis, y_axis: Axis) -> Mosaic:
    """The sheet of functions `values` (n, nx, ny), with a gap between any two."""
    values, n_y = np.asarray(values, float), len(values) // n_x
    nx, ny = values.shape[1:]
    gap = max(1, min(nx, ny) // 12)
    spaced = np.full((n_x, nx + gap, n_y, ny + gap), np.nan)
    spaced[:, :nx, :, :ny] = values.reshape(n_x, n_y, nx, ny).transpose(0, 2, 1, 3)
    sheet = spaced.reshape(n_x * (nx + gap), n_y * (ny + gap))[:-gap, :-gap]
    image = Image("", _tile_centres(n_x, len(sheet)), _tile_centres(n_y, sheet.shape[1]), sheet)
    levels = (min(0.0, float(np.nanmin(sheet))), max(float(np.nanmax(sheet)), 1e-12))
    return Mosaic(np.asarray(x, float), np.asarray(y, float), values, n_x, x_axis, y_axis, image, levels)


def _tile_centres(tiles: int, cells: int) -> np.ndarray:
    """Centres of `cells` over a row of tiles, tile k lying between k - 1/2 and k + 1/2."""
    return 0.5 + (np.arange(cells) + 0.5) / cells * tiles
