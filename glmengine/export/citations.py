"""Papers and programs that an analysis rests on, as BibTeX."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from glmengine.design.term_size import bases_of

if TYPE_CHECKING:
    from glmengine.analysis.terms import AnyTerm
    from glmengine.results.result import Result

_ENTRIES = {
    "truccolo2005": "@article{truccolo2005, author={Truccolo, Wilson and Eden, Uri T. and Fellows, Matthew R. and Donoghue, John P. and Brown, Emery N.}, "
    "title={A point process framework for relating neural spiking activity to spiking history, neural ensemble, and extrinsic covariate effects}, "
    "journal={Journal of Neurophysiology}, volume={93}, number={2}, pages={1074--1089}, year={2005}, doi={10.1152/jn.00697.2004}}",
    "pillow2008": "@article{pillow2008, author={Pillow, Jonathan W. and Shlens, Jonathon and Paninski, Liam and Sher, Alexander and Litke, Alan M. and "
    "Chichilnisky, E. J. and Simoncelli, Eero P.}, title={Spatio-temporal correlations and visual signalling in a complete neuronal population}, "
    "journal={Nature}, volume={454}, number={7207}, pages={995--999}, year={2008}, doi={10.1038/nature07140}}",
    "wood2006": "@article{wood2006, author={Wood, Simon N.}, title={On confidence intervals for generalized additive models based on penalized "
    "regression splines}, journal={Australian \\& New Zealand Journal of Statistics}, volume={48}, number={4}, pages={445--464}, year={2006}, doi={10.1111/j.1467-842X.2006.00450.x}}",
    "wood2013": "@article{wood2013, author={Wood, Simon N.}, title={On p-values for smooth components of an extended generalized additive model}, "
    "journal={Biometrika}, volume={100}, number={1}, pages={221--228}, year={2013}, doi={10.1093/biomet/ass048}}",
    "wood2011": "@article{wood2011, author={Wood, Simon N.}, title={Fast stable restricted maximum likelihood and marginal likelihood estimation of "
    "semiparametric generalized linear models}, journal={Journal of the Royal Statistical Society: Series B (Statistical Methodology)}, volume={73}, number={1}, "
    "pages={3--36}, year={2011}, doi={10.1111/j.1467-9868.2010.00749.x}}",
    "wood2015": "@article{wood2015, author={Wood, Simon N. and Goude, Yannig and Shaw, Simon}, title={Generalized additive models for large data sets}, "
    "journal={Journal of the Royal Statistical Society: Series C (Applied Statistics)}, volume={64}, number={1}, pages={139--155}, year={2015}, doi={10.1111/rssc.12068}}",
    "haslinger2010": "@article{haslinger2010, author={Haslinger, Robert and Pipa, Gordon and Brown, Emery}, title={Discrete time rescaling theorem: "
    "determining goodness of fit for discrete time statistical models of neural spiking}, journal={Neural Computation}, volume={22}, "
    "number={10}, pages={2477--2506}, year={2010}, doi={10.1162/NECO_a_00015}}",
    "hardcastle2017": "@article{hardcastle2017, author={Hardcastle, Kiah and Maheswaranathan, Niru and Ganguli, Surya and Giocomo, Lisa M.}, "
    "title={A multiplexed, heterogeneous, and adaptive code for navigation in medial entorhinal cortex}, journal={Neuron}, volume={94}, "
    "number={2}, pages={375--387.e7}, year={2017}, doi={10.1016/j.neuron.2017.03.025}}",
    "zhang1998": "@article{zhang1998, author={Zhang, Kechen and Ginzburg, Iris and McNaughton, Bruce L. and Sejnowski, Terrence J.}, "
    "title={Interpreting neuronal population activity by reconstruction: unified framework with application to hippocampal place cells}, "
    "journal={Journal of Neurophysiology}, volume={79}, number={2}, pages={1017--1044}, year={1998}, doi={10.1152/jn.1998.79.2.1017}}",
    "benjamini1995": "@article{benjamini1995, author={Benjamini, Yoav and Hochberg, Yosef}, title={Controlling the false discovery rate: a practical and "
    "powerful approach to multiple testing}, journal={Journal of the Royal Statistical Society: Series B (Methodological)}, volume={57}, number={1}, pages={289--300}, year={1995}, "
    "doi={10.1111/j.2517-6161.1995.tb02031.x}}",
    "nelder1972": "@article{nelder1972, author={Nelder, John A. and Wedderburn, Robert W. M.}, title={Generalized linear models}, "
    "journal={Journal of the Royal Statistical Society: Series A (General)}, volume={135}, number={3}, pages={370--384}, year={1972}, doi={10.2307/2344614}}",
    "pillow2005": "@article{pillow2005, author={Pillow, Jonathan W. and Paninski, Liam and Uzzell, Valerie J. and Simoncelli, Eero P. and Chichilnisky, E. J.}, "
    "title={Prediction and decoding of retinal ganglion cell responses with a probabilistic spiking model}, journal={Journal of Neuroscience}, volume={25}, "
    "number={47}, pages={11003--11013}, year={2005}, doi={10.1523/JNEUROSCI.3305-05.2005}}",
    "park2014": "@article{park2014, author={Park, Il Memming and Meister, Miriam L. R. and Huk, Alexander C. and Pillow, Jonathan W.}, title={Encoding and decoding "
    "in parietal cortex during sensorimotor decision-making}, journal={Nature Neuroscience}, volume={17}, number={10}, pages={1395--1403}, year={2014}, doi={10.1038/nn.3800}}",
    "eilers1996": "@article{eilers1996, author={Eilers, Paul H. C. and Marx, Brian D.}, title={Flexible smoothing with {B}-splines and penalties}, "
    "journal={Statistical Science}, volume={11}, number={2}, pages={89--121}, year={1996}, doi={10.1214/ss/1038425655}}",
    "tibshirani1996": "@article{tibshirani1996, author={Tibshirani, Robert}, title={Regression shrinkage and selection via the lasso}, journal={Journal of the Royal "
    "Statistical Society: Series B (Methodological)}, volume={58}, number={1}, pages={267--288}, year={1996}, doi={10.1111/j.2517-6161.1996.tb02080.x}}",
    "zou2005": "@article{zou2005, author={Zou, Hui and Hastie, Trevor}, title={Regularization and variable selection via the elastic net}, journal={Journal of the Royal "
    "Statistical Society: Series B (Statistical Methodology)}, volume={67}, number={2}, pages={301--320}, year={2005}, doi={10.1111/j.1467-9868.2005.00503.x}}",
    "yuan2006": "@article{yuan2006, author={Yuan, Ming and Lin, Yi}, title={Model selection and estimation in regression with grouped variables}, journal={Journal of the "
    "Royal Statistical Society: Series B (Statistical Methodology)}, volume={68}, number={1}, pages={49--67}, year={2006}, doi={10.1111/j.1467-9868.2005.00532.x}}",
    "dunn1996": "@article{dunn1996, author={Dunn, Peter K. and Smyth, Gordon K.}, title={Randomized quantile residuals}, journal={Journal of Computational and Graphical "
    "Statistics}, volume={5}, number={3}, pages={236--244}, year={1996}, doi={10.1080/10618600.1996.10474708}}",
    "knijnenburg2009": "@article{knijnenburg2009, author={Knijnenburg, Theo A. and Wessels, Lodewyk F. A. and Reinders, Marcel J. T. and Shmulevich, Ilya}, "
    "title={Fewer permutations, more accurate P-values}, journal={Bioinformatics}, volume={25}, number={12}, pages={i161--i168}, year={2009}, "
    "doi={10.1093/bioinformatics/btp211}}",
}

_PREPRINTS = {
    "harris2020": "@misc{harris2020, author={Harris, Kenneth D.}, title={Nonsense correlations in neuroscience}, howpublished={bioRxiv}, year={2020}, "
    "doi={10.1101/2020.11.29.402719}}",
}


def cited(result: Result) -> tuple[str, ...]:
    """Keys of the works that this result rests on."""
    analysis = result.analysis
    penalties = {analysis.model.penalty if term.penalty == "model" else term.penalty for term in result.terms}
    checked = result.goodness_of_fit is not None
    origin = analysis.terms_from
    selections = [one for one in (analysis.selection, None if origin is None else origin.selection) if one is not None]
    shifted = result.shift_tests is not None or (origin is not None and origin.shift_q is not None)
    by_shifts = result.selection is not None and result.selection.judged_by_shifts
    over_units = origin is not None and origin.q is not None and origin.selection.over_units
    used = {
        "eilers1996": "smoothness" in penalties,
        "tibshirani1996": "lasso" in penalties,
        "zou2005": "elastic_net" in penalties,
        "yuan2006": "group_lasso" in penalties,
        "wood2006": bool(penalties & {"ridge", "smoothness"}),
        "wood2013": result.tests is not None,
        "wood2011": analysis.model.finds_strengths,
        "wood2015": analysis.model.finds_strengths,
        "haslinger2010": checked,
        "dunn1996": checked,
        "hardcastle2017": any(one.method == "forward" for one in selections),
        "zhang1998": result.decoded is not None,
        "harris2020": shifted or by_shifts,
        "knijnenburg2009": by_shifts or (origin is not None and origin.shift_q is not None),
        "benjamini1995": shifted or over_units or result.selection is not None,
    }
    return (*model_works(result.terms), *(key for key, is_used in used.items() if is_used))


def model_works(terms: Iterable[AnyTerm]) -> tuple[str, ...]:
    """Keys of the works that models of these terms rest on."""
    terms = tuple(terms)
    kinds = {term.kind for term in terms}
    families = {basis.family for term in terms for basis in bases_of(term)}
    used = {
        "nelder1972": True,
        "truccolo2005": "history" in kinds,
        "pillow2008": "coupling" in kinds,
        "pillow2005": bool(families & {"raised_cosine_log", "raised_cosine_linear"}),
        "park2014": "event" in kinds,
    }
    return tuple(key for key, is_used in used.items() if is_used)


def entries() -> dict[str, str]:
    """BibTeX of every work by its key."""
    return _ENTRIES | _PREPRINTS


def bibtex(result: Result) -> str:
    """BibTeX of the program and of the works that this result rests on."""
    return entries_of(
        cited(result),
        str(result.provenance.get("versions", {}).get("glmengine", "")),
        str(result.provenance.get("created", ""))[:4],
    )


def entries_of(keys: Iterable[str], version: str, year: str) -> str:
    """BibTeX of the program, of this version and year, and of the works with these keys."""
    known = entries()
    program = (
        "@software{glmgui, author={{The glmgui developers}}, title={glmgui: generalized linear models of neural activity}, "
        f"version={{{version}}}, year={{{year}}}}}"
    )
    return "\n\n".join((program, *(known[key] for key in keys))) + "\n"
