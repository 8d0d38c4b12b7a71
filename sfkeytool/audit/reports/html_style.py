"""How the HTML page looks, and the few lines that search it: data. The page is whole without the script."""

import hashlib
from base64 import b64encode

STYLE = """
:root { color-scheme: light dark; --ink: #1c2128; --soft: #545d68; --paper: #fff; --ground: #f5f6f8; --line: #d5dae1;
  --expired: #a8121d; --due: #7d4b00; --fine: #0f5c2a; --unknown: #545d68; --mail: #0a4fa3;
  --expired-wash: #fdeaea; --due-wash: #fdf1dc; --fine-wash: #e5f5ea; --unknown-wash: #eceff3;
  --expired-bar: #d0454e; --due-bar: #c47f16; --fine-bar: #45965f; --unknown-bar: #7d8793; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #a3adb8; --paper: #14191f;
  --ground: #0c1014; --line: #2f3740; --expired: #ff9d98; --due: #f3bd62; --fine: #7dd699; --unknown: #a3adb8;
  --mail: #8cc0ff; --expired-wash: #3a1a1c; --due-wash: #382a10; --fine-wash: #14301d; --unknown-wash: #232a32;
  --expired-bar: #c2545a; --due-bar: #a8721f; --fine-bar: #3b8052; --unknown-bar: #68737f; } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0 auto; padding: 2rem 1.5rem 3rem; max-width: 100rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 0; }
h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; break-after: avoid; }
p { margin: .25rem 0; max-width: 95ch; }
small { font-size: .8rem; color: var(--soft); }
.soft { color: var(--soft); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 3px solid var(--mail); outline-offset: 2px; border-radius: .3rem; }
.expired { --tone: var(--expired); --wash: var(--expired-wash); --bar: var(--expired-bar); }
.due { --tone: var(--due); --wash: var(--due-wash); --bar: var(--due-bar); }
.fine { --tone: var(--fine); --wash: var(--fine-wash); --bar: var(--fine-bar); }
.unknown, .apart { --tone: var(--unknown); --wash: var(--unknown-wash); --bar: var(--unknown-bar); }
.uncovered { --tone: var(--expired); --wash: var(--expired-wash); }

ul.cards { list-style: none; display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem;
  padding: 0; margin: 1.5rem 0 1rem; }
ul.cards li { background: var(--paper); border: 1px solid var(--line); border-top: .25rem solid var(--tone);
  border-radius: .5rem; padding: .75rem 1rem; line-height: 1.35; }
ul.cards b { display: block; font-size: 2rem; line-height: 1.15; font-weight: 650; color: var(--tone); }
ul.cards strong { display: block; }
ul.cards li.none { border-top-color: var(--line); } ul.cards li.none b { color: var(--soft); }

.find { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: 1.25rem 0; }
.find label { display: grid; gap: .2rem; font-size: .85rem; color: var(--soft); }
.find label:first-child { flex: 1 1 16rem; max-width: 32rem; }
input, select, button { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid #7d8793;
  border-radius: .4rem; padding: .4rem .7rem; min-height: 2.5rem; }
input, select { width: 100%; }
button { cursor: pointer; } button:hover { border-color: var(--ink); }
.find output { line-height: 2.5rem; min-width: 10rem; }

details.org { background: var(--paper); border: 1px solid var(--line); border-radius: .6rem; margin: .9rem 0; }
summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before { content: ""; flex: none; width: .5rem; height: .5rem; border: solid var(--soft);
  border-width: 0 2px 2px 0; transform: rotate(-45deg); display: inline-block; margin: 0 .6rem 0 .2rem; }
details[open] > summary::before { transform: rotate(45deg); }
.org > summary { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .75rem; padding: .9rem 1.1rem; }
.org > summary::before { margin: 0; }
.org > summary .soft { flex: 1 1 10rem; font-size: .9rem; }
.org > div { padding: 0 1.1rem 1.1rem; }
.chip { display: inline-block; padding: .05rem .6rem; border-radius: 1rem; background: var(--wash); color: var(--tone);
  font-weight: 600; font-size: .85rem; white-space: nowrap; }
.chips { display: flex; flex-wrap: wrap; gap: .35rem; }

ul.todo { list-style: none; margin: 0; padding: 0; border: 1px solid var(--line); border-radius: .5rem; }
ul.todo > li + li { border-top: 1px solid var(--line); }
ul.todo summary, ul.todo > li > p { padding: .55rem .9rem; margin: 0; max-width: none; }
.todo details > div { padding: 0 .9rem .8rem 2.2rem; }
.todo ol { margin: .25rem 0; padding-left: 1.2rem; } .todo ol li { margin: .35rem 0; }
.command { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: .25rem 0; }
code { font: .85rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.command code { background: var(--ground); border: 1px solid var(--line); border-radius: .35rem; padding: .3rem .6rem;
  white-space: pre-wrap; }
.command code span { white-space: nowrap; }
.command button { min-height: 1.9rem; padding: .1rem .7rem; font-size: .85rem; }
.problem { border-left: .25rem solid var(--due); padding-left: .7rem; }

table { display: block; width: 100%; }
caption { display: block; text-align: left; color: var(--soft); font-size: .9rem; padding: .25rem 0 .5rem; }
thead, tbody { display: block; }
tr { display: grid; position: relative; align-items: center; column-gap: .9rem; padding: 0 2.6rem 0 .4rem;
  grid-template-columns: 7rem minmax(0, 1.8fr) 6.6rem minmax(0, 1.5fr) 8.8rem;
  font-size: .85rem; line-height: 1.06rem; }
tbody tr { min-height: 2.9rem; border-top: 1px solid var(--line); }
tbody tr:hover { background: color-mix(in srgb, var(--ground) 60%, transparent); }
thead { position: sticky; top: 0; z-index: 1; background: var(--paper); }
thead tr { align-items: end; padding-block: .3rem; color: var(--soft); }
th, td { display: block; text-align: left; padding: .22rem 0; font-weight: inherit; }
th[scope=row] { font-size: .85rem; } th[scope=row] b { font-weight: 600; }
td small, th small { display: block; font-size: .77rem; line-height: 1.02rem; font-weight: 400; }
.apart th b { font-weight: 400; }
td.life, th.life { align-self: stretch; padding: 0; }
td.life { position: relative; min-height: 2.9rem; }
td.life > svg { position: absolute; inset: 0; height: 100%; }
th.life { min-height: 1.3rem; } th.life > svg { display: block; height: 1.3rem; }
.life > svg { width: calc(100% - 5.5rem); } /* the days left stand behind the bars */
svg, svg svg { overflow: visible; }
svg text { font: .77rem system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--ink); }
th.life text { fill: var(--soft); }
td.life text { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; }
.grid { stroke: var(--line); } .today { stroke: var(--ink); stroke-dasharray: 3 3; }
.bar { fill: var(--bar); } .mail { fill: var(--mail); stroke: var(--paper); }
td.more { grid-column: 1 / -1; padding: 0; }
td.more > details > summary { position: absolute; right: 0; top: 0; width: 2.4rem; height: 2.8rem; display: grid;
  place-items: center; border-radius: .3rem; }
td.more > details > summary::before { margin: 0; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1rem; margin: .2rem 0 .8rem;
  padding: .7rem .9rem; background: var(--ground); border-radius: .4rem; font-size: .85rem; line-height: 1.3rem; }
dt { color: var(--soft); } dd { margin: 0; }
dd ul, .people { margin: 0; padding-left: 1.1rem; }
.fold > summary { padding: .5rem 0; color: var(--ink); }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .75rem 0; padding: 0; list-style: none;
  color: var(--soft); font-size: .9rem; }
.key li { display: flex; align-items: center; gap: .5rem; } .key svg { flex: none; width: 2.2rem; height: 1rem; }
footer { margin-top: 2rem; }

@media screen and (max-width: 78rem) { th.life text:nth-child(even) { display: none; } }
@media screen and (max-width: 64rem) {
  body { padding: 1.25rem 1rem 2rem; }
  .org > summary { padding: .8rem; } .org > summary .soft, .org > summary .chips { flex: 1 0 100%; }
  .org > div { padding: 0 .8rem .8rem; }
  ul.cards { grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .5rem; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody { display: grid; gap: .6rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
  tbody tr { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: .35rem .8rem;
    align-items: start; align-content: start; border: 1px solid var(--line); border-left: .25rem solid var(--bar);
    border-radius: .5rem; padding: .6rem .8rem; }
  th[scope=row] { grid-column: 1 / -1; grid-row: 1; font-size: 1rem; line-height: 1.3rem; padding-right: 2.2rem; }
  td.life { grid-column: 1 / -1; min-height: 2rem; }
  td.cover:empty { display: none; }
  td.cover { grid-column: 1 / -1; }
  td.cover small { display: inline; margin-left: .4rem; }
  td.more > details > summary { height: 2.6rem; top: .2rem; right: .2rem; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0 1rem; } dd { margin-bottom: .4rem; }
  .todo details > div { padding-left: .9rem; }
}
@media screen and (max-width: 40rem) { .find label, .find label:first-child { flex: 1 1 100%; max-width: none; } }
@media print {
  @page { margin: 12mm; }
  :root { color-scheme: light; --ground: #fff; font-size: 75%; }
  body { max-width: none; padding: 0; }
  * { print-color-adjust: exact; }
  .find, .command button, td.more { display: none !important; }
  ul.cards { grid-template-columns: repeat(5, 1fr); gap: .5rem; } ul.cards li { padding: .4rem .7rem; }
  thead { position: static; }
  tr { padding-right: .4rem; column-gap: .5rem; break-inside: avoid;
    grid-template-columns: 5.6rem minmax(0, 1.3fr) 5.9rem minmax(0, 1.6fr) 7.6rem; }
  details.org { margin: .6rem 0; } .org > summary { break-after: avoid; }
}
"""

