"""HTML without a template engine: elements are functions, text is escaped, and a page runs its own script at most."""

import base64
import hashlib
import re
from collections.abc import Iterable
from html import escape

from starlette.responses import Response

VOID = ("input",)  # elements that hold nothing and have no end


class Html(str):
    """Markup, which is not escaped again."""

    __slots__ = ()


def tag(name: str, *content: str, **attributes: str) -> Html:
    """An element. Text in it is escaped; attributes have `_` for `-`, and one at the end where Python has the word."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{written}>" if name in VOID else f"<{name}{written}>{join(content)}</{name}>")


def join(content: Iterable[str]) -> Html:
    """Pieces one after the other."""
    return Html("".join(piece if isinstance(piece, Html) else escape(piece) for piece in content))


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Html:
    """A table that scrolls sideways where the page is narrow."""
    top = tag("tr", *(tag("th", cell, scope="col") for cell in head))
    body = join(tag("tr", *(tag("td", cell) for cell in row)) for row in rows)
    return tag("div", tag("table", tag("thead", top), tag("tbody", body)), class_="wide", tabindex="0")


def pairs(rows: Iterable[tuple[str, str]]) -> Html:
    """Names and what they stand for."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in rows))


def code(text: str) -> Html:
    """A word of code that a click selects as a whole."""
    return tag("code", text)


def prose(text: str) -> Html:
    """A sentence whose words in `backticks` are code."""
    return join(tag("code", part) if index % 2 else part for index, part in enumerate(text.split("`")))


def listing(text: str, language: str) -> Html:
    """A program."""
    return tag("pre", tag("code", text, class_=f"language-{language}"), tabindex="0")


def fold(summary: str, *content: str) -> Html:
    """What is shown once its summary is clicked."""
    return tag("details", tag("summary", summary), *content)


def document(title: str, *content: str, here: str = "", script: str = "") -> Response:
    """A whole page with the links to all others, of which `here` is itself, and with its content security policy: its
    own style and script, which may talk to this server, and nothing else from anywhere.
    """
    head = f"{HEAD}<title>{escape(title)}</title><style>{STYLE}</style>"
    body = f"{site_header(here)}<main>{join(content)}</main>{f'<script>{script}</script>' if script else ''}"
    html = f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'
    headers = {"content-security-policy": policy(script), "referrer-policy": "no-referrer"}
    return Response(html, media_type="text/html; charset=utf-8", headers=headers)


