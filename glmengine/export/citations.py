"""Papers and programs that an analysis rests on, as BibTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    "wood2017": "@article{wood2017, author={Wood, Simon N. and Fasiolo, Matteo}, title={A generalized {Fellner--Schall} method for smoothing parameter "
    "optimization with application to {Tweedie} location, scale and shape models}, journal={Biometrics}, volume={73}, number={4}, pages={1071--1081}, year={2017}, doi={10.1111/biom.12666}}",
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
}


def cited(result: Result) -> tuple[str, ...]:
    """Keys of the works that this result rests on."""
    analysis = result.analysis
    kinds = {term.kind for term in result.terms}
    used = {
        "truccolo2005": "history" in kinds,
        "pillow2008": "coupling" in kinds,
        "wood2006": analysis.model.penalty in ("ridge", "smoothness"),
        "wood2013": result.tests is not None,
        "wood2017": analysis.model.finds_strengths,
        "haslinger2010": result.goodness_of_fit is not None,
        "hardcastle2017": analysis.selection is not None and analysis.selection.method == "forward",
        "zhang1998": result.decoded is not None,
        "benjamini1995": result.shift_tests is not None or result.selection is not None,
    }
    return tuple(key for key, is_used in used.items() if is_used)


def bibtex(result: Result) -> str:
    """BibTeX of the program and of the works that this result rests on."""
    version = str(result.provenance.get("versions", {}).get("glmengine", ""))
    year = str(result.provenance.get("created", ""))[:4]
    program = (
        "@software{glmgui, author={{The glmgui developers}}, title={glmgui: generalized linear models of neural activity}, "
        f"version={{{version}}}, year={{{year}}}}}"
    )
    return "\n\n".join((program, *(_ENTRIES[key] for key in cited(result)))) + "\n"
