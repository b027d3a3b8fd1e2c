"""A stimulus of many channels: offered as a receptive field, drawn before the fit, and its maps after it."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QMenu

from glmengine.analysis import default_terms as defaults
from glmengine.design.fit_size import estimate
from glmgui.drawings.fields import fields
from glmgui.panels.features import add_menu
from glmgui.panels.features.panel import FeaturesPanel
from glmgui.work.opening import first_analysis


@pytest.fixture(scope="module")
def noise():
    from glmengine.simulation.catalogue import sample

    return sample("white-noise")


def titles(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if action.text()]


def test_the_menu_offers_the_field_first_and_folds_the_channels_away(noise, qapp):
    menu = QMenu()
    add_menu.fill(menu, noise, lambda term: None)
    by_title = {action.text(): action for action in menu.actions()}
    assert titles(by_title["Receptive field of a stimulus"].menu()) == ["stimulus"]
    tuning = by_title["Tuning to a variable"].menu()
    assert titles(tuning) == ["stimulus"]
    channels = tuning.actions()[0].menu()
    channels.aboutToShow.emit()
    assert titles(channels)[0] == "stimulus.0,0"
    assert len(titles(channels)) < 70
    assert "Receptive field of stimulus" in add_menu.first_choices(noise, lambda term: None)


def test_the_field_is_drawn_before_the_fit(qtbot, document, jobs, noise):
    panel = FeaturesPanel(document, jobs)
    qtbot.addWidget(panel)
    panel.resize(1300, 650)
    panel.show()
    document.open(noise, first_analysis(noise))
    panel.edits.add(defaults.field_over_time(noise, "stimulus"))
    assert panel.basis.shown is panel.basis.lines
    qtbot.waitUntil(lambda: bool(panel.features.lines.curves) or bool(panel.features.image.images), timeout=20_000)
    assert not panel.terms.cards[0].fault
    assert "spike-triggered average" in panel.terms.cards[0].subtitle
    assert "stimulus" in panel.editor.form.editor("variable").value()


def test_what_is_estimated_is_what_is_fitted(noise):
    import glmengine

    term = defaults.field_over_time(noise, "stimulus")
    analysis = first_analysis(noise)
    analysis = analysis.with_(
        terms=(term,),
        time=analysis.time.with_(bin_size=0.02),
        model=analysis.model.with_(strengths=(1e-3,)),
        validation=analysis.validation.with_(folds=0),
    )
    result = glmengine.run(analysis, noise)
    assert estimate(analysis, noise).n_columns == result.coefficients.sizes["feature"]
    unit = str(result.units[0])
    course, maps = fields(term.label, result.filters[term.label], unit)
    assert len(course.curves) == 1
    assert np.isfinite(course.curves[0].low).all()
    values = result.filters[term.label]["filter"].sel(unit=unit).values
    assert course.curves[0].y.tolist() in values.tolist()
    assert 2 <= len(maps.images) <= 4
    assert all(np.abs(image.values).max() > 0.05 * maps.levels[1] for image in maps.images), "a map that shows nothing"
    assert all(image.values.shape == (12, 12) for image in maps.images)
    assert maps.levels[0] == -maps.levels[1] < 0
    delays = [float(image.title.split("\u2009")[0]) for image in maps.images]
    assert delays == sorted(delays)


def test_a_unit_without_a_field_draws_none(noise):
    import xarray as xr

    nothing = np.full((1, 3, 4), np.nan)
    empty = xr.Dataset(
        dict.fromkeys(("filter", "low", "high"), (("unit", "channel", "lag_s"), nothing)),
        {"unit": ["a"], "channel": ["0", "1", "2"], "lag_s": np.arange(4.0)},
        {"shape": np.array([3])},
    )
    assert fields("field", empty, "a") == []


def test_a_stimulus_along_a_line_is_one_image_of_channel_and_lag():
    import xarray as xr

    values = np.random.default_rng(0).normal(size=(1, 3, 4))
    line = xr.Dataset(
        dict.fromkeys(("filter", "low", "high"), (("unit", "channel", "lag_s"), values)),
        {"unit": ["a"], "channel": ["1 kHz", "2 kHz", "4 kHz"], "lag_s": np.arange(4.0)},
        {"shape": np.array([3])},
    )
    course, image = fields("spectrogram field", line, "a")
    assert image.y_axis.names == ("1 kHz", "2 kHz", "4 kHz")
    assert np.array_equal(image.images[0].values, values[0].T)
    best = np.abs(values[0]).max(axis=1).argmax()
    assert course.curves[0].name == line["channel"].values[best]
