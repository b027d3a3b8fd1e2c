"""The analysis: the whole question put to a recording, as one frozen value."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from glmengine.analysis.projection_files import with_projections
from glmengine.analysis.search import Searched
from glmengine.analysis.selection import Selection
from glmengine.analysis.term_origin import TermOrigin
from glmengine.analysis.terms import AnyTerm
from glmengine.analysis.time import Condition, Time
from glmengine.analysis.units import UnitSelection
from glmengine.analysis.validation import Validation
from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.errors import GlmError
from glmengine.io.files.plain_text import MOST_TABLES, toml_file
from glmengine.io.files.whole import write_whole
from glmengine.io.recipe.recipe import Recipe
from glmengine.models import FAMILIES, get_family
from glmengine.models.numbers import LARGEST_STRENGTH, SMALLEST_STRENGTH
from glmengine.recording.derived.quantities import EPOCH_KINDS, AnyDerived
from glmengine.spec import Spec, param

__all__ = [
    "FORMAT_VERSION",
    "Analysis",
    "Condition",
    "Model",
    "Selection",
    "Source",
    "Time",
    "UnitSelection",
    "Validation",
    "sparse_dump",
]

# 2: with splits, strengths by marginal likelihood, settings searched, selection, and a recipe of each recording;
# 3: with the answer sheet that chose the terms; without one it is still written as 2
FORMAT_VERSION, _WITHOUT_ORIGIN = 3, 2


FamilyName = Literal[tuple(FAMILIES)]
"""The families that there are: a new one is offered as soon as its file is there."""


class Source(Spec):
    """Which recording the analysis was made for."""

    path: str = param("", title="Recording", help="The file or folder, absolute or relative to the analysis file.")
    sha256: str = param("", title="Hash", help="SHA-256 of the recording when the analysis was made.", hidden=True)
    session: str = param("", title="Session", help="What it is called among several; the file's name where empty.", hidden=True)
    recipe: Recipe | None = param(
        None, title="Recipe", help="With which it was opened, where it is a file without a standard.", hidden=True
    )


class Model(Spec):
    """The distribution of the counts, the link and the penalty."""

    family: FamilyName = param(
        "poisson",
        title="Family",
        help="Distribution of the counts given the rate: Poisson as a rule; Bernoulli for bins that hold one spike at most; negative binomial for counts more variable than Poisson; Gaussian and Gamma for signals that are not counts (calcium); categorical for observations that are the number of a class (0, 1, 2, ...) in each bin.",
    )
    link: Literal["", "log", "softplus", "identity", "logit", "probit", "inverse"] = param(
        "",
        title="Link",
        help="How the sum of the terms becomes a rate; the family's own where empty (log for Poisson).",
        empty="the family's own",
        advanced=True,
    )
    penalty: Literal["none", "ridge", "lasso", "elastic_net", "group_lasso", "smoothness"] = param(
        "ridge",
        title="Penalty",
        help="What keeps coefficients small: ridge, a/2 times the sum of their squares; lasso sets many to zero; group lasso whole terms; elastic net mixes ridge and lasso; smoothness keeps neighbouring functions alike.",
    )
    ratio: float = param(
        0.5, title="Share of lasso", help="Of the elastic net: 0 is ridge, 1 is lasso.", ge=0, le=1, advanced=True
    )
    groups: Literal["terms", "sources"] = param(
        "terms",
        title="Groups",
        help="Of the group lasso, what is taken out or kept as a whole: terms, or each source of a term (in a coupling each driving unit, so that whole connections become zero).",
        advanced=True,
    )
    standardised: bool = param(
        False,
        title="Standardised",
        help="The penalty acts on coefficients of features scaled to standard deviation 1, so that their units of measure do not matter.",
        advanced=True,
    )
    intercept_per_session: bool = param(
        True,
        title="Own intercept in each session",
        help="Of several recordings that are analysed together each has an intercept of its own, which no penalty acts on.",
        choices="sessions",
        advanced=True,
    )
    strength_by: Literal["cross_validation", "marginal_likelihood"] = param(
        "cross_validation",
        title="Strength found by",
        help="Cross-validation: one strength for all terms, the best on held-out time of those listed, for each unit. Marginal likelihood (REML): a strength of its own for each term, and for each variable of it, from the data alone, without a grid; for ridge and smoothness.",
    )
    strengths: tuple[Annotated[float, Field(ge=0, le=LARGEST_STRENGTH)], ...] = param(
        (1e-6, 1e-5, 1e-4, 1e-3, 1e-2),
        title="Strength",
        help="One strength is used as it is; of several the best on held-out time is chosen for each unit. In the textbook form (log-likelihood less alpha times the sum of squares) it is 2 alpha over the number of bins.",
        min_length=1,
        log=True,
        applies={"strength_by": ("cross_validation",)},
    )
    strength_rule: Literal["best", "one_standard_error"] = param(
        "best",
        title="Strength chosen",
        help="Of several strengths: the best on held-out time, or the largest whose score is within one standard error over folds of the best, a plainer model that does as well for all that the folds can tell.",
        applies={"strength_by": ("cross_validation",)},
        advanced=True,
    )
    one_strength: bool = param(
        False,
        title="One strength for all units",
        help="The strength is chosen by the mean of the units' scores, so that all have the same; otherwise each has its own.",
        applies={"strength_by": ("cross_validation",)},
        advanced=True,
    )
    search: tuple[Searched, ...] = param(
        (),
        title="Settings searched",
        help="Settings of terms (number of functions, bounds, window) of which several values are compared, every combination at every strength, on the same folds; the best is chosen as the strength is, for each unit or one for all.",
        advanced=True,
    )
    memory: float = param(
        2.0,
        title="Memory",
        help="The most that the design may take at a time; larger ones are worked through in pieces.",
        unit="GB",
        gt=0,
        advanced=True,
    )
    platform: Literal["auto", "cpu", "gpu"] = param(
        "auto",
        title="Computed on",
        help="The processor, or a graphics card, which auto takes where there is one that can be used. The numbers are the same to 8 digits.",
        advanced=True,
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Model:
        if self.link and self.link not in get_family(self.family).links:
            allowed = ", ".join(get_family(self.family).links)
            raise GlmError(f"the {self.family} family cannot use the {self.link} link; choose one of {allowed}", field="link")
        if any(0 < strength < SMALLEST_STRENGTH for strength in self.strengths):
            raise GlmError(
                f"the strength {min(filter(None, self.strengths)):g} cannot be told from none; give 0, or {SMALLEST_STRENGTH:g} at least",
                field="strengths",
            )
        if len(set(self.strengths)) < len(self.strengths):
            raise GlmError("the same strength is there twice; give each once", field="strengths")
        if self.strength_by == "marginal_likelihood":
            if self.penalty in ("lasso", "elastic_net", "group_lasso"):
                raise GlmError(
                    "the marginal likelihood finds strengths of ridge and smoothness; choose one of them, or cross-validation",
                    field="strength_by",
                )
            if get_family(self.family).by_class:
                raise GlmError(
                    f"the {self.family} family has no strengths by marginal likelihood; choose cross-validation",
                    field="strength_by",
                )
        return self

    @property
    def finds_strengths(self) -> bool:
        """Whether strengths are found by marginal likelihood."""
        return self.strength_by == "marginal_likelihood"


class Analysis(Spec):
    """A question to a recording: which units, which time, which terms, which model, how tested."""

    format_version: Literal[2] = _WITHOUT_ORIGIN
    title: str = param("", title="Title", help="Free text for reports.")
    recording: Source = param(Source(), title="Recording", help="The recording it was made for.")
    more_recordings: tuple[Source, ...] = param(
        (), title="More recordings", help="Further sessions that are analysed together with the recording.", hidden=True
    )
    units: UnitSelection = param(UnitSelection(), title="Units", help="Which units are fitted.")
    time: Time = param(Time(), title="Time", help="Bins, epochs and conditions.")
    derived: tuple[AnyDerived, ...] = param(
        (), title="Derived covariates", help="Covariates computed from others (speed from position)."
    )
    terms: tuple[AnyTerm, ...] = param((), title="Terms", help="What the rate may depend on.", max_length=MOST_TABLES)
    model: Model = param(Model(), title="Model", help="Family and penalty.")
    validation: Validation = param(Validation(), title="Validation", help="Held-out time.")
    selection: Selection | None = param(
        None, title="Selection", help="Which of the terms each unit needs, where that is asked.", empty="not asked"
    )
    seed: int = param(0, title="Seed", help="Seed of every random number.", ge=0, advanced=True)
    terms_from: TermOrigin | None = param(
        None, title="Origin of the terms", help="The answer sheet that chose the terms.", empty="by hand", hidden=True
    )

    @model_validator(mode="after")
    def _consistent(self) -> Analysis:
        if len(self.model.strengths) > 1 and not self.model.finds_strengths and self.is_penalised and not self.validation.folds:
            raise GlmError(
                "several strengths need cross-validation to choose among them; set folds to 2 or more, or give one strength",
                field="validation.folds",
            )
        if self.model.search and not self.validation.folds:
            raise GlmError(
                "settings of terms are chosen by cross-validation; set folds to 2 or more, or search none",
                field="validation.folds",
            )
        if self.more_recordings and not self.recording.path:
            raise GlmError("further sessions are named, but not the first; name it as the recording", field="recording.path")
        names = [one.name if isinstance(one, EPOCH_KINDS) else None for one in self.derived]
        for position, name in enumerate(names):
            if name is not None and name in names[:position]:
                raise GlmError(f"two derived epochs are called '{name}'; rename one of them", field=f"derived.{position}.name")
        labels = [term.label for term in self.terms]
        for position, label in enumerate(labels):
            if label in labels[:position]:
                raise GlmError(f"two terms are called '{label}'; give one of them another name", field=f"terms.{position}.name")
        return self

    @property
    def sources(self) -> tuple[Source, ...]:
        """The recording and all further sessions."""
        return (self.recording, *self.more_recordings)

    @property
    def is_penalised(self) -> bool:
        """Whether the strengths of the model have anything to act on."""
        return self.model.penalty != "none" or any(term.has_own_penalty for term in self.terms if term.enabled)

    @classmethod
    @takes_only_its_kinds
    def load(cls, path: str | Path) -> Analysis:
        """Read a ``.toml`` file, and the filter files that it names from its own folder.

        Raises
        ------
        GlmError
            If it cannot be read, is not TOML, comes from a newer version, or has an unknown or bad field.
        """
        path = Path(path)
        try:
            data = toml_file(path)
        except OSError as error:
            raise GlmError(f"{path.name}: cannot be read ({error.strerror}); check the path and its permissions") from error
        analysis = cls.from_dict(data, where=path.name)
        return analysis.with_(terms=with_projections(analysis.terms, path.absolute().parent, lenient=True))

    @classmethod
    @takes_only_its_kinds
    def from_dict(cls, data: dict[str, Any], where: str = "analysis") -> Analysis:
        """Build from plain data as read from a file; `where` names it in errors.

        Raises
        ------
        GlmError
            If it comes from a newer version of the program, or has an unknown or bad field.
        """
        version = data.get("format_version", _WITHOUT_ORIGIN)
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise GlmError(
                f"{where}: was written by a newer version of the program (format {version}, this one reads up to {FORMAT_VERSION}); update the program",
                field="format_version",
            )
        if version in range(1, FORMAT_VERSION + 1):  # what has been added since then has its default
            data = {**data, "format_version": _WITHOUT_ORIGIN}
        return cls.parse(data, where)

    def to_dict(self) -> dict[str, Any]:
        """Plain data that holds what differs from the defaults, and the tags that say what each part is."""
        version = self.format_version if self.terms_from is None else FORMAT_VERSION
        return {"format_version": version, **sparse_dump(self)}

    @takes_only_its_kinds
    def save(self, path: str | Path) -> None:
        """Write a ``.toml`` file, whole or not at all."""
        import tomli_w

        write_whole(path, tomli_w.dumps(self.to_dict(), multiline_strings=False).encode("utf-8"))

    @property
    def sha256(self) -> str:
        """Hash of the question alone: where the recording lies, the title, what chose the terms, and whether the numbers of a filter file are
        there already do not count."""
        question = sparse_dump(self.with_(recording=Source(), more_recordings=(), title="", terms_from=None))
        for term in question.get("terms", ()):
            term.pop("filters", None)
            term.pop("filters_from", None)
        return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()


def sparse_dump(spec: Spec) -> dict[str, Any]:
    """Plain data of the fields of `spec` that differ from their defaults; union tags are always kept."""
    data: dict[str, Any] = {}
    for name, info in type(spec).model_fields.items():
        value = getattr(spec, name)
        is_tag = name in ("kind", "family") and isinstance(info.default, str)
        if value is None or (not is_tag and not info.is_required() and value == info.default):
            continue
        data[name] = _plain(value)
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, Spec):
        return sparse_dump(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