SCRIPT = """
(() => {
  "use strict";
  const all = (query, from = document) => [...from.querySelectorAll(query)];
  const text = document.getElementById("text"), state = document.getElementById("state");
  const told = document.getElementById("told"), orgs = all("details.org"), rows = all("tr[data-state]");
  const folds = all("details"), before = new Map(folds.map((fold) => [fold, fold.open]));
  const words = new Map(all("[data-state]").map((one) => [one, (one.textContent + " "
    + one.closest(".org").querySelector("h2").textContent).toLowerCase()]));
  let searching = false;
  const find = () => {
    const wanted = text.value.toLowerCase().split(/\\s+/).filter(Boolean);
    if (!searching) folds.forEach((fold) => before.set(fold, fold.open));
    searching = wanted.length > 0 || state.value !== "";
    for (const [one, its] of words)
      one.hidden = !wanted.every((word) => its.includes(word))
        || (state.value !== "" && !one.dataset.state.split(" ").includes(state.value));
    for (const part of all("table, ul.todo, .fold, .org"))
      part.hidden = searching && part.querySelector("[data-state]:not([hidden])") === null;
    for (const fold of all("details.org, details.fold"))
      fold.open = searching ? !fold.hidden : before.get(fold);
    told.textContent = searching ? rows.filter((row) => !row.hidden).length + " of " + rows.length + " shown" : "";
  };
  text.addEventListener("input", find);
  state.addEventListener("change", find);
  for (const [name, open] of [["unfold", true], ["fold", false]])
    document.getElementById(name).addEventListener("click", () => orgs.forEach((org) => { org.open = open; }));
  document.querySelector(".find").hidden = false;
  for (const button of all(".command button")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.previousElementSibling;
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        getSelection().selectAllChildren(code);
        document.execCommand("copy");
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
})();
"""

SCRIPT_HASH = f"sha256-{b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()}"
"""What the page's Content-Security-Policy calls this script by (CSP Level 3, 2.3.1): no other runs."""