def policy(script: str) -> str:
    """What a page with this script may load: nothing that is not written in it."""
    allowed = (
        f"default-src 'none'; style-src {digest(STYLE)}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    if not script:
        return allowed
    return f"{allowed}; script-src {digest(script)}; connect-src 'self'; require-trusted-types-for 'script'"


def digest(text: str) -> str:
    """The text as a policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def site_header(here: str) -> Html:
    """The links that every page begins with."""
    links = (
        tag("a", words, href=address, **({"aria_current": "page"} if address == here else {}))
        for address, words in SITE.items()
    )
    return tag("header", tag("nav", *links, aria_label="Site"))


def error_page(title: str, *sentences: str) -> Response:
    """A page for people who came to what is not to be had."""
    return document(title, tag("h1", title), *(tag("p", sentence) for sentence in sentences))


def prefers_html(accept: str) -> bool:
    """Whether an Accept header names HTML, and wants JSON no more than it."""
    wanted = {}
    for item in accept.lower().split(","):
        weight = WEIGHT.search(item)
        wanted[item.partition(";")[0].strip()] = float(weight[1]) if weight else 1.0
    return wanted.get("text/html", 0.0) > 0 and wanted["text/html"] >= wanted.get("application/json", 0.0)


WEIGHT = re.compile(r";\s*q=([01](?:\.[0-9]{0,3})?)(?![0-9.])")
SITE = {"/": "tampu", "/models": "Models", "/docs": "Docs"}
HEAD = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
STYLE = """
:root{color-scheme:light dark;--ink:#25211c;--soft:#6d655b;--paper:#fdfcfa;--card:#f5f1eb;--line:#e2dbd1;--mark:#a4481f;
--good:#2f7d3b}
@media(prefers-color-scheme:dark){:root{--ink:#e9e3da;--soft:#a89f93;--paper:#1a1815;--card:#24211d;--line:#3a352f;
--mark:#f0a070;--good:#7ccb86}}
*{box-sizing:border-box}
body{margin:0;font:16px/1.6 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main,header{max-width:60rem;margin:0 auto;padding:2rem 1.25rem 5rem}
header{padding-top:1rem;padding-bottom:0}
header nav{margin:0;padding-bottom:.6rem;border-bottom:1px solid var(--line)}
header a{color:var(--soft);text-decoration:none;padding:.15rem 0}
header a:first-child{font-weight:700;color:var(--ink)}
header a:hover,header a[aria-current]{color:var(--mark)}
a{color:var(--mark);text-underline-offset:.2em}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem;letter-spacing:-.01em}
h2{font-size:1.3rem;margin:3rem 0 .75rem;padding-top:1rem;border-top:1px solid var(--line)}
h3{font-size:1.05rem;margin:2rem 0 .5rem}h4{font-size:.9rem;margin:1rem 0 .25rem;color:var(--soft)}
p{margin:.5rem 0 1rem;max-width:44rem}
.soft,small{color:var(--soft)}
nav{margin:1rem 0;display:flex;flex-wrap:wrap;gap:.25rem 1.1rem}
ul.plain{list-style:none;margin:0;padding:0;display:grid;gap:1rem}
.card{display:block;padding:1.1rem 1.3rem;background:var(--card);border:1px solid var(--line);border-radius:.6rem}
.card h2{margin:0 0 .25rem;padding:0;border:0}.card p{margin:.25rem 0 .6rem}
.badge{display:inline-block;margin:0 .35rem .35rem 0;padding:.05rem .6rem;border:1px solid var(--line);
border-radius:1rem;font-size:.85rem;background:var(--paper)}
.dot::before{content:"";display:inline-block;width:.6em;height:.6em;margin-right:.45em;border-radius:50%;
border:2px solid var(--soft)}
.dot.ready::before{background:var(--good);border-color:var(--good)}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.9rem 1.5rem;margin:1rem 0}
dl>div{min-width:0}dt{font-size:.85rem;color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
code{font:.875em/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
td>code,dd>code{user-select:all}
.wide{overflow-x:auto;margin:.5rem 0 1rem}
table{border-collapse:collapse;width:100%;font-size:.925rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .9rem .4rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600;color:var(--soft);font-size:.85rem;white-space:nowrap}td:first-child>code{white-space:nowrap}
pre{margin:.25rem 0 1rem;padding:.9rem 1.1rem;overflow-x:auto;background:var(--card);border:1px solid var(--line);
border-radius:.5rem}
pre code{overflow-wrap:normal}
details{margin:.5rem 0;border-bottom:1px solid var(--line)}
details>:last-child{margin-bottom:1.25rem}
summary{cursor:pointer;padding:.45rem 0;color:var(--mark)}
:focus-visible{outline:2px solid var(--mark);outline-offset:2px}
[hidden]{display:none!important}
label{display:block;margin:.75rem 0 .25rem;font-size:.85rem;color:var(--soft)}
input,textarea,button{font:inherit;color:inherit;border:1px solid var(--line);border-radius:.5rem}
input,textarea{width:100%;padding:.55rem .75rem;background:var(--paper)}
textarea{resize:vertical;min-height:4.2rem;display:block}
button{padding:.4rem 1rem;background:var(--paper);cursor:pointer}
button.main{background:var(--mark);border-color:var(--mark);color:var(--paper);font-weight:600}
button:disabled{opacity:.5;cursor:default}
progress{width:100%;max-width:20rem;height:.6rem;accent-color:var(--mark);display:block;margin-bottom:1.25rem}
.row{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center;margin-top:.6rem}
#log{max-height:60vh;overflow-y:auto}
#log:empty{display:none}
.turn{margin:0 0 1rem;white-space:pre-wrap;overflow-wrap:anywhere}
.turn>strong{display:block;font-size:.85rem;color:var(--soft);font-weight:600}
.turn>small{display:block}
.turn.failed>span{color:var(--mark)}
.turn[aria-busy=true]>span::after{content:"●";margin-left:.2em;color:var(--soft);animation:beat 1s infinite}
@keyframes beat{50%{opacity:.2}}
@media(prefers-reduced-motion:reduce){.turn[aria-busy=true]>span::after{animation:none}}
summary>code{display:inline-block;color:var(--soft);margin-left:1rem}
.code{position:relative}.code>button{position:absolute;top:.5rem;right:.5rem;padding:.1rem .7rem;font-size:.85rem}
@media(max-width:40rem){.code>button{position:static;display:block;margin:-.5rem 0 1rem}
main{padding-top:1.5rem}h1{font-size:1.5rem}}
"""
