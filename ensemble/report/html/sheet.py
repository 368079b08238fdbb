"""The style sheet of the page: for a screen and for paper."""

SHEET = """
:root { --ink: #1d2430; --soft: #5b6572; --line: #d7dce2; --paper: #ffffff; --tint: #f5f7f9;
  --accent: #0072b2; --warn: #b34700; --warn-tint: #fff4e8; }
* { box-sizing: border-box; }
html { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif;
  color: var(--ink); background: var(--paper); }
body { max-width: 1040px; margin: 0 auto; padding: 28px 32px 60px; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 1.25rem; margin: 44px 0 12px; padding-bottom: 5px;
  border-bottom: 2px solid var(--ink); }
h3 { font-size: 1.02rem; margin: 28px 0 8px; }
p { margin: 8px 0; max-width: 78ch; overflow-wrap: anywhere; }
a { color: var(--accent); }
nav { margin: 14px 0 0; font-size: .9rem; }
nav a { margin-right: 16px; white-space: nowrap; display: inline-block; }
.lead { color: var(--soft); margin-top: 0; }
.note { color: var(--soft); font-size: .86rem; margin: 4px 0; }
.banner { border-left: 5px solid; padding: 9px 14px; margin: 14px 0; overflow-wrap: anywhere; }
.banner p { margin: 2px 0; max-width: none; }
.good { border-color: #009e73; background: #edf8f4; }
.bad { border-color: var(--warn); background: var(--warn-tint); }
.made-up { border-color: var(--warn); background: var(--warn-tint); color: var(--warn);
  font-weight: 650; font-size: 1.02rem; }
.cards { display: flex; flex-wrap: wrap; gap: 10px; margin: 16px 0; padding: 0;
  list-style: none; }
.cards li { border: 1px solid var(--line); border-radius: 6px; padding: 8px 14px;
  min-width: 116px; }
.cards b { display: block; font-size: 1.25rem; line-height: 1.3;
  font-variant-numeric: tabular-nums; }
.cards span { color: var(--soft); font-size: .82rem; }
.wide { overflow-x: auto; margin: 12px 0 4px; }
table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 10px; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { padding-left: 2px; }
thead th { border-bottom: 2px solid var(--ink); vertical-align: bottom; font-weight: 600; }
thead th.group { border-bottom: 1px solid var(--line); text-align: center; }
thead th.group:first-child { border-bottom: 0; }
tbody th { font-weight: 400; overflow-wrap: break-word; max-width: 28em; }
tr.rule th, tr.rule td { border-top: 2px solid var(--ink); }
th.right, td.right { text-align: right; }
td.right, .short { white-space: nowrap; }
td { overflow-wrap: break-word; }
.pairs th { color: var(--soft); white-space: nowrap; min-width: 12em; }
.pairs td { overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .8rem; }
code { overflow-wrap: anywhere; }
pre { background: var(--tint); border: 1px solid var(--line); border-radius: 6px;
  padding: 12px 14px;
  white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.4; }
figure { margin: 18px 0 22px; }
figure img { max-width: 100%; height: auto; display: block; }
figcaption { color: var(--soft); font-size: .86rem; max-width: 90ch; margin-top: 4px;
  overflow-wrap: anywhere; }
ul.plain { padding-left: 1.2em; }
.hashes { max-width: none; line-height: 1.35; }
.hashes code { font-size: .68rem; color: var(--soft); white-space: nowrap; margin-right: 1.1em;
  display: inline-block; }
footer { margin-top: 50px; color: var(--soft); font-size: .82rem;
  border-top: 1px solid var(--line); }
@media print {
  @page { margin: 15mm 13mm; }
  html { font-size: 11.5px; }
  body { max-width: none; padding: 0; }
  nav { display: none; }
  .wide { overflow: visible; }
  h2, h3 { break-after: avoid; }
  figure, tr, .cards, .banner { break-inside: avoid; }
  thead { display: table-header-group; }
  .banner, pre, .cards li { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
"""
