"""HTML pages that stand alone: no outside resource, tables that sort, for wide and narrow screens, light, dark and paper."""

from __future__ import annotations

import html
from collections.abc import Mapping

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""Nothing is fetched, whatever a name in a file may try."""

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
* { box-sizing: border-box; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; overflow-wrap: normal; }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { font-weight: 600; vertical-align: bottom; }
th { cursor: pointer; white-space: normal; min-width: 4rem; max-width: 9rem; } th:focus-visible { outline: 2px solid #0072B2; }
th[aria-sort=ascending]::after { content: " \\25B2"; } th[aria-sort=descending]::after { content: " \\25BC"; }
td.words { white-space: normal; text-align: left; min-width: 14rem; }
pre { background: var(--soft); padding: .8rem; overflow-x: auto; font-size: 13px; overflow-wrap: normal; }
figure { margin: 1rem 0; } figure img { max-width: 100%; background: white; } figcaption { font-size: 13px; opacity: .8; }
@media (max-width: 40rem) { body { margin: 1rem auto; font-size: 14px; } th, td { padding: .2rem .4rem; } }
@page { margin: 15mm; }
@media print {
  :root { color-scheme: light; } body { margin: 0; max-width: none; padding: 0; font-size: 10pt; }
  table { display: table; font-size: 8pt; } th, td { white-space: normal; padding: .1rem .3rem; } thead { display: table-header-group; }
  tr, figure { break-inside: avoid; } h2 { break-after: avoid; } pre { white-space: pre-wrap; font-size: 8pt; }
  th[aria-sort]::after { content: none; }
}
"""

_SCRIPT = """
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  const number = text => text === "\\u2013" ? NaN : text === "\\u221e" ? Infinity : text === "-\\u221e" ? -Infinity : parseFloat(text);
  const sort = at => {
    const up = heads[at].getAttribute("aria-sort") !== "ascending";
    const rows = [...body.rows].map(row => [row, row.cells[at].textContent.trim()]);
    const numeric = rows.every(([, text]) => text === "\\u2013" || !isNaN(number(text)));
    const less = (a, b) => {
      if (!numeric) return (up ? 1 : -1) * a[1].localeCompare(b[1], undefined, {numeric: true});
      const x = number(a[1]), y = number(b[1]);
      return isNaN(x) || isNaN(y) ? isNaN(x) - isNaN(y) : x === y ? 0 : (up ? 1 : -1) * (x < y ? -1 : 1);
    };
    body.append(...rows.sort(less).map(([row]) => row));
    heads.forEach((head, other) => other === at ? head.setAttribute("aria-sort", up ? "ascending" : "descending") : head.removeAttribute("aria-sort"));
  };
  heads.forEach((head, at) => {
    head.tabIndex = 0; head.title = "Sort by this column";
    head.addEventListener("click", () => sort(at));
    head.addEventListener("keydown", event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(at); } });
  });
}
"""


def page_html(title: str, body: str, known: Mapping[str, str] | None = None) -> str:
    """The whole page; `body` is HTML already, `known` says in its head whence its numbers are."""
    metas = "".join(
        f'<meta name="{html.escape(name)}" content="{html.escape(value)}">' for name, value in (known or {}).items() if value
    )
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{metas}<title>{html.escape(title)}</title><style>{_STYLE}</style>'
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n<script>{_SCRIPT}</script>\n</body></html>\n'
