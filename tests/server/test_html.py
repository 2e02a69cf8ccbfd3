"""Text is escaped once, markup never."""

import base64
import hashlib

from tampu.server.html import Html, code, document, join, prose, table, tag


def test_text_is_escaped_and_markup_is_not() -> None:
    assert tag("p", "a < b", tag("b", "&")) == "<p>a &lt; b<b>&amp;</b></p>"


def test_attributes_are_escaped() -> None:
    assert tag("a", "x", href='"><script>', class_="c") == '<a href="&quot;&gt;&lt;script&gt;" class="c">x</a>'


def test_text_beside_markup_stays_text() -> None:
    assert join(("<", Html("<br>"), "<")) == "&lt;<br>&lt;"
    assert code("a&b") == "<code>a&amp;b</code>"


def test_words_in_backticks_are_code() -> None:
    assert prose("with `raw` < all") == "with <code>raw</code> &lt; all"


def test_a_table_says_which_cells_are_its_head() -> None:
    assert '<tr><th scope="col">a</th></tr>' in table(("a",), [("1",)])
    assert "<tbody><tr><td>1</td></tr></tbody>" in table(("a",), [("1",)])


def test_attributes_have_hyphens_and_what_holds_nothing_has_no_end() -> None:
    assert tag("input", aria_label="Key", for_="k") == '<input aria-label="Key" for="k">'


def test_every_page_leads_to_every_other_and_says_which_it_is() -> None:
    html = bytes(document("Docs", here="/docs").body).decode()
    for link in ('<a href="/">', '<a href="/models">', '<a href="/docs" aria-current="page">'):
        assert html.count(link) == 1


def test_a_script_is_allowed_by_its_hash_to_talk_to_this_server_alone() -> None:
    answer = document("x", script="let a = 1 < 2;")
    policy = answer.headers["content-security-policy"]
    digest = base64.b64encode(hashlib.sha256(b"let a = 1 < 2;").digest()).decode()
    assert f"; script-src 'sha256-{digest}'; connect-src 'self'; require-trusted-types-for 'script'" in policy
    assert b"<script>let a = 1 < 2;</script>" in bytes(answer.body)


def test_a_page_brings_its_own_style_and_allows_nothing_else() -> None:
    answer = document("<title>", tag("h1", "x"))
    assert "<title>&lt;title&gt;</title>" in bytes(answer.body).decode()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "script-src" not in policy
